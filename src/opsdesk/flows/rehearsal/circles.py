"""Edges that lead back although they are no loops: a run would refuse them, a simulation goes round them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from opsdesk.flows.expressions import Condition, Scope, compile_condition
from opsdesk.flows.lint_paths import graph_of
from opsdesk.flows.procedure import PLACES_MAX, Edge, EdgeMode, Node, NodeType
from opsdesk.flows.program import Program

_MADE = "\0"
"""Begins the id of a node that no document has."""
_INDEX = PLACES_MAX * PLACES_MAX
"""Above every index of an edge that a document has."""


@dataclass(frozen=True, slots=True)
class Circles:
    """A program in which every edge that leads back is a loop, and which edges of it that made so."""

    program: Program
    back: frozenset[int] = frozenset()
    """The indexes of the edges that led back in the document."""


def opened(program: Program) -> Circles:
    """With loops for circles. What a failure takes back goes through a node between, because loops are for success."""
    procedure = program.procedure
    backward = graph_of(procedure).backward
    if not backward:
        return Circles(program)
    nodes, edges = dict(procedure.nodes), []
    conditions: dict[int, Condition] = dict(program.conditions)
    always = compile_condition("true", Scope())
    for edge in procedure.edges:
        if edge not in backward:
            edges.append(edge)
        elif edge.by_failure or edge.waits:
            between = Node(f"{_MADE}{edge.index}", NodeType.SYSTEM, edge.target)
            nodes[between.id] = between
            edges.append(replace(edge, target=between.id))
            edges.append(Edge(_INDEX + edge.index, between.id, edge.target, EdgeMode.LOOP, always.expression))
            conditions[_INDEX + edge.index] = always
        else:
            edges.append(replace(edge, mode=EdgeMode.LOOP, condition=edge.condition or always.expression))
            conditions.setdefault(edge.index, always)
    made = Program(replace(procedure, nodes=nodes, edges=tuple(edges)), conditions)
    return Circles(made, frozenset(edge.index for edge in backward))


def is_made(node_id: str | None) -> bool:
    """Whether the node is one that only the simulation has."""
    return node_id is not None and node_id.startswith(_MADE)


def of_document(edges: Iterable[int]) -> tuple[int, ...]:
    """Without the edges that only the simulation has."""
    return tuple(index for index in edges if index < _INDEX)
