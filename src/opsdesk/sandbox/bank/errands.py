"""What customers and managers do at a desk: redeem, use, cancel, refund; and how each result is shown."""

from typing import Any

from aiohttp import web

from opsdesk.sandbox.bank.benefits import Benefits
from opsdesk.sandbox.bank.desks import MANAGER, PHONE, Errand
from opsdesk.sandbox.bank.hops import Hops
from opsdesk.sandbox.bank.journey import CUSTOMER, Journey, new_key
from opsdesk.sandbox.bank.outcomes import Done, Outcome, Refused, Unknown
from opsdesk.sandbox.bank.rendering import moment, render
from opsdesk.sandbox.bank.short_messages import ShortMessages
from opsdesk.sandbox.bank.visits import Visit

UNKNOWN = "结果未知"
_TITLES = {
    Errand.REDEEM: "兑换",
    Errand.BOOK: "使用权益",
    Errand.CANCEL: "取消服务",
    Errand.ASK_REFUND: "退还",
    Errand.REFUND: "退还",
}
_MESSAGES = {
    Errand.BOOK: "【电话银行】您的权益使用链接：{url} 有效期至{until}，请勿转发。",
    Errand.CANCEL: "【电话银行】您的服务取消链接：{url} 有效期至{until}，请勿转发。",
}


