"""Orders end and their points come back: cancelled after booking, refunded before, or expired.

Locks the order, then the wallet. What comes back is never less than the customer was told before they agreed.
"""

from datetime import datetime
from uuid import UUID

from opsdesk import access, points
from opsdesk.benefits import answers
from opsdesk.benefits.messages import text
from opsdesk.benefits.model import OK, Answer, Asked, Order, Status
from opsdesk.benefits.orders import lock_order, put_back_stock, take_step
from opsdesk.benefits.quotes import not_cancellable, not_refundable, stale
from opsdesk.benefits.rules import Rules
from opsdesk.kit.db import Connection


async def refund(
    conn: Connection, order_id: UUID, *, quote_id: UUID | None, asked: Asked, rules: Rules, now: datetime
) -> Answer:
    """End an order that was not booked, at the bank itself. One past its date expires by it, with the same points.

    Raises OrderUnknown, KeyInUse.
    """
    order = await lock_order(conn, order_id)
    if before := await answers.given_to(conn, asked):
        return before
    answer = not_refundable(order) or await stale(conn, order, quote_id, asked=asked, rules=rules, now=now)
    status = Status.EXPIRED if order.is_past(now) else Status.CANCELLED
    return await answers.kept(conn, asked, answer or await _end(conn, order, status, asked=asked, now=now), now=now)


async def cancel(
    conn: Connection, order: Order, *, quote_id: UUID | None, asked: Asked, rules: Rules, now: datetime
) -> Answer:
    """End a booked order, whose lock is held, and whose answers were looked at."""
    answer = not_cancellable(order) or await stale(conn, order, quote_id, asked=asked, rules=rules, now=now)
    return answer or await _end(conn, order, Status.CANCELLED, asked=asked, now=now)


async def _end(conn: Connection, order: Order, status: Status, *, asked: Asked, now: datetime) -> Answer:
    counts_at = order.counts_at(now)
    released = (await points.ledger.release(conn, [points.model.Release(order.order_id, counts_at)], now=now))[
        order.order_id
    ]
    figures = {"returned": released.points_returned, "forfeited": released.points_forfeited}
    await put_back_stock(conn, [order.service])
    await take_step(conn, order, status, asked=asked, effective_at=counts_at, now=now, closed_at=counts_at, **figures)
    await access.audit.record(
        conn,
        actor=asked.actor,
        action="benefit.cancel" if order.status is Status.BOOKED else "benefit.refund",
        object_kind="benefit_order",
        object_id=str(order.order_id),
        before={"status": int(order.status)},
        after={"status": int(status), **figures},
        now=now,
    )
    said = "returned_some" if order.status is Status.UNBOOKED or figures["forfeited"] else "returned_all"
    body = {"order_id": str(order.order_id), "status": int(status), **figures, "message": text(said, **figures)}
    return Answer(OK, body, order.order_id)
