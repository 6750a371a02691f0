"""From what came back (of a call, a person, a partner, an operator) to facts. Pure, like the engine."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from opsdesk.flows.calls import Done, Failed, NodeOutcome, Timer, Wait
from opsdesk.flows.compensation import ending, is_finishing, undoes
from opsdesk.flows.corrections import corrected, decided_upon
from opsdesk.flows.engine import Execute, GoRound
from opsdesk.flows.expressions import ConditionFailed
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.nodes.outputs import bind_outputs
from opsdesk.flows.procedure import Edge, EdgeMode
from opsdesk.flows.program import Program
from opsdesk.flows.retries import backoff_s
from opsdesk.flows.rounds import LoopRefused, items_of, way_back
from opsdesk.flows.state import NodePhase, RunStatus, State
from opsdesk.flows.waits import promised, timed
from opsdesk.flows.ways import behind, tickets_cut_off

ANSWERABLE = frozenset({NodePhase.ACTIVE, NodePhase.RETRYING, NodePhase.WAITING})
SKIPPABLE = ANSWERABLE | {NodePhase.BLOCKED}
"""It has begun, and nothing is behind it yet."""
_AWAITED = {"person": "a reviewer", "children": "the runs that it started"}
RERUNNABLE = SKIPPABLE | {NodePhase.DONE, NodePhase.FAILED}
"""A taken edge leads to it."""


def settle(program: Program, state: State, command: Execute, outcome: NodeOutcome, now: datetime) -> list[Fact]:
    """The facts that the outcome of a call makes. Empty: the node has been answered another way meanwhile."""
    node = state.nodes[command.node]
    if is_settled(state, command):
        return []
    if isinstance(outcome, Done):
        used = {} if outcome.usage is None else {"usage": outcome.usage}
        return [ended(program, state, command.node, outcome.outputs, now, **used)]
    if is_finishing(state, command.node):
        return [failed(program, state, command.node, _given_up(outcome), now, attempt=command.attempt)]
    if isinstance(outcome, Wait):
        return [promised(program.procedure.nodes[command.node], node, command.attempt, now, error=None)]
    if isinstance(outcome, Timer):
        return [timed(node, command, outcome, now)]
    if command.resend:
        # The first request stands, so its answer is still waited for.
        error = {"code": outcome.code, "message": outcome.message, "attempt": command.attempt}
        return [promised(program.procedure.nodes[command.node], node, command.attempt, now, error=error)]
    return [failed(program, state, command.node, outcome, now, attempt=command.attempt)]


def _given_up(outcome: Wait | Timer | Failed) -> Failed:
    """What is only promised is not waited for by a run that is being undone."""
    if isinstance(outcome, Failed):
        return outcome
    return Failed("NotWaitedFor", "the run was being undone when an answer was promised")


def is_settled(state: State, command: Execute) -> bool:
    """Whether the call is of no use any more: the run has ended, or its node was answered or begun again meanwhile."""
    node = state.nodes[command.node]
    same = (node.retries, node.iteration) == (command.retries, command.iteration)
    return state.outcome is not None or node.phase not in ANSWERABLE or not same


def ended(program: Program, state: State, node_id: str, outputs: Mapping[str, Any], now: datetime, **more: Any) -> Fact:
    """The node has its outputs; which edges are taken is decided here, once."""
    node = state.nodes[node_id]
    if state.undoing is not None:
        payload = {"outputs": outputs, "taken": [], **undoes(state, node_id), **more}
        if node.wait is not None and node.wait.ticket and "reason" in more:
            payload["tickets"] = [node.wait.ticket]
        return Fact(FactKind.NODE_ENDED, now, node_id, node.iteration, payload)
    try:
        taken, items = _taken(program, state, node_id, outputs)
    except ConditionFailed as error:
        payload = {
            "outputs": outputs,
            "expression": error.expression,
            "message": error.message,
            "attempt": node.attempt,
        }
        return Fact(FactKind.NODE_BLOCKED, now, node_id, node.iteration, {"code": "ConditionFailed", **payload, **more})
    except LoopRefused as refused:
        failure = Failed(refused.code, refused.message, usage=more.get("usage"))
        fact = failed(program, state, node_id, failure, now, attempt=node.attempt)
        kept = {"outputs": outputs} if program.procedure.nodes[node_id].undo is not None else {}
        return replace(fact, payload={**fact.payload, **kept})
    ends = {"outputs": outputs, "taken": taken, **items, **_cut_off(program, state, node_id, taken, now), **more}
    return Fact(FactKind.NODE_ENDED, now, node_id, node.iteration, ends)


def _cut_off(program: Program, state: State, node_id: str, taken: list[int], now: datetime) -> dict[str, list[str]]:
    tickets = tickets_cut_off(program.procedure, state, node_id, taken, now)
    return {"tickets": tickets} if tickets else {}


def _taken(
    program: Program, state: State, node_id: str, outputs: Mapping[str, Any]
) -> tuple[list[int], dict[str, dict[str, list[Any]]]]:
    """The indexes of the edges that are taken, and the items of those that go over a list; a loop back goes alone."""
    if (certain := program.certain.get(node_id)) is not None:
        return list(certain), {}
    edges = [edge for edge in program.procedure.onward[node_id] if not edge.waits]
    values = names(program, state, node_id, outputs)
    if (around := way_back(program, state, node_id, values)) is not None:
        return [around.index], {}
    lists = {edge.index: items_of(program, state, edge, values) for edge in edges if edge.for_each}
    taken = [edge.index for edge in edges if (lists[edge.index] if edge.for_each else _is_true(program, edge, values))]
    items = {str(index): items for index, items in lists.items() if items}
    return taken, {"items": items} if items else {}


def _is_true(program: Program, edge: Edge, values: Mapping[str, Any]) -> bool:
    return edge.index not in program.conditions or program.conditions[edge.index].evaluate(values)


def names(program: Program, state: State, node_id: str, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Every name that a condition behind the node may use: bare, `inputs.…` and `outputs.<node>.…`."""
    node = state.nodes[node_id]
    values = {**node.scope, **outputs}
    for name, value in state.inputs.items():
        values[f"inputs.{name}"] = value
    seen = {**node.earlier, **{ancestor: state.nodes[ancestor].outputs for ancestor in node.ancestors}}
    for ancestor, produced in seen.items():
        for name, value in produced.items():
            values[f"outputs.{ancestor.replace('-', '_')}.{name}"] = value
    for name, value in outputs.items():
        values[f"outputs.{node_id.replace('-', '_')}.{name}"] = value
    values.update(node.amended)
    values["metadata.run_id"] = state.run_id
    values["metadata.procedure_id"] = program.procedure.id
    values["metadata.attempt"] = node.attempt
    return values


