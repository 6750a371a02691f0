"""Which way a run takes along its edges: what is released, what is skipped, what is cut off. Part of the pure core."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from opsdesk.flows.procedure import Edge, Procedure
from opsdesk.flows.state import Loop, NodePhase, NodeState, State

UNDER_WAY = frozenset({NodePhase.ACTIVE, NodePhase.RETRYING, NodePhase.WAITING, NodePhase.BLOCKED})
"""It has begun, and has not ended."""
OPEN_PHASES = UNDER_WAY | {NodePhase.PENDING}


def behind(procedure: Procedure, node_id: str) -> list[str]:
    """The node and everything that edges lead to from it, in the order of the document; loops not followed."""
    found = procedure.behind(node_id)
    return [name for name in procedure.nodes if name in found]


def decide_edges(procedure: Procedure, state: State, node_id: str, taken: Collection[int], at: datetime) -> None:
    """A node has ended: each edge out of it is taken or dead, and what that leads to is released or skipped.

    Where a loop goes back, the others stay undecided: what they lead to waits until the loop is over.
    """
    for edge in procedure.outgoing[node_id] if procedure.loops else ():
        if edge.leads_back and edge.index in taken:
            state.edges[edge.index] = True
            state.loops.setdefault(edge.index, Loop()).due = True
            state.rounds += 1
            return
    undecided = [(node_id, frozenset(taken))]
    while undecided:
        source, chosen = undecided.pop()
        for edge in procedure.outgoing[source]:
            if edge.waits and state.nodes[source].phase is NodePhase.DONE:
                state.awaited[edge.index] = at
            else:
                state.edges[edge.index] = edge.index in chosen
        for target in procedure.targets[source]:
            if _is_skipped(procedure, state, target, at):
                undecided.append((target, frozenset()))


def decide_awaited(procedure: Procedure, state: State, node_id: str, taken: Collection[int], at: datetime) -> None:
    """An event has come: edges out of the node that waited for it are taken, the others that waited are dead."""
    waited = [edge for edge in procedure.outgoing[node_id] if edge.index in state.awaited]
    for edge in waited:
        del state.awaited[edge.index]
        state.edges[edge.index] = edge.index in taken
    for target in dict.fromkeys(edge.target for edge in waited):
        if _is_skipped(procedure, state, target, at):
            decide_edges(procedure, state, target, (), at)


def _is_skipped(procedure: Procedure, state: State, target: str, at: datetime) -> bool:
    """Release the node if enough of the edges to it are taken; skip it if they are all decided and too few are."""
    if state.nodes[target].phase is not NodePhase.PENDING:
        return False
    decisions = [state.edges.get(edge.index) for edge in procedure.incoming[target]]
    taken_count, needed = decisions.count(True), procedure.joins.get(target)
    if needed is not None and taken_count >= needed:
        release(procedure, state, target, at)
        _cut_off(procedure, state, at)
    elif None in decisions:
        return False
    elif taken_count and needed is None:
        release(procedure, state, target, at)
    else:
        state.nodes[target].phase = NodePhase.SKIPPED
    return state.nodes[target].phase is NodePhase.SKIPPED


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
    for edge in procedure.edges:
        # What an event would lead to has run, or never will.
        if edge.index in state.awaited and state.nodes[edge.target].phase is not NodePhase.PENDING:
            del state.awaited[edge.index]
            state.edges[edge.index] = False
            state.nodes[edge.source].cut_off = True


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
    earlier: dict[str, Mapping[str, Any]] = {}
    amended: dict[str, Any] = {}
    taken = [edge for edge in procedure.incoming[node_id] if state.edges.get(edge.index)]
    for edge in taken:
        source = state.nodes[edge.source]
        scope.update(source.scope)
        ancestors |= source.ancestors
        ancestors.add(edge.source)
        earlier.update(source.earlier)
        amended.update(source.amended)
    # After the scopes, so that an output is never hidden by an older value that came along another edge.
    for edge in taken:
        scope.update(state.nodes[edge.source].outputs)
    node.phase, node.attempt, node.released_at = NodePhase.ACTIVE, 1, at
    scope.update(own_names(procedure, state, node_id))
    node.scope, node.ancestors, node.earlier, node.amended = scope, frozenset(ancestors), earlier, amended


def own_names(procedure: Procedure, state: State, node_id: str) -> dict[str, Any]:
    """What a node sees of the event that led to it, and of loops: the round, and of a list the item and its place."""
    names: dict[str, Any] = {}
    if back := procedure.loops.get(node_id):
        loops = [state.loops[edge.index] for edge in back if edge.index in state.loops]
        names["loop.iteration"] = 1 + sum(loop.round - 1 for loop in loops)
    for edge in procedure.incoming[node_id] if state.events else ():
        if edge.index in state.events and state.edges.get(edge.index):
            names |= {f"event.{name}": value for name, value in state.events[edge.index].items()}
    for edge in procedure.incoming[node_id] if state.loops else ():
        loop = state.loops.get(edge.index)
        if loop is None or loop.items is None or not state.edges.get(edge.index):
            continue
        item, count = loop.items[loop.round - 1], len(loop.items)
        names |= {"loop.iteration": loop.round, "loop.index": loop.round - 1, "loop.count": count}
        names |= {"loop.first": loop.round == 1, "loop.last": loop.round == count}
        names |= {"loop.item": item, f"loop.{edge.iterator_var}": item}
    return names


def begin_again(procedure: Procedure, state: State, node_id: str, at: datetime, *, around: Edge | None = None) -> None:
    """What had begun from the node on gets a new iteration; the way to the node stays as it was decided.

    `around`: the loop that goes round. Where it leads back, the node sees what the round before has come to.
    """
    source = around.source if around is not None and around.leads_back else None
    last, known = (state.nodes[source], dict(state.nodes)) if source is not None else (None, {})
    again = procedure.behind(node_id)
    for name in again:
        before = state.nodes[name]
        state.nodes[name] = NodeState(iteration=before.iteration + (before.released_at is not None))
        for edge in procedure.outgoing[name]:
            for kept in (state.edges, state.awaited, state.events):
                kept.pop(edge.index, None)
    _loops_again(procedure, state, node_id, again, around)
    release(procedure, state, node_id, at)
    if last is not None and source is not None:
        node = state.nodes[node_id]
        seen = {name: known[name].outputs for name in (*last.ancestors, source)}
        node.scope = {**node.scope, **last.scope, **last.outputs, **own_names(procedure, state, node_id)}
        node.earlier = {**last.earlier, **seen}


def _loops_again(procedure: Procedure, state: State, node_id: str, again: frozenset[str], around: Edge | None) -> None:
    """Loops inside what begins again begin again too; those that lead to where it begins count on.

    But for each item of a list, a loop back to the node that takes it begins again.
    """
    next_item = around is not None and not around.leads_back
    for edge in procedure.edges:
        loop = state.loops.get(edge.index)
        if loop is None:
            continue
        if edge.source in again:
            loop.due = False
        if edge.target in again and (edge.target != node_id or (next_item and edge.leads_back)):
            if edge.source in again:
                del state.loops[edge.index]
            else:
                loop.round = 1


def due(procedure: Procedure, state: State) -> Edge | None:
    """The loop that goes round now: nothing that leads into its round is under way. Of several, the innermost."""
    if not state.loops:
        return None
    under_way = [name for name, node in state.nodes.items() if node.phase in UNDER_WAY]
    under_way += [edge.source for edge in procedure.edges if edge.index in state.awaited]
    ready: dict[tuple[int, bool, int], Edge] = {}
    for edge in procedure.edges:
        if edge.index in state.loops and _has_more(state, edge):
            inside = procedure.behind(edge.target)
            if not any(inside & procedure.behind(name) for name in under_way):
                ready[len(inside), not edge.leads_back, edge.index] = edge
    return ready[min(ready)] if ready else None


def _has_more(state: State, edge: Edge) -> bool:
    loop, target = state.loops[edge.index], state.nodes[edge.target]
    if loop.items is None:
        return loop.due
    ran = target.phase in (NodePhase.DONE, NodePhase.FAILED)
    return ran and loop.round < len(loop.items) and bool(state.edges.get(edge.index))


def begin_round(procedure: Procedure, state: State, edge: Edge, at: datetime) -> None:
    """One more time around a loop."""
    loop = state.loops[edge.index]
    if edge.for_each is not None and state.loose_end is None and (loose := first_loose_end(procedure, state)):
        node_id, reason = loose
        state.loose_end = node_id, f"{reason} (round {loop.round} of {len(loop.items or ())})"
    loop.round += 1
    loop.due = False
    begin_again(procedure, state, edge.target, at, around=edge)


def first_loose_end(procedure: Procedure, state: State) -> tuple[str, str] | None:
    """A node that ended well, and no edge led on from it although it has some: its id, and what is to be said of it."""
    for node_id, node in state.nodes.items():
        edges = procedure.onward[node_id] if node.phase is NodePhase.DONE else ()
        if led_on(state, edges):
            continue
        # Nothing to do for the items of an empty list is no dead end.
        if not edges or node.cut_off or any(edge.for_each for edge in edges):
            continue
        if not led_on(state, _back(procedure, node_id)):
            conditions = ", ".join(f"`{edge.condition}`" for edge in edges)
            return node_id, f"no condition held after {node_id}: {conditions}"
    return None


def led_on(state: State, edges: Iterable[Edge]) -> bool:
    """Whether one of these was taken."""
    for edge in edges:  # noqa: SIM110 - a generator takes three times as long, and every step of every run asks
        if state.edges.get(edge.index):
            return True
    return False


def _back(procedure: Procedure, node_id: str) -> list[Edge]:
    return [edge for edge in procedure.outgoing[node_id] if edge.leads_back]


def tickets_cut_off(
    procedure: Procedure, state: State, node_id: str, taken: Collection[int], at: datetime, *, came: bool = False
) -> list[str]:
    """The tickets that nobody has to answer any more when the node ends, or an event comes, with these taken."""
    if not procedure.joins:
        return []
    trial = replace(
        state,
        nodes={name: replace(node) for name, node in state.nodes.items()},
        edges=dict(state.edges),
        loops={index: replace(loop) for index, loop in state.loops.items()},
        awaited=dict(state.awaited),
    )
    if came:
        decide_awaited(procedure, trial, node_id, taken, at)
    else:
        failed = any(edge.by_failure for edge in procedure.outgoing[node_id] if edge.index in taken)
        trial.nodes[node_id].phase = NodePhase.FAILED if failed else NodePhase.DONE
        decide_edges(procedure, trial, node_id, taken, at)
    cut = [name for name, node in trial.nodes.items() if node.cut_off]
    waits = [state.nodes[name].wait for name in cut]
    return [wait.ticket for wait in waits if wait is not None and wait.ticket]


def too_few(procedure: Procedure, state: State) -> tuple[str, int, int] | None:
    """A join that too few of its edges were taken to: the node, how many were, how many it needs."""
    for node_id, needed in procedure.joins.items():
        node = state.nodes[node_id]
        came = sum(1 for edge in procedure.incoming[node_id] if state.edges.get(edge.index))
        if node.phase is NodePhase.SKIPPED and not node.cut_off and came:
            return node_id, came, needed
    return None
