"""What a provider does with an order: books it, asks what a cancellation would bring, cancels it, and reports it done.

Each locks the order, looks whether the request was answered, and decides by what is there then.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from opsdesk import access, points
from opsdesk.benefits import answers, disputes, ending
from opsdesk.benefits.model import OK, Answer, Asked, Order, Status, shown_moment
from opsdesk.benefits.orders import lock_code, take_step
from opsdesk.benefits.periods import settle_month, share_periods
from opsdesk.benefits.quotes import not_cancellable, quote_answer
from opsdesk.benefits.rules import Rules, is_reported_late
from opsdesk.kit.db import Connection

JudgeLink = Callable[[Connection, Order, datetime], Awaitable[Answer | None]]
"""Why the link that came with a request does not allow it, looked at while the order is locked; None if it does."""

_Step = Callable[[Order], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Named:
    """The order that a provider means."""

    provider: str
    benefit_code: str
    service: str


async def book(conn: Connection, named: Named, *, judge_link: JudgeLink, asked: Asked, now: datetime) -> Answer:
    """The customer uses the benefit; from now on it does not expire. Raises KeyInUse."""

    async def step(order: Order) -> Answer:
        if refused := not_bookable(order, now) or await judge_link(conn, order, now):
            return refused
        booked = await take_step(conn, order, Status.BOOKED, asked=asked, effective_at=now, now=now, booked_at=now)
        await _record(conn, booked, "benefit.book", was=order.status, asked=asked, now=now)
        body = {
            "order_id": str(order.order_id),
            "benefit_code": order.benefit_code,
            "service": order.service,
            "status": int(Status.BOOKED),
            "booked_at": shown_moment(now),
        }
        return Answer(OK, body, order.order_id)

    return await _answered(conn, named, step, asked=asked, now=now)


def not_bookable(order: Order, now: datetime) -> Answer | None:
    """Why an order cannot be booked; nothing if it can."""
    if order.is_past(now):
        return answers.refusal("order_expired", order_id=order.order_id)
    codes = {
        Status.BOOKED: "already_booked",
        Status.COMPLETED: "order_completed",
        Status.CANCELLED: "order_cancelled",
    }
    code = codes.get(order.status)
    return answers.refusal(code, order_id=order.order_id) if code else None


async def quote_cancellation(
    conn: Connection, named: Named, *, judge_link: JudgeLink, asked: Asked, rules: Rules, now: datetime
) -> Answer:
    """What would come back if the customer cancelled now. Raises KeyInUse."""

    async def step(order: Order) -> Answer:
        refused = not_cancellable(order) or await judge_link(conn, order, now)
        return refused or await quote_answer(conn, order, asked=asked, rules=rules, now=now)

    return await _answered(conn, named, step, asked=asked, now=now)


async def cancel(
    conn: Connection,
    named: Named,
    *,
    quote_id: UUID | None,
    judge_link: JudgeLink,
    asked: Asked,
    rules: Rules,
    now: datetime,
) -> Answer:
    """End a booked order; not less comes back than the quote says. Raises KeyInUse."""

    async def step(order: Order) -> Answer:
        refused = not_cancellable(order) or await judge_link(conn, order, now)
        return refused or await ending.cancel(conn, order, quote_id=quote_id, asked=asked, rules=rules, now=now)

    return await _answered(conn, named, step, asked=asked, now=now)


async def complete(
    conn: Connection, named: Named, *, completed_at: datetime, asked: Asked, rules: Rules, now: datetime
) -> Answer:
    """The service was performed at a moment that the provider says: the points are spent, and it is to be paid for.

    Of an order that was cancelled after it was booked, a dispute is opened. Locks the periods, shared, before the
    order. Raises KeyInUse.
    """
    await share_periods(conn)

    async def step(order: Order) -> Answer:
        refused = _not_completable(order) or _not_then(order, completed_at, rules, now)
        if refused is None:
            return await _complete(conn, order, completed_at=completed_at, asked=asked, now=now)
        if order.status is Status.CANCELLED and order.booked_at is not None:
            await disputes.open_dispute(conn, order, completed_at=completed_at, actor=asked.actor, now=now)
        return refused

    return await _answered(conn, named, step, asked=asked, now=now)


def _not_completable(order: Order) -> Answer | None:
    codes = {
        Status.UNBOOKED: "complete_unbooked",
        Status.COMPLETED: "already_completed",
        Status.CANCELLED: "complete_cancelled",
        Status.EXPIRED: "complete_expired",
    }
    code = codes.get(order.status)
    return answers.refusal(code, order_id=order.order_id) if code else None


def _not_then(order: Order, completed_at: datetime, rules: Rules, now: datetime) -> Answer | None:
    skew = timedelta(seconds=rules.skew_s)
    assert order.booked_at is not None, "a booked order says when it was booked"
    if order.booked_at - skew <= completed_at <= now + skew:
        return None
    return answers.refusal(
        "completion_time", order_id=order.order_id, booked_at=shown_moment(order.booked_at), now=shown_moment(now)
    )


async def _complete(conn: Connection, order: Order, *, completed_at: datetime, asked: Asked, now: datetime) -> Answer:
    month = await settle_month(conn, completed_at)
    is_late = is_reported_late(completed_at=completed_at, now=now)
    # What counts for the ledger is when it was heard: a posting is never of a moment after it was written.
    await points.ledger.spend(conn, order_id=order.order_id, effective_at=now, now=now)
    completed = await take_step(
        conn,
        order,
        Status.COMPLETED,
        asked=asked,
        effective_at=now,
        now=now,
        completed_at=completed_at,
        reported_at=now,
        settle_month=month,
        is_late=is_late,
        closed_at=now,
    )
    await _record(conn, completed, "benefit.complete", was=order.status, asked=asked, now=now)
    body = {
        "order_id": str(order.order_id),
        "benefit_code": order.benefit_code,
        "status": int(Status.COMPLETED),
        "completed_at": shown_moment(completed_at),
        "settle_month": month.strftime("%Y-%m"),
        "is_late": is_late,
    }
    return Answer(OK, body, order.order_id)


async def _answered(conn: Connection, named: Named, step: _Step, *, asked: Asked, now: datetime) -> Answer:
    """What a step answers, or was answered before; kept. Whoever names what is not theirs learns nothing of it."""
    order = await lock_code(conn, named.benefit_code)
    if before := await answers.given_to(conn, asked):
        return before
    if order is None:
        answer = answers.refusal("unknown_code")
    elif (order.provider, order.service) != (named.provider, named.service):
        answer = answers.refusal("not_yours")
    else:
        answer = await step(order)
    return await answers.kept(conn, asked, answer, now=now)


async def _record(conn: Connection, order: Order, action: str, *, was: Status, asked: Asked, now: datetime) -> None:
    await access.audit.record(
        conn,
        actor=asked.actor,
        action=action,
        object_kind="benefit_order",
        object_id=str(order.order_id),
        before={"status": int(was)},
        after={"status": int(order.status)},
        now=now,
    )