class Errands:
    def __init__(self, *, benefits: Benefits, hops: Hops, messages: ShortMessages) -> None:
        self._benefits = benefits
        self._hops = hops
        self._messages = messages

    async def redeem(self, visit: Visit) -> web.Response:
        journey, service = visit.journey(), visit.form.get("service", "")
        self._begin(visit, journey, Errand.REDEEM)
        outcome = await self._benefits.redeem(
            visit.desk, journey, customer_id=visit.customer.customer_id, service=service
        )
        if not isinstance(outcome, Done):
            return self._not_done(visit, journey, Errand.REDEEM, outcome, service=service)
        if visit.desk is MANAGER:
            return await self._qr_after_redeeming(visit, journey, outcome)
        self._show(visit, journey, visit.desk.arrows[Errand.REDEEM].shown)
        return self._page(visit, "redeemed", order=outcome.body)

    async def _qr_after_redeeming(self, visit: Visit, journey: Journey, redeemed: Done) -> web.Response:
        """A redemption brings no link, so that the CRM asks for one at once, and shows that."""
        order_id = str(redeemed.body.get("order_id", ""))
        # A form that is sent again gets the link that it got.
        linking = Journey(journey.traceparent, journey.path, f"{journey.key}-link")
        link = await self._benefits.link(visit.desk, linking, order_id=order_id, purpose=Errand.BOOK)
        if not isinstance(link, Done):
            self._show(visit, journey, "显示兑换成功")
            return self._page(visit, "redeemed", order=redeemed.body)
        return self._qr(visit, journey, Errand.REDEEM, link, order_id=order_id, redeemed=redeemed.body)

    async def use(self, visit: Visit) -> web.Response:
        return await self._link(visit, Errand.BOOK)

    async def cancel(self, visit: Visit) -> web.Response:
        return await self._link(visit, Errand.CANCEL)

    async def _link(self, visit: Visit, errand: Errand) -> web.Response:
        journey, order_id = visit.journey(), visit.path["order_id"]
        self._begin(visit, journey, errand)
        outcome = await self._benefits.link(visit.desk, journey, order_id=order_id, purpose=errand)
        if not isinstance(outcome, Done):
            return self._not_done(visit, journey, errand, outcome)
        if visit.desk is MANAGER:
            return self._qr(visit, journey, errand, outcome, order_id=order_id)
        shown, url = visit.desk.arrows[errand].shown, str(outcome.body.get("url", ""))
        if visit.desk is PHONE:
            return self._sent(visit, journey, errand, outcome)
        self._show(visit, journey, shown)
        return web.Response(status=303, headers={"Location": url, "Referrer-Policy": "no-referrer"})

    def _qr(
        self, visit: Visit, journey: Journey, errand: Errand, link: Done, *, order_id: str, redeemed: Any = None
    ) -> web.Response:
        arrows = visit.desk.arrows[errand]
        self._hops.add_own(journey.trace_id, visit.desk.participant, arrows.own)
        self._show(visit, journey, arrows.shown)
        purpose = Errand.BOOK if errand is Errand.REDEEM else errand
        return self._page(
            visit, "qr", link=link.body, order_id=order_id, redeemed=redeemed, purpose=purpose.value, again=new_key()
        )

    def _sent(self, visit: Visit, journey: Journey, errand: Errand, link: Done) -> web.Response:
        """A telephone cannot be sent to a page: the link goes by short message."""
        url, until = str(link.body.get("url", "")), moment(link.body.get("expires_at"))
        self._messages.send(visit.customer, text=_MESSAGES[errand].format(url=url, until=until), url=url)
        self._show(visit, journey, f"{visit.desk.arrows[errand].shown} 以短信发送")
        return self._page(visit, "sent", link=link.body, title=_TITLES[errand])

    async def refund(self, visit: Visit) -> web.Response:
        """The dialogue, step by step: ask, then agree or give up."""
        match visit.form.get("step"):
            case "agree":
                return await self._agreed(visit)
            case "give-up":
                return self._given_up(visit)
            case _:
                return await self._asked(visit)

    async def _asked(self, visit: Visit) -> web.Response:
        journey = visit.journey()
        self._begin(visit, journey, Errand.ASK_REFUND)
        outcome = await self._benefits.quote(visit.desk, journey, order_id=visit.path["order_id"])
        if not isinstance(outcome, Done):
            return self._not_done(visit, journey, Errand.ASK_REFUND, outcome, step="ask")
        if outcome.body.get("forfeited"):
            return self._question(visit, journey, outcome.body)
        # Everything comes back, so that there is nothing to ask.
        refunding = Journey(journey.traceparent, journey.path, f"{journey.key}-refund")
        return await self._refund(visit, refunding, str(outcome.body.get("quote_id", "")))

    def _question(self, visit: Visit, journey: Journey, quote: Any) -> web.Response:
        message = str(quote.get("message", ""))
        self._show(visit, journey, f'提示"{message}"')
        return self._page(visit, "question", quote=quote, key=new_key(), trace=journey.traceparent)

    async def _agreed(self, visit: Visit) -> web.Response:
        journey = visit.journey()
        if visit.form.get("asked"):
            self._begin(visit, journey, Errand.REFUND)
        return await self._refund(visit, journey, visit.form.get("quote_id", ""))

    def _given_up(self, visit: Visit) -> web.Response:
        """Giving up ends it: nothing is asked of the points system any more."""
        trace_id = visit.journey().trace_id
        self._hops.add(trace_id, CUSTOMER, visit.desk.participant, "取消操作")
        self._hops.add_return(trace_id, visit.desk.participant, CUSTOMER, "返回服务详情页")
        address = f"{visit.home}/orders/{visit.path['order_id']}"
        return web.Response(status=303, headers={"Location": address})

    async def _refund(self, visit: Visit, journey: Journey, quote_id: str) -> web.Response:
        order_id = visit.path["order_id"]
        outcome = await self._benefits.refund(visit.desk, journey, order_id=order_id, quote_id=quote_id)
        match outcome:
            case Done(body=body):
                self._show(visit, journey, f"{visit.desk.arrows[Errand.REFUND].shown}{body.get('message', '')}")
                return self._page(visit, "refunded", result=body)
            case Refused(code="quote_stale", detail={"quote": dict(fresh)}):
                return self._question(visit, journey, fresh)
            case _:
                return self._not_done(visit, journey, Errand.REFUND, outcome, step="agree", quote_id=quote_id)

    def _not_done(self, visit: Visit, journey: Journey, errand: Errand, outcome: Outcome, **again: str) -> web.Response:
        """Refused, as the points system says it; or unknown, with a button that asks again under the same key."""
        refused = outcome if isinstance(outcome, Refused) else None
        self._show(visit, journey, f'提示"{UNKNOWN if refused is None else refused.message}"')
        fields = {"key": journey.key or "", "trace": journey.traceparent, **again}
        repeats = isinstance(outcome, Unknown) or (refused is not None and refused.retry)
        action = _address(visit, errand)
        return self._page(
            visit, "not_done", title=_TITLES[errand], refused=refused, repeats=repeats, action=action, fields=fields
        )

    def _begin(self, visit: Visit, journey: Journey, errand: Errand) -> None:
        self._hops.add(journey.trace_id, CUSTOMER, visit.desk.participant, visit.desk.arrows[errand].begun)

    def _show(self, visit: Visit, journey: Journey, label: str) -> None:
        self._hops.add_return(journey.trace_id, visit.desk.participant, CUSTOMER, label)

    def _page(self, visit: Visit, template: str, **values: Any) -> web.Response:
        return render(f"{visit.desk.look}/{template}.html", visit=visit, desk=visit.desk, tab="orders", **values)


def _address(visit: Visit, errand: Errand) -> str:
    if errand is Errand.REDEEM:
        return f"{visit.home}/redemptions"
    name = {Errand.BOOK: "use", Errand.CANCEL: "cancel"}.get(errand, "refund")
    return f"{visit.home}/orders/{visit.path['order_id']}/{name}"
