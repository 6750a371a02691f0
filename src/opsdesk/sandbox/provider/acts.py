"""What a provider does for a customer, and in the background; each arrow of it is noted."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from opsdesk.sandbox.bank.hops import Hops
from opsdesk.sandbox.bank.journey import CUSTOMER, OPEN_PLATFORM
from opsdesk.sandbox.provider.line import FAULTS, HOST, Line
from opsdesk.sandbox.provider.orders import Orders
from opsdesk.sandbox.provider.visits import Visit
from opsdesk.sandbox.scripts import Scripts
from opsdesk_partner import (
    Bank,
    Cancellation,
    Link,
    LinkError,
    LinkExpired,
    OutcomeUnknown,
    PartnerError,
    Purpose,
    Quote,
    QuoteStale,
    Refused,
)
from opsdesk_partner.answers import completion_digits

SERVICE_PROVIDER = "ServiceProvider"
BOOKED, COMPLETED, CANCELLED, EXPIRED = 200, 300, 400, 500
ENDED = {"already_completed": COMPLETED, "complete_cancelled": CANCELLED, "complete_expired": EXPIRED}
"""Where an order stands at the bank, by what a completion is refused with."""
_Done = TypeVar("_Done")


@dataclass(frozen=True, slots=True)
class Told:
    """What the customer is told: it is done, it is not, or nobody knows."""

    is_done: bool
    code: str
    text: str
    is_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """The customer has to say whether to go on."""

    quote: Quote


class Acts:
    def __init__(self, *, orders: Orders, hops: Hops, scripts: Scripts) -> None:
        self._orders = orders
        self._hops = hops
        self._scripts = scripts

    async def opened(self, visit: Visit, purpose: Purpose) -> Link | Told:
        """Read what the customer brought along."""
        booking = purpose is Purpose.BOOKING
        label = "点击链接/扫码进入服务商页面【request字段携带加密数据】" if booking else "进入服务商取消页面"
        self._hops.add(visit.trace_id, CUSTOMER, SERVICE_PROVIDER, label)
        own = (
            ("AES解密request字段", "获取权益码、服务类型参数")
            if booking
            else ("AES解密request字段获取权益码、服务类型",)
        )
        try:
            link = await asyncio.to_thread(visit.bank.open_link, visit.request, purpose=purpose)
        except PartnerError as error:
            self._hops.add_own(visit.trace_id, SERVICE_PROVIDER, own[0])
            return self._shown(visit, _told(error))
        for each in own:
            self._hops.add_own(visit.trace_id, SERVICE_PROVIDER, each)
        return link

    async def use(self, visit: Visit) -> Told:
        """The customer presses 使用."""
        self._hops.add(visit.trace_id, CUSTOMER, SERVICE_PROVIDER, '客户点击"使用"按钮')
        try:
            link = await asyncio.to_thread(visit.bank.open_link, visit.request, purpose=Purpose.BOOKING)
            order = await self._ask(
                visit,
                "/open/v1/bookings",
                "调用服开平台预约接口",
                "返回预约成功",
                lambda bank: bank.book(link, key=visit.key),
            )
        except PartnerError as error:
            return self._shown(visit, _told(error))
        fen = order.body.get("settle_fen")
        agreed = visit.account.services.get(link.service, {}).get("settle_fen", 0)
        settle_fen = fen if isinstance(fen, int) else int(agreed)
        self._orders.put(visit.account.provider, link, status=BOOKED, settle_fen=settle_fen)
        return self._shown(visit, Told(True, "OK", "预约成功"))

    async def cancel(self, visit: Visit) -> Told | Asked:
        """The customer wants to cancel: they are asked if points would be lost, and else it is done."""
        try:
            link = await asyncio.to_thread(visit.bank.open_link, visit.request, purpose=Purpose.CANCELLATION)
            quote = await self._ask(
                visit,
                "/open/v1/quotes",
                "查询订单过期幸福点情况",
                "返回过期信息",
                lambda bank: bank.quote(link, key=visit.with_key("quote").key),
            )
        except PartnerError as error:
            return self._shown(visit, _told(error))
        if quote.must_ask:
            return self._asked(visit, quote)
        return await self._cancelled(visit, link, quote.quote_id, "直接调用取消接口")

    async def insist(self, visit: Visit, quote_id: str) -> Told | Asked:
        """The customer wants it all the same."""
        self._hops.add(visit.trace_id, CUSTOMER, SERVICE_PROVIDER, "确认取消")
        try:
            link = await asyncio.to_thread(visit.bank.open_link, visit.request, purpose=Purpose.CANCELLATION)
        except PartnerError as error:
            return self._shown(visit, _told(error))
        return await self._cancelled(visit, link, quote_id, "调用积分系统取消接口")

    async def abandon(self, visit: Visit) -> Link | Told:
        """The customer leaves everything as it is, and sees the service again."""
        self._hops.add(visit.trace_id, CUSTOMER, SERVICE_PROVIDER, "放弃取消")
        self._hops.add_return(visit.trace_id, SERVICE_PROVIDER, CUSTOMER, "返回服务详情页")
        try:
            return await asyncio.to_thread(visit.bank.open_link, visit.request, purpose=Purpose.CANCELLATION)
        except PartnerError as error:
            return _told(error)

    async def perform(self, visit: Visit, *, benefit_code: str, service: str, completed_at: str) -> Told:
        """The service was performed, and the bank is told in the background."""
        self._hops.add_own(visit.trace_id, SERVICE_PROVIDER, "服务商为客户完成服务")
        try:
            digits = completion_digits(completed_at)
            await self._ask(
                visit,
                "/open/v1/completions",
                "后台调用服开平台请求服务完成",
                "返回完成结果",
                lambda bank: bank.complete(benefit_code, service, digits, key=visit.key),
                refused="返回完成结果",
            )
        except Refused as error:
            if (status := ENDED.get(error.code)) is not None:
                self._orders.set_status(visit.account.provider, benefit_code, status)
            self._hops.add_own(visit.trace_id, SERVICE_PROVIDER, "记录完成状态")
            return _told(error)
        except PartnerError as error:
            return _told(error)
        self._orders.complete(visit.account.provider, benefit_code, digits)
        self._hops.add_own(visit.trace_id, SERVICE_PROVIDER, "记录完成状态")
        return Told(True, "OK", "服务已完成")

    async def _cancelled(self, visit: Visit, link: Link, quote_id: str, label: str) -> Told | Asked:
        # Another quote is another question, so that a press for the new one is not the press for the old one.
        key = visit.with_key(quote_id[:8]).key
        try:
            done: Cancellation = await self._ask(
                visit,
                "/open/v1/cancellations",
                label,
                "返回取消成功",
                lambda bank: bank.cancel(link, quote_id, key=key),
            )
        except QuoteStale as error:
            return self._asked(visit, Quote.read(error.detail["quote"]))
        except PartnerError as error:
            return self._shown(visit, _told(error))
        self._orders.put(visit.account.provider, link, status=CANCELLED, settle_fen=0)
        back = "已退还全部幸福点" if done.forfeited == 0 else f"已退还{done.returned}幸福点"
        return self._shown(visit, Told(True, "OK", f"取消成功 {back}"))

    async def _ask(
        self,
        visit: Visit,
        path: str,
        label: str,
        returned: str,
        act: Callable[[Bank], _Done],
        *,
        refused: str = "返回失败",
    ) -> _Done:
        """Ask the bank as the script wants it, and note both arrows."""
        self._hops.add(visit.trace_id, SERVICE_PROVIDER, OPEN_PLATFORM, label)
        plan = self._scripts.take(host=HOST, path=path, name=visit.account.provider)
        bank = visit.bank
        if plan is not None and plan.behaviour in FAULTS:
            bank = bank.with_connections(Line(bank.connections, plan.behaviour))
        try:
            done = await asyncio.to_thread(act, bank)
        except PartnerError as error:
            self._hops.add_return(visit.trace_id, OPEN_PLATFORM, SERVICE_PROVIDER, f"{refused} {_told(error).text}")
            raise
        self._hops.add_return(visit.trace_id, OPEN_PLATFORM, SERVICE_PROVIDER, returned)
        return done

    def _asked(self, visit: Visit, quote: Quote) -> Asked:
        self._hops.add_return(visit.trace_id, SERVICE_PROVIDER, CUSTOMER, f'提示"{quote.message}"')
        return Asked(quote)

    def _shown(self, visit: Visit, told: Told) -> Told:
        label = f"显示{told.text}" if told.is_done else f'提示"{told.text}"'
        self._hops.add_return(visit.trace_id, SERVICE_PROVIDER, CUSTOMER, label)
        return told


def _told(error: PartnerError) -> Told:
    match error:
        case LinkExpired():
            return Told(False, error.code, error.prompt)
        case Refused():
            return Told(False, error.code, error.prompt)
        case LinkError():
            return Told(False, error.code, error.message)
        case OutcomeUnknown():
            return Told(False, error.code, error.message, is_unknown=True)
        case _:
            return Told(False, error.code, "系统繁忙,请稍后再试")
