"""The cases: what is done, what has to come of it, and why it matters."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from opsdesk_partner.answers import BOOKED, CANCELLED, COMPLETED, UNBOOKED
from opsdesk_partner.certification.integration import Integration, Shown
from opsdesk_partner.certification.sandbox import LASTING, BankOrder, NotPrepared, Sandbox
from opsdesk_partner.client import Bank
from opsdesk_partner.errors import PartnerError
from opsdesk_partner.links import prompt_for
from opsdesk_partner.reconcile import Row
from opsdesk_partner.report import Difference, DifferenceKind

LINK_TTL_S = 1200
HOUR = timedelta(hours=1)
A_WHILE = timedelta(minutes=10)
"""Longer than a quote holds, and shorter than a link does."""
MARGIN_S = 10
"""How long before the end of a link the last good click is made: the click itself takes a moment."""


class Failed(PartnerError):
    """The integration did something else than the case asks for."""

    code = "failed"


@dataclass(frozen=True, slots=True)
class Stage:
    """What a case has at hand."""

    integration: Integration
    bank: Bank
    """The provider's own client, for what is read beside the integration."""
    sandbox: Sandbox
    folder: Path
    completed: list[BankOrder] = field(default_factory=list)
    """The orders that were completed so far: one of them is looked for in the file of its month."""


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    zh: str
    en: str
    run: Callable[[Stage], None]
    """Raises Failed."""


def _valid_booking(stage: Stage) -> None:
    order = _booked(stage)
    _is(stage, order, BOOKED)


def _last_moment(stage: Stage) -> None:
    order = stage.sandbox.order()
    request = stage.sandbox.link(order)
    stage.sandbox.clock.advance(LINK_TTL_S - MARGIN_S)
    _done(stage.integration.use(request))
    _is(stage, order, BOOKED)


def _over(channel: str) -> Callable[[Stage], None]:
    def run(stage: Stage) -> None:
        order = stage.sandbox.order(channel=channel)
        request = stage.sandbox.link(order, channel=channel)
        stage.sandbox.clock.advance(LINK_TTL_S)
        _refused(stage.integration.use(request), {"link_expired"}, text=prompt_for(channel))
        _is(stage, order, UNBOOKED)
        _done(stage.integration.use(stage.sandbox.link(order, channel=channel)))

    return run


def _replay(stage: Stage) -> None:
    order = stage.sandbox.order()
    request = stage.sandbox.link(order)
    _done(stage.integration.use(request))
    _refused(stage.integration.use(request), {"already_booked"})
    _is(stage, order, BOOKED)


def _forged(stage: Stage) -> None:
    order = stage.sandbox.order()
    request = stage.sandbox.link(order)
    middle = len(request) // 2
    changed = "A" if request[middle] != "A" else "B"
    for broken in (request[:middle] + changed + request[middle + 1 :], request[:-4], ""):
        _refused(stage.integration.use(broken), {"link_invalid", "link_expired"})
    _is(stage, order, UNBOOKED)


def _wrong_purpose(stage: Stage) -> None:
    order = stage.sandbox.order()
    to_book, again = stage.sandbox.link(order), stage.sandbox.link(order)
    _done(stage.integration.use(to_book))
    _refused(stage.integration.cancel(again, agree=_yes), {"link_invalid"})
    _refused(stage.integration.use(stage.sandbox.link(order, purpose="cancellation")), {"link_invalid"})
    _is(stage, order, BOOKED)


def _cross_partner(stage: Stage) -> None:
    if stage.sandbox.other_service is None:
        raise Failed("name a service of another provider: --other-service")
    order = stage.sandbox.order(service=stage.sandbox.other_service)
    _refused(stage.integration.use(stage.sandbox.link(order)), {"link_invalid", "not_yours"})
    _is(stage, order, UNBOOKED)


def _double_submit(stage: Stage) -> None:
    order = stage.sandbox.order()
    request = stage.sandbox.link(order)
    first = stage.integration.use(request, key=f"certify-{order.order_id}")
    _done(first)
    again = stage.integration.use(request, key=f"certify-{order.order_id}")
    if again != first:
        raise Failed(f"the same key has to get the first answer again, and got {again.code}")
    _refused(stage.integration.use(request, key=f"certify-other-{order.order_id}"), {"already_booked"})
    _is(stage, order, BOOKED)


