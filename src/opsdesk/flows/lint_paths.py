"""Which nodes surely ran, and which may have run, where a run comes to a node: over all paths, not a sample of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

from opsdesk.flows.lint_decisions import FALSE, TRUE, Diagram, Diagrams, TooComplex
from opsdesk.flows.procedure import FAILURE_MODES, Edge, EdgeMode, Node, Position, Procedure


class Certainty(IntEnum):
    NEVER = 0
    MAYBE = 1
    SURELY = 2


@dataclass(frozen=True, slots=True)
class Graph:
    """The nodes in an order in which no edge leads back, but for those in `backward`. Without what undoes others."""

    order: tuple[str, ...]
    edges: tuple[Edge, ...]
    """All but those that lead back."""
    backward: frozenset[Edge]
    incoming: Mapping[str, tuple[Edge, ...]]
    outgoing: Mapping[str, tuple[Edge, ...]]
    joins: Mapping[str, int]
    """As the procedure has them."""
    detours: tuple[str, ...]
    """Likewise."""

    @property
    def entries(self) -> tuple[str, ...]:
        return tuple(node for node in self.order if not self.incoming[node])

    def forward(self, node_id: str) -> tuple[Edge, ...]:
        return tuple(edge for edge in self.incoming[node_id] if edge not in self.backward)


def graph_of(procedure: Procedure) -> Graph:
    edges = tuple(edge for edge in procedure.edges if not edge.leads_back)
    incoming = _grouped(procedure, ((edge.target, edge) for edge in edges))
    outgoing = _grouped(procedure, ((edge.source, edge) for edge in edges))
    order, backward = _ordered(procedure, incoming, outgoing)
    order = tuple(name for name in order if name not in procedure.undo_nodes)
    return Graph(order, edges, backward, incoming, outgoing, procedure.joins, procedure.detours)


def _grouped(procedure: Procedure, pairs: Iterable[tuple[str, Edge]]) -> Mapping[str, tuple[Edge, ...]]:
    groups: dict[str, list[Edge]] = {node_id: [] for node_id in procedure.nodes}
    for node_id, edge in pairs:
        groups[node_id].append(edge)
    return {node_id: tuple(edges) for node_id, edges in groups.items()}


def _ordered(
    procedure: Procedure, incoming: Mapping[str, tuple[Edge, ...]], outgoing: Mapping[str, tuple[Edge, ...]]
) -> tuple[tuple[str, ...], frozenset[Edge]]:
    """Depth first from the entries, then from whatever they do not reach; an edge to a node under way leads back."""
    done: list[str] = []
    state: dict[str, bool] = {}
    backward = set()
    starts = [node_id for node_id in procedure.nodes if not incoming[node_id]]
    for start in [*starts, *procedure.nodes]:
        if start in state:
            continue
        state[start] = False
        pending = [(start, iter(outgoing[start]))]
        while pending:
            node_id, edges = pending[-1]
            for edge in edges:
                if edge.target not in state:
                    state[edge.target] = False
                    pending.append((edge.target, iter(outgoing[edge.target])))
                    break
                if not state[edge.target]:
                    backward.add(edge)
            else:
                state[node_id] = True
                done.append(node_id)
                pending.pop()
    return tuple(reversed(done)), frozenset(backward)


@dataclass(slots=True)
class Paths:
    """When each node runs and what it sees of the others, as functions of the decisions on the way.

    A conditional edge is a decision; whether a node with failure edges fails is one, and so is each of those edges.
    Raises TooComplex from any question when there are too many of them.
    """

    graph: Graph
    diagrams: Diagrams = field(default_factory=Diagrams)
    _decisions: dict[object, int] = field(default_factory=dict)
    _runs: dict[str, Diagram] = field(default_factory=dict)
    _sees: dict[tuple[str, str], Diagram] = field(default_factory=dict)
    _first: dict[Edge, Diagram] = field(default_factory=dict)
    _gave_up: bool = False

    def certainty(self, node_id: str, producers: Iterable[str], *, edge: Edge | None = None) -> Certainty:
        """Whether at least one of the producers has ended well, and on a taken path, where `node_id` begins.

        With an edge out of the node: where that edge is decided, so that the node itself has ended, well or not.
        """
        if self._gave_up:
            raise TooComplex
        try:
            return self._certainty(node_id, producers, edge)
        except TooComplex:
            self._gave_up = True
            raise

    def _certainty(self, node_id: str, producers: Iterable[str], edge: Edge | None) -> Certainty:
        where = self.runs(node_id)
        seen: Diagram = FALSE
        if edge is not None:
            failure = edge.mode in FAILURE_MODES
            where = self._failed(node_id) if failure else self._completed(node_id)
        for producer in producers:
            if producer == node_id:
                seen = TRUE if edge is not None and edge.mode not in FAILURE_MODES else seen
            else:
                seen = self.diagrams.either(seen, self.sees(node_id, producer))
        if self.diagrams.both(where, seen) is FALSE:
            return Certainty.NEVER
        return Certainty.SURELY if self.diagrams.without(where, seen) is FALSE else Certainty.MAYBE

    def runs(self, node_id: str) -> Diagram:
        """When the node runs. For all nodes in order, because recursion would be as deep as the longest path."""
        if not self._runs:
            for current in self.graph.order:
                forward = self.graph.forward(current)
                taken = [self._taken(edge) for edge in forward]
                begins = self._decision(("loop", current)) if current in self.graph.detours else TRUE
                self._runs[current] = self._at_least(self.graph.joins.get(current, 1), taken) if forward else begins
        return self._runs[node_id]

    def _at_least(self, needed: int, taken: Sequence[Diagram]) -> Diagram:
        """When so many of them hold, or more."""
        counts: list[Diagram] = [TRUE] + [FALSE] * needed
        for each in taken:
            for count in range(needed, 0, -1):
                counts[count] = self.diagrams.either(counts[count], self.diagrams.both(counts[count - 1], each))
        return counts[needed]

    def sees(self, node_id: str, producer: str) -> Diagram:
        """When the node sees the outputs of the producer."""
        self.runs(node_id)
        if (node_id, producer) not in self._sees:
            started = False
            for current in self.graph.order:
                started = started or current == producer
                if started and (current, producer) not in self._sees:
                    self._sees[current, producer] = self._sees_over_edges(current, producer)
            self._sees.setdefault((node_id, producer), FALSE)
        return self._sees[node_id, producer]

    def _sees_over_edges(self, node_id: str, producer: str) -> Diagram:
        result: Diagram = FALSE
        for edge in self.graph.forward(node_id):
            if edge.source == producer:
                through = FALSE if edge.mode in FAILURE_MODES else TRUE
            else:
                through = self._sees.get((edge.source, producer), FALSE)
            if through is not FALSE:
                result = self.diagrams.either(result, self.diagrams.both(self._arrived(edge), through))
        return result

    def _arrived(self, edge: Edge) -> Diagram:
        """When the edge is taken, and its target has waited for it."""
        if edge.target not in self.graph.joins:
            return self._taken(edge)
        if edge not in self._first:
            self._first |= self._first_of(self.graph.forward(edge.target))
        return self._first[edge]

    def _first_of(self, edges: Sequence[Edge]) -> Mapping[Edge, Diagram]:
        """Where a join does not wait for all edges, which of the taken ones comes first is a decision of its own."""
        later: list[Diagram] = [FALSE]
        for edge in reversed(edges):
            later.append(self.diagrams.either(later[-1], self._taken(edge)))
        found: dict[Edge, Diagram] = {}
        before: Diagram = FALSE
        for edge, others in zip(edges, reversed(later[:-1]), strict=True):
            comes = self.diagrams.either(self._decision(("first", edge)), self.diagrams.without(TRUE, others))
            found[edge] = self.diagrams.without(self.diagrams.both(self._taken(edge), comes), before)
            before = self.diagrams.either(before, found[edge])
        return found

    def _taken(self, edge: Edge) -> Diagram:
        if edge.mode in FAILURE_MODES:
            return self.diagrams.both(self._failed(edge.source), self._decision(("edge", edge)))
        completed = self._completed(edge.source)
        if edge.condition is None and edge.mode in (EdgeMode.SEQUENTIAL, EdgeMode.PARALLEL):
            return completed
        return self.diagrams.both(completed, self._decision(("edge", edge)))

    def taken_together(self, one: Edge, other: Edge) -> Diagram:
        """When both of these conditional edges are decided for."""
        return self.diagrams.both(self._decision(("edge", one)), self._decision(("edge", other)))

    def _completed(self, node_id: str) -> Diagram:
        """A failure that no edge takes up is an incident: nothing behind it runs until it is mended."""
        if not self._may_fail(node_id):
            return self._runs[node_id]
        return self.diagrams.without(self._runs[node_id], self._decision(("failed", node_id)))

    def _failed(self, node_id: str) -> Diagram:
        return self.diagrams.both(self._runs[node_id], self._decision(("failed", node_id)))

    def _may_fail(self, node_id: str) -> bool:
        return any(edge.mode in FAILURE_MODES for edge in self.graph.outgoing[node_id])

    def _decision(self, key: object) -> Diagram:
        return self.diagrams.decision(self._decisions.setdefault(key, len(self._decisions)))


def starts_of(procedure: Procedure) -> tuple[str, ...]:
    """The nodes that a run begins with; where there are none, those it would begin with if nothing led back."""
    if procedure.entries:
        return tuple(node.id for node in procedure.entries)
    known = tuple(edge for edge in procedure.edges if {edge.source, edge.target} <= procedure.nodes.keys())
    graph = graph_of(replace(procedure, edges=known))
    return tuple(node_id for node_id in procedure.nodes if not graph.forward(node_id))


def reachable(graph: Graph, starts: Iterable[str]) -> set[str]:
    """The nodes that some path from the starts leads to, and the starts."""
    found = set(starts)
    pending = list(found)
    while pending:
        for edge in graph.outgoing[pending.pop()]:
            if edge.target not in found:
                found.add(edge.target)
                pending.append(edge.target)
    return found


def ancestors(graph: Graph) -> Mapping[str, frozenset[str]]:
    """By node: the nodes from which some path leads to it, without edges that lead back."""
    found: dict[str, frozenset[str]] = {}
    for node_id in graph.order:
        sources = [edge.source for edge in graph.forward(node_id)]
        found[node_id] = frozenset(sources).union(*(found[source] for source in sources))
    return found


def places(procedure: Procedure) -> Iterator[tuple[int, Node]]:
    """The nodes with their places in the document's list."""
    for place, raw in enumerate(procedure.raw["nodes"]):
        node_id = raw.get("id") if isinstance(raw, dict) else None
        if isinstance(node_id, str) and node_id in procedure.nodes:
            yield place, procedure.nodes[node_id]


def position_of(procedure: Procedure, *path: object) -> Position:
    """Where the part of the document stands; where it is not there, the nearest part around it."""
    parts = [str(part) for part in path]
    while parts:
        if (position := procedure.positions.get(".".join(parts))) is not None:
            return position
        parts.pop()
    return Position()
