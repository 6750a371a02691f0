"""Which runs were started by which: what others ask of parents and children."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

_SQL = statements(__file__)
CHILDREN = _SQL["children"]
COUNT_CHILDREN = _SQL["count_children"]
PARENT = _SQL["parent"]

CHILDREN_ROWS_MAX = 100
START = UUID(int=0)


@dataclass(frozen=True, slots=True)
class ChildRun:
    """A run that carries out a node of another one, with what its header says."""

    run_id: UUID
    node: str
    """Of the parent."""
    iteration: int
    index: int
    """Among those of its node, from 0."""
    is_part: bool
    """It runs that node alone, and not a procedure."""
    procedure_id: str
    digest: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    wake_at: datetime | None
    wake_name: str | None
    owned: bool
    outcome_node: str | None
    outcome_reason: str | None


@dataclass(frozen=True, slots=True)
class ParentRun:
    """The run that started another one."""

    run_id: UUID
    procedure_id: str
    node: str
    iteration: int
    index: int
    is_part: bool


async def children_of(
    conn: Connection, run_id: UUID, *, after: UUID = START, limit: int = CHILDREN_ROWS_MAX
) -> list[ChildRun]:
    """The runs that this one has started, in the order in which they were."""
    values = {"parent_id": run_id, "after": after, "limit": min(limit, CHILDREN_ROWS_MAX)}
    async with conn.cursor(row_factory=class_row(ChildRun)) as rows:
        return await (await rows.execute(CHILDREN, values)).fetchall()


async def count_children(conn: Connection, run_id: UUID) -> Mapping[str, Mapping[str, int]]:
    """By node, then by status: how many runs this one has started."""
    counts: dict[str, dict[str, int]] = {}
    for node, status, count in await (await conn.execute(COUNT_CHILDREN, {"parent_id": run_id})).fetchall():
        counts.setdefault(node, {})[status] = count
    return counts


async def parent_of(conn: Connection, run_id: UUID) -> ParentRun | None:
    """The run that started this one; None: no other run did."""
    async with conn.cursor(row_factory=class_row(ParentRun)) as rows:
        return await (await rows.execute(PARENT, {"run_id": run_id})).fetchone()
