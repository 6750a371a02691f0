"""The facts of a run: what its journal is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from opsdesk.kit.trace_context import traceparent


class FactKind(StrEnum):
    """What can happen to a run."""

    # Beneath each kind: its payload.
    RUN_STARTED = "run_started"
    """inputs, actor; trace (a `traceparent`) where somebody traces. Of a child: `parent` (who waits for it), and of one
    that runs a single node `part` (the node, and what it sees)."""
    NODE_ENDED = "node_ended"
    """outputs, and `taken`: the indexes of the edges that the run goes on along. Where it was not its own call
    that ended it: `by` (what came in) and actor; of a node that a person skipped also the reason. `usage`, of an
    agent, also where it failed: model, tokens, and the cost where it has prices. `items`: by
    index of a `for_each` edge the items of its list. `tickets`: those of
    branches that a join did not wait for. `undoes`, of a node that undoes another: node and iteration."""
    ATTEMPT_FAILED = "attempt_failed"
    """code, message, attempt, and retry_at: the node is tried again then."""
    NODE_FAILED = "node_failed"
    """code, message, attempt, `timeout` (true: time ran out), and `taken`. No edge taken: an incident. `undoes`
    likewise. `outputs`: it had answered, and a loop was refused; kept where it may have to be undone."""
    NODE_BLOCKED = "node_blocked"
    """The node answered, and where to go on could not be decided: outputs, expression, message. An incident."""
    NODE_WAITING = "node_waiting"
    """reason (`callback`, `person`, `rate_limit`, `timer`, `children`, `outage`), until, resend_at, ticket, role: the
    node waits for the world. has_turn: resend_at is a turn under the rate limit. runs: the ids of its children;
    procedure, digest: what they run. outage, since: the call, or the re-send, is parked because this endpoint does not
    answer."""
    NODE_RELEASED = "node_released"
    """outage, canary: the call is let through to the endpoint again; `canary` true: as the one that tries whether it
    answers."""
    CHILD_ENDED = "child_ended"
    """run, index, outcome, outputs; of one that did not complete node, reason, code, timeout: a child has ended."""
    NODE_RETRIED = "node_retried"
    """actor, new_key: a person has a failed or blocked node executed again."""
    NODE_RERUN = "node_rerun"
    """actor, reason, nodes: a person has this node and those behind it (`nodes`) run again, in a new iteration;
    tickets: those of them that were open."""
    NODE_AMENDED = "node_amended"
    """values, actor, reason, ticket: what this human node shows was amended, and is so for everything behind it."""
    NODE_ESCALATED = "node_escalated"
    """step (from 1), ticket, role, priority, event: the time of the person who is waited for is running out."""
    ROUND_BEGUN = "round_begun"
    """edge, round, nodes: a loop goes round, so that this node and those behind it run again, in a new iteration."""
    EVENT_CAME = "event_came"
    """event (name, data, key), actor, and `taken`: the indexes of the edges out of this node that waited for it. Those
    that waited beside them are dead."""
    RUN_PAUSED = "run_paused"
    """actor, reason: nothing new begins until the pause ends."""
    PAUSE_ENDED = "pause_ended"
    """actor: a person ended the pause."""
    LEASE_LOST = "lease_lost"
    """owner: the worker that held the run died; counts towards setting the run aside."""
    RUN_SET_ASIDE = "run_set_aside"
    """message: the run kept losing its workers; a person has to look at it."""
    RUN_RESUMED = "run_resumed"
    """actor: a person let a run go on that was set aside."""
    RUN_MIGRATED = "run_migrated"
    """from, to (digests), actor, reason: the run goes on in another version. `edges`: by the number of an edge in the
    version before, as a text, its number in this one, where it is another."""
    UNDO_BEGUN = "undo_begun"
    """outcome, node, reason, actor: how the run ends once everything that is to be undone has been. `finishing`: the
    nodes whose calls under way are waited for before; tickets: those that nobody has to answer any more."""
    RUN_CORRECTED = "run_corrected"
    """values, actor, reason: inputs of the run are these from now on. `again`: nodes whose tickets were opened too late
    to be amended, and are asked anew; tickets: those."""
    RUN_ENDED = "run_ended"
    """outcome (completed, stopped, timed_out, cancelled), node, reason, actor."""
    IGNORED = "ignored"
    """kind, payload, reason: something came in that had nothing to act on. Kept, because nothing is ever dropped."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One row of the journal. `node` is empty for facts about the run as a whole."""

    kind: FactKind
    at: datetime
    node: str = ""
    iteration: int = 1
    payload: Mapping[str, Any] = field(default_factory=dict)


def start_payload(inputs: Mapping[str, Any], actor: str) -> dict[str, Any]:
    """Of the fact that a run was started, under the trace of whoever starts it."""
    trace = traceparent()
    return {"inputs": inputs, "actor": actor} | ({} if trace is None else {"trace": trace})