def failed(program: Program, state: State, node_id: str, failure: Failed, now: datetime, *, attempt: int) -> Fact:
    """Tried again later if the policy says so; else the failure edges that fit are taken; else an incident."""
    declared, node = program.procedure.nodes[node_id], state.nodes[node_id]
    payload: dict[str, Any] = {"code": failure.code, "message": failure.message, "attempt": attempt}
    if failure.usage is not None:
        payload["usage"] = failure.usage
    finishing = is_finishing(state, node_id)
    if failure.retryable and not finishing and attempt <= declared.retry.max_retries:
        delay = max(backoff_s(declared.retry, attempt, f"{node_id}:{now}"), failure.retry_after_s or 0)
        payload["retry_at"] = (now + timedelta(seconds=delay)).isoformat()
        return Fact(FactKind.ATTEMPT_FAILED, now, node_id, node.iteration, payload)
    payload |= undoes(state, node_id)
    payload["taken"] = [] if finishing else failure_edges(program, state, node_id, failure)
    payload["timeout"] = failure.timeout
    if payload["taken"]:
        payload |= _cut_off(program, state, node_id, payload["taken"], now)
    return Fact(FactKind.NODE_FAILED, now, node_id, node.iteration, payload)


def failure_edges(program: Program, state: State, node_id: str, failure: Failed) -> list[int]:
    """Timeout edges for a timeout; else the error edges whose condition holds; else the fallback edges."""
    outgoing = program.procedure.outgoing[node_id]
    if failure.timeout:
        taken = [edge.index for edge in outgoing if edge.mode is EdgeMode.TIMEOUT]
        if taken:
            return taken
    values = {"error.code": failure.code, "error.message": failure.message}
    values.update(names(program, state, node_id, {}))
    taken = [
        edge.index
        for edge in outgoing
        if edge.mode is EdgeMode.ERROR and (edge.index not in program.conditions or _holds(program, edge.index, values))
    ]
    return taken or [edge.index for edge in outgoing if edge.mode is EdgeMode.FALLBACK]


def _holds(program: Program, index: int, values: Mapping[str, Any]) -> bool:
    """An error edge whose condition cannot be decided does not fit; the failure it is about is still told."""
    try:
        return program.conditions[index].evaluate(values)
    except ConditionFailed:
        return False


