"""A run told line by line as it happens, for pipes and files: `12:00:01 register done 0.2 s`."""

import sys
from datetime import datetime

from opsdesk import flows
from opsdesk.app.output import print_data, span
from opsdesk.app.run_sight import Seen
from opsdesk.kit.masking import mask_text


class PlainLines:
    """Prints each fact once, with the time at which it happened, on the reader's clock."""

    def __init__(self) -> None:
        self._told = 0

    def show(self, seen: Seen, _now: datetime) -> None:
        """Print what has happened since the last time."""
        for row in seen.rows:
            if row.seq > self._told:
                print_data(f"{row.at.astimezone():%H:%M:%S} {mask_text(told(row, seen))}")
                self._told = row.seq
        sys.stdout.flush()

    def close(self) -> None:
        """Nothing is left to be done: every line stands as it was printed."""


def told(fact: "flows.runs.JournalRow", seen: Seen) -> str:
    """A fact in words, without a value of any input or output."""
    payload, node = fact.payload, fact.node
    match fact.fact:
        case "run_started":
            return f"run {seen.detail.id} of {seen.detail.procedure} started by {payload['actor']}"
        case "node_ended":
            if payload.get("by") == "skip":
                return f"{node} skipped by {payload['actor']}: {payload['reason']}"
            undid = f", {payload['undoes']['node']} is undone" if "undoes" in payload else ""
            return f"{node} done {_lasted(fact, seen)}".rstrip() + undid
        case "attempt_failed":
            again = datetime.fromisoformat(payload["retry_at"]).astimezone()
            attempt = payload["attempt"] + 1
            return f"{node} failed, {_error(fact)}; attempt {attempt} at {again:%H:%M:%S}"
        case "node_failed":
            goes_on = "; the procedure goes on" if payload.get("taken") else "; waits for an operator"
            return f"{node} failed, {_error(fact)}{goes_on}"
        case "node_blocked":
            return f"{node} answered, {payload['message']}; waits for an operator"
        case "node_waiting":
            return f"{node} {_waiting(fact)}"
        case "node_released":
            return f"{node} let through to {payload['outage']} again"
        case "node_retried":
            return f"{node} retried by {payload['actor']}"
        case "node_rerun":
            return f"{node} run again by {payload['actor']}: {payload['reason']}"
        case "node_amended":
            return f"{node}: {', '.join(payload['values'])} amended by {payload['actor']}: {payload['reason']}"
        case "run_corrected":
            return f"{', '.join(payload['values'])} corrected by {payload['actor']}: {payload['reason']}"
        case "child_ended":
            return f"{node}: run {payload['run']} {payload['outcome'].replace('_', ' ')}"
        case "node_escalated":
            said = [f"{name} {payload[name]}" for name in ("role", "priority", "event") if payload.get(name)]
            return f"{node} escalated: {', '.join(said)}"
        case "event_came":
            return f"the event {payload['event']['name']} came, after {node}"
        case "round_begun":
            return f"{node} again: round {payload['round']} of the loop"
        case "run_paused":
            return f"run paused by {payload['actor']}: {payload['reason']}"
        case "pause_ended":
            return f"pause ended by {payload['actor']}"
        case "lease_lost":
            return "the worker was lost; another one takes over"
        case "run_set_aside":
            return f"run set aside: {payload['message']}"
        case "run_resumed":
            return f"run resumed by {payload['actor']}"
        case "run_migrated":
            return f"moved to the version {payload['to'][:12]} by {payload['actor']}: {payload['reason']}"
        case "undo_begun":
            why = f": {payload['reason']}" if payload.get("reason") else ""
            return f"undoing begins; the run ends as {payload['outcome'].replace('_', ' ')} then{why}"
        case "run_ended":
            return _ended(fact)
        case _:
            return f"{node or 'run'} ignored {payload.get('kind', 'something')}: {payload.get('reason', '')}"


def _lasted(fact: "flows.runs.JournalRow", seen: Seen) -> str:
    node = next(node for node in seen.detail.nodes if node.id == fact.node)
    if node.iteration != fact.iteration or node.released_at is None:
        return ""
    return span((fact.at - node.released_at).total_seconds())


def _error(fact: "flows.runs.JournalRow") -> str:
    return ": ".join(str(fact.payload[key]) for key in ("code", "message") if fact.payload.get(key))


def _waiting(fact: "flows.runs.JournalRow") -> str:
    payload = fact.payload
    whom = {
        "person": f"waits for {payload.get('role') or 'a person'}",
        "callback": "waits for the partner's answer",
        "rate_limit": "waits for its turn",
        "timer": "waits",
        "children": f"waits for {len(payload.get('runs', ()))} runs",
        "outage": "waits",
    }[payload["reason"]]
    if payload.get("outage"):
        return f"{whom}: {payload['outage']} does not answer"
    if not payload.get("until"):
        return whom
    until = datetime.fromisoformat(payload["until"])
    return f"{whom} until {until.astimezone():%Y-%m-%d %H:%M}"


def _ended(fact: "flows.runs.JournalRow") -> str:
    payload = fact.payload
    if payload["outcome"] == "completed":
        return "run completed"
    where = f" at {payload['node']}" if payload.get("node") else ""
    why = f": {payload['reason']}" if payload.get("reason") else ""
    return f"run {payload['outcome'].replace('_', ' ')}{where}{why}"
