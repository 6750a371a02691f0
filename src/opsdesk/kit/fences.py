"""Reading on in the order of ids, so that nothing is left behind.

An id is given before its transaction commits: a row with a lower one may come when a higher one is there already. Up to
the last id that was given nothing can come any more when all have ended that were writing then.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

_SQL = statements(__file__)


@dataclass(frozen=True, slots=True)
class Fence:
    """Rows up to an id are all there, or never come, as soon as these transactions have ended."""

    upto: int
    transactions: Sequence[str]


async def fence(conn: Connection, *, table: str, column: str) -> Fence:
    """How far the identity column has given ids, and who writes in this database.

    Whoever inserts has to have a transaction number before the id is given: by a lock of a row, or a trigger.
    """
    row = await (await conn.execute(_SQL["last_id"], {"table": table, "column": column})).fetchone()
    assert row is not None
    # After that: whoever took an id before has a number, and is among them or has ended.
    writing = await (await conn.execute(_SQL["writing"])).fetchall()
    return Fence(row[0], [transaction for (transaction,) in writing])


async def is_open(conn: Connection, fence: Fence) -> bool:
    """Whether all who were writing then have ended."""
    row = await (await conn.execute(_SQL["have_ended"], {"transactions": fence.transactions})).fetchone()
    assert row is not None
    return bool(row[0])