def expired(program: Program, state: State, node_id: str, now: datetime) -> list[Fact]:
    """The wait ran out: a timer has ended; else the timeout edge is taken, or the run ends as timed out.

    Where a node that undoes another waited, it is an incident: the run ends when everything is undone, and not before.
    """
    node = state.nodes[node_id]
    assert node.wait is not None
    if node.wait.reason == "timer":
        return [ended(program, state, node_id, {}, now)]
    who = node.wait.role or _AWAITED.get(node.wait.reason, "the partner")
    failure = Failed("TimedOut", f"{node_id} waited for {who} until its time ran out", timeout=True)
    ticket = node.wait.ticket
    fact = failed(program, state, node_id, failure, now, attempt=node.attempt)
    if ticket:
        fact = replace(fact, payload={**fact.payload, "ticket": ticket})
    if fact.payload["taken"] or state.undoing is not None:
        return [fact]
    end = ending(
        program.procedure, state, RunStatus.TIMED_OUT, now, node=node_id, reason=failure.message, expired=node_id
    )
    return [fact, end]


def round_begun(command: GoRound, now: datetime) -> Fact:
    """A loop goes round."""
    payload = {"edge": command.edge, "round": command.round, "nodes": list(command.nodes)}
    return Fact(FactKind.ROUND_BEGUN, now, command.node, command.iteration, payload)


class ArrivalKind(StrEnum):
    """What can come in from outside."""

    CALLBACK = "callback"
    DECISION = "decision"
    SIGNAL = "signal"
    CANCEL = "cancel"
    RETRY = "retry"
    PAUSE = "pause"
    RESUME = "resume"
    SKIP = "skip"
    RERUN = "rerun"
    EVENT = "event"
    AMEND = "amend"
    CORRECT = "correct"
    CHILD = "child"
    """A run that carries out a node of this one has ended: see `child_ends`."""
    RELEASE = "release"
    """A parked call is let through again."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A row of the inbox."""

    inbox_id: int
    kind: ArrivalKind
    node: str
    iteration: int
    payload: Mapping[str, Any]
    actor: str
    at: datetime


def take_in(
    program: Program, state: State, arrival: Arrival, now: datetime, *, under_way: Collection[str] = ()
) -> list[Fact]:
    """The facts that an arrival makes; one that has nothing to act on is kept as ignored.

    `under_way`: the nodes whose calls are being made.
    """
    node = state.nodes.get(arrival.node)
    if state.outcome is not None:
        return [ignored(arrival, f"the run has ended: {state.outcome}", now)]
    match arrival.kind:
        case ArrivalKind.CANCEL | ArrivalKind.RERUN if state.undoing is not None:
            return [ignored(arrival, "the run is being undone", now)]
        case ArrivalKind.CANCEL:
            reason = str(arrival.payload.get("reason") or "cancelled")
            end, actor = RunStatus.CANCELLED, arrival.actor
            about = program.procedure, state, end, now
            return [ending(*about, node=None, reason=reason, actor=actor, under_way=under_way)]
        case ArrivalKind.RETRY if node is None and state.set_aside is not None:
            return [Fact(FactKind.RUN_RESUMED, now, payload={"actor": arrival.actor})]
        case ArrivalKind.RETRY if node is not None and node.phase is NodePhase.BLOCKED:
            payload = {"actor": arrival.actor, "new_key": bool(arrival.payload.get("new_key"))}
            return [Fact(FactKind.NODE_RETRIED, now, arrival.node, node.iteration, payload)]
        case ArrivalKind.PAUSE if state.pause is None:
            return [Fact(FactKind.RUN_PAUSED, now, payload=_steered(arrival))]
        case ArrivalKind.RESUME if state.pause is not None:
            return [Fact(FactKind.PAUSE_ENDED, now, payload={"actor": arrival.actor})]
        case ArrivalKind.SKIP if node is not None and node.iteration == arrival.iteration and node.phase in SKIPPABLE:
            outputs = arrival.payload["outputs"] or {}
            return [ended(program, state, arrival.node, outputs, now, by=arrival.kind.value, **_steered(arrival))]
        case ArrivalKind.RERUN if node is not None and node.iteration == arrival.iteration and node.phase in RERUNNABLE:
            return [_rerun(program, state, arrival, now)]
        case ArrivalKind.AMEND if node is not None and node.iteration == arrival.iteration and node.phase in ANSWERABLE:
            amended = {name: arrival.payload[name] for name in ("values", "ticket")} | _steered(arrival)
            return [Fact(FactKind.NODE_AMENDED, now, arrival.node, node.iteration, amended)]
        case ArrivalKind.CORRECT if decided := decided_upon(program.procedure, state, arrival.payload["values"]):
            name, where = next(iter(decided.items()))
            return [ignored(arrival, f"people have decided on {name} already, at {where}", now)]
        case ArrivalKind.CORRECT:
            return [corrected(program.procedure, state, arrival.payload, now, actor=arrival.actor)]
        case ArrivalKind.RELEASE if node is not None and node.iteration == arrival.iteration and node.is_parked:
            payload = {"outage": arrival.payload["outage"], "canary": arrival.payload["canary"]}
            return [Fact(FactKind.NODE_RELEASED, now, arrival.node, node.iteration, payload)]
        case ArrivalKind.EVENT:
            waiting = awaiting(program, state, arrival.payload["event"])
            facts = [_came(program, state, node_id, taken, arrival, now) for node_id, taken in waiting.items()]
            return facts or [ignored(arrival, f"nothing waits for the event {arrival.payload['event']['name']}", now)]
        case ArrivalKind.CALLBACK | ArrivalKind.SIGNAL | ArrivalKind.DECISION if (
            node is not None and node.iteration == arrival.iteration and node.phase in ANSWERABLE
        ):
            return _answered(program, state, arrival, now)
        case _:
            phase = node.phase if node else "not there"
            return [ignored(arrival, f"{arrival.node or 'the run'} is {phase}", now)]


