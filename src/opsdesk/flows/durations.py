"""How long the latest runs of a procedure took, as a whole and at each node."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import fmean, median
from uuid import UUID

from opsdesk.flows import leases
from opsdesk.flows.definitions import read_definition
from opsdesk.flows.engine import fold
from opsdesk.flows.facts import FactKind
from opsdesk.flows.procedure import Procedure
from opsdesk.flows.state import NodePhase, RunStatus
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

_SQL = statements(__file__)
LATEST_RUNS = _SQL["latest_runs"]

RUNS_MAX = 100
"""As many of the latest runs are looked at."""


@dataclass(frozen=True, slots=True)
class Took:
    """Of how many, how long in seconds: on average, in the middle, at most."""

    count: int
    average_s: float
    median_s: float
    longest_s: float

    @staticmethod
    def of(lengths: Sequence[float]) -> "Took | None":
        return Took(len(lengths), fmean(lengths), median(lengths), max(lengths)) if lengths else None


@dataclass(frozen=True, slots=True)
class NodeTimes:
    """One node of the newest version, over the runs that came to it."""

    node: str
    took: Took | None
    """From when it could begin until it ended, waiting included."""
    failed: int
    """Runs in which a call of it failed, also where a later attempt did not."""


@dataclass(frozen=True, slots=True)
class ProcedureTimes:
    runs: int
    """How many were looked at."""
    since: datetime | None
    """When the first of them started."""
    by_status: Mapping[RunStatus, int]
    took: Took | None
    """Those that completed, from start to end."""
    nodes: Sequence[NodeTimes]


@dataclass(slots=True)
class _Sums:
    lengths: dict[str, list[float]] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)


async def durations(conn: Connection, procedure: Procedure) -> ProcedureTimes:
    """The times of the latest runs of all versions, by the nodes of this one; from their journals."""
    values = {"procedure_id": procedure.id, "statuses": list(RunStatus), "limit": RUNS_MAX}
    rows = await (await conn.execute(LATEST_RUNS, values)).fetchall()
    pinned = {run_id: definition_id for run_id, definition_id, *_ in rows}
    sums = await _sums(conn, pinned)
    whole = [
        (ended_at - started_at).total_seconds()
        for _, _, status, started_at, ended_at in rows
        if status == RunStatus.COMPLETED
    ]
    statuses = [RunStatus(row[2]) for row in rows]
    return ProcedureTimes(
        runs=len(rows),
        since=rows[-1][3] if rows else None,
        by_status={status: statuses.count(status) for status in RunStatus if status in statuses},
        took=Took.of(whole),
        nodes=[
            NodeTimes(name, Took.of(sums.lengths.get(name, [])), sums.failed.get(name, 0)) for name in procedure.nodes
        ],
    )


async def _sums(conn: Connection, pinned: Mapping[UUID, int]) -> _Sums:
    versions = {each: await read_definition(conn, each) for each in set(pinned.values())}
    sums = _Sums()
    journals: Iterable[tuple[UUID, list[leases.JournalLine]]] = (await leases.read_journals(conn, list(pinned))).items()
    for run_id, journal in journals:
        facts = leases.facts(journal)
        state = fold(versions[pinned[run_id]], facts)
        for name, node in state.nodes.items():
            if node.phase in (NodePhase.DONE, NodePhase.FAILED) and node.released_at and node.ended_at:
                length = (node.ended_at - node.released_at).total_seconds()
                sums.lengths.setdefault(name, []).append(max(length, 0.0))
        for name in {each.node for each in facts if each.kind in (FactKind.ATTEMPT_FAILED, FactKind.NODE_FAILED)}:
            sums.failed[name] = sums.failed.get(name, 0) + 1
    return sums
