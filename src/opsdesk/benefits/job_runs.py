"""What runs over benefits by itself, in short calls: how far it is, and the log of what ran.

A call ends a bounded number of batches, each in a transaction of its own that also says how far it is: wherever it is
killed, what is written is what was done. Whoever calls next, on whichever node, goes on with what is left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from psycopg.rows import class_row

from opsdesk import access
from opsdesk.benefits.expiring import BATCH_ORDERS, Expired, count_due, expire_due
from opsdesk.kit.db import BY_INDEX, Connection, Database
from opsdesk.kit.paging import PAGE_ROWS_DEFAULT, Page, decode_place, page_of
from opsdesk.kit.sql import backwards, statements

BATCHES_MAX = 20
"""In one call, so that it is short."""

_SQL = statements(__file__)
_LIST_BACKWARDS = backwards(_SQL["list_runs"])


class JobKind(StrEnum):
    """What runs by itself."""

    EXPIRY = "expiry"
    """Ends orders that nobody booked in time."""


@dataclass(frozen=True, slots=True)
class JobRun:
    """Work over all that was due: begun by one call, ended by the one that left nothing."""

    job_run_id: int
    kind: JobKind
    begun_at: datetime
    begun_by: str
    worked_at: datetime
    worked_by: str
    orders: int
    returned: int
    forfeited: int
    remaining: int
    ended_at: datetime | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", JobKind(self.kind))

    @property
    def due(self) -> int:
        """What there is to do in all, by the last look."""
        return self.orders + self.remaining


@dataclass(frozen=True, slots=True)
class Ran:
    """What one call did, and what it left."""

    job_run_id: int
    orders: int
    returned: int
    forfeited: int
    remaining: int


async def run_expiry(
    db: Database,
    *,
    actor: access.Actor,
    key: str,
    now: datetime,
    batches: int = BATCHES_MAX,
    batch_orders: int = BATCH_ORDERS,
    trace_id: str = "",
) -> Ran:
    """End orders that are past their date, some of them; asked again with the same key, tells the same.

    In several transactions: one a batch. Orders that another call is ending are passed over, and still count as
    remaining.
    """
    caller = {"caller": actor.id, "key": key}
    async with db.dedicated(options=BY_INDEX) as conn:
        if before := await _answered(conn, caller):
            return before
        async with conn.transaction():
            job_run_id = await _begin(conn, actor=actor, now=now)
        done = Expired(0, 0, 0)
        for _ in range(batches):
            async with conn.transaction():
                batch = await expire_due(conn, actor=actor, now=now, limit=batch_orders, trace_id=trace_id)
                if batch is None:
                    break
                await _add(conn, job_run_id, batch, actor=actor, now=now)
            done = done.plus(batch)
        async with conn.transaction():
            return await _end(conn, job_run_id, done, caller=caller, actor=actor, now=now)


async def list_job_runs(
    conn: Connection, *, actor: access.Actor, limit: int = PAGE_ROWS_DEFAULT, cursor: str | None = None
) -> Page[JobRun]:
    """A page of what ran, the last first. Raises BadCursor, ScopeMissing."""
    access.require(actor, access.Scope.BENEFITS_READ)
    place = decode_place(cursor, shape=(int,))
    values = {"after": place.key[0] if place.key else None, "rows": limit + 1}
    async with conn.cursor(row_factory=class_row(JobRun)) as rows:
        statement = _LIST_BACKWARDS if place.backwards else _SQL["list_runs"]
        found: Sequence[JobRun] = await (await rows.execute(statement, values)).fetchall()
    return page_of(found, size=limit, key=lambda run: (run.job_run_id,), place=place)


async def _answered(conn: Connection, caller: dict[str, str]) -> Ran | None:
    async with conn.cursor(row_factory=class_row(Ran)) as rows:
        return await (await rows.execute(_SQL["answered"], caller)).fetchone()


async def _begin(conn: Connection, *, actor: access.Actor, now: datetime) -> int:
    """The one that is under way, or a new one."""
    about = {"kind": JobKind.EXPIRY}
    if row := await (await conn.execute(_SQL["under_way"], about)).fetchone():
        return int(row[0])
    values = {**about, "now": now, "actor": actor.id, "remaining": await count_due(conn, now=now)}
    row = await (await conn.execute(_SQL["begin"], values)).fetchone()
    assert row is not None
    return int(row[0])


async def _add(conn: Connection, job_run_id: int, batch: Expired, *, actor: access.Actor, now: datetime) -> None:
    values = {
        "job_run_id": job_run_id,
        "now": now,
        "actor": actor.id,
        "orders": batch.orders,
        "returned": batch.returned,
        "forfeited": batch.forfeited,
    }
    await conn.execute(_SQL["add"], values)


async def _end(
    conn: Connection, job_run_id: int, done: Expired, *, caller: dict[str, str], actor: access.Actor, now: datetime
) -> Ran:
    """Say what was done and what is left. Where another call with the same key did so meanwhile, that one is told."""
    ran = Ran(job_run_id, done.orders, done.returned, done.forfeited, await count_due(conn, now=now))
    figures = {
        "orders": ran.orders,
        "returned": ran.returned,
        "forfeited": ran.forfeited,
        "remaining": ran.remaining,
    }
    values = {**caller, **figures, "job_run_id": job_run_id, "now": now}
    await conn.execute(_SQL["look"], values)
    if not (await conn.execute(_SQL["answer"], values)).rowcount:
        answered = await _answered(conn, caller)
        assert answered is not None
        return answered
    await access.audit.record(
        conn,
        actor=actor,
        action="benefit_job_run.work",
        object_kind="benefit_job_run",
        object_id=str(job_run_id),
        after=figures,
        now=now,
    )
    return ran
