"""Lists of runs: filtered, ordered, counted and paged by the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from opsdesk.flows.family import ChildRun, children_of, count_children
from opsdesk.flows.runs import STALL_GRACE_S, Run
from opsdesk.flows.state import OPEN, RunStatus
from opsdesk.flows.subjects import subject_digest
from opsdesk.flows.views_children import ChildView
from opsdesk.kit.db import Connection
from opsdesk.kit.paging import Page, decode_place, page_of, page_rows
from opsdesk.kit.sql import backwards, statements

__all__ = [
    "ChildRun",
    "ChildView",
    "RunFilter",
    "RunOrder",
    "RunStatus",
    "WaitsFor",
    "children_of",
    "count_children",
    "count_runs",
    "list_runs",
]

_SQL = statements(__file__)
PICK = _SQL["pick"]
PICK_BY_WAKE = _SQL["pick_by_wake"]
COUNT = _SQL["count"]
STARTED = _SQL["started"]
OF_PROCEDURE = _SQL["of_procedure"]
ABOUT = _SQL["about"]
ENDED_AT_NODE = _SQL["ended_at_node"]
WITH_REASON = _SQL["with_reason"]
WAITING_FOR = _SQL["waiting_for"]
OVERDUE = _SQL["overdue"]
CHILDREN_OF = _SQL["children_of"]
WHOLE = _SQL["whole"]
NO_FURTHER_THAN = _SQL["no_further_than"]

COUNTED_MAX = 10_000
"""Counts go no further."""
_BEGIN = datetime(1, 1, 1, tzinfo=UTC)
_END = datetime(9999, 12, 31, tzinfo=UTC)
_FIRST, _LAST = UUID(int=0), UUID(int=2**128 - 1)


class RunOrder(StrEnum):
    """Which runs come first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    NEXT_WAKE = "next_wake"
    """Only those that a time wakes, the soonest first."""


class WaitsFor(StrEnum):
    """What an open run that nobody executes waits for: the kind of its wake-up."""

    PERSON = "person"
    PARTNER = "event"
    TIMER = "timer"
    CHILDREN = "children"
    OPERATOR = "operator"
    OUTAGE = "outage"


_TEXTS = {
    RunOrder.NEWEST: _SQL["newest"],
    RunOrder.OLDEST: _SQL["oldest"],
    RunOrder.NEXT_WAKE: _SQL["next_wake"],
}


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs; what is left out does not restrict."""

    procedure_id: str | None = None
    statuses: Sequence[RunStatus] = ()
    subject: str | None = None
    """A value that says whom a run is about, such as an e-mail address, whole; any spelling of it."""
    outcome_node: str | None = None
    outcome_reason: str | None = None
    """A part of it."""
    waiting_for: WaitsFor | None = None
    overdue: bool = False
    """Its wake-up should have come."""
    started_from: datetime | None = None
    started_to: datetime | None = None
    """Not included."""
    parent: UUID | None = None
    """Only those that this run has started."""
    whole: bool = False
    """Without children that run a single node of the procedure."""


async def list_runs(
    conn: Connection,
    *,
    only: RunFilter = RunFilter(),
    order: RunOrder = RunOrder.NEWEST,
    now: datetime | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Page[Run]:
    """A page of runs. `now` is needed for those that are overdue. Raises BadCursor, BadPageSize."""
    size = page_rows(limit)
    first = (_END, _LAST) if order is RunOrder.NEWEST else (_BEGIN, _FIRST)
    place = decode_place(cursor, shape=(datetime, UUID))
    after, after_id = place.key or first
    conditions, values = _conditions(only, now)
    pick = PICK_BY_WAKE if order is RunOrder.NEXT_WAKE else PICK
    text = b"\n".join([pick, *conditions, _TEXTS[order]])
    text = backwards(text) if place.backwards else text
    values |= {"after": after, "after_id": after_id, "limit": size + 1}
    async with conn.cursor(row_factory=class_row(Run)) as rows:
        found = await (await rows.execute(text, values, prepare=False)).fetchall()
    return page_of(found, size=size, key=lambda run: (_place(run, order), run.run_id), place=place)


def _place(run: Run, order: RunOrder) -> datetime:
    if order is not RunOrder.NEXT_WAKE:
        return run.started_at
    assert run.wake_at is not None
    return run.wake_at


async def count_runs(
    conn: Connection, *, only: RunFilter = RunFilter(), now: datetime | None = None
) -> dict[RunStatus, int]:
    """How many runs there are of each status, whichever the filter names; COUNTED_MAX stands for that many or more."""
    conditions, values = _conditions(only, now)
    values |= {"statuses": list(RunStatus), "limit": COUNTED_MAX}
    text = b"\n".join([COUNT, *conditions, NO_FURTHER_THAN])
    rows = await (await conn.execute(text, values, prepare=False)).fetchall()
    counts = {RunStatus(status): count for status, count in rows}
    return {each: counts.get(each, 0) for each in RunStatus}


def _conditions(only: RunFilter, now: datetime | None) -> tuple[list[bytes], dict[str, Any]]:
    conditions, values = (
        [STARTED],
        {
            "statuses": list(only.statuses or (OPEN if only.overdue or only.waiting_for else RunStatus)),
            "started_from": only.started_from or _BEGIN,
            "started_to": only.started_to or _END,
        },
    )
    if only.parent is not None:
        conditions.append(CHILDREN_OF)
        values["parent"] = only.parent
    if only.whole:
        conditions.append(WHOLE)
    if only.overdue:
        assert now is not None, "what is overdue is so at a time"
        conditions.append(OVERDUE)
        values["overdue_before"] = now - timedelta(seconds=STALL_GRACE_S)
    given = {
        "procedure_id": (OF_PROCEDURE, only.procedure_id),
        "subject": (ABOUT, None if only.subject is None else subject_digest(only.subject)),
        "outcome_node": (ENDED_AT_NODE, only.outcome_node),
        "outcome_reason": (WITH_REASON, only.outcome_reason),
        "waiting_for": (WAITING_FOR, only.waiting_for),
    }
    for name, (condition, value) in given.items():
        if value is not None:
            conditions.append(condition)
            values[name] = value
    return conditions, values
