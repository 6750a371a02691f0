"""The front door of every partner: virtual hosts, tokens, the record of calls, scripts and idempotency."""

import asyncio
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from aiohttp import web

from opsdesk.sandbox.behaviours import VERDICTS, Behaviour, Plan, named_plan
from opsdesk.sandbox.calls import Answer, Call, Calls, fingerprint
from opsdesk.sandbox.mail import Undeliverable
from opsdesk.sandbox.misbehaviour import Misdeed, Scene, misbehave, reset
from opsdesk.sandbox.scripts import Scripts

BODY_BYTES_MAX = 65_536
KEY_CHARACTERS_MAX = 255
# Nothing in it can end a header of a mail or begin a second address.
_EMAIL = re.compile(r"""[^\s@<>,;:"'()\[\]\\]+@[^\s@<>,;:"'()\[\]\\]+""")
CALLBACK_HEADER = "Opsdesk-Callback-Url"
KEY_HEADER = "Idempotency-Key"


@dataclass(frozen=True, slots=True)
class Route:
    """One address of one partner."""

    host: str
    path: str
    handle: Callable[[Call, Plan], Awaitable[Answer]]
    token: str | None = None
    """The bearer token to be shown; None: nobody is asked for one."""
    by_name: bool = False
    """True: the customer's name chooses what happens."""
    on_repeat: Callable[[Call], None] | None = None
    """Told when a remembered answer is given again."""
    remembers: bool = True
    """False: every call is answered anew, whatever its key; who it is passed on to remembers."""
    name_in: Callable[[Call], str] | None = None
    """The name that scripts know the call by, where it is not its customer's."""
    carries_out: frozenset[Behaviour] = frozenset()
    """Behaviours that the handler shows by itself."""


@dataclass(eq=False)
class Refusal(Exception):
    """The request cannot be answered; the message names what was wrong and holds nothing of the request's values."""

    status: int
    code: str
    message: str


