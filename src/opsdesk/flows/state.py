"""The state of a run: what its facts add up to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class RunStatus(StrEnum):
    """Where a run stands as a whole."""

    RUNNING = "running"
    """Something is being executed now."""
    WAITING = "waiting"
    """Everything left waits for a time, a person or a partner."""
    BLOCKED = "blocked"
    """An incident waits for a person to retry or cancel."""
    PAUSED = "paused"
    """Nothing new begins until a person resumes it."""
    COMPLETED = "completed"
    STOPPED = "stopped"
    """Ended where no condition led further, such as a rejection."""
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    COMPENSATING = "compensating"
    """How it ends is known, and what it has done is being undone before."""


OPEN = frozenset({RunStatus.RUNNING, RunStatus.WAITING, RunStatus.BLOCKED, RunStatus.PAUSED, RunStatus.COMPENSATING})


class NodePhase(StrEnum):
    """Where one node of a run stands."""

    PENDING = "pending"
    ACTIVE = "active"
    """To be executed, or being executed."""
    RETRYING = "retrying"
    """Waits to be executed again."""
    WAITING = "waiting"
    """Waits for a time, a partner's answer, a person, or its turn under a rate limit."""
    DONE = "done"
    FAILED = "failed"
    """Failed for good, and an edge of the procedure says how to go on."""
    BLOCKED = "blocked"
    """An incident."""
    SKIPPED = "skipped"
    """No taken edge leads here."""


@dataclass(slots=True)
class Clock:
    """Time that is left: so much at `since`, and all of it from then on; it stands where `since` is None."""

    left_s: float
    since: datetime | None


@dataclass(slots=True)
class Wait:
    """What a node waits for. `until` is when waiting ends; `resend_at` when the request is sent again before that."""

    reason: str
    until: datetime | None = None
    resend_at: datetime | None = None
    ticket: str | None = None
    role: str | None = None
    has_turn: bool = False
    """`resend_at` is the turn under the rate limit that is reserved for it."""
    runs: Sequence[str] = ()
    """The ids of its children, in their order."""
    outage: str | None = None
    """The endpoint that does not answer: the call (or the re-send) waits until its circuit lets it through, and time
    stands still for the node."""
    since: datetime | None = None
    """Since when it waits for that outage to be over; kept over the calls that try."""
    parked_at: datetime | None = None
    """Since when time stands still for it."""
    clock: Clock | None = None
    """Of a person, where the procedure counts working time: what `until` follows from; None while the clock stands."""
    escalated: int = 0
    """How many of its escalations have been made."""

    @staticmethod
    def of(payload: Mapping[str, Any]) -> "Wait":
        """As the fact that a node waits has it."""

        def moment(name: str) -> datetime | None:
            return datetime.fromisoformat(payload[name]) if payload.get(name) else None

        return Wait(
            reason=payload["reason"],
            until=moment("until"),
            resend_at=moment("resend_at"),
            ticket=payload.get("ticket"),
            role=payload.get("role"),
            has_turn=payload.get("has_turn", False),
            runs=payload.get("runs", ()),
            outage=payload.get("outage"),
            since=moment("since"),
        )


@dataclass(frozen=True, slots=True)
class Pause:
    """Who paused a run, when and why."""

    actor: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Parent:
    """The run and the node that a child was started by, and what is wanted of it."""

    run: str
    node: str
    iteration: int
    index: int
    """Among the children of the node, from 0."""
    count: int
    chain: Sequence[str]
    """The procedures of the runs above, from the first one on."""
    returns: Sequence[str]
    """The names that are handed back."""
    takes_failure: bool
    """Whether the parent goes on by a failure, so that it is not an incident here."""
    takes_timeout: bool
    may_spawn: bool


@dataclass(slots=True)
class Child:
    """A run that carries out a node of this one."""

    node: str
    iteration: int
    end: Mapping[str, Any] | None = None
    """What it ended with: the payload of `child_ended`; None while it is open."""


