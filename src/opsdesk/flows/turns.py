"""Calls that waited for their turn, or for an outage to be over: what becomes of them then. Part of the pure core."""

from dataclasses import replace
from datetime import datetime

from opsdesk.flows.state import NodePhase, NodeState, State


def give_up_turns(state: State, at: datetime) -> None:
    """Turns under a rate limit that passed during a pause: they are asked for anew, or many would be used at once."""
    for node in state.nodes.values():
        wait = node.wait
        if node.phase is not NodePhase.WAITING or wait is None:
            continue
        if wait.reason == "rate_limit" and wait.until is not None and wait.until <= at:
            node.phase, node.wait, node.released_at = NodePhase.ACTIVE, None, at
        elif wait.has_turn and wait.resend_at is not None and wait.resend_at <= at:
            node.wait = replace(wait, has_turn=False)


def let_through(node: NodeState, at: datetime, *, canary: bool) -> None:
    """Time goes on: a call that was not made begins now, and a promised answer is waited for as much longer."""
    wait = node.wait
    assert wait is not None
    node.parked_since = node.parked_since if canary else None
    if wait.reason == "outage":
        node.phase, node.wait, node.released_at = NodePhase.ACTIVE, None, at
        return
    assert wait.parked_at is not None
    until = wait.until + (at - wait.parked_at) if wait.until is not None else None
    node.wait = replace(wait, until=until, resend_at=at, outage=None, since=None, parked_at=None)
