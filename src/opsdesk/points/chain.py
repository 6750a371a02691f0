"""The chain over postings: each gets its place some seconds after it commits, so that no writer waits for another.

Ids of postings are given in one order and committed in another, so a place is given when no posting with a lower id can
come any more: when every transaction has ended that had begun to write by then. Whoever can change the tables could
make the chain anew; therefore each audit of the ledger signs its head.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.pq import TransactionStatus
from psycopg.rows import class_row

from opsdesk import access
from opsdesk.kit import fences
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.fences import Fence
from opsdesk.kit.sql import statements

POSTINGS_AT_ONCE = 1000
SEALER_KEY = 0x70_6F_69_6E
"""Key of the advisory lock that there is one sealer at a time by."""
TURN_IDLE_S = 30
"""How long a sealer with the turn may do nothing before it loses its connection."""
BEFORE_THE_FIRST = "0" * 64
ATTEMPTS = 40
BETWEEN_S = 0.05

_SQL = statements(__file__)


@dataclass(frozen=True, slots=True)
class Posting:
    """A posting as it is sealed: every column of it."""

    posting_id: int
    kind: int
    debit: int
    credit: int
    customer_id: str
    lot_id: int
    order_id: UUID | None
    points: int
    effective_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Head:
    """The last place of the chain; `seq` 0: nothing is sealed yet."""

    seq: int
    posting_id: int
    hash: str


def sealed_content(posting: Posting, *, seq: int, previous: str) -> dict[str, Any]:
    """What the hash of a place is made of."""
    return {"seq": seq, "previous": previous, **asdict(posting)}


async def read_head(conn: Connection) -> Head:
    """The last place there is."""
    row = await (await conn.execute(_SQL["head"])).fetchone()
    return Head(0, 0, BEFORE_THE_FIRST) if row is None else Head(row[0], row[1], row[2].hex())


async def count_unsealed(conn: Connection) -> int:
    """How many postings have no place yet."""
    row = await (await conn.execute(_SQL["unsealed"])).fetchone()
    assert row is not None
    return int(row[0])


async def fence(conn: Connection) -> Fence:
    """How far postings have ids, and who writes; a trigger gives a writer its number first."""
    return await fences.fence(conn, table="points_posting", column="posting_id")


async def seal(conn: Connection, fence: Fence, *, limit: int = POSTINGS_AT_ONCE) -> int | None:
    """Give postings their places, those up to the fence, `limit` at most; returns how many it were.

    None: another sealer is at work, or somebody from before the fence still writes.
    """
    assert conn.info.transaction_status is TransactionStatus.INTRANS, "the turn lasts as long as the transaction"
    turn = await (await conn.execute(_SQL["take_turn"], {"key": SEALER_KEY, "idle": f"{TURN_IDLE_S}s"})).fetchone()
    assert turn is not None
    if not turn[0] or not await fences.is_open(conn, fence):
        return None
    # In statements of their own: they see what the sealer before left, and every posting that has been committed.
    head = await read_head(conn)
    async with conn.cursor(row_factory=class_row(Posting)) as rows:
        values = {"after": head.posting_id, "upto": fence.upto, "limit": limit}
        postings = await (await rows.execute(_SQL["to_seal"], values)).fetchall()
    if postings:
        # In a thread: what else this process does should not wait for it.
        hashes = await asyncio.to_thread(chained, postings, first_seq=head.seq + 1, previous=head.hash)
        sealed = {"postings": [each.posting_id for each in postings], "hashes": list(map(bytes.fromhex, hashes))}
        await conn.execute(_SQL["insert_seals"], {"first_seq": head.seq + 1, **sealed})
    return len(postings)


def chained(postings: Sequence[Posting], *, first_seq: int, previous: str) -> list[str]:
    """The hash of each, one upon the other."""
    hashes = []
    for seq, posting in enumerate(postings, start=first_seq):
        previous = access.audit.hash_of(sealed_content(posting, seq=seq, previous=previous))
        hashes.append(previous)
    return hashes


class Sealer:
    """Seals what can be sealed each time it is asked to; what was still being written then, the next time."""

    def __init__(self) -> None:
        self._fence: Fence | None = None

    async def once(self, database: Database) -> int:
        """In several short transactions; returns how many postings got their places."""
        async with database.connection() as conn:
            newest = await fence(conn)
        # Where there is always somebody writing, all who wrote at the time before have ended by now.
        before = await _up_to(database, self._fence) if self._fence else None
        self._fence = newest
        return (before or 0) + (await _up_to(database, newest) or 0)


async def catch_up(database: Database) -> None:
    """Seal what is there now, and wait a moment for who writes; what takes longer is left to the sealer."""
    async with database.connection() as conn:
        now = await fence(conn)
    for _ in range(ATTEMPTS):
        if await _up_to(database, now) is not None:
            return
        await asyncio.sleep(BETWEEN_S)


async def _up_to(database: Database, fence: Fence) -> int | None:
    sealed = 0
    while True:
        async with database.transaction() as conn:
            count = await seal(conn, fence)
        if count is None:
            return None
        sealed += count
        if count < POSTINGS_AT_ONCE:
            return sealed
