"""Which way a run takes along its edges: what is released, what is skipped, what is cut off. Part of the pure core."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from opsdesk.flows.procedure import Edge, Procedure
from opsdesk.flows.state import NodePhase, NodeState, State

UNDER_WAY = frozenset({NodePhase.ACTIVE, NodePhase.RETRYING, NodePhase.WAITING, NodePhase.BLOCKED})
"""It has begun, and has not ended."""
OPEN_PHASES = UNDER_WAY | {NodePhase.PENDING}


def behind(procedure: Procedure, node_id: str) -> list[str]:
    """The node and everything that edges lead to from it, in the order of the document; loops not followed."""
    found, more = {node_id}, [node_id]
    while more:
        targets = {edge.target for edge in procedure.outgoing[more.pop()] if not edge.leads_back} - found
        found |= targets
        more += targets
    return [name for name in procedure.nodes if name in found]


def decide_edges(procedure: Procedure, state: State, node_id: str, taken: Collection[int], at: datetime) -> None:
    """A node has ended: each edge out of it is taken or dead, and what that leads to is released or skipped."""
    undecided = [(node_id, frozenset(taken))]
    while undecided:
        source, chosen = undecided.pop()
        for edge in procedure.outgoing[source]:
            state.edges[edge.index] = edge.index in chosen
        for target in dict.fromkeys(edge.target for edge in procedure.outgoing[source]):
            if state.nodes[target].phase is not NodePhase.PENDING:
                continue
            decisions = [state.edges.get(edge.index) for edge in procedure.incoming[target]]
            taken_count, needed = decisions.count(True), procedure.joins.get(target)
            if needed is not None and taken_count >= needed:
                release(procedure, state, target, at)
                _cut_off(procedure, state, at)
            elif None in decisions:
                continue
            elif taken_count and needed is None:
                release(procedure, state, target, at)
            else:
                state.nodes[target].phase = NodePhase.SKIPPED
                undecided.append((target, frozenset()))


def _cut_off(procedure: Procedure, state: State, at: datetime) -> None:
    """A join did not wait for all of its branches: what leads nowhere but to it, and has not ended, does not run on."""
    cut: set[str] = set()
    before = -1
    while before != len(cut):
        before = len(cut)
        for name in reversed(list(procedure.nodes)):
            if name not in cut and state.nodes[name].phase in OPEN_PHASES and _is_vain(procedure, state, name, cut):
                cut.add(name)
    for name in cut:
        node = state.nodes[name]
        node.phase, node.cut_off, node.ended_at, node.wait = NodePhase.SKIPPED, True, at, None
        for edge in procedure.outgoing[name]:
            state.edges[edge.index] = False


def _is_vain(procedure: Procedure, state: State, name: str, cut: Collection[str]) -> bool:
    """Whether nothing can be released any more by the node's end."""
    outgoing = [edge for edge in procedure.outgoing[name] if not edge.leads_back]
    return bool(outgoing) and all(
        edge.target in cut or state.nodes[edge.target].phase is not NodePhase.PENDING for edge in outgoing
    )


def release(procedure: Procedure, state: State, node_id: str, at: datetime) -> None:
    """Make a node executable, with the names that it sees: those of the taken paths, in the order of the edges."""
    node = state.nodes[node_id]
    scope = dict(state.inputs)
    ancestors: set[str] = set()
    taken = [edge for edge in procedure.incoming[node_id] if state.edges.get(edge.index)]
    for edge in taken:
        source = state.nodes[edge.source]
        scope.update(source.scope)
        ancestors |= source.ancestors
        ancestors.add(edge.source)
    # After the scopes, so that an output is never hidden by an older value that came along another edge.
    for edge in taken:
        scope.update(state.nodes[edge.source].outputs)
    node.phase, node.attempt, node.released_at = NodePhase.ACTIVE, 1, at
    node.scope, node.ancestors = scope, frozenset(ancestors)


def begin_again(procedure: Procedure, state: State, node_id: str, at: datetime) -> None:
    """What had begun from the node on gets a new iteration; the way to the node stays as it was decided."""
    for name in behind(procedure, node_id):
        before = state.nodes[name]
        state.nodes[name] = NodeState(iteration=before.iteration + (before.released_at is not None))
        for edge in procedure.outgoing[name]:
            state.edges.pop(edge.index, None)
    release(procedure, state, node_id, at)


def tickets_cut_off(
    procedure: Procedure, state: State, node_id: str, taken: Collection[int], at: datetime
) -> list[str]:
    """The tickets that nobody has to answer any more when the node ends with these edges taken."""
    if not procedure.joins:
        return []
    nodes: Mapping[str, Any] = state.nodes
    trial = replace(state, nodes={name: replace(node) for name, node in nodes.items()}, edges=dict(state.edges))
    trial.nodes[node_id].phase = NodePhase.DONE
    decide_edges(procedure, trial, node_id, taken, at)
    waits = [state.nodes[name].wait for name, node in trial.nodes.items() if node.cut_off]
    return [wait.ticket for wait in waits if wait is not None and wait.ticket]


def too_few(procedure: Procedure, state: State) -> tuple[str, int, int] | None:
    """A join that too few of its edges were taken to: the node, how many were, how many it needs."""
    for node_id, needed in procedure.joins.items():
        node = state.nodes[node_id]
        came = sum(1 for edge in procedure.incoming[node_id] if state.edges.get(edge.index))
        if node.phase is NodePhase.SKIPPED and not node.cut_off and came:
            return node_id, came, needed
    return None


def onward(procedure: Procedure, node_id: str) -> list[Edge]:
    """The edges that a node which ended well goes on along."""
    return [edge for edge in procedure.outgoing[node_id] if not edge.by_failure and not edge.leads_back]