def _abandon(stage: Stage) -> None:
    order = _booked(stage, lots=(HOUR,))
    stage.sandbox.clock.advance(HOUR.total_seconds())
    asked: list[str] = []

    def agree(question: str) -> bool:
        asked.append(question)
        return False

    shown = stage.integration.cancel(stage.sandbox.link(order, purpose="cancellation"), agree=agree)
    if shown.is_done or len(asked) != 1:
        raise Failed("points would be lost: the customer has to be asked once, and said no")
    _is(stage, order, BOOKED)


def _stale_quote(stage: Stage) -> None:
    order = _booked(stage, lots=(HOUR, HOUR + A_WHILE))
    stage.sandbox.clock.advance(HOUR.total_seconds())
    asked: list[str] = []

    def agree(question: str) -> bool:
        asked.append(question)
        if len(asked) == 1:  # the rest of the points expires while the customer thinks about it
            stage.sandbox.clock.advance(A_WHILE.total_seconds())
        return len(asked) == 1

    shown = stage.integration.cancel(stage.sandbox.link(order, purpose="cancellation"), agree=agree)
    if shown.is_done or len(asked) != 2:
        raise Failed("more would be lost than the customer was told: they have to be asked again, and said no")
    _is(stage, order, BOOKED)


def _complete_after_cancel(stage: Stage) -> None:
    order = _booked(stage)
    at = stage.sandbox.digits()
    _done(stage.integration.cancel(stage.sandbox.link(order, purpose="cancellation"), agree=_yes))
    _is(stage, order, CANCELLED)
    shown = stage.integration.perform(order.benefit_code, order.service, at)
    _refused(shown, {"complete_cancelled"}, text="订单已取消,不支持完成操作")
    _is(stage, order, CANCELLED)


def _completion(stage: Stage) -> None:
    order = _completed(stage)
    shown = stage.integration.perform(order.benefit_code, order.service, stage.sandbox.digits())
    _refused(shown, {"already_completed"}, text="订单已完成,请勿重复操作")


def _late_completion(stage: Stage) -> None:
    order = _booked(stage)
    at = stage.sandbox.digits()
    stage.sandbox.clock.advance(timedelta(days=4).total_seconds())
    _done(stage.integration.perform(order.benefit_code, order.service, at))
    _is(stage, order, COMPLETED)
    if stage.sandbox.read(order).body.get("is_late") is not True:
        raise Failed("the moment of the service has to be told as it was, and not as that of the report")


def _settled(stage: Stage) -> None:
    order = stage.completed[0] if stage.completed else _completed(stage)
    completed_at = str(stage.bank.order(order.benefit_code).body["completed_at"])
    month = stage.sandbox.settle(datetime.fromisoformat(completed_at))
    found = next((each for each in stage.bank.files() if each.month == month), None)
    if found is None:
        raise NotPrepared(f"the sandbox issued no file of {month}")
    with stage.integration.settle(found.name, [], stage.folder) as report:
        rows = [_row_of(each) for each in report.differences() if each.kind is DifferenceKind.MISSING_LOCAL]
    if order.benefit_code not in {row.benefit_code for row in rows}:
        raise Failed(f"the order that was completed at {completed_at} has to be named as missing here")
    with stage.integration.settle(found.name, rows, stage.folder) as report:
        if not report.is_clean or report.matched != found.rows:
            raise Failed(f"the month has to agree, and does not: {dict(report.counts)}")
    wrong = [rows[0]._replace(settle_fen=rows[0].settle_fen + 1), *rows[1:]]
    with stage.integration.settle(found.name, wrong, stage.folder) as report:
        if dict(report.counts) != {DifferenceKind.AMOUNT: 1}:
            raise Failed("an amount that differs by one fen has to be found")


def _row_of(difference: Difference) -> Row:
    service, completed_at, fen = difference.theirs.rsplit(" ", 2)
    return Row(difference.benefit_code, service, completed_at, int(fen))


