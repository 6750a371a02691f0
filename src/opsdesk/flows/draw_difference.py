"""Pictures of a difference: two versions in one drawing, or a version with what a run did in it."""

from collections.abc import Iterable
from dataclasses import replace

from opsdesk.flows.comparison import ChangeKind, Comparison, PartKind, compare
from opsdesk.flows.draw import svg
from opsdesk.flows.procedure import Edge, Node, Procedure
from opsdesk.flows.state import NodePhase, NodeState, State

ADDED, REMOVED, CHANGED = "+", "−", "≠"
"""What stands before the name of a node, and before the label of an edge."""


def svg_difference(old: Procedure, new: Procedure, *, language: str = "en") -> str:
    """The second of two versions, with what it lost of the first; each part that differs is marked by a sign."""
    return svg(_both(old, new, compare(old, new)), language=language)


def svg_against_run(version: Procedure, recorded: Procedure, state: State, *, language: str = "en") -> str:
    """A version with what a run of another one did: where the run came to, and `−` what it did that is not here."""
    union = _both(recorded, version, Comparison((), ()))
    by_ends = {(edge.source, edge.target, edge.condition): edge.index for edge in union.edges}
    edges: dict[int, bool] = {}
    for edge in recorded.edges:
        index = by_ends.get((edge.source, edge.target, edge.condition))
        if index is not None and edge.index in state.edges:
            edges[index] = edges.get(index, False) or state.edges[edge.index]
    untouched = NodeState(phase=NodePhase.PENDING)
    nodes = {name: state.nodes.get(name, untouched) for name in union.nodes}
    return svg(union, replace(state, nodes=nodes, edges=edges), language=language)


def _both(old: Procedure, new: Procedure, comparison: Comparison) -> Procedure:
    """The new version with the parts that only the old one has."""
    changed = {change.name for change in comparison.changes if change.part is PartKind.NODE and change.what}
    added = _named(comparison, ChangeKind.ADDED, PartKind.NODE)
    nodes = {name: _marked(node, _sign(name, changed, added)) for name, node in new.nodes.items()}
    nodes |= {name: _marked(node, REMOVED) for name, node in old.nodes.items() if name not in new.nodes}
    edges = list(_edges(old, new, comparison))
    numbered = tuple(replace(edge, index=index) for index, edge in enumerate(edges))
    return replace(new, nodes=nodes, edges=numbered)


def _named(comparison: Comparison, kind: ChangeKind, part: PartKind) -> set[str]:
    return {change.name for change in comparison.changes if change.kind is kind and change.part is part}


def _sign(name: str, changed: set[str], added: set[str]) -> str:
    return ADDED if name in added else CHANGED if name in changed else ""


def _marked(node: Node, sign: str) -> Node:
    return replace(node, name=f"{sign} {node.name}") if sign else node


def _edges(old: Procedure, new: Procedure, comparison: Comparison) -> Iterable[Edge]:
    known = {_key(edge) for edge in new.edges}
    before = {_key(edge) for edge in old.edges}
    for edge in new.edges:
        is_added = bool(comparison.changes) and _key(edge) not in before
        yield replace(edge, label=f"{ADDED} {edge.label or edge.condition or ''}".strip()) if is_added else edge
    for edge in old.edges:
        if _key(edge) not in known:
            yield replace(edge, label=f"{REMOVED} {edge.label or edge.condition or ''}".strip())


def _key(edge: Edge) -> tuple[object, ...]:
    return edge.source, edge.target, edge.mode, edge.condition
