"""A version tried on the runs that have ended: which of them would have ended otherwise, and where they part."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from opsdesk.flows import run_list
from opsdesk.flows.program import Program
from opsdesk.flows.rehearsal.backtest import Replayed, replay
from opsdesk.flows.runs import read_state
from opsdesk.flows.state import RunStatus
from opsdesk.kit.db import Connection
from opsdesk.kit.paging import PAGE_ROWS_MAX

RUNS_DEFAULT = 100
RUNS_MAX = 5_000
ENDED = (RunStatus.COMPLETED, RunStatus.STOPPED, RunStatus.TIMED_OUT)
"""A run that somebody cancelled says nothing about a version."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One run that was put to the version."""

    run_id: UUID
    digest: str
    """Of the version that it ran."""
    started_at: datetime
    replayed: Replayed


@dataclass(frozen=True, slots=True)
class Backtest:
    """What came of it; `tried` is every run, the newest first."""

    tried: tuple[Tried, ...]
    more: bool
    """Whether there are older runs that were not looked at."""

    @property
    def changed(self) -> tuple[Tried, ...]:
        """Those that end otherwise, or go another way to the same end."""
        return tuple(each for each in self.tried if each.replayed.changes or each.replayed.parting is not None)


async def backtest(
    conn: Connection, program: Program, *, now: datetime, runs_max: int = RUNS_DEFAULT, since: datetime | None = None
) -> Backtest:
    """Put the newest runs of this procedure that have ended to the version. Nothing is started or called."""
    only = run_list.RunFilter(procedure_id=program.procedure.id, statuses=ENDED, started_from=since, whole=True)
    tried: list[Tried] = []
    cursor: str | None = None
    while True:
        size = min(PAGE_ROWS_MAX, runs_max - len(tried))
        page = await run_list.list_runs(conn, only=only, now=now, limit=size, cursor=cursor)
        for run in page.items:
            recorded, state, facts = await read_state(conn, run.run_id)
            # In a thread: a long run takes longer than other requests should wait.
            replayed = await asyncio.to_thread(replay, program, recorded, state, facts)
            tried.append(Tried(run.run_id, recorded.digest, run.started_at, replayed))
        cursor = page.next
        if cursor is None or len(tried) >= runs_max:
            return Backtest(tuple(tried), more=cursor is not None)