@dataclass(slots=True)
class NodeState:
    phase: NodePhase = NodePhase.PENDING
    iteration: int = 1
    attempt: int = 0
    """The attempt under way or last made, from 1."""
    sends: int = 0
    """How often the partner was asked since it first promised an answer; a re-send that failed counts too."""
    key_generation: int = 1
    """Goes up when a person retries with a new idempotency key."""
    retries: int = 0
    """How often a person had it executed again."""
    released_at: datetime | None = None
    """When it became executable: its wait is measured from here."""
    ended_at: datetime | None = None
    scope: Mapping[str, Any] = field(default_factory=dict)
    """The names it sees: the run's inputs, and the outputs of the nodes on the taken paths to it."""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    retry_at: datetime | None = None
    wait: Wait | None = None
    error: Mapping[str, Any] | None = None
    """code, message, attempt of the last failure."""
    ancestors: frozenset[str] = frozenset()
    """The nodes on the taken paths to it."""
    skipped_because: str | None = None
    """Why a person skipped it."""
    earlier: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By node: outputs of the round before, where a loop led back to it or to a node before it."""
    undoes: tuple[str, int] | None = None
    """Of a node that undoes others: which one now, and in which iteration of it."""
    amended: Mapping[str, Any] = field(default_factory=dict)
    """By full spelling (`inputs.amount`, `outputs.score.amount`): what was amended on the taken paths to it."""
    parked_since: datetime | None = None
    """Since when it waits for an outage to be over, also while it is the one that tries."""
    cut_off: bool = False
    """It was skipped, or what came after it was no longer waited for, because a join did not wait for it."""

    @property
    def is_parked(self) -> bool:
        """Its call waits for an outage to be over."""
        return self.phase is NodePhase.WAITING and self.wait is not None and self.wait.outage is not None


@dataclass(slots=True)
class Loop:
    """How far an edge of mode `loop` has gone round."""

    round: int = 1
    """Under way or last, from 1."""
    items: Sequence[Any] | None = None
    """One for each round; None: it goes round as long as its condition holds."""
    due: bool = False
    """Its condition held, and the next round begins as soon as everything of this one has ended."""


@dataclass(frozen=True, slots=True)
class Completed:
    """What a node has done that another node undoes, with the names that the node saw and gave then."""

    node: str
    iteration: int
    key_generation: int
    scope: Mapping[str, Any]
    outputs: Mapping[str, Mapping[str, Any]]
    """Its own, and those of the nodes on the way to it, by node."""
    amended: Mapping[str, Any]
    """By full spelling: what was amended on the way to it."""

    @property
    def key(self) -> tuple[str, int, int]:
        """As its idempotency key tells it from others."""
        return self.node, self.iteration, self.key_generation


@dataclass(slots=True)
class Undoing:
    """A run that is being undone, and how it ends then."""

    outcome: RunStatus
    node: str | None
    reason: str
    actor: str
    begun_at: datetime
    left: list[Completed]
    """Still to be undone, the last first."""
    finishing: set[str]
    """Nodes whose calls are waited for before anything is undone."""
    now: Completed | None = None
    """Being undone."""
    undone: list[Completed] = field(default_factory=list)


@dataclass(slots=True)
class State:
    """Made by `engine.fold`; never changed by anything else."""

    nodes: dict[str, NodeState]
    run_id: str = ""
    edges: dict[int, bool] = field(default_factory=dict)
    """By index: True taken, False dead; absent while undecided."""
    loops: dict[int, Loop] = field(default_factory=dict)
    """By index of the edge, once it was taken."""
    rounds: int = 0
    """How many rounds all loops together have been given, beyond the first of each."""
    awaited: dict[int, datetime] = field(default_factory=dict)
    """By index of an `event` edge: since when it waits."""
    events: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    """By index of an `event` edge: the name, data and key of the event that it was taken by."""
    completed: list[Completed] = field(default_factory=list)
    """In order: what would have to be undone."""
    undoing: Undoing | None = None
    loose_end: tuple[str, str] | None = None
    """Where no condition led on in an earlier round of a `for_each`: the node, and what is to be said of it."""
    seq: int = 0
    """How many facts the journal holds."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    actor: str = ""
    trace: str | None = None
    """The `traceparent` that the run was started under."""
    started_at: datetime | None = None
    deadline_at: datetime | None = None
    clock: Clock | None = None
    """What `deadline_at` follows from, where the procedure counts working time."""
    stopped_since: datetime | None = None
    """Since when clocks stand, because the customer is waited for."""
    stops: int = 0
    """How often they were stopped."""
    ended_at: datetime | None = None
    outcome: RunStatus | None = None
    outcome_node: str | None = None
    outcome_reason: str | None = None
    leases_lost: int = 0
    """Since the last progress."""
    set_aside: str | None = None
    pause: Pause | None = None
    parent: Parent | None = None
    """Of a child."""
    children: dict[str, Child] = field(default_factory=dict)
    """By id of the run: those that this run has started."""
