"""Undoing: when a run ends otherwise than it should, what was completed is undone, the last first.

Pure, like the engine. A node names the node that undoes it (`x-compensate`). The fact `undo_begun` says how the run is
to end; from then on nothing goes on but calls under way whose nodes would have to be undone, and the undo nodes, one
after the other. The run ends when all of them have.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.procedure import Procedure
from opsdesk.flows.state import Completed, NodePhase, NodeState, RunStatus, State, Undoing

UNDER_WAY = frozenset({NodePhase.ACTIVE, NodePhase.RETRYING, NodePhase.WAITING, NodePhase.BLOCKED})
CALLED = UNDER_WAY - {NodePhase.BLOCKED}
_OVER = frozenset({FactKind.NODE_ENDED, FactKind.NODE_FAILED, FactKind.NODE_BLOCKED})


def run_ended(outcome: RunStatus, now: datetime, *, node: str | None, reason: str, actor: str = "") -> Fact:
    payload: dict[str, Any] = {"outcome": outcome.value, "reason": reason}
    if node:
        payload["node"] = node
    if actor:
        payload["actor"] = actor
    return Fact(FactKind.RUN_ENDED, now, payload=payload)


def ending(
    procedure: Procedure,
    state: State,
    outcome: RunStatus,
    now: datetime,
    *,
    node: str | None,
    reason: str,
    actor: str = "",
    under_way: Collection[str] = (),
    expired: str | None = None,
) -> Fact:
    """That the run ends, or, where something has to be undone before, that its undoing begins.

    `under_way` are the nodes whose calls are being made: what such a call has done is known only when it has ended.
    `expired` is the node whose ticket is closed already.
    """
    over = run_ended(outcome, now, node=node, reason=reason, actor=actor)
    if state.undoing is not None or not procedure.undo_nodes:
        return over
    finishing = [
        name
        for name, stands in state.nodes.items()
        if name in under_way and stands.phase in CALLED and _is_undone(procedure, name, outcome)
    ]
    if not finishing and not any(_is_undone(procedure, each.node, outcome) for each in state.completed):
        return over
    payload = {**over.payload, "finishing": finishing}
    waits = [stands.wait for name, stands in state.nodes.items() if name != expired]
    if tickets := [wait.ticket for wait in waits if wait is not None and wait.ticket]:
        payload["tickets"] = tickets
    return Fact(FactKind.UNDO_BEGUN, now, payload=payload)


def _is_undone(procedure: Procedure, node_id: str, outcome: RunStatus) -> bool:
    undo = procedure.nodes[node_id].undo
    return undo is not None and undo.node in procedure.undo_nodes and outcome.value in undo.on


def begin_undoing(procedure: Procedure, state: State, fact: Fact) -> None:
    """Nothing else goes on: what waited is not waited for any more, and an incident is none any more."""
    payload = fact.payload
    for name, node in state.nodes.items():
        if node.phase not in UNDER_WAY:
            continue
        node.wait, node.retry_at = None, None
        if name in payload["finishing"]:
            node.phase = NodePhase.ACTIVE
        elif node.phase is NodePhase.BLOCKED:
            node.phase = NodePhase.FAILED
        else:
            node.phase, node.cut_off, node.ended_at = NodePhase.SKIPPED, True, fact.at
    state.awaited.clear()
    state.pause, state.set_aside, state.leases_lost = None, None, 0
    outcome = RunStatus(payload["outcome"])
    state.undoing = Undoing(
        outcome=outcome,
        node=payload.get("node"),
        reason=payload["reason"],
        actor=payload.get("actor", ""),
        begun_at=fact.at,
        left=[each for each in state.completed if _is_undone(procedure, each.node, outcome)],
        finishing=set(payload["finishing"]),
    )
    _undo_next(procedure, state, fact.at)


def note_end(procedure: Procedure, state: State, fact: Fact) -> None:
    """Of a fact about a node, once it is applied: what of it is to be undone, and what is undone now."""
    if fact.kind not in _OVER:
        return
    undoing = state.undoing
    if fact.node in procedure.undo_nodes:
        if fact.kind is FactKind.NODE_ENDED and undoing is not None and undoing.now is not None:
            undoing.undone.append(undoing.now)
            undoing.now = None
            _undo_next(procedure, state, fact.at)
        return
    if procedure.nodes[fact.node].undo is not None and _was_completed(fact):
        _keep(state, fact)
    if undoing is not None and fact.node in undoing.finishing:
        undoing.finishing.discard(fact.node)
        if state.nodes[fact.node].phase is NodePhase.BLOCKED:
            state.nodes[fact.node].phase = NodePhase.FAILED
        _undo_next(procedure, state, fact.at)


def _was_completed(fact: Fact) -> bool:
    """Whether the node did its work: also where nobody could tell how to go on, and not where a person skipped it."""
    return "outputs" in fact.payload and fact.payload.get("by") != "skip"


def _keep(state: State, fact: Fact) -> None:
    """Once for each idempotency key: the same work answered twice is one work, and its last answer counts."""
    node, outputs = state.nodes[fact.node], fact.payload["outputs"]
    seen = {**node.earlier, **{name: state.nodes[name].outputs for name in node.ancestors}, fact.node: outputs}
    scope = {**node.scope, **outputs}
    done = Completed(fact.node, node.iteration, node.key_generation, scope, seen, node.amended)
    for kept in (state.completed, state.undoing.left if state.undoing is not None else []):
        kept[:] = [each for each in kept if each.key != done.key]
    state.completed.append(done)
    undoing = state.undoing
    if undoing is not None:
        undoing.left.append(done)


def _undo_next(procedure: Procedure, state: State, at: datetime) -> None:
    """Have the undo node of what was completed last run, in an iteration of its own."""
    undoing = state.undoing
    if undoing is None or undoing.finishing or undoing.now is not None or not undoing.left:
        return
    done = undoing.now = undoing.left.pop()
    undo = procedure.nodes[done.node].undo
    assert undo is not None
    before = state.nodes[undo.node]
    state.nodes[undo.node] = NodeState(
        phase=NodePhase.ACTIVE,
        iteration=before.iteration + (before.released_at is not None),
        attempt=1,
        released_at=at,
        scope=done.scope,
        earlier=done.outputs,
        amended=done.amended,
        undoes=(done.node, done.iteration),
    )


def is_finishing(state: State, node_id: str) -> bool:
    """Whether only the end of its call is waited for: nothing is behind it any more."""
    return state.undoing is not None and node_id in state.undoing.finishing


def not_called(state: State, node_id: str, now: datetime, *, attempt: int) -> Fact:
    """Its call would have had to wait for its turn under the rate limit."""
    message = "the run was being undone before its turn under the rate limit came"
    payload = {"code": "NotCalled", "message": message, "attempt": attempt, "taken": [], "timeout": False}
    return Fact(FactKind.NODE_FAILED, now, node_id, state.nodes[node_id].iteration, payload)


def undoes(state: State, node_id: str) -> Mapping[str, Any]:
    """For the fact about an undo node: what it undoes."""
    undone = state.nodes[node_id].undoes
    return {} if undone is None else {"undoes": {"node": undone[0], "iteration": undone[1]}}
