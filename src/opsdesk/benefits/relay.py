"""The steps of orders are told to others: each once, in an order in which none is left behind.

Ids are given before transactions commit, so that a higher id may be there before a lower one. Steps are told by the
transactions that wrote them instead, and only those older than every transaction that is still open.
"""

from collections.abc import Sequence

from psycopg.rows import class_row

from opsdesk.benefits.model import Status
from opsdesk.benefits.orders import Event
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

STEPS_AT_ONCE = 500

EVENT_NAMES = {
    Status.UNBOOKED: "benefit.redeemed",
    Status.BOOKED: "benefit.booked",
    Status.COMPLETED: "benefit.completed",
    Status.CANCELLED: "benefit.cancelled",
    Status.EXPIRED: "benefit.expired",
}
"""What each step is called to others, by where it leads."""

_SQL = statements(__file__)


async def take_steps(conn: Connection, *, limit: int = STEPS_AT_ONCE) -> Sequence[Event]:
    """The steps that were not told yet, in the transaction in which they are; none while somebody else tells them."""
    if not await (await conn.execute(_SQL["take_turn"])).fetchone():
        return []
    async with conn.cursor(row_factory=class_row(Event)) as rows:
        steps = await (await rows.execute(_SQL["steps"], {"limit": limit})).fetchall()
    if steps:
        await conn.execute(_SQL["remember"], {"event_id": steps[-1].event_id})
    return steps
