"""Facts that a node waits: for an answer that was promised, for a time, for a person. Part of the pure core."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from opsdesk.flows.calls import Timer
from opsdesk.flows.engine import Execute
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.procedure import Node
from opsdesk.flows.retries import backoff_s
from opsdesk.flows.state import NodeState
from opsdesk.kit.calendars import add_working

WAIT_DEFAULT_S = 7 * 86400
"""How long an answer that a partner promised is waited for, where the node does not say."""


def promised(declared: Node, node: NodeState, attempt: int, now: datetime, *, error: Mapping[str, Any] | None) -> Fact:
    """The partner will answer later: wait from the first request on, and ask again as the retry policy says."""
    sends = node.sends + 1
    until = node.wait.until if node.wait and node.wait.reason == "callback" else None
    if until is None:
        assert node.released_at is not None
        # The queue before a rate limit takes nothing from the partner's time, which begins with the turn.
        parked_until = node.wait.until if node.wait and node.wait.reason == "rate_limit" else None
        until = (parked_until or node.released_at) + timedelta(seconds=declared.timeout_s or WAIT_DEFAULT_S)
    payload: dict[str, Any] = {"reason": "callback", "until": until.isoformat(), "attempt": attempt, "sends": sends}
    if sends <= declared.retry.max_retries:
        payload["resend_at"] = (now + timedelta(seconds=backoff_s(declared.retry, sends, declared.id))).isoformat()
    if error:
        payload["error"] = error
    return Fact(FactKind.NODE_WAITING, now, declared.id, node.iteration, payload)


def timed(node: NodeState, command: Execute, timer: Timer, now: datetime) -> Fact:
    """Counted from when the node began, so that a worker lost in between takes nothing from it and adds nothing."""
    assert node.released_at is not None
    until = timer.at or node.released_at + timedelta(seconds=timer.after_s or 0)
    payload = {"reason": "timer", "until": until.isoformat(), "attempt": command.attempt}
    return Fact(FactKind.NODE_WAITING, now, command.node, node.iteration, payload)


def person_asked(declared: Node, node: NodeState, ticket: str, now: datetime) -> tuple[Fact, datetime | None]:
    """The fact that a ticket is open, and when it is due."""
    timeout_s = declared.approval.timeout_s or declared.timeout_s
    assert node.released_at is not None
    calendar = declared.approval.calendar
    due_at = add_working(calendar, node.released_at, timeout_s) if timeout_s is not None else None
    payload: dict[str, Any] = {"reason": "person", "ticket": ticket, "attempt": node.attempt}
    if due_at is not None:
        payload["until"] = due_at.isoformat()
    if declared.approval.role:
        payload["role"] = declared.approval.role
    return Fact(FactKind.NODE_WAITING, now, declared.id, node.iteration, payload), due_at
