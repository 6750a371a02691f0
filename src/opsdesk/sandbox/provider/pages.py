"""The pages of a provider, as the customer sees them after scanning or clicking."""

from collections.abc import Awaitable, Callable, Mapping
from html import escape

from aiohttp import web

from opsdesk.sandbox.bank.visits import guarded
from opsdesk.sandbox.provider.accounts import Accounts
from opsdesk.sandbox.provider.acts import Acts, Asked, Told
from opsdesk.sandbox.provider.rendering import facts, form, page
from opsdesk.sandbox.provider.visits import Visit, visit_of
from opsdesk_partner import Link, Purpose

BASE = "/provider/{provider}"
CHANNELS = {"mobile": "手机银行", "phone": "电话银行", "crm": "理财经理"}
_Page = Callable[[web.Request, Visit], Awaitable[web.Response]]


class ProviderPages:
    """`/provider/NAME/?request=…` to use, `/provider/NAME/cancel?request=…` to cancel."""

    def __init__(self, *, accounts: Accounts, acts: Acts) -> None:
        self._accounts = accounts
        self._acts = acts

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(f"{BASE}/", self._visited(self._entered)),
            web.post(f"{BASE}/use", self._visited(self._use)),
            web.get(f"{BASE}/cancel", self._visited(self._cancel_page)),
            web.post(f"{BASE}/cancel", self._visited(self._cancel)),
            web.post(f"{BASE}/insist", self._visited(self._insist)),
            web.post(f"{BASE}/abandon", self._visited(self._abandon)),
        ]

    def _visited(self, handler: _Page) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            account = self._accounts.one(request.match_info["provider"])
            if account is None:
                raise web.HTTPNotFound
            values = await request.post() if request.method == "POST" else request.query
            plain = {name: value for name, value in values.items() if isinstance(value, str)}
            return await handler(request, visit_of(account, self._accounts.bank(account), plain))

        return guarded(handle)

    async def _entered(self, _request: web.Request, visit: Visit) -> web.Response:
        opened = await self._acts.opened(visit, Purpose.BOOKING)
        if isinstance(opened, Told):
            return _result(visit, opened)
        return self._details(visit, opened, form(_at(visit, "use"), "使用", _carried(visit)))

    async def _use(self, _request: web.Request, visit: Visit) -> web.Response:
        told = await self._acts.use(visit)
        again = form(_at(visit, "use"), "再次查询", _carried(visit)) if told.is_unknown else ""
        return _result(visit, told, again)

    async def _cancel_page(self, _request: web.Request, visit: Visit) -> web.Response:
        opened = await self._acts.opened(visit, Purpose.CANCELLATION)
        if isinstance(opened, Told):
            return _result(visit, opened)
        return self._details(visit, opened, form(_at(visit, "cancel"), "取消服务", _carried(visit)))

    async def _cancel(self, _request: web.Request, visit: Visit) -> web.Response:
        return self._answer(visit, await self._acts.cancel(visit), "cancel")

    async def _insist(self, request: web.Request, visit: Visit) -> web.Response:
        quote_id = str((await request.post()).get("quote_id", ""))
        return self._answer(visit, await self._acts.insist(visit, quote_id), "insist", {"quote_id": quote_id})

    async def _abandon(self, _request: web.Request, visit: Visit) -> web.Response:
        opened = await self._acts.abandon(visit)
        if isinstance(opened, Told):
            return _result(visit, opened)
        return self._details(visit, opened, '<p class="note">服务未取消。</p>')

    def _answer(
        self, visit: Visit, answer: Told | Asked, action: str, more: Mapping[str, str] | None = None
    ) -> web.Response:
        if isinstance(answer, Told):
            fields = {**_carried(visit), **(more or {})}
            again = form(_at(visit, action), "再次查询", fields) if answer.is_unknown else ""
            return _result(visit, answer, again)
        quote, fields = answer.quote, _carried(visit)
        told = {"可退还幸福点": str(quote.returned), "已过期幸福点": str(quote.forfeited)}
        body = f'<div class="card"><h1>{escape(quote.message)}</h1>{facts(told)}</div>'
        body += form(_at(visit, "insist"), "继续", {**fields, "quote_id": quote.quote_id})
        body += form(_at(visit, "abandon"), "放弃", fields, is_second=True)
        return page("取消服务", body, company=visit.account.name)

    def _details(self, visit: Visit, link: Link, steps: str) -> web.Response:
        account = visit.account
        shown = {
            "权益码": " ".join(link.benefit_code[start : start + 4] for start in range(0, len(link.benefit_code), 4)),
            "服务类型": link.service,
            "来源": CHANNELS[link.channel],
        }
        body = f'<div class="card"><h1>{escape(account.service_name(link.service))}</h1>{facts(shown)}</div>{steps}'
        return page(account.service_name(link.service), body, company=account.name)


def _result(visit: Visit, told: Told, more: str = "") -> web.Response:
    kind = "open" if told.is_unknown else "ok" if told.is_done else "no"
    body = f'<div class="card" role="status"><h1 class="{kind}">{escape(told.text)}</h1></div>{more}'
    return page(told.text, body, company=visit.account.name)


def _carried(visit: Visit) -> dict[str, str]:
    return {"request": visit.request, "trace": visit.traceparent, "key": visit.key}


def _at(visit: Visit, action: str) -> str:
    return f"/provider/{visit.account.provider}/{action}"
