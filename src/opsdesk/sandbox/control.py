"""The control API: how a test or a demonstration looks at the outside world, and how it plays the customer."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from html import escape
from typing import Any, Protocol
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from opsdesk.sandbox.accounts import Accounts
from opsdesk.sandbox.bank.esb import CARRIES_OUT
from opsdesk.sandbox.bank.esb import HOST as ESB_HOST
from opsdesk.sandbox.behaviours import VERDICTS, Behaviour, times_of
from opsdesk.sandbox.calls import Calls
from opsdesk.sandbox.control_values import json_of, number_of
from opsdesk.sandbox.kyc_provider import HOST as KYC_HOST
from opsdesk.sandbox.mail import WAIT_S_MAX, Mailbox
from opsdesk.sandbox.pages import page
from opsdesk.sandbox.partners import Refusal, host_of
from opsdesk.sandbox.platform_api import LINK_PATH
from opsdesk.sandbox.provider.line import FAULTS
from opsdesk.sandbox.provider.line import HOST as PROVIDER_HOST
from opsdesk.sandbox.scripts import Script, Scripts

_HOSTS = frozenset({"localhost", "127.0.0.1"})
_LINK = re.compile(rf"https?://\S+{LINK_PATH}\S+")
_FORM = re.compile(r'<form method="post">')
_DETAILS = frozenset({"seconds", "status", "body", "retry_after_s"})
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Part(Protocol):
    """The control of some of those who live in the sandbox."""

    def routes(self) -> list[web.RouteDef]: ...

    def reset(self) -> None: ...


class Control:
    def __init__(
        self,
        *,
        mailbox: Mailbox,
        calls: Calls,
        scripts: Scripts,
        accounts: Accounts,
        addresses: Set[tuple[str, str]],
        link_base: str,
        parts: Sequence[Part],
    ) -> None:
        self._mailbox = mailbox
        self._calls = calls
        self._scripts = scripts
        self._accounts = accounts
        self._addresses = addresses
        self._link_base = link_base
        self._parts = parts

    def application(self) -> web.Application:
        application = web.Application(middlewares=[_guard])
        application.add_routes(
            [
                web.get("/control/health", self._health),
                web.get("/control/mailbox", self._mailbox_page),
                web.get("/control/calls", self._recorded_calls),
                web.get("/control/accounts", self._provisioned),
                web.post("/control/confirm", self._confirm),
                web.post("/control/script", self._script),
                web.post("/control/reset", self._reset),
            ]
        )
        for part in self._parts:
            application.add_routes(part.routes())
        return application

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _mailbox_page(self, request: web.Request) -> web.Response:
        """The mailbox as JSON, or as a page for a browser. `count` and `wait_s` wait for messages to arrive."""
        recipient = request.query.get("email")
        count, wait_s = int(number_of(request.query, "count", 1)), number_of(request.query, "wait_s", 0)
        mails = await self._mailbox.wait_for(recipient=recipient, count=count, wait_s=wait_s)
        shown = [{**mail, "link": _link(mail)} for mail in mails]
        if "text/html" not in request.headers.get("Accept", ""):
            return web.json_response({"items": shown})
        articles = "".join(_article(mail) for mail in shown) or "<p>还没有邮件 / No mail yet</p>"
        return page(title="邮箱 / Mailbox", body=f"<h1>邮箱 / Mailbox</h1>{articles}")

    async def _recorded_calls(self, request: web.Request) -> web.Response:
        """What reached the partners. `wait_s` waits until no such call is under way any more."""
        wanted = {name: request.query.get(name) for name in ("participant", "path", "customer_id")}
        wait_s = min(number_of(request.query, "wait_s", 0), WAIT_S_MAX)
        return web.json_response({"items": await self._calls.settled(**wanted, wait_s=wait_s)})

    async def _provisioned(self, _request: web.Request) -> web.Response:
        return web.json_response({"items": self._accounts.all(), "calls": self._accounts.calls()})

    async def _confirm(self, request: web.Request) -> web.Response:
        """Do what a customer does: open the link of a message, look at the page, press its button."""
        body = await json_of(request)
        recipient, which = body.get("email"), body.get("which", "latest")
        if not isinstance(recipient, str) or which not in {"first", "latest"}:
            raise Refusal(422, "InvalidField", "email has to be a text, and which has to be first or latest.")
        wait_s = number_of(body, "wait_s", 0)
        mails = await self._mailbox.wait_for(recipient=recipient, count=1, wait_s=wait_s)
        links = [link for link in (_link(mail) for mail in mails) if link is not None]
        if not links:
            raise Refusal(404, "NoLink", "No message with a link has arrived for this address.")
        await self._click(links[0] if which == "latest" else links[-1])
        return web.json_response({"confirmed": True})

    async def _click(self, link: str) -> None:
        # The port may be another one since the message was sent: the sandbox was started again in between.
        address = f"{self._link_base}{urlsplit(link).path}"
        async with aiohttp.ClientSession() as session:
            async with session.get(address) as response:
                has_form = _FORM.search(await response.text()) is not None
            if not has_form:
                return  # confirmed before: the page has no button any more
            async with session.post(address) as response:
                response.raise_for_status()

    async def _script(self, request: web.Request) -> web.Response:
        self._scripts.put(_parsed_script(await json_of(request), addresses=self._addresses))
        return web.json_response({"scripted": True})

    async def _reset(self, request: web.Request) -> web.Response:
        await json_of(request)
        self._calls.reset()
        self._accounts.reset()
        for part in self._parts:
            part.reset()
        return web.json_response({"reset": True})


@web.middleware
async def _guard(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Keep web pages out that the person at this machine happens to visit: only our own name, and no form's content."""
    try:
        if host_of(request) not in _HOSTS:
            raise Refusal(421, "UnknownHost", "The control API answers on localhost only.")
        if request.method == "POST" and request.content_type != "application/json":
            raise Refusal(415, "NotJson", "The control API takes application/json.")
        return await handler(request)
    except Refusal as error:
        body = {"error": {"code": error.code, "message": error.message}}
        return web.json_response(body, status=error.status)


