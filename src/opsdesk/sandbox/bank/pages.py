"""The pages of the desks: what a customer sees in the app, at the telephone and beside the manager."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from aiohttp import web

from opsdesk.sandbox.bank.benefits import Benefits, items_of
from opsdesk.sandbox.bank.customers import Customers
from opsdesk.sandbox.bank.desks import DESKS, MANAGER, PHONE, Desk
from opsdesk.sandbox.bank.errands import Errands
from opsdesk.sandbox.bank.journey import new_key, new_traceparent
from opsdesk.sandbox.bank.outcomes import Done, Refused, Unknown
from opsdesk.sandbox.bank.rendering import STATUS_WORDS, render, style
from opsdesk.sandbox.bank.short_messages import ShortMessages
from opsdesk.sandbox.bank.visits import Handler, Visit, guarded, visiting

NOT_NOW = "暂时无法查询，请稍后再试"


class BankPages:
    def __init__(self, *, benefits: Benefits, errands: Errands, customers: Customers, messages: ShortMessages) -> None:
        self._benefits = benefits
        self._errands = errands
        self._customers = customers
        self._messages = messages

    def routes(self) -> list[web.RouteDef]:
        found = [
            web.get("/bank/", guarded(self._start)),
            web.get("/bank/{look}.css", guarded(style)),
        ]
        for desk in DESKS:
            found += self._of(desk)
        return found

    def _of(self, desk: Desk) -> list[web.RouteDef]:
        home, order = f"/{desk.name}/{{customer_id}}", f"/{desk.name}/{{customer_id}}/orders/{{order_id}}"

        def shown(path: str, handler: Handler) -> web.RouteDef:
            return web.get(path, visiting(desk, self._customers, handler))

        def sent(path: str, handler: Handler) -> web.RouteDef:
            return web.post(path, visiting(desk, self._customers, handler))

        errands = self._errands
        qr_codes = [shown(f"{order}/expired-code", self._expired_code)] if desk is MANAGER else []
        return [
            *qr_codes,
            web.get(f"/{desk.name}/", guarded(partial(self._chosen, desk))),
            shown(home, self._home),
            shown(f"{home}/points", self._points),
            shown(f"{home}/messages", self._short_messages),
            shown(f"{home}/orders", self._orders),
            shown(f"{home}/services/{{service}}", self._service),
            sent(f"{home}/redemptions", errands.redeem),
            shown(order, self._order),
            sent(f"{order}/use", errands.use),
            sent(f"{order}/cancel", errands.cancel),
            shown(f"{order}/refund", self._refund),
            sent(f"{order}/refund", errands.refund),
        ]

    async def _start(self, _request: web.Request) -> web.StreamResponse:
        return render("start.html", desks=DESKS)

    async def _chosen(self, desk: Desk, request: web.Request) -> web.StreamResponse:
        """Who signs in, or whom the manager looks up."""
        like = request.query.get("like", "").strip()
        return render(f"{desk.look}/choose.html", desk=desk, customers=self._customers.all(like=like), like=like)

    async def _home(self, visit: Visit) -> web.Response:
        wallet = await self._benefits.wallet(visit.reading(), visit.customer.customer_id)
        values: dict[str, Any] = {"wallet": _wallet(wallet), "services": await self._benefits.services(visit.reading())}
        if visit.desk is MANAGER:
            values |= await self._listed_orders(visit)
        return self._page(visit, "home", tab="home", **values)

    async def _points(self, visit: Visit) -> web.Response:
        outcome = await self._benefits.wallet(visit.reading(), visit.customer.customer_id)
        return self._page(visit, "points", tab="points", wallet=_wallet(outcome))

    async def _short_messages(self, visit: Visit) -> web.Response:
        if visit.desk is not PHONE:
            raise web.HTTPNotFound
        messages = self._messages.sent_to(visit.customer.customer_id)
        return self._page(visit, "messages", tab="messages", messages=messages)

    async def _orders(self, visit: Visit) -> web.Response:
        return self._page(visit, "orders", tab="orders", **await self._listed_orders(visit))

    async def _listed_orders(self, visit: Visit) -> Mapping[str, Any]:
        asked = visit.query.get("status", "")
        status = asked if asked in map(str, STATUS_WORDS) else ""
        customer_id = visit.customer.customer_id
        outcome = await self._benefits.orders(visit.reading(), customer_id=customer_id, status=status)
        return {
            "orders": items_of(outcome),
            "chosen": status,
            "names": await self._names(visit),
        }

    async def _names(self, visit: Visit) -> Mapping[str, Any]:
        return {str(item.get("service")): item for item in await self._benefits.services(visit.reading()) or ()}

    async def _service(self, visit: Visit) -> web.Response:
        services = await self._benefits.services(visit.reading())
        if services is None:
            return self._page(visit, "missing", tab="home", status=503, words=NOT_NOW)
        service = next((each for each in services if each.get("service") == visit.path["service"]), None)
        if service is None:
            return self._page(visit, "missing", tab="home", status=404, words="权益服务不存在或已下架")
        wallet = await self._benefits.wallet(visit.reading(), visit.customer.customer_id)
        return self._page(visit, "service", tab="home", service=service, wallet=_wallet(wallet), fresh=_fresh())

    async def _order(self, visit: Visit) -> web.Response:
        return await self._of_order(visit, "order")

    async def _refund(self, visit: Visit) -> web.Response:
        return await self._of_order(visit, "refund")

    async def _expired_code(self, visit: Visit) -> web.Response:
        return await self._of_order(visit, "expired_code")

    async def _of_order(self, visit: Visit, template: str) -> web.Response:
        outcome = await self._benefits.order(visit.reading(), visit.path["order_id"])
        if not isinstance(outcome, Done) or outcome.body.get("customer_id") != visit.customer.customer_id:
            unknown = isinstance(outcome, Unknown)
            words = NOT_NOW if unknown else "没有找到这笔订单"
            return self._page(visit, "missing", tab="orders", status=503 if unknown else 404, words=words)
        values: dict[str, Any] = {"order": outcome.body, "names": await self._names(visit), "fresh": _fresh()}
        return self._page(visit, template, tab="orders", purpose=visit.query.get("purpose", ""), **values)

    def _page(self, visit: Visit, template: str, *, status: int = 200, **values: Any) -> web.Response:
        return render(f"{visit.desk.look}/{template}.html", status=status, visit=visit, desk=visit.desk, **values)


def _fresh() -> Mapping[str, str]:
    """What a form carries along, so that it asks for the same when it is sent again."""
    return {"key": new_key(), "trace": new_traceparent()}


def _wallet(outcome: object) -> Mapping[str, Any] | None:
    """What a customer has; nothing of it for one who never had points, None where nobody can say."""
    match outcome:
        case Done(body=body):
            return body
        case Refused():
            return {"available": 0, "held": 0, "lots": []}
        case _:
            return None