def awaiting(program: Program, state: State, event: Mapping[str, Any]) -> dict[str, list[int]]:
    """By node that has ended: the edges out of it that wait for this event. A condition that its data does not fit does
    not wait for it."""
    found: dict[str, list[int]] = {}
    if state.outcome is not None:
        return found
    for edge in program.procedure.edges:
        if edge.index not in state.awaited:
            continue
        seen = names(program, state, edge.source, state.nodes[edge.source].outputs)
        seen.update({f"event.{name}": value for name, value in event.items()})
        if _holds(program, edge.index, seen):
            found.setdefault(edge.source, []).append(edge.index)
    return found


def _came(program: Program, state: State, node_id: str, taken: list[int], arrival: Arrival, now: datetime) -> Fact:
    payload = {"event": arrival.payload["event"], "taken": taken, "actor": arrival.actor}
    tickets = tickets_cut_off(program.procedure, state, node_id, taken, now, came=True)
    payload |= {"tickets": tickets} if tickets else {}
    return Fact(FactKind.EVENT_CAME, now, node_id, state.nodes[node_id].iteration, payload)


def _steered(arrival: Arrival) -> dict[str, Any]:
    return {"actor": arrival.actor, "reason": arrival.payload["reason"]}


def _rerun(program: Program, state: State, arrival: Arrival, now: datetime) -> Fact:
    again = behind(program.procedure, arrival.node)
    waits = [state.nodes[name].wait for name in again]
    payload = {
        **_steered(arrival),
        "nodes": again,
        "tickets": [wait.ticket for wait in waits if wait is not None and wait.ticket],
    }
    return Fact(FactKind.NODE_RERUN, now, arrival.node, state.nodes[arrival.node].iteration + 1, payload)


def _answered(program: Program, state: State, arrival: Arrival, now: datetime) -> list[Fact]:
    bound = bind_outputs(program.procedure.nodes[arrival.node], arrival.payload["answer"])
    by = {"actor": arrival.actor, "by": arrival.kind.value}
    if isinstance(bound, Done):
        return [ended(program, state, arrival.node, bound.outputs, now, **by)]
    attempt = program.procedure.nodes[arrival.node].retry.max_retries + 1
    return [failed(program, state, arrival.node, bound, now, attempt=attempt)]


def not_taken_in(state: State, arrival: Arrival, cause: str, now: datetime) -> Fact:
    """By a defect of ours. What waits for the arrival would wait in vain, so it becomes an incident."""
    node = state.nodes.get(arrival.node)
    message = f"the {arrival.kind} could not be taken in: {cause}"
    if state.outcome is not None or node is None or node.phase not in ANSWERABLE:
        return ignored(arrival, message, now)
    payload = {"code": "InternalError", "message": message, "attempt": node.attempt, "taken": [], "timeout": False}
    return Fact(FactKind.NODE_FAILED, now, arrival.node, node.iteration, payload)


def ignored(arrival: Arrival, reason: str, now: datetime) -> Fact:
    """What came in had nothing to act on; it is kept as evidence."""
    payload = {"kind": arrival.kind.value, "node": arrival.node, "reason": reason, "actor": arrival.actor}
    return Fact(FactKind.IGNORED, now, payload={**payload, "payload": arrival.payload})
