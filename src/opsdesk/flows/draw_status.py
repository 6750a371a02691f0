"""What a picture says about a run: the line under a node's name, and the caption."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from types import MappingProxyType
from urllib.parse import urlsplit

from opsdesk.flows.draw_words import Words
from opsdesk.flows.engine import status
from opsdesk.flows.procedure import Node, NodeType, Procedure
from opsdesk.flows.state import NodePhase, NodeState, RunStatus, State, Undoing
from opsdesk.kit.masking import mask_text

MINUTE_S = 60
HOUR_S = 60 * MINUTE_S
DAY_S = 24 * HOUR_S


@dataclass(frozen=True, slots=True)
class OutageTold:
    """What is told of an endpoint that nodes wait for."""

    since: datetime
    waiting: int
    """Runs, over all procedures."""
    is_held: bool = False
    """By an operator, whether it answers or not."""


NO_OUTAGES: Mapping[str, OutageTold] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Moment:
    """When and where the picture is looked at; without `now` nothing is called overdue, and no time is counted."""

    now: datetime | None = None
    zone: tzinfo = UTC
    outages: Mapping[str, OutageTold] = field(default_factory=dict)
    """By endpoint."""

    def stamp(self, at: datetime) -> str:
        """The time of day, with the date unless it is today's."""
        local = at.astimezone(self.zone)
        today = self.now is not None and self.now.astimezone(self.zone).date() == local.date()
        return f"{local:%H:%M}" if today else f"{local:%Y-%m-%d %H:%M}"

    def past(self, at: datetime) -> bool:
        return self.now is not None and at < self.now


def duration(span: timedelta | float, words: Words) -> str:
    """A length of time in the two largest units: `1 d 2 h`, `3 min 5 s`, `250 ms`."""
    seconds = span.total_seconds() if isinstance(span, timedelta) else span
    if 0 <= seconds < 1:
        return f"{round(seconds * 1000)} {words['ms']}"
    rest = round(seconds)
    parts = []
    for unit, length in (("d", DAY_S), ("h", HOUR_S), ("min", MINUTE_S), ("s", 1)):
        count, rest = divmod(rest, length)
        if count:
            parts.append(f"{count} {words[unit]}")
        elif parts:
            break
    return " ".join(parts[:2]) or f"0 {words['s']}"


def settled(state: State) -> State:
    """The state as it is to be shown: in a run that has ended nobody waits any more, and an incident is a failure."""
    if state.outcome is None:
        return state
    nodes = {}
    for key, node in state.nodes.items():
        phase = NodePhase.FAILED if node.phase is NodePhase.BLOCKED else node.phase
        nodes[key] = replace(node, phase=NodePhase.PENDING if phase in _UNDER_WAY else phase, wait=None)
    return replace(state, nodes=nodes)


def waited_for(node: Node, node_state: NodeState, words: Words) -> str:
    """Whom or what a waiting node waits for: a role, a partner's host, its turn."""
    wait = node_state.wait
    if wait and wait.outage:
        return words["waiting_outage"].format(endpoint=wait.outage)
    if wait and wait.reason == "rate_limit":
        return f"{words['waiting_turn']} ({words['rate_limit']})"
    if wait and wait.reason == "timer":
        return words["waiting_time"]
    if wait and wait.reason == "children":
        return words["waiting_children"]
    if (wait and (wait.role or wait.reason == "person")) or node.type is NodeType.HUMAN:
        whom = (wait and wait.role) or node.approval.role or words["anyone"]
    else:
        whom = partner(node) or words["partner"]
    return words["waiting_for"].format(whom=whom)


def children_told(node: Node, words: Words) -> str:
    """How many runs of their own carry the node out, and what they run; empty where the run itself does."""
    children = node.children
    if children is None:
        return ""
    many = words["children"].format(count=children.count) if children.count > 1 else ""
    what = words["runs_procedure"].format(procedure=children.procedure) if children.procedure is not None else ""
    return " · ".join(filter(None, [many, what])) or words["child"]


