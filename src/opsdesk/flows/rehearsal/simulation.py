"""Walks every path of a procedure: each combination of ways that its nodes may go, until there is no other."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from opsdesk.flows.errors import RehearsalInvalid
from opsdesk.flows.procedure import Edge, EdgeMode
from opsdesk.flows.program import Program
from opsdesk.flows.rehearsal.choices import Choice, Choices, Given, check_given
from opsdesk.flows.rehearsal.play import Answer, Played, play
from opsdesk.flows.state import NodePhase, State

WALKS_DEFAULT = 1_000
WALKS_MAX = 20_000
ROUNDS_MAX = 2
"""How often a node runs again in a loop with every way open to it."""


@dataclass(frozen=True, slots=True)
class Step:
    """A node on a path, and what made the run go on from there as it did."""

    node: str
    told: str = ""


@dataclass(frozen=True, slots=True)
class Path:
    """One way through the procedure, and how it ends."""

    outcome: str
    """A status of runs, or `endless`."""
    node: str | None
    """Where it ended or rests."""
    reason: str
    steps: tuple[Step, ...]
    edges: tuple[int, ...]
    """The indexes of the edges that were taken, in order."""
    inputs: str = ""
    """What of the inputs made a difference, in words."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """What came of walking. With `complete`, no other path exists among the values that conditions tell apart."""

    paths: tuple[Path, ...]
    walks: int
    complete: bool
    nodes_never_run: tuple[str, ...]
    edges_never_taken: tuple[Edge, ...]
    notes: tuple[str, ...] = ()

    @property
    def outcomes(self) -> dict[str, int]:
        """How many paths end how."""
        counts: dict[str, int] = {}
        for path in self.paths:
            counts[path.outcome] = counts.get(path.outcome, 0) + 1
        return counts


def simulate(program: Program, *, given: Given | None = None, walks_max: int = WALKS_DEFAULT) -> Simulation:
    """Walk at most `walks_max` times, first where no edge was taken yet; walks that make no difference are one path.

    Raises RehearsalInvalid where what is given does not fit the procedure.
    """
    if given is not None and (problems := check_given(program, given)):
        raise RehearsalInvalid(program.procedure.id, problems)
    return _Walker(program, Choices(program, given or Given()), walks_max).walk()


@dataclass(slots=True)
class _Walk:
    """One walk: it follows the decisions that it is given, and takes the first way at every one after that."""

    decisions: list[int]
    told: dict[str, list[str]] = field(default_factory=dict)
    alternatives: list[tuple[list[int], tuple[int, ...]]] = field(default_factory=list)
    """Decisions that were not taken, each with the edges that it would take at once."""
    at: int = 0

    def decide(self, ways: int) -> int:
        if self.at == len(self.decisions):
            self.decisions.append(0)
        decision = self.decisions[self.at]
        assert decision < ways, "the same decisions lead to the same ways"
        self.at += 1
        return decision


@dataclass(slots=True)
class _Walker:
    program: Program
    choices: Choices
    walks_max: int
    paths: dict[tuple[object, ...], Path] = field(default_factory=dict)
    run: set[str] = field(default_factory=set)
    taken: set[int] = field(default_factory=set)

    def walk(self) -> Simulation:
        pending: deque[list[int]] = deque([[]])
        walks = 0
        while pending and walks < self.walks_max:
            walks += 1
            followed = pending.popleft()
            walk = _Walk(list(followed))
            self._keep(walk, self._played(walk, len(followed)))
            for decisions, edges in reversed(walk.alternatives):
                # What takes an edge that none took before comes first, so that a limit leaves out the least.
                if set(edges) - self.taken:
                    pending.appendleft(decisions)
                else:
                    pending.append(decisions)
        procedure = self.program.procedure
        return Simulation(
            paths=tuple(self.paths.values()),
            walks=walks,
            complete=not pending,
            nodes_never_run=tuple(node for node in procedure.nodes if node not in self.run),
            edges_never_taken=tuple(edge for edge in procedure.edges if edge.index not in self.taken),
            notes=tuple(self.choices.notes),
        )

    def _played(self, walk: _Walk, followed: int) -> tuple[Played, str]:
        inputs = self.choices.of_inputs()
        place = walk.decide(len(inputs))
        if followed == 0:
            walk.alternatives += [([other], ()) for other in range(1, len(inputs))]
        made: dict[tuple[str, int], Answer] = {}

        def answering(state: State, node_id: str, _number: int) -> Answer:
            # Asked again in the same iteration, such as by a re-send, a node goes on as it has begun.
            key = (node_id, state.nodes[node_id].iteration)
            if key in made:
                return made[key]
            ways = self.choices.at(state, node_id)
            if key[1] > ROUNDS_MAX:
                choice = self._leaving(state, node_id, ways)
            else:
                decided = walk.at
                choice = ways[walk.decide(len(ways))]
                if decided >= followed:
                    walk.alternatives += self._others(walk, state, node_id, ways, decided)
            walk.told.setdefault(node_id, []).append(choice.told if len(ways) > 1 else "")
            made[key] = choice.answer
            return choice.answer

        def choosing(edges: Sequence[Edge]) -> Edge | None:
            decided = walk.at
            decision = walk.decide(len(edges) + 1)
            if decided >= followed:
                before = walk.decisions[:decided]
                walk.alternatives += [([*before, n], (edges[n].index,)) for n in range(1, len(edges))]
                walk.alternatives.append(([*before, len(edges)], ()))
            return edges[decision] if decision < len(edges) else None

        values, told = inputs[place]
        return play(self.program, values, answering, choosing), told if len(inputs) > 1 else ""

    def _leaving(self, state: State, node_id: str, ways: list[Choice]) -> Choice:
        """The first way that does not go round again, if there is one; others are not tried any more."""
        self.choices.notes[f"loops are gone round {ROUNDS_MAX} times, and not to their limits"] = None
        for way in ways:
            taken = self.choices.taken(state, node_id, way)
            if not any(self.program.procedure.edge(index).mode is EdgeMode.LOOP for index in taken):
                return way
        return ways[0]

    def _others(
        self, walk: _Walk, state: State, node_id: str, ways: list[Choice], decided: int
    ) -> Iterable[tuple[list[int], tuple[int, ...]]]:
        before = walk.decisions[:decided]
        for other in range(1, len(ways)):
            yield [*before, other], self.choices.taken(state, node_id, ways[other])

    def _keep(self, walk: _Walk, played: tuple[Played, str]) -> None:
        done, inputs = played
        idle = (NodePhase.PENDING, NodePhase.SKIPPED)
        self.run |= {name for name, node in done.state.nodes.items() if node.phase not in idle}
        self.run |= set(done.path)
        self.taken |= set(done.taken)
        key = (done.outcome, done.ended_at_node, tuple(done.path), tuple(done.taken))
        if key in self.paths:
            return
        ends = [*done.path]
        if done.ended_at_node and done.ended_at_node not in ends:
            ends.append(done.ended_at_node)
        told = {name: iter(words) for name, words in walk.told.items()}
        steps = tuple(Step(name, next(told.get(name, iter(())), "")) for name in ends)
        self.paths[key] = Path(
            done.outcome, done.ended_at_node, done.reason, steps, edges=tuple(done.taken), inputs=inputs
        )
