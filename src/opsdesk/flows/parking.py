"""Calls that are not made now: they wait for their turn under a rate limit, or for an outage to be over. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from opsdesk.flows.calls import Failed
from opsdesk.flows.compensation import is_finishing, not_called
from opsdesk.flows.engine import Execute
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.nodes.failures import Failure
from opsdesk.flows.program import Program
from opsdesk.flows.settle import failed, failure_edges, is_settled
from opsdesk.flows.state import State


@dataclass(frozen=True, slots=True)
class Parked:
    """The call has to wait for its turn under a rate limit."""

    until: datetime


@dataclass(frozen=True, slots=True)
class HeldUp:
    """The endpoint does not answer, and its circuit lets no call through."""

    endpoint: str
    failure: Failed | None = None
    """That of this call; None: it was not made."""


@dataclass(frozen=True, slots=True)
class ParkedCall:
    """A call that waits for an outage to be over."""

    endpoint: str
    since: datetime
    iteration: int


def parked_calls(state: State) -> dict[str, ParkedCall]:
    """By node."""
    found: dict[str, ParkedCall] = {}
    for node_id, node in state.nodes.items() if state.outcome is None else ():
        if node.is_parked and node.wait is not None and node.wait.outage and node.wait.since:
            found[node_id] = ParkedCall(node.wait.outage, node.wait.since, node.iteration)
    return found


def parked(state: State, command: Execute, until: datetime, now: datetime) -> list[Fact]:
    """The call waits for its turn under the rate limit; a re-send moves to then."""
    node = state.nodes[command.node]
    if is_settled(state, command):
        return []
    if is_finishing(state, command.node):
        return [not_called(state, command.node, now, attempt=command.attempt)]
    payload: dict[str, Any] = {"reason": "rate_limit", "until": until.isoformat(), "attempt": command.attempt}
    if command.resend:
        assert node.wait is not None
        assert node.wait.until is not None
        payload = {
            "reason": "callback",
            "until": node.wait.until.isoformat(),
            "resend_at": until.isoformat(),
            "attempt": node.attempt,
            "has_turn": True,
        }
    return [Fact(FactKind.NODE_WAITING, now, command.node, node.iteration, payload)]


def held_up(program: Program, state: State, command: Execute, outage: HeldUp, now: datetime) -> list[Fact]:
    """The call waits for the outage to be over, and takes no retry for it; a promised answer is still waited for.

    Where the procedure says how to go on after a failure, it goes on there at once: trying again would be in vain.
    """
    node = state.nodes[command.node]
    if is_settled(state, command):
        return []
    if is_finishing(state, command.node) and outage.failure is None:
        return [not_called(state, command.node, now, attempt=command.attempt)]
    missed = Failed(Failure.PROVIDER_OUT, f"{outage.endpoint} does not answer", timeout=True)
    failure = replace(outage.failure or missed, retryable=False)
    goes_on = not command.resend and failure_edges(program, state, command.node, failure)
    if goes_on or is_finishing(state, command.node):
        return [failed(program, state, command.node, failure, now, attempt=command.attempt)]
    payload: dict[str, Any] = {"reason": "outage", "attempt": command.attempt}
    if command.resend:
        assert node.wait is not None
        payload = {"reason": "callback", "attempt": node.attempt}
        if node.wait.until is not None:
            payload["until"] = node.wait.until.isoformat()
    payload |= {"outage": outage.endpoint, "since": (node.parked_since or now).isoformat()}
    if outage.failure is not None:
        payload["error"] = {"code": failure.code, "message": failure.message, "attempt": command.attempt}
    return [Fact(FactKind.NODE_WAITING, now, command.node, node.iteration, payload)]
