"""Clocks of a run: time limits in working time, which stand while the customer is waited for. Part of the pure core."""

from datetime import datetime

from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.procedure import Procedure
from opsdesk.flows.state import Clock, NodePhase, NodeState, State
from opsdesk.kit.calendars import Calendar, add_working, working_s


def tick(procedure: Procedure, state: State, fact: Fact) -> None:
    """What a fact, already taken into the state, does to clocks: they begin, stop or go on at its time."""
    if fact.kind is FactKind.RUN_STARTED and procedure.timeout_s is not None:
        state.clock = Clock(procedure.timeout_s, fact.at)
    elif fact.kind is FactKind.NODE_WAITING and fact.payload["reason"] == "person":
        _begin(procedure, state.nodes[fact.node], fact.node)
    waits = _waits_for_customer(procedure, state)
    if waits and state.stopped_since is None:
        state.stopped_since, state.stops = fact.at, state.stops + 1
    if waits:
        _stop_all(procedure, state)
    elif state.stopped_since is not None:
        state.stopped_since = None
        _start_all(procedure, state, fact.at)


def _begin(procedure: Procedure, node: NodeState, node_id: str) -> None:
    declared = procedure.nodes[node_id]
    timeout_s = declared.approval.timeout_s or declared.timeout_s
    if timeout_s is not None and node.wait is not None:
        node.wait.clock = Clock(timeout_s, node.released_at)


def _waits_for_customer(procedure: Procedure, state: State) -> bool:
    for edge in procedure.edges if state.awaited else ():
        if edge.waits_for_customer and edge.index in state.awaited:
            return True
    return any(
        node.phase is NodePhase.WAITING
        and node.wait is not None
        and node.wait.reason == "callback"
        and procedure.nodes[node_id].waits_for_customer
        for node_id, node in state.nodes.items()
    )


def _stop_all(procedure: Procedure, state: State) -> None:
    """Also those that began while the others stood."""
    assert state.stopped_since is not None
    for node_id, node in state.nodes.items():
        wait = node.wait
        if wait is not None and wait.clock is not None:
            calendar = procedure.nodes[node_id].approval.calendar
            wait.until = _stopped(wait.clock, wait.until, calendar, state.stopped_since)
    if state.clock is not None:
        state.deadline_at = _stopped(state.clock, state.deadline_at, procedure.calendar, state.stopped_since)


def _stopped(clock: Clock, until: datetime | None, calendar: Calendar | None, at: datetime) -> datetime | None:
    """None; but what has run out already has run out."""
    if clock.since is None or (until is not None and until <= at):
        return until
    clock.left_s -= working_s(calendar, clock.since, max(clock.since, at))
    clock.since = None
    return None


def _start_all(procedure: Procedure, state: State, at: datetime) -> None:
    for node_id, node in state.nodes.items():
        wait = node.wait
        if wait is not None and wait.clock is not None and wait.clock.since is None:
            wait.clock.since = at
            wait.until = add_working(procedure.nodes[node_id].approval.calendar, at, wait.clock.left_s)
    if state.clock is not None and state.clock.since is None:
        state.clock.since = at
        state.deadline_at = add_working(procedure.calendar, at, state.clock.left_s)


def stands(node: NodeState) -> bool:
    """Whether the time limit of the person who is waited for stands."""
    return node.wait is not None and node.wait.clock is not None and node.wait.clock.since is None


def escalates_at(procedure: Procedure, node_id: str, node: NodeState) -> datetime | None:
    """When the next escalation of the node is due; None: there is none, or the clock stands."""
    wait, approval = node.wait, procedure.nodes[node_id].approval
    if wait is None or wait.clock is None or wait.clock.since is None or wait.escalated >= len(approval.escalations):
        return None
    lead_s = wait.clock.left_s - approval.escalations[wait.escalated].before_s
    return add_working(approval.calendar, wait.clock.since, lead_s)


def escalated(procedure: Procedure, node_id: str, node: NodeState, now: datetime) -> Fact:
    """The fact that the next escalation of the node is made."""
    assert node.wait is not None
    step = procedure.nodes[node_id].approval.escalations[node.wait.escalated]
    payload = {
        "step": node.wait.escalated + 1,
        "ticket": node.wait.ticket,
        "role": step.role,
        "priority": step.priority,
        "event": step.event,
    }
    return Fact(FactKind.NODE_ESCALATED, now, node_id, node.iteration, payload)