def partner(node: Node) -> str:
    """The host that an api node calls; empty where the address is put together at run time."""
    url = node.runtime.get("url")
    if not isinstance(url, str) or "${" in url:
        return ""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def node_lines(node: Node, node_state: NodeState, *, words: Words, moment: Moment) -> tuple[str, str]:
    """What the node does now, and the times or the error that belong to it."""
    phase = node_state.phase
    head = words[phase.value]
    details: list[str] = []
    if phase is NodePhase.WAITING:
        head = waited_for(node, node_state, words)
        details = _wait_times(node_state, words=words, moment=moment)
        if node_state.wait and (told := moment.outages.get(node_state.wait.outage or "")) is not None:
            head = words["waiting_hold"].format(endpoint=node_state.wait.outage) if told.is_held else head
            details = [
                words["since"].format(time=moment.stamp(told.since)),
                words["others_waiting"].format(count=told.waiting),
            ]
    elif phase is NodePhase.RETRYING and node_state.retry_at:
        time = moment.stamp(node_state.retry_at)
        details = [words["next_attempt"].format(attempt=node_state.attempt, time=time), _error(node_state)]
    elif phase is NodePhase.ACTIVE and node_state.released_at:
        details = [words["since"].format(time=moment.stamp(node_state.released_at))]
    elif phase is NodePhase.DONE:
        head = " · ".join(filter(None, [head, _span(node_state, words)]))
        details = [moment.stamp(node_state.ended_at) if node_state.ended_at else ""]
        if node_state.skipped_because is not None:
            details.append(words["skipped_by"].format(reason=mask_text(node_state.skipped_because)))
    elif phase is NodePhase.PENDING and node_state.released_at:
        head = words["unfinished"]
    elif phase in (NodePhase.FAILED, NodePhase.BLOCKED):
        details = [_error(node_state)]
    if node_state.attempt > 1 and phase in (NodePhase.DONE, NodePhase.FAILED):
        details.append(words["attempts"].format(attempt=node_state.attempt))
    if node_state.undoes is not None:
        details.append(words["undoes"].format(node=node_state.undoes[0]))
    if node_state.iteration > 1:
        details.append(words["iteration"].format(iteration=node_state.iteration))
    return head, " · ".join(filter(None, details))


def caption(procedure: Procedure, state: State, *, words: Words, moment: Moment) -> tuple[NodePhase, list[str]]:
    """The lines above the picture: the outcome with its reason, or everything that the run waits for."""
    now = status(state)
    head = words[f"run_{now.value}"]
    if state.outcome_node:
        head = words["at_node"].format(what=head, node=state.outcome_node)
    reason = mask_text(state.outcome_reason or "")
    lines = [words["because"].format(what=head, reason=reason) if reason else head]
    if state.set_aside is not None:
        lines.append(words["set_aside"].format(reason=mask_text(state.set_aside)))
    if state.outcome is None and state.pause is not None:
        by = words["paused_by"].format(actor=state.pause.actor, reason=mask_text(state.pause.reason))
        lines.append(by)
    if state.outcome is None and state.undoing is not None:
        lines.append(_undoing(state.undoing, words))
    if state.outcome is None:
        for node in procedure.nodes.values():
            node_state = state.nodes.get(node.id)
            if node_state and node_state.phase in _WORTH_SAYING:
                says = " · ".join(filter(None, node_lines(node, node_state, words=words, moment=moment)))
                lines.append(f"{node.id}: {says}")
    return _LOOKS[now], lines


def _undoing(undoing: Undoing, words: Words) -> str:
    """How the run ends then, and how much of it is undone."""
    end, done = words[f"run_{undoing.outcome.value}"], len(undoing.undone)
    count = done + len(undoing.left) + (undoing.now is not None)
    outcome = words["because"].format(what=end, reason=mask_text(undoing.reason)) if undoing.reason else end
    return words["undoing"].format(outcome=outcome, done=done, count=count)


def _wait_times(node_state: NodeState, *, words: Words, moment: Moment) -> list[str]:
    wait = node_state.wait
    if wait is None:
        return []
    details = []
    if wait.since:
        return [words["since"].format(time=moment.stamp(wait.since))]
    if wait.until:
        late = moment.past(wait.until)
        details.append(words["overdue" if late else "until"].format(time=moment.stamp(wait.until)))
        if moment.now is not None and not late:
            details.append(words["in"].format(duration=duration(wait.until - moment.now, words)))
    if wait.clock is not None and wait.clock.since is None:
        details.append(words["clock_stands"])
    if wait.resend_at:
        details.append(words["resend"].format(time=moment.stamp(wait.resend_at)))
    return details


def _error(node_state: NodeState) -> str:
    error = node_state.error or {}
    return mask_text(": ".join(str(error[key]) for key in ("code", "message") if error.get(key)))


def _span(node_state: NodeState, words: Words) -> str:
    if node_state.released_at is None or node_state.ended_at is None:
        return ""
    return duration(node_state.ended_at - node_state.released_at, words)


_UNDER_WAY = frozenset({NodePhase.ACTIVE, NodePhase.RETRYING, NodePhase.WAITING})
_WORTH_SAYING = frozenset({NodePhase.WAITING, NodePhase.RETRYING, NodePhase.BLOCKED})
_LOOKS = {
    RunStatus.RUNNING: NodePhase.ACTIVE,
    RunStatus.WAITING: NodePhase.WAITING,
    RunStatus.BLOCKED: NodePhase.BLOCKED,
    RunStatus.PAUSED: NodePhase.WAITING,
    RunStatus.COMPENSATING: NodePhase.RETRYING,
    RunStatus.COMPLETED: NodePhase.DONE,
    RunStatus.STOPPED: NodePhase.FAILED,
    RunStatus.TIMED_OUT: NodePhase.FAILED,
    RunStatus.CANCELLED: NodePhase.SKIPPED,
}
