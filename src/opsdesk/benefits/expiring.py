"""Orders that nobody booked in time expire, many in one statement, whoever else does the same at that moment."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from opsdesk import access, points
from opsdesk.benefits.orders import put_back_stock
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

BATCH_ORDERS = 1000
"""In one transaction: a redemption of the same customers waits for no longer than this takes."""

_SQL = statements(__file__)


@dataclass(frozen=True, slots=True)
class Expired:
    """What became of a batch."""

    orders: int
    returned: int
    forfeited: int

    def plus(self, other: "Expired") -> "Expired":
        return Expired(self.orders + other.orders, self.returned + other.returned, self.forfeited + other.forfeited)


async def expire_due(
    conn: Connection, *, actor: access.Actor, now: datetime, limit: int = BATCH_ORDERS, trace_id: str = ""
) -> Expired | None:
    """End orders that are past their date, each as of that date; None where there is none that nobody else has.

    Locks the orders (those that somebody holds are left for later), then the wallets. To be called again, in a
    transaction of its own, until there is none. One entry of the audit chain stands for the batch; the steps of the
    orders name each of them.
    """
    due = await (await conn.execute(_SQL["claim"], {"now": now, "limit": limit})).fetchall()
    if not due:
        return None
    orders = [points.model.Release(order_id, expire_at) for order_id, expire_at, _, _ in due]
    customers = {customer for _, _, customer, _ in due}
    released = await points.ledger.release(conn, orders, now=now, customers=customers)
    returned = [each.points_returned for each in released.values()]
    forfeited = [each.points_forfeited for each in released.values()]
    values = {
        "orders": list(released),
        "returned": returned,
        "forfeited": forfeited,
        "now": now,
        "actor": actor.id,
        "trace_id": trace_id,
    }
    await conn.execute(_SQL["expire"], values)
    if counted := [service for _, _, _, service in due if service]:
        await put_back_stock(conn, counted)
    expired = Expired(len(due), sum(returned), sum(forfeited))
    ids = b"".join(order_id.bytes for order_id, _, _, _ in due)
    await access.audit.record(
        conn,
        actor=actor,
        action="benefit.expire",
        object_kind="benefit_order",
        object_id=f"{due[0][0]} and {len(due) - 1} more",
        after={"orders": hashlib.sha256(ids).hexdigest(), "returned": expired.returned, "forfeited": expired.forfeited},
        now=now,
    )
    return expired


async def count_due(conn: Connection, *, now: datetime) -> int:
    """How many are past their date and not ended yet."""
    row = await (await conn.execute(_SQL["count_due"], {"now": now})).fetchone()
    assert row is not None
    return int(row[0])
