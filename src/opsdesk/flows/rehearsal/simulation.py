"""Walks every path of a procedure: each combination of ways that its nodes may go, until there is no other."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from opsdesk.flows.errors import RehearsalInvalid
from opsdesk.flows.procedure import Edge, EdgeMode, Procedure
from opsdesk.flows.program import Program
from opsdesk.flows.rehearsal.choices import Choice, Choices, Given, check_given
from opsdesk.flows.rehearsal.circles import Circles, is_made, of_document, opened
from opsdesk.flows.rehearsal.play import Answer, GoesOn, Played, play
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

    An edge that leads back without being a loop, which lint refuses, is walked as one.

    Raises RehearsalInvalid where what is given does not fit the procedure.
    """
    if given is not None and (problems := check_given(program, given)):
        raise RehearsalInvalid(program.procedure.id, problems)
    circles = opened(program)
    walker = _Walker(circles, Choices(circles.program, given or Given()), walks_max)
    for edge in program.procedure.edges:
        if edge.index in circles.back:
            told = f"{edge.source} → {edge.target} ({edge.mode}) leads back and is no loop, which lint refuses"
            walker.choices.notes[f"{told}; it is walked as one"] = None
    return _told(program.procedure, walker.walk())


def _told(procedure: Procedure, simulation: Simulation) -> Simulation:
    """Without what only the simulation has, and with the edges as the document has them."""
    taken = {edge.index for edge in simulation.edges_never_taken}
    return replace(
        simulation,
        nodes_never_run=tuple(node for node in simulation.nodes_never_run if not is_made(node)),
        edges_never_taken=tuple(edge for edge in procedure.edges if edge.index in taken),
    )


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
    circles: Circles
    choices: Choices
    walks_max: int
    paths: dict[tuple[object, ...], Path] = field(default_factory=dict)
    run: set[str] = field(default_factory=set)
    taken: set[int] = field(default_factory=set)
    unknown: set[int] = field(default_factory=set)
    """Edges of which nothing is known."""
    cut_off: dict[str, None] = field(default_factory=dict)
    """Nodes that a join did not wait for."""

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
        procedure = self.circles.program.procedure
        return Simulation(
            paths=tuple(self.paths.values()),
            walks=walks,
            complete=not pending,
            nodes_never_run=tuple(node for node in procedure.nodes if node not in self.run and not self._undoes(node)),
            edges_never_taken=tuple(edge for edge in procedure.edges if edge.index not in self.taken | self.unknown),
            notes=(*self.choices.notes, *self._never_first()),
        )

    def _undoes(self, node_id: str) -> bool:
        """Whether it undoes, where a run is cancelled, something that runs; no walk is cancelled."""
        procedure = self.circles.program.procedure
        undone = [procedure.nodes[name].undo for name in procedure.undo_nodes.get(node_id, ()) if name in self.run]
        return any(undo is not None and "cancelled" in undo.on for undo in undone)

    def _never_first(self) -> Iterable[str]:
        ended = {step.node for path in self.paths.values() for step in path.steps}
        for node in self.cut_off:
            if node not in ended:
                yield f"{node} does not end first, so that it is not told what follows if it does"

    def _played(self, walk: _Walk, followed: int) -> tuple[Played, str]:
        inputs = self.choices.of_inputs()
        place = walk.decide(len(inputs))
        if followed == 0:
            walk.alternatives += [([other], ()) for other in range(1, len(inputs))]
        program = self.circles.program
        made: dict[tuple[str, int], Answer] = {}

        def answering(state: State, node_id: str, _number: int) -> Answer:
            # Asked again in the same iteration, such as by a re-send, a node goes on as it has begun.
            key = (node_id, state.nodes[node_id].iteration)
            if key in made:
                return made[key]
            ways = self.choices.at(state, node_id)
            if key[1] > ROUNDS_MAX and node_id not in program.procedure.undo_nodes:
                leaving = self._leaving(state, node_id, ways)
                if leaving is None:
                    return GoesOn(f"from {node_id} on it goes in a circle that it never leaves")
                choice = leaving
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
        return play(program, values, answering, choosing), told if len(inputs) > 1 else ""

    def _leaving(self, state: State, node_id: str, ways: list[Choice]) -> Choice | None:
        """One way after the other, round by round, of those that do not go round again at once.

        None if there is no such way, and no limit of a loop would end it.
        """
        self.choices.notes[f"loops are gone round {ROUNDS_MAX} times, and not to their limits"] = None
        leaving, circling = [], False
        for way in ways:
            taken = self.choices.taken(state, node_id, way)
            round_again = self.circles.back.intersection(taken)
            if not round_again and not any(self._is_loop(index) for index in taken):
                leaving.append(way)
            circling = circling or bool(round_again)
        if leaving:
            return leaving[(state.nodes[node_id].iteration - ROUNDS_MAX - 1) % len(leaving)]
        return None if circling else ways[0]

    def _is_loop(self, index: int) -> bool:
        return self.circles.program.procedure.edge(index).mode is EdgeMode.LOOP

    def _others(
        self, walk: _Walk, state: State, node_id: str, ways: list[Choice], decided: int
    ) -> Iterable[tuple[list[int], tuple[int, ...]]]:
        before = walk.decisions[:decided]
        for other in range(1, len(ways)):
            yield [*before, other], self.choices.taken(state, node_id, ways[other])

    def _cut_off(self, node_id: str) -> None:
        """It had begun, and a join went on without it. Calls end in the order of the document here, so nobody knows
        where it would have gone on if it had ended first."""
        self.run.add(node_id)
        self.unknown |= {edge.index for edge in self.circles.program.procedure.outgoing[node_id]}
        self.cut_off[node_id] = None

    def _keep(self, walk: _Walk, played: tuple[Played, str]) -> None:
        done, inputs = played
        idle = (NodePhase.PENDING, NodePhase.SKIPPED)
        for name, node in done.state.nodes.items():
            if node.phase not in idle:
                self.run.add(name)
            elif node.cut_off and node.released_at is not None:
                self._cut_off(name)
        self.run |= set(done.path)
        self.taken |= set(done.taken)
        key = (done.outcome, done.ended_at_node, tuple(done.path), tuple(done.taken))
        if key in self.paths:
            return
        ends = [node_id for node_id in done.path if not is_made(node_id)]
        at = None if is_made(done.ended_at_node) else done.ended_at_node
        if at and at not in ends:
            ends.append(at)
        told = {name: iter(words) for name, words in walk.told.items()}
        undone = iter([fact.payload["undoes"]["node"] for fact in done.facts if "undoes" in fact.payload])
        undo_nodes = self.circles.program.procedure.undo_nodes
        steps = tuple(
            Step(name, f"undoes {next(undone, '')}" if name in undo_nodes else next(told.get(name, iter(())), ""))
            for name in ends
        )
        self.paths[key] = Path(done.outcome, at, done.reason, steps, edges=of_document(done.taken), inputs=inputs)