def _booked(stage: Stage, *, lots: tuple[timedelta, ...] = (LASTING,)) -> BankOrder:
    order = stage.sandbox.order(lots=lots)
    _done(stage.integration.use(stage.sandbox.link(order)))
    return order


def _completed(stage: Stage) -> BankOrder:
    order = _booked(stage)
    _done(stage.integration.perform(order.benefit_code, order.service, stage.sandbox.digits()))
    _is(stage, order, COMPLETED)
    stage.completed.append(order)
    return order


def _yes(_question: str) -> bool:
    return True


def _done(shown: Shown) -> None:
    if not shown.is_done:
        raise Failed(f"this has to go through, and ended with {shown.code}: {shown.text}")


def _refused(shown: Shown, codes: set[str], *, text: str | None = None) -> None:
    wanted = " or ".join(sorted(codes))
    if shown.is_done or shown.code not in codes:
        raise Failed(f"this has to be refused with {wanted}, and ended with {shown.code}: {shown.text}")
    if text is not None and _plain(shown.text) != _plain(text):
        raise Failed(f"the customer has to read {text!r}, and reads {shown.text!r}")


def _plain(text: str) -> str:
    """Punctuation of either width is the same to a reader."""
    return text.translate(str.maketrans(",!", ",!")).strip()


def _is(stage: Stage, order: BankOrder, status: int) -> None:
    found = stage.sandbox.read(order).status
    if found != status:
        raise Failed(f"the order has to be {status} at the bank, and is {found}")


CASES = (
    Case(
        "valid-booking",
        "有效链接预约成功",
        "A link that is good books the service: keys, clock and signature are right.",
        _valid_booking,
    ),
    Case(
        "last-moment",
        "20分钟内最后时刻仍可预约",
        "A link is good until its twentieth minute is over; nobody shortens that.",
        _last_moment,
    ),
    Case(
        "over-on-the-page",
        "手机银行链接满20分钟失效并提示重新进入",
        "After twenty minutes the customer of mobile banking reads that the page has to be entered again, and can.",
        _over("mobile"),
    ),
    Case(
        "over-by-code",
        "理财经理二维码满20分钟失效并提示重新生成",
        "After twenty minutes the customer with a QR code is sent back to the manager, in the words for that.",
        _over("crm"),
    ),
    Case("replay", "同一链接重复使用被拒绝", "A link that was used books nothing a second time.", _replay),
    Case("forged-link", "伪造或残缺的链接被拒绝", "A link that was changed or cut off is not taken.", _forged),
    Case(
        "wrong-purpose",
        "预约链接不能取消,取消链接不能预约",
        "A booking link cancels nothing, and a cancellation link books nothing.",
        _wrong_purpose,
    ),
    Case("cross-partner", "其他服务商的链接被拒绝", "A link for another provider is not taken.", _cross_partner),
    Case(
        "double-submit",
        "相同幂等键返回首次结果,不同幂等键被拒绝",
        "The same press sent twice is one booking with one answer; another press is refused.",
        _double_submit,
    ),
    Case(
        "abandoned-cancellation",
        "存在过期幸福点时客户可放弃取消",
        "A customer who would lose points is asked, and nothing happens if they say no.",
        _abandon,
    ),
    Case(
        "stale-quote",
        "退还明细变化后重新询问客户",
        "Where more would be lost than the customer was told, they are asked anew.",
        _stale_quote,
    ),
    Case(
        "complete-after-cancel",
        "订单取消后不支持完成",
        "What was cancelled is not completed, and the text says so.",
        _complete_after_cancel,
    ),
    Case("completion", "服务完成,重复完成被拒绝", "A service is completed once.", _completion),
    Case(
        "late-completion",
        "超过T+2的完成仍被受理",
        "A service that is reported after T+2 is still taken, for the next file.",
        _late_completion,
    ),
    Case(
        "monthly-file",
        "月度对账文件核对一致",
        "The file of the month is fetched, agrees with what was completed, and one wrong fen is found.",
        _settled,
    ),
)
