"""What was recorded of a run, put to another version: would it have ended as it did, and if not, where do they part?"""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from opsdesk.flows.calls import Done, Failed
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.procedure import Edge, Procedure
from opsdesk.flows.program import Program
from opsdesk.flows.rehearsal.play import Answer, Played, Silence, bound, computed, play
from opsdesk.flows.state import State

NOT_RECORDED = "NotRecorded"


@dataclass(frozen=True, slots=True)
class Parting:
    """Where the two part: a node, and in words where each goes on from it."""

    node: str
    recorded: str
    replayed: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """One run under another version. Values of inputs and outputs are in none of it."""

    recorded_outcome: str
    recorded_node: str | None
    outcome: str
    node: str | None
    reason: str
    parting: Parting | None
    """None where it goes the same way to the same end."""
    not_recorded: tuple[str, ...] = ()
    """Nodes that the other version asks and the run never did."""

    @property
    def changes(self) -> bool:
        """Whether it ends otherwise."""
        return (self.recorded_outcome, self.recorded_node) != (self.outcome, self.node)


def replay(program: Program, recorded: Procedure, state: State, facts: Sequence[Fact]) -> Replayed:
    """Run the version on the inputs of a run that has ended, with the answers that its nodes got."""
    answers = _Recorded.of(facts)
    unknown: dict[str, None] = {}

    def answering(stands: State, node_id: str, _number: int) -> Answer:
        if answers.left[node_id]:
            answer = answers.left[node_id].popleft()
            return bound(program, node_id, dict(answer.outputs)) if isinstance(answer, Done) else answer
        outcome = computed(program, stands, node_id)
        if outcome is not None:
            return outcome
        unknown[node_id] = None
        return Failed(NOT_RECORDED, f"the run never asked {node_id}")

    came = _came(recorded, facts)

    def choosing(edges: Sequence[Edge]) -> Edge | None:
        return next((edge for edge in edges if _ends_of(program.procedure, edge.index) in came), None)

    played = play(program, state.inputs, answering, choosing)
    outcome = state.outcome.value if state.outcome is not None else "open"
    missing = tuple(unknown)
    return Replayed(
        recorded_outcome=outcome,
        recorded_node=state.outcome_node,
        outcome="not recorded" if missing and played.outcome == "blocked" else played.outcome,
        node=played.ended_at_node,
        reason=played.reason,
        parting=_parting(recorded, facts, program.procedure, played),
        not_recorded=missing,
    )


@dataclass(slots=True)
class _Recorded:
    """The answers of each node, in order; what a person skipped counts as the answer that they put in."""

    left: dict[str, deque[Answer]] = field(default_factory=lambda: defaultdict(deque))

    @classmethod
    def of(cls, facts: Iterable[Fact]) -> "_Recorded":
        recorded = cls()
        for fact in facts:
            answer = _answer(fact)
            if answer is not None:
                recorded.left[fact.node].append(answer)
        return recorded


def _answer(fact: Fact) -> Answer | None:
    payload: Any = fact.payload
    match fact.kind:
        case FactKind.NODE_ENDED | FactKind.NODE_BLOCKED:
            return Done(payload["outputs"])
        case FactKind.NODE_FAILED if payload.get("timeout"):
            return Silence()
        case FactKind.NODE_FAILED:
            return Failed(payload["code"], payload["message"])
        case FactKind.ATTEMPT_FAILED:
            return Failed(payload["code"], payload["message"], retryable=True)
        case _:
            return None


_ENDS = (FactKind.NODE_ENDED, FactKind.NODE_FAILED, FactKind.NODE_BLOCKED, FactKind.EVENT_CAME)


def _came(procedure: Procedure, facts: Iterable[Fact]) -> set[tuple[str, str, str | None]]:
    """The edges whose events came, by their ends and conditions: indexes differ between versions."""
    events = [fact for fact in facts if fact.kind is FactKind.EVENT_CAME]
    return {_ends_of(procedure, index) for fact in events for index in fact.payload["taken"]}


def _ends_of(procedure: Procedure, index: int) -> tuple[str, str, str | None]:
    edge = procedure.edge(index)
    return edge.source, edge.target, edge.condition


def _parting(recorded: Procedure, facts: Sequence[Fact], version: Procedure, played: Played) -> Parting | None:
    """The first node, in the order in which they ended, from which the two do not go on to the same nodes."""
    before, after = _ways(recorded, facts), _ways(version, played.facts)
    for node in dict.fromkeys([*before, *after]):
        if before.get(node) != after.get(node):
            return Parting(node, _told(before.get(node)), _told(after.get(node)))
    return None


def _ways(procedure: Procedure, facts: Iterable[Fact]) -> dict[str, list[list[str]]]:
    """By node: where the run went on from it, once for each time that it ended."""
    ways: dict[str, list[list[str]]] = {}
    for fact in facts:
        if fact.kind in _ENDS:
            targets = sorted({procedure.edge(index).target for index in fact.payload.get("taken", ())})
            if fact.kind is FactKind.NODE_BLOCKED or (fact.kind is FactKind.NODE_FAILED and not targets):
                targets = ["an incident"]
            ways.setdefault(fact.node, []).append(targets)
    return ways


def _told(ways: list[list[str]] | None) -> str:
    if ways is None:
        return "does not run"
    return "; then ".join(f"goes on to {', '.join(way)}" if way else "ends there" for way in ways)
