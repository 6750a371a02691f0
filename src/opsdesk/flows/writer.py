"""Group commit: appends of concurrent runs are written by one statement in one commit.

Measured on 2 cores: 340-430 flows/s with one commit an append, 630-790 with grouped commits, for the same work.
"""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import psycopg

from opsdesk.flows.facts import Fact
from opsdesk.kit.clock import Clock
from opsdesk.kit.db import Connection, Database, DatabaseUnavailable
from opsdesk.kit.errors import Refused
from opsdesk.kit.sql import statements

_SQL = statements(__file__)
APPEND = _SQL["append"]
APPEND_FACTS = _SQL["append_facts"]

BATCH_MAX = 200
"""Appends in one commit."""
WRITERS = 2
"""Commits under way at the same time; measured, a third gains nothing on 2 cores."""
DATABASE_RETRY_S = 0.5


@dataclass(eq=False)
class RunLost(Refused):
    """Another worker holds the run: the journal has moved on."""

    run_id: UUID


@dataclass(frozen=True, slots=True)
class Header:
    """What the header of a run becomes. `owner` None: the run is let go."""

    status: str
    owner: UUID | None
    wake_at: datetime | None = None
    wake_name: str | None = None
    ended_at: datetime | None = None
    outcome_node: str | None = None
    outcome_reason: str | None = None


@dataclass(frozen=True, slots=True)
class NewRun:
    definition_id: int
    procedure_id: str
    actor: str
    started_at: datetime
    owner: UUID


@dataclass(slots=True)
class Append:
    """Facts of one run from `first_seq` on, and what goes with them."""

    run_id: UUID
    first_seq: int
    facts: Sequence[Fact]
    header: Header | None = None
    taken: Sequence[int] = ()
    new_run: NewRun | None = None
    written: asyncio.Future[None] = field(init=False)


class JournalWriter:
    """Collects appends and writes them in groups, until it is stopped."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._waiting: deque[Append] = deque()
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._loop()) for _ in range(WRITERS)]

    async def stop(self) -> None:
        """End the loops; the caller has let go of its runs first."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        while self._waiting:
            self._waiting.popleft().written.cancel()

    async def append(self, append: Append) -> None:
        """Returns when the append is durable. Raises RunLost when another worker has appended meanwhile.

        While the database is away, this waits.
        """
        append.written = asyncio.get_running_loop().create_future()
        self._waiting.append(append)
        self._wake.set()
        await append.written

    async def _loop(self) -> None:
        while True:
            try:
                async with self._db.connection() as conn:
                    while True:
                        await self._wake.wait()
                        while self._waiting:
                            await self._write_group(conn)
                        self._wake.clear()
            except DatabaseUnavailable:
                await asyncio.sleep(DATABASE_RETRY_S)

    async def _write_group(self, conn: Connection) -> None:
        batch = [self._waiting.popleft() for _ in range(min(BATCH_MAX, len(self._waiting)))]
        with self._returning(batch):
            try:
                await write(conn, batch, now=self._clock.now())
            except psycopg.errors.UniqueViolation as error:
                await self._write_each(conn, batch, error)
        for append in batch:
            if not append.written.done():
                append.written.set_result(None)

    @contextmanager
    def _returning(self, batch: list[Append]) -> Iterator[None]:
        """When the database goes away, what was not written waits again, in its order."""
        try:
            yield
        except (psycopg.OperationalError, asyncio.CancelledError):
            self._waiting.extendleft(reversed([append for append in batch if not append.written.done()]))
            self._wake.set()
            raise
        except psycopg.Error as error:
            for append in batch:
                if not append.written.done():
                    append.written.set_exception(error)

    async def _write_each(self, conn: Connection, batch: list[Append], error: psycopg.Error) -> None:
        """One of the group lost its run and took the others' statement with it: find it by writing one at a time."""
        for append in batch:
            try:
                await write(conn, [append], now=self._clock.now())
                append.written.set_result(None)
            except psycopg.errors.UniqueViolation:
                append.written.set_exception(RunLost(append.run_id))


async def write(conn: Connection, appends: Sequence[Append], *, now: datetime) -> None:
    """Write these appends with one statement. Raises UniqueViolation when a fact's place in its journal is taken."""
    facts = [
        (append.run_id, append.first_seq + offset, fact)
        for append in appends
        for offset, fact in enumerate(append.facts)
    ]
    rows: dict[str, Any] = {
        "run_ids": [run_id for run_id, _, _ in facts],
        "seqs": [seq for _, seq, _ in facts],
        "iterations": [fact.iteration for _, _, fact in facts],
        "ats": [fact.at for _, _, fact in facts],
        "facts": [fact.kind.value for _, _, fact in facts],
        "nodes": [fact.node for _, _, fact in facts],
        "payloads": [orjson.dumps(fact.payload).decode() for _, _, fact in facts],
    }
    if all(append.header is None and append.new_run is None and not append.taken for append in appends):
        await conn.execute(APPEND_FACTS, rows)
    else:
        await conn.execute(APPEND, rows | _new_runs(appends) | _headers(appends, now))


def _new_runs(appends: Sequence[Append]) -> dict[str, Any]:
    new = [(append.run_id, append.new_run) for append in appends if append.new_run is not None]
    return {
        "new_ids": [run_id for run_id, _ in new],
        "new_definitions": [run.definition_id for _, run in new],
        "new_procedures": [run.procedure_id for _, run in new],
        "new_statuses": ["running" for _ in new],
        "new_actors": [run.actor for _, run in new],
        "new_ats": [run.started_at for _, run in new],
        "new_owners": [run.owner for _, run in new],
        "new_wakes": [None for _ in new],
    }


def _headers(appends: Sequence[Append], now: datetime) -> dict[str, Any]:
    headers = [(append.run_id, append.header) for append in appends if append.header is not None]
    return {
        "now": now,
        "taken": [inbox_id for append in appends for inbox_id in append.taken],
        "header_ids": [run_id for run_id, _ in headers],
        "statuses": [header.status for _, header in headers],
        "owners": [header.owner for _, header in headers],
        "wake_ats": [header.wake_at for _, header in headers],
        "wake_names": [header.wake_name for _, header in headers],
        "ended_ats": [header.ended_at for _, header in headers],
        "outcome_nodes": [header.outcome_node for _, header in headers],
        "outcome_reasons": [header.outcome_reason for _, header in headers],
    }
