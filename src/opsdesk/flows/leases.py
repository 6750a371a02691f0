"""Who executes a run: workers with a lease, and runs that they claim."""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.renumbering import renumbered
from opsdesk.flows.settle import Arrival, ArrivalKind
from opsdesk.flows.state import RunStatus
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

_SQL = statements(__file__)
REGISTER_WORKER = _SQL["register_worker"]
EXTEND_LEASE = _SQL["extend_lease"]
LEAVE = _SQL["leave"]
FORGET_DEAD_WORKERS = _SQL["forget_dead_workers"]
CLAIM_DUE = _SQL["claim_due"]
CLAIM_WITH_ARRIVALS = _SQL["claim_with_arrivals"]
CLAIM_ORPHANS = _SQL["claim_orphans"]
OWNED = _SQL["owned"]
STATUS_IF_OWNED = _SQL["status_if_owned"]
LET_GO_UNREADABLE = _SQL["let_go_unreadable"]
READ_JOURNALS = _SQL["read_journals"]
READ_ARRIVALS = _SQL["read_arrivals"]
LOCK_RUN = _SQL["lock_run"]
ARRIVED_MEANWHILE = _SQL["arrived_meanwhile"]
LATE_ARRIVALS = _SQL["late_arrivals"]

HEARTBEATS = 5
"""Heartbeats in the time of one lease."""
LATE_ARRIVALS_MAX = 100

JournalLine = tuple[Any, ...]
"""fact, at, node, iteration, payload"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that is now ours. `orphan`: its worker died."""

    run_id: UUID
    definition_id: int
    status: str
    """In its header."""
    orphan: bool


@dataclass(frozen=True, slots=True)
class LateArrival:
    """Something that came in for a run that had ended by then."""

    run_id: UUID
    seq: int
    arrival: Arrival


async def register(conn: Connection, *, worker_id: UUID, lease_s: float) -> None:
    name = f"{socket.gethostname()}:{os.getpid()}"
    await conn.execute(REGISTER_WORKER, {"worker_id": worker_id, "name": name, "ttl_s": lease_s})


async def extend(conn: Connection, *, worker_id: UUID, lease_s: float) -> bool:
    """False: the lease has run out, and everything the worker holds may be another's."""
    await conn.execute(FORGET_DEAD_WORKERS)
    cursor = await conn.execute(EXTEND_LEASE, {"worker_id": worker_id, "ttl_s": lease_s})
    return await cursor.fetchone() is not None


async def leave(conn: Connection, *, worker_id: UUID, now: datetime) -> None:
    """Give everything back at once."""
    await conn.execute(LEAVE, {"worker_id": worker_id, "now": now})


async def claim(conn: Connection, *, worker_id: UUID, now: datetime, limit: int) -> list[Claim]:
    """Orphans first, then runs with something in their inbox, then those whose time has come."""
    claims: list[Claim] = []
    for statement in (CLAIM_ORPHANS, CLAIM_WITH_ARRIVALS, CLAIM_DUE):
        if len(claims) < limit:
            values = {"worker_id": worker_id, "now": now, "limit": limit - len(claims)}
            async with conn.cursor(row_factory=class_row(Claim)) as cursor:
                claims += await (await cursor.execute(statement, values)).fetchall()
    return claims


async def owned(conn: Connection, *, worker_id: UUID) -> list[Claim]:
    """The runs that this worker holds."""
    async with conn.cursor(row_factory=class_row(Claim)) as cursor:
        return await (await cursor.execute(OWNED, {"worker_id": worker_id})).fetchall()


async def status_if_owned(conn: Connection, *, worker_id: UUID, run_id: UUID) -> RunStatus | None:
    """The status in the run's header, if this worker still holds the run."""
    row = await (await conn.execute(STATUS_IF_OWNED, {"worker_id": worker_id, "run_id": run_id})).fetchone()
    return RunStatus(row[0]) if row else None


async def let_go_unreadable(conn: Connection, *, worker_id: UUID, run_id: UUID, cause: str, wake_at: datetime) -> None:
    """Set a run aside that cannot even be read, until `wake_at`: another version of Opsdesk may be able to."""
    values = {"worker_id": worker_id, "run_id": run_id, "cause": cause, "wake_at": wake_at}
    await conn.execute(LET_GO_UNREADABLE, values)


async def read_journals(conn: Connection, run_ids: Sequence[UUID]) -> dict[UUID, list[JournalLine]]:
    """The journal of each run, in order; `facts` makes them facts."""
    journals: dict[UUID, list[JournalLine]] = {run_id: [] for run_id in run_ids}
    cursor = await conn.execute(READ_JOURNALS, {"run_ids": list(run_ids)})
    async for run_id, *line in cursor:
        journals[run_id].append(tuple(line))
    return journals


def facts(journal: Sequence[JournalLine]) -> Sequence[Fact]:
    """Apart from the reading, so that one journal which this version does not understand spoils no other.

    Raises ValueError.
    """
    return renumbered(
        Fact(FactKind(fact), at, node, iteration, payload) for fact, at, node, iteration, payload in journal
    )


async def read_arrivals(conn: Connection, run_id: UUID) -> list[Arrival]:
    """What waits in the run's inbox, oldest first."""
    rows = await (await conn.execute(READ_ARRIVALS, {"run_id": run_id})).fetchall()
    return [
        Arrival(inbox_id, ArrivalKind(kind), node, iteration, payload, actor, at)
        for inbox_id, kind, node, iteration, payload, actor, at in rows
    ]


async def arrived_meanwhile(conn: Connection, *, run_id: UUID, taken: Sequence[int]) -> bool:
    """Whether something is in the inbox beside those `taken`. Locks the run: nothing arrives until this commits."""
    await conn.execute(LOCK_RUN, {"run_id": run_id})
    values = {"run_id": run_id, "taken": list(taken)}
    return await (await conn.execute(ARRIVED_MEANWHILE, values)).fetchone() is not None


async def late_arrivals(conn: Connection) -> list[LateArrival]:
    """Locks the inbox rows that it returns."""
    rows = await (await conn.execute(LATE_ARRIVALS, {"limit": LATE_ARRIVALS_MAX})).fetchall()
    return [
        LateArrival(run_id, seq, Arrival(inbox_id, ArrivalKind(kind), node, iteration, payload, actor, at))
        for inbox_id, run_id, kind, node, iteration, payload, actor, at, seq in rows
    ]
