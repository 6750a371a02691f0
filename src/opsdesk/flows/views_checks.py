"""What rehearsing a procedure found, as the HTTP API and `--json` show it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from opsdesk.flows.backtests import Backtest
from opsdesk.flows.procedure import CaseKind, Edge, EdgeMode
from opsdesk.flows.rehearsal.backtest import Replayed
from opsdesk.flows.rehearsal.document_tests import CaseResult, Verdict
from opsdesk.flows.rehearsal.simulation import Path, Simulation
from opsdesk.kit.http_shapes import Sha256, View


class StepView(View):
    """A node on a path."""

    node: str
    """The id of the node."""
    because: str
    """What made the run go on from there as it did, in words; empty where it could go one way only."""


class RehearsedEdge(View):
    """An edge, by its place in the document."""

    index: int
    """Its place in the document's list of edges, counted from 0."""
    source: str
    """The id of the node that it leaves."""
    target: str
    """The id of the node that it leads to."""
    mode: EdgeMode
    """When it is taken."""
    condition: str | None
    """What has to be true for that; null: nothing."""
    line: int
    """Where it stands in the document, counted from 1."""

    @staticmethod
    def of(edge: Edge) -> "RehearsedEdge":
        return RehearsedEdge(
            index=edge.index,
            source=edge.source,
            target=edge.target,
            mode=edge.mode,
            condition=edge.condition,
            line=edge.position.line,
        )


class PathView(View):
    """One way through a procedure, and how it ends."""

    outcome: str
    """A status of runs, or `endless` for one that does not end within the limit of facts."""
    node: str | None
    """The id of the node where it ended or rests; null where there are several."""
    reason: str
    """Why, in words; may be empty."""
    inputs: str
    """What of the run's inputs made a difference, in words; may be empty."""
    steps: list[StepView]
    """The nodes in the order in which they ended."""
    edges: list[int]
    """The edges that were taken, by their places in the document."""

    @staticmethod
    def of(path: Path) -> "PathView":
        return PathView(
            outcome=path.outcome,
            node=path.node,
            reason=path.reason,
            inputs=path.inputs,
            steps=[StepView(node=step.node, because=step.told) for step in path.steps],
            edges=list(path.edges),
        )


class SimulationView(View):
    """Every path of a procedure, as far as its conditions tell values apart."""

    procedure: str
    """The id of the procedure."""
    complete: bool
    """Whether there are no other paths; if not, the limit of walks was reached."""
    walks: int
    """How often the procedure was walked through."""
    outcomes: dict[str, int]
    """How many paths end how."""
    paths: list[PathView]
    """The paths, in the order in which they were found."""
    nodes_never_run: list[str]
    """The ids of the nodes that no path came to."""
    edges_never_taken: list[RehearsedEdge]
    """The edges that no path took."""
    notes: list[str]
    """What could not be invented well, in words."""

    @staticmethod
    def of(procedure_id: str, simulation: Simulation) -> "SimulationView":
        facts: dict[str, Any] = {name: getattr(simulation, name) for name in ("complete", "walks", "outcomes")}
        return SimulationView(
            procedure=procedure_id,
            **facts,
            paths=list(map(PathView.of, simulation.paths)),
            nodes_never_run=list(simulation.nodes_never_run),
            edges_never_taken=list(map(RehearsedEdge.of, simulation.edges_never_taken)),
            notes=list(simulation.notes),
        )


class TestedView(View):
    """What came of one test."""

    id: str
    """The id of the test, as the document has it."""
    type: CaseKind
    """What kind of test it is."""
    target_node: str | None
    """The id of the node that it is about; null: the whole procedure."""
    verdict: Verdict
    """`left out`: it needs the world, which a rehearsal does not have."""
    problems: list[str]
    """What was expected and what came instead, or why it was left out."""
    line: int
    """Where it stands in the document, counted from 1."""


class TestRunView(View):
    """What came of the tests that a document declares."""

    procedure: str
    """The id of the procedure."""
    passed: bool
    """Whether none failed."""
    counts: dict[str, int]
    """How many tests had which verdict."""
    tests: list[TestedView]
    """The tests, in the order of the document."""

    @staticmethod
    def of(procedure_id: str, tested: Sequence[CaseResult]) -> "TestRunView":
        verdicts = [each.verdict for each in tested]
        return TestRunView(
            procedure=procedure_id,
            passed=Verdict.FAILED not in verdicts,
            counts={verdict.value: verdicts.count(verdict) for verdict in Verdict},
            tests=[
                TestedView(
                    id=each.case.id,
                    type=each.case.kind,
                    target_node=each.case.target,
                    verdict=each.verdict,
                    problems=list(each.problems),
                    line=each.case.position.line,
                )
                for each in tested
            ],
        )


class PartingView(View):
    """Where a run and its replay part."""

    node: str
    """The id of the node."""
    recorded: str
    """Where the run went on from there, in words."""
    replayed: str
    """Where the other version goes on, in words."""


class ReplayedView(View):
    """One run under another version of its procedure."""

    recorded_outcome: str
    """How the run ended: a status of runs."""
    recorded_node: str | None
    """The id of the node where it ended; null where there are several."""
    outcome: str
    """How it ends under the other version; `not recorded`: that asks a node which the run never asked."""
    node: str | None
    """The id of the node where it ends then; null where there are several."""
    changes: bool
    """Whether it ends otherwise."""
    parting: PartingView | None
    """Where the two part; null where it goes the same way to the same end."""
    not_recorded: list[str]
    """The ids of nodes that the other version asks and the run never did."""

    @staticmethod
    def of(replayed: Replayed) -> "ReplayedView":
        parting = replayed.parting
        return ReplayedView(
            recorded_outcome=replayed.recorded_outcome,
            recorded_node=replayed.recorded_node,
            outcome=replayed.outcome,
            node=replayed.node,
            changes=replayed.changes,
            parting=parting and PartingView(node=parting.node, recorded=parting.recorded, replayed=parting.replayed),
            not_recorded=list(replayed.not_recorded),
        )


class TriedView(ReplayedView):
    """A run that was put to the version."""

    run: UUID
    """The id of the run."""
    digest: Sha256
    """The version that it ran."""


class BacktestView(View):
    """What a version would have made of the runs that have ended."""

    procedure: str
    """The id of the procedure."""
    digest: Sha256
    """The version that was tried."""
    tried: int
    """How many runs were put to it."""
    more: bool
    """Whether there are older runs that were not looked at."""
    changed: list[TriedView]
    """Those that end otherwise or go another way, the newest first."""

    @staticmethod
    def of(procedure_id: str, digest: str, found: Backtest) -> "BacktestView":
        return BacktestView(
            procedure=procedure_id,
            digest=digest,
            tried=len(found.tried),
            more=found.more,
            changed=[
                TriedView(run=each.run_id, digest=each.digest, **ReplayedView.of(each.replayed).model_dump())
                for each in found.changed
            ],
        )