class Partners:
    """Answers each request as the partner would whose name it was sent to."""

    def __init__(
        self,
        *,
        routes: list[Route],
        pages: Sequence[Callable[[web.Request], Awaitable[web.StreamResponse | None]]],
        calls: Calls,
        scripts: Scripts,
        name_of: Callable[[str], str | None],
        slow_s: float,
        people: Sequence[web.RouteDef] = (),
    ) -> None:
        """`people`: pages of their own addresses, for browsers on this machine."""
        self._routes = {(route.host, route.path): route for route in routes}
        self._hosts = {route.host for route in routes}
        self._pages = pages
        self._calls = calls
        self._scripts = scripts
        self._name_of = name_of
        self._slow_s = slow_s
        self._people = people
        self._locks: WeakValueDictionary[tuple[str, str, str], asyncio.Lock] = WeakValueDictionary()
        self.closing = asyncio.Event()

    @property
    def addresses(self) -> frozenset[tuple[str, str]]:
        """Host and path of everything that partners answer."""
        return frozenset(self._routes)

    def application(self) -> web.Application:
        application = web.Application(client_max_size=BODY_BYTES_MAX)
        application.add_routes(self._people)
        application.router.add_route("*", "/{path:.*}", self._dispatch)
        return application

    async def _dispatch(self, request: web.Request) -> web.StreamResponse:
        for pages in self._pages:
            if (page := await pages(request)) is not None:
                return page
        raw = await _raw(request)
        body, refusal = _body(raw)
        call = self._begin(request, body, raw or b"")
        try:
            route = self._route(request, call)
            if refusal is not None:
                raise refusal
            return await self._answer(request, route, call)
        except Refusal as error:
            return self._refused(call, error)
        except Undeliverable:
            return self._refused(call, Refusal(502, "Undeliverable", "The mail server did not take the message."))

    def _refused(self, call: Call, error: Refusal) -> web.Response:
        self._calls.end(call.call_id, status=error.status, performed=False, bytes_sent=0)
        headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
        body = {"error": {"code": error.code, "message": error.message}}
        return web.json_response(body, status=error.status, headers=headers)

    def _begin(self, request: web.Request, body: Mapping[str, Any], raw: bytes) -> Call:
        key = request.headers.get(KEY_HEADER)
        participant, key = host_of(request), None if key is None else _plain(key)
        customer_id = _text(body, "customer_id")
        call_id = self._calls.begin(
            scheme=request.scheme,
            participant=participant,
            method=request.method,
            path=request.path,
            idempotency_key=key,
            customer_id=customer_id,
            with_token="Authorization" in request.headers,
        )
        return Call(
            call_id=call_id,
            participant=participant,
            path=request.path,
            body=body,
            idempotency_key=key,
            callback_url=request.headers.get(CALLBACK_HEADER),
            customer_id=customer_id,
            headers={name.lower(): value for name, value in request.headers.items()},
            raw=raw,
        )

    def _route(self, request: web.Request, call: Call) -> Route:
        """The address that was called, if the caller may use it. Raises Refusal."""
        if call.participant not in self._hosts:
            raise Refusal(421, "UnknownHost", "No partner of this name lives here.")
        route = self._routes.get((call.participant, call.path))
        if route is None:
            raise Refusal(404, "UnknownPath", "This partner has no such address.")
        if request.method != "POST":
            raise Refusal(405, "MethodNotAllowed", "This address takes POST only.")
        shown = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if route.token is not None and not hmac.compare_digest(shown, f"Bearer {route.token}".encode()):
            raise Refusal(401, "Unauthorized", "This address wants a valid bearer token.")
        if len(call.idempotency_key or "") > KEY_CHARACTERS_MAX:
            raise Refusal(400, "KeyTooLong", f"{KEY_HEADER} has at most {KEY_CHARACTERS_MAX} characters.")
        return route

    async def _answer(self, request: web.Request, route: Route, call: Call) -> web.StreamResponse:
        plan = self._plan(route, call)
        if plan.behaviour is Behaviour.LOST:
            await self._perform(route, call, Plan())
            misdeed = reset(request)
        elif plan.behaviour is Behaviour.RESET:
            misdeed = reset(request)
        elif plan.behaviour in VERDICTS or plan.behaviour in route.carries_out:
            status, body, performed = await self._perform(route, call, plan)
            self._calls.end(call.call_id, status=status, performed=performed, bytes_sent=len(body))
            return web.Response(status=status, body=body, content_type="application/json")
        else:
            misdeed = await misbehave(Scene(request, plan, self.closing, self._slow_s))
        return self._after(call, misdeed, performed=plan.behaviour is Behaviour.LOST)

    def _after(self, call: Call, misdeed: Misdeed, *, performed: bool) -> web.StreamResponse:
        self._calls.end(call.call_id, status=misdeed.status, performed=performed, bytes_sent=misdeed.bytes_sent)
        return misdeed.response

    def _plan(self, route: Route, call: Call) -> Plan:
        name = self._name(route, call)
        scripted = self._scripts.take(host=route.host, path=route.path, name=name)
        if scripted is not None:
            return scripted
        return named_plan(name, calls_before=self._calls.before(call)) if route.by_name else Plan()

    def _name(self, route: Route, call: Call) -> str:
        if route.name_in is not None:
            return route.name_in(call)
        return _text(call.body, "name") or self._name_of(call.customer_id or "") or ""

    async def _perform(self, route: Route, call: Call, plan: Plan) -> tuple[int, bytes, bool]:
        """Do the work once for each idempotency key: status, body, and whether the work was done by this call."""
        if call.idempotency_key is None or not route.remembers:
            answer = await route.handle(call, plan)
            return answer.status, _encoded(answer.body), True
        place = (call.participant, call.path, call.idempotency_key)
        lock = self._locks.get(place) or asyncio.Lock()
        self._locks[place] = lock
        async with lock:
            remembered = self._calls.remembered(call)
            if remembered is not None:
                return self._repeat(route, call, remembered.fingerprint, remembered.status, remembered.body)
            answer = await route.handle(call, plan)
            body = _encoded(answer.body)
            if answer.memorable:
                self._calls.remember(call, status=answer.status, body=body)
            return answer.status, body, True

    def _repeat(self, route: Route, call: Call, known: str, status: int, body: bytes) -> tuple[int, bytes, bool]:
        if known != fingerprint(call.body):
            raise Refusal(409, "KeyReused", "This idempotency key was used with another content.")
        if route.on_repeat is not None:
            route.on_repeat(call)
        return status, body, False


def host_of(request: web.Request) -> str:
    """The name that the request was sent to, without the port."""
    return _plain(request.host).partition(":")[0].lower()


def require_text(call: Call, name: str, *, characters_max: int = 200) -> str:
    """A non-empty text of the request's body. Raises Refusal that names the field and not its value."""
    value = call.body.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > characters_max:
        raise Refusal(422, "InvalidField", f"{name} has to be a text of 1 to {characters_max} characters.")
    return value


def require_email(call: Call) -> str:
    value = require_text(call, "email", characters_max=254)
    if _EMAIL.fullmatch(value) is None or not value.isprintable():
        raise Refusal(422, "InvalidField", "email has to be an e-mail address.")
    return value


async def _raw(request: web.Request) -> bytes | None:
    """What came; None: too much of it."""
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        return None


def _body(content: bytes | None) -> tuple[Mapping[str, Any], Refusal | None]:
    if content is None:
        return {}, Refusal(413, "BodyTooLarge", f"A request has at most {BODY_BYTES_MAX} bytes.")
    try:
        body = json.loads(content, parse_constant=_no_constant)
        _encoded(body)  # half a surrogate pair is valid JSON, and no text
    except (ValueError, RecursionError):
        return {}, Refusal(400, "NotJson", "The body is not JSON.")
    if not isinstance(body, dict):
        return {}, Refusal(400, "NotAnObject", "The body has to be a JSON object.")
    return body, None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) else None


def _plain(header: str) -> str:
    """A header may hold any bytes; what is stored and compared is text."""
    return header.encode("ascii", "backslashreplace").decode()


def _encoded(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()
