"""The steps of orders are told to others: each once, in the order of their ids, and none is left behind."""

from collections.abc import Sequence

from psycopg.rows import class_row

from opsdesk.benefits.model import Status
from opsdesk.benefits.orders import Event
from opsdesk.kit import fences
from opsdesk.kit.db import Connection
from opsdesk.kit.fences import Fence
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


async def fence(conn: Connection) -> Fence:
    """How far steps have ids, and who writes; who takes a step has locked the order or the wallet before."""
    return await fences.fence(conn, table="benefit_event", column="event_id")


async def take_steps(conn: Connection, fence: Fence, *, limit: int = STEPS_AT_ONCE) -> Sequence[Event] | None:
    """The steps up to the fence that were not told yet, to be told in the same transaction.

    None: somebody from before the fence still writes, or somebody else tells. Locks what was told.
    """
    if not await fences.is_open(conn, fence) or not await (await conn.execute(_SQL["take_turn"])).fetchone():
        return None
    async with conn.cursor(row_factory=class_row(Event)) as rows:
        steps = await (await rows.execute(_SQL["steps"], {"upto": fence.upto, "limit": limit})).fetchall()
    if steps:
        await conn.execute(_SQL["remember"], {"event_id": steps[-1].event_id})
    return steps
