"""The steps of orders are told to others: each once, in the order of their ids, and none is left behind.

Ids are given before transactions commit, so that a higher id may be there before a lower one. Steps up to an id are
told when every transaction has ended that was writing when that id was the last one given.
"""

from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Fence:
    """Steps up to an id are all there, or never come, as soon as these transactions have ended."""

    upto: int
    transactions: Sequence[str]


async def fence(conn: Connection) -> Fence:
    """How far steps have ids, and who writes."""
    row = await (await conn.execute(_SQL["last_id"])).fetchone()
    assert row is not None
    # After that: whoever took an id before has a number, and is among them or has ended.
    writing = await (await conn.execute(_SQL["writing"])).fetchall()
    return Fence(row[0], [transaction for (transaction,) in writing])


async def take_steps(conn: Connection, fence: Fence, *, limit: int = STEPS_AT_ONCE) -> Sequence[Event] | None:
    """The steps up to the fence that were not told yet, to be told in the same transaction.

    None: somebody from before the fence still writes, or somebody else tells. Locks what was told.
    """
    ended = await (await conn.execute(_SQL["have_ended"], {"transactions": fence.transactions})).fetchone()
    assert ended is not None
    if not ended[0] or not await (await conn.execute(_SQL["take_turn"])).fetchone():
        return None
    async with conn.cursor(row_factory=class_row(Event)) as rows:
        steps = await (await rows.execute(_SQL["steps"], {"upto": fence.upto, "limit": limit})).fetchall()
    if steps:
        await conn.execute(_SQL["remember"], {"event_id": steps[-1].event_id})
    return steps
