"""The queue seen from those who put jobs into it and those who watch it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from pgqueuer.adapters.drivers.psycopg import PsycopgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import Channel
from psycopg.rows import class_row

from opsdesk.jobs.errors import JobNotHeld, PayloadTooLarge
from opsdesk.jobs.kinds import Event
from opsdesk.kit.db import Connection
from opsdesk.kit.paging import PAGE_ROWS_MAX
from opsdesk.kit.sql import statements

PAYLOAD_BYTES_MAX = 64 * 1024
EVENT_KIND = "event"
CHANNEL = Channel("ch_pgqueuer")

# Named in full: PgQueuer would otherwise take names from variables as common as CHANNEL or FUNCTION.
NAMES = DBSettings(
    prefix="",
    db_schema=None,
    channel=CHANNEL,
    function="fn_pgqueuer_changed",
    statistics_table="pgqueuer_statistics",
    queue_status_type="pgqueuer_status",
    queue_table="pgqueuer",
    queue_table_log="pgqueuer_log",
    trigger="tg_pgqueuer_changed",
    schedules_table="pgqueuer_schedules",
    durability=Durability.durable,
    widen_id=True,
)
BUILDERS: Mapping[str, Any] = {
    "qbe": QueryBuilderEnvironment(NAMES),
    "qbq": QueryQueueBuilder(NAMES),
    "qbs": QuerySchedulerBuilder(NAMES),
}

_SQL = statements(__file__)
_PULL_FORWARD = _SQL["pull_forward"]
_HELD = _SQL["held"]
_REVIVE = _SQL["revive"]
_QUEUE_STATE = _SQL["queue_state"]


@dataclass(frozen=True, slots=True)
class HeldJob:
    """A job that is out of the queue until somebody revives it; `cause` is masked, `payload` is not."""

    id: int
    kind: str
    payload: Mapping[str, Any]
    attempts: int
    held_at: datetime
    cause: str

    def __post_init__(self) -> None:
        if isinstance(self.payload, bytes):
            object.__setattr__(self, "payload", orjson.loads(self.payload))


@dataclass(frozen=True, slots=True)
class QueueState:
    """How much there is; `oldest_due_s` is how long the job that is most overdue has been waiting, 0 if none is."""

    waiting: int
    running: int
    held: int
    oldest_due_s: float


async def install(conn: Connection) -> None:
    """Bring PgQueuer's tables to what its version expects; PgQueuer's own lock makes processes take turns.

    The connection must be autocommitting and in no transaction: a label added to an enum can only be used
    by a later transaction.
    """
    await _queries(conn).apply_upgrade()


async def enqueue(
    conn: Connection,
    *,
    kind: str,
    payload: Mapping[str, Any],
    run_at: datetime | None = None,
    key: str | None = None,
) -> int:
    """Put a job into the queue in the caller's transaction; workers hear of it when that commits. Returns its id.

    `run_at` is business time. The row carries it, and the workers, who have the clock, see to it that the job
    starts neither before it nor long after it, however the clock was moved in between; so no clock is needed here.

    `key` is once-only while a job of this kind with this key waits: the earlier of the two times counts, the
    first payload stays, and the id is that of the waiting job. Once the job has begun, the key is free again,
    so that whoever changes something after the handler has looked gets another run.

    Raises: PayloadTooLarge. Locks the waiting job with this key until the caller's transaction ends.
    """
    content = orjson.dumps(dict(payload))
    if len(content) > PAYLOAD_BYTES_MAX:
        raise PayloadTooLarge(kind=kind, size_bytes=len(content), limit_bytes=PAYLOAD_BYTES_MAX)
    dedupe_key = None if key is None else f"{kind}:{key}"
    headers = {"run_at": None if run_at is None else run_at.isoformat(), "key": dedupe_key}
    [job_id] = await _queries(conn).enqueue(
        kind,
        content,
        execute_after=_delay(run_at),
        dedupe_key=dedupe_key,
        headers={name: value for name, value in headers.items() if value is not None},
        # Not "skip": only an update locks the waiting row, and unlocked it could be picked, and its handler
        # could look at our tables, before this transaction commits; what it changes would go unnoticed.
        on_conflict="update_priority",
    )
    if dedupe_key is not None:
        await conn.execute(_PULL_FORWARD, {"id": job_id, "run_at": run_at, "delay": _delay(run_at)})
    return job_id


async def publish(conn: Connection, event: Event) -> None:
    """Tell the subscribers of an event, in the caller's transaction.

    A worker makes one job for each subscriber that it was given for this event. Each gets
    `{"id", "name", "payload"}` at least once, and is retried on its own.
    Raises: PayloadTooLarge.
    """
    content = {"id": str(event.id), "name": event.name, "payload": dict(event.payload)}
    await enqueue(conn, kind=EVENT_KIND, payload=content, key=str(event.id))


async def held(conn: Connection, *, limit: int = PAGE_ROWS_MAX) -> Sequence[HeldJob]:
    """The jobs that are held, the latest first."""
    async with conn.cursor(row_factory=class_row(HeldJob)) as cursor:
        await cursor.execute(_HELD, {"limit": limit})
        return await cursor.fetchall()


async def revive(conn: Connection, job_id: int) -> None:
    """Put a held job back into the queue, due now, with all its attempts before it. Raises: JobNotHeld."""
    cursor = await conn.execute(_REVIVE, {"id": job_id})
    if cursor.rowcount == 0:
        raise JobNotHeld(job_id=job_id)


async def queue_state(conn: Connection) -> QueueState:
    async with conn.cursor(row_factory=class_row(QueueState)) as cursor:
        await cursor.execute(_QUEUE_STATE)
        state = await cursor.fetchone()
    assert state is not None
    return state


def _queries(conn: Connection) -> Queries:
    return Queries(PsycopgDriver(conn), **BUILDERS)


def _delay(run_at: datetime | None) -> timedelta:
    """A first guess, as if the business clock were the machine's; workers correct it where the clock was moved."""
    if run_at is None:
        return timedelta(0)
    assert run_at.tzinfo is not None, "a timer needs a time with a zone"
    return max(run_at - datetime.now(UTC), timedelta(0))