def _parsed_script(body: Mapping[str, Any], *, addresses: Set[tuple[str, str]]) -> Script:
    host, path, name = (body.get(key) for key in ("host", "path", "name"))
    unknown = set(body) - {"host", "path", "name", "behaviour", "times"} - _DETAILS
    if unknown or not isinstance(host, str) or not isinstance(path, str) or not isinstance(name, str):
        raise Refusal(422, "InvalidScript", "A script has host, path, name (or *), behaviour, times and details only.")
    if (host, path) not in addresses:
        raise Refusal(422, "InvalidScript", "No partner has this host and path.")
    behaviour, times = _parsed_behaviour(body.get("behaviour"), host), body.get("times")
    if times is not None and (not isinstance(times, int) or times < 1):
        raise Refusal(422, "InvalidScript", "times has to be a whole number from 1.")
    if times is None and behaviour is not None:
        times = times_of(behaviour)
    return Script(host=host, path=path, name=name, behaviour=behaviour, times=times, detail=_parsed_detail(body))


def _parsed_behaviour(wish: object, host: str) -> Behaviour | None:
    if wish is None:
        return None
    if not isinstance(wish, str) or wish not in set(Behaviour):
        raise Refusal(422, "InvalidScript", f"behaviour has to be null or one of {', '.join(Behaviour)}.")
    behaviour = Behaviour(wish)
    if behaviour in VERDICTS and behaviour is not Behaviour.CLEAR and host != KYC_HOST:
        raise Refusal(422, "InvalidScript", f"Only {KYC_HOST} can answer like this.")
    if host == PROVIDER_HOST and behaviour not in FAULTS:
        raise Refusal(422, "InvalidScript", f"A provider's line can be {', '.join(sorted(FAULTS))} only.")
    if behaviour in CARRIES_OUT - {Behaviour.SLOW} and host not in {ESB_HOST, PROVIDER_HOST}:
        raise Refusal(422, "InvalidScript", f"Only {ESB_HOST} can deliver like this.")
    return behaviour


def _parsed_detail(body: Mapping[str, Any]) -> Mapping[str, Any]:
    for key in ("seconds", "retry_after_s"):
        number_of(body, key, 0)
    if not 200 <= number_of(body, "status", 200) <= 599:
        raise Refusal(422, "InvalidScript", "status has to be from 200 to 599.")
    return {key: body[key] for key in _DETAILS if key in body}


def _link(mail: Mapping[str, Any]) -> str | None:
    found = _LINK.search(mail["body"])
    return None if found is None else found.group()


def _article(mail: Mapping[str, Any]) -> str:
    text = escape(mail["body"])
    if mail["link"] is not None:
        address = escape(mail["link"])
        text = text.replace(address, f'<a href="{address}" rel="noreferrer">{address}</a>')
    head = f"<h2>{escape(mail['subject'])}</h2><small>{escape(mail['at'])} → {escape(mail['recipient'])}</small>"
    return f"<article>{head}<pre>{text}</pre></article>"
