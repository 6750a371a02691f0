"""The part of the control API that is about providers: who they are, what they performed, their month, the clock."""

import asyncio
from typing import Any

from aiohttp import web

from opsdesk.sandbox.control_values import json_of
from opsdesk.sandbox.partners import Refusal
from opsdesk.sandbox.provider.accounts import PROVIDER, Account
from opsdesk.sandbox.provider.assembly import Providers
from opsdesk.sandbox.provider.visits import Visit, visit_of
from opsdesk_partner import PartnerError

ADVANCE_S_MAX = 366 * 86_400.0
CODE_CHARACTERS_MAX = 64
NOTICED_S = 0.15
"""Who reads the file of the clock looks at it again within a tenth of a second: whoever moves it waits for that."""


class ProviderControl:
    def __init__(self, providers: Providers) -> None:
        self._providers = providers

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/control/providers/{provider}/keys", self._keys),
            web.post("/control/providers", self._put),
            web.get("/control/providers/{provider}/orders", self._orders),
            web.post("/control/providers/{provider}/link-keys", self._pick_up),
            web.post("/control/providers/{provider}/completions", self._complete),
            web.get("/control/providers/{provider}/files", self._files),
            web.post("/control/providers/{provider}/reconciliations", self._reconcile),
            web.get("/control/clock", self._clock),
            web.post("/control/clock", self._advance),
        ]

    def reset(self) -> None:
        self._providers.reset()

    async def _keys(self, request: web.Request) -> web.Response:
        """The public keys of a provider, in PEM, for the bank to know; they are made when they are first asked for."""
        name = request.match_info["provider"]
        if not PROVIDER.fullmatch(name):
            raise Refusal(422, "InvalidField", "A provider is named by lower-case letters, digits and hyphens.")
        return web.json_response(self._providers.accounts.public_keys(name))

    async def _put(self, request: web.Request) -> web.Response:
        """Where the bank's open platform is for a provider, and by which key id the bank knows its key."""
        body = await json_of(request)
        texts = [body.get(name) for name in ("provider", "name", "bank_url", "key_id")]
        provider, name, bank_url, key_id = (text if isinstance(text, str) else "" for text in texts)
        services = body.get("services", {})
        if not PROVIDER.fullmatch(provider) or not name or not key_id:
            raise Refusal(422, "InvalidField", "A provider has provider, name, bank_url and key_id.")
        if not bank_url.startswith(("http://", "https://")):
            raise Refusal(422, "InvalidField", "bank_url has to be the address of the open platform.")
        if not isinstance(services, dict) or not all(isinstance(each, dict) for each in services.values()):
            raise Refusal(422, "InvalidField", "services has to say name and settle_fen of each service.")
        self._providers.accounts.put(Account(provider, name, bank_url.rstrip("/"), key_id, services))
        return web.json_response({"known": True})

    async def _orders(self, request: web.Request) -> web.Response:
        """What a provider has written down itself."""
        return web.json_response({"items": self._providers.orders.all(self._account(request).provider)})

    async def _pick_up(self, request: web.Request) -> web.Response:
        """Have a provider fetch a link key by its number and acknowledge it."""
        kid = (await json_of(request)).get("kid")
        if not isinstance(kid, int) or not 0 < kid < 65_536:
            raise Refusal(422, "InvalidField", "kid has to be a number from 1 to 65535.")
        visit = self._visit(request)
        key = await _asked(visit.bank.keys.key, kid)
        return web.json_response({"kid": kid, "profile": None if key is None else key.profile.value})

    async def _complete(self, request: web.Request) -> web.Response:
        """A service was performed at a moment (digits in the bank's zone), and the bank is told."""
        body, account = await json_of(request), self._account(request)
        code, completed_at, key = (body.get(name, "") for name in ("benefit_code", "completed_at", "key"))
        if not isinstance(code, str) or not isinstance(completed_at, str) or not isinstance(key, str):
            raise Refusal(422, "InvalidField", "A completion has benefit_code and completed_at, and may have a key.")
        order = self._providers.orders.one(account.provider, code[:CODE_CHARACTERS_MAX])
        if order is None:
            raise Refusal(404, "UnknownOrder", "This provider has booked no such order.")
        values = {"key": key, "trace": request.headers.get("traceparent", "")}
        visit = visit_of(account, self._providers.accounts.bank(account), values, path="ServiceProvider")
        told = await self._providers.acts.perform(
            visit, benefit_code=code, service=order["service"], completed_at=completed_at
        )
        answer = {"done": told.is_done, "code": told.code, "message": told.text, "trace_id": visit.trace_id}
        return web.json_response(answer)

    async def _files(self, request: web.Request) -> web.Response:
        """What the bank has ready for a provider."""
        visit = self._visit(request)
        try:
            return web.json_response({"items": await self._providers.settling.files(visit), "trace_id": visit.trace_id})
        except PartnerError as error:
            raise _refusal(error) from None

    async def _reconcile(self, request: web.Request) -> web.Response:
        """Have a provider fetch a file (`name`) and compare it with what it performed in `month` (YYYYMM)."""
        body, visit = await json_of(request), self._visit(request)
        name, month = body.get("name"), body.get("month")
        if not isinstance(name, str) or not isinstance(month, str):
            raise Refusal(422, "InvalidField", "A reconciliation has the name of a file and its month.")
        try:
            found = await self._providers.settling.compare(visit, name, month=month)
        except PartnerError as error:
            raise _refusal(error) from None
        answer: dict[str, Any] = {"clean": found.is_clean, "summary": found.summary, "report": found.text}
        return web.json_response({**answer, "trace_id": visit.trace_id})

    async def _clock(self, _request: web.Request) -> web.Response:
        """How far the business time is from this machine's, and what it is."""
        return web.json_response(self._told())

    async def _advance(self, request: web.Request) -> web.Response:
        """Move the business time forward: Opsdesk's, whose data folder the sandbox was told of, and the providers'."""
        body = await json_of(request)
        seconds = body.get("advance_s")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds <= ADVANCE_S_MAX:
            raise Refusal(422, "InvalidField", f"advance_s has to be from 0 to {ADVANCE_S_MAX:g} seconds.")
        if not self._providers.clock.can_move:
            raise Refusal(409, "NoClock", "The sandbox was not told which clock to move: start it with --clock-file.")
        self._providers.clock.advance(float(seconds))
        await asyncio.sleep(NOTICED_S)
        return web.json_response(self._told())

    def _told(self) -> dict[str, object]:
        clock = self._providers.clock
        return {"offset_s": clock.offset_s(), "now": clock.now().isoformat(), "can_move": clock.can_move}

    def _account(self, request: web.Request) -> Account:
        account = self._providers.accounts.one(request.match_info["provider"])
        if account is None:
            raise Refusal(404, "UnknownProvider", "No such provider lives in the sandbox.")
        return account

    def _visit(self, request: web.Request) -> Visit:
        return self._providers.settling.visit(self._account(request))


async def _asked(ask: Any, *values: Any) -> Any:
    try:
        return await asyncio.to_thread(ask, *values)
    except PartnerError as error:
        raise _refusal(error) from None


def _refusal(error: PartnerError) -> Refusal:
    return Refusal(502, "BankRefused", f"The bank did not do it: {error.code}.")
