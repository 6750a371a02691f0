"""What is true of the ledger at every moment, as an auditor asks for it: by sums over the postings."""

from collections.abc import Mapping, Sequence

from psycopg.pq import TransactionStatus

from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

INVARIANTS: Mapping[str, bytes] = statements(__file__)
"""Each by its name; what it says is the comment that it begins with."""


async def broken(conn: Connection, invariants: Mapping[str, bytes] = INVARIANTS) -> Mapping[str, Sequence[str]]:
    """By invariant, what contradicts it, a hundred at most; nothing where all is well. Others may be added to them.

    To be called in a transaction that is `repeatable read`, so that all of them look at one moment.
    """
    assert conn.info.transaction_status is TransactionStatus.INTRANS, "each of them would look at another moment"
    found = {}
    for name, statement in invariants.items():
        if rows := await (await conn.execute(statement)).fetchall():
            found[name] = [what for (what,) in rows]
    return found
