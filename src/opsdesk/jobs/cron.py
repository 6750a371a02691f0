"""Work that is due at times, as a chain of timers: the job of one time puts the job of the next into the queue.

PgQueuer's own scheduler is not used: it knows the machine's clock and UTC only, and a failure is a line in a log.
As jobs, the times follow the business clock, and failures are retried and held like all others.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from croniter import croniter

from opsdesk.jobs.kinds import CronKind, JobKind, JobOutcome
from opsdesk.jobs.queue import enqueue
from opsdesk.kit.clock import Clock
from opsdesk.kit.db import Connection, Database

FIELDS = 5


def kind_name(cron: CronKind) -> str:
    return f"cron:{cron.name}"


def check(cron: CronKind) -> None:
    """Raises ValueError for what is not an expression of five fields, ZoneInfoNotFoundError for an unknown zone."""
    if len(cron.expression.split()) != FIELDS or not croniter.is_valid(cron.expression):
        raise ValueError(f"cron {cron.name!r}: {cron.expression!r} is not a cron expression of five fields")
    ZoneInfo(cron.timezone)


def next_due(cron: CronKind, *, after: datetime) -> datetime:
    """The first time strictly after the given one that the expression names."""
    due: datetime = croniter(cron.expression, after.astimezone(ZoneInfo(cron.timezone))).get_next(datetime)
    return due


async def schedule(conn: Connection, cron: CronKind, *, after: datetime) -> None:
    """Put the job of the next time into the queue; once-only for that time."""
    due = next_due(cron, after=after)
    payload = {"due_at": due.isoformat()}
    await enqueue(conn, kind=kind_name(cron), payload=payload, run_at=due, key=due.isoformat())


def job_kind(cron: CronKind, *, clock: Clock) -> JobKind:
    async def run_and_schedule_next(database: Database, payload: Mapping[str, Any]) -> JobOutcome:
        due = datetime.fromisoformat(payload["due_at"])
        async with database.transaction() as conn:
            # After both: a worker whose clock lags must not schedule the same time again.
            await schedule(conn, cron, after=max(due, clock.now()))
        return await cron.handler(database, payload)

    return JobKind(kind_name(cron), run_and_schedule_next)
