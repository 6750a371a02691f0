"""Runs as the HTTP API shows them: personal values masked unless the reader may see them; procedures are beside."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from opsdesk.access import Actor, Scope
from opsdesk.flows.facts import FactKind
from opsdesk.flows.procedure import NodeType, Procedure
from opsdesk.flows.runs import JournalRow, Run
from opsdesk.flows.state import NodePhase, NodeState, RunStatus, State, Undoing, Wait
from opsdesk.flows.views_outages import OutageView as OutageView
from opsdesk.flows.views_procedures import DefinitionPage as DefinitionPage
from opsdesk.flows.views_procedures import DefinitionView as DefinitionView
from opsdesk.flows.views_procedures import FindingView as FindingView
from opsdesk.flows.views_procedures import LintView as LintView
from opsdesk.kit.http_shapes import Next, Sha256, View
from opsdesk.kit.masking import mask_mapping, mask_secrets, mask_text

Sight = Callable[[Mapping[str, Any]], dict[str, Any]]
"""What a reader may see of values by name."""


def sight(actor: Actor, procedure: Procedure) -> Sight:
    """Secrets are shown to nobody; personal values, by their declaration, their names or their looks, to few."""
    if Scope.PERSONAL_READ in actor.scopes:
        return mask_secrets
    fields = [
        *procedure.inputs,
        *(field for node in procedure.nodes.values() for field in (*node.inputs, *node.outputs)),
    ]
    personal = frozenset(field.name for field in fields if field.personal)
    return lambda values: mask_mapping(values, personal=personal)


class WakeView(View):
    """What an open run waits for."""

    at: datetime | None
    """When it goes on at the latest; null: when what it waits for happens."""
    name: str
    """What it waits for, in words."""


class OutcomeView(View):
    """Where a run ended and why."""

    node: str | None
    """The id of the node; null where it was no node that ended the run."""
    reason: str
    """In words; may be empty."""


class RunView(View):
    """The header of a run."""

    id: UUID
    """The id of the run."""
    procedure: str
    """The id of the procedure."""
    digest: Sha256
    """The version of the procedure that the run is pinned to."""
    status: RunStatus
    """Open: `running`, `waiting` for a time, a person or a partner, `blocked` by an incident until a person retries or
    cancels, `paused` until a person resumes it, `compensating` while what it has done is undone before it ends. The
    others are final; `stopped`: no condition led further, such as after a rejection."""
    started_by: str
    """The id of the actor."""
    started_at: datetime
    """When it was started."""
    ended_at: datetime | None
    """When it ended; null while it is open."""
    wake: WakeView | None
    """What it waits for; null where it waits for nothing."""
    outcome: OutcomeView | None
    """Where it ended and why; null while it is open."""

    @staticmethod
    def of(run: Run) -> "RunView":
        open_run = run.ended_at is None
        return RunView(
            id=run.run_id,
            procedure=run.procedure_id,
            digest=run.digest,
            status=RunStatus(run.status),
            started_by=run.actor,
            started_at=run.started_at,
            ended_at=run.ended_at,
            wake=WakeView(at=run.wake_at, name=run.wake_name) if open_run and run.wake_name else None,
            outcome=None
            if open_run
            else OutcomeView(node=run.outcome_node, reason=mask_text(run.outcome_reason or "")),
        )


class RunPage(View):
    """Some runs."""

    items: list[RunView]
    """The runs."""
    next: Next
    counts: dict[RunStatus, int]
    """Runs by status, under the filters of the list other than the status; 10000 stands for that many or more."""


class WaitView(View):
    """For whom a node waits."""

    reason: Literal["person", "partner", "rate_limit", "timer", "children", "outage"]
    """A person at the review desk, a partner's answer, its turn under the rate limit of the partner, a time, runs that
    it has started, or the end of an outage."""
    role: str | None
    """The role of the person; null: anyone, or no person."""
    ticket: str | None
    """The id of the ticket, where it waits for a person."""
    until: datetime | None
    """When the waiting ends in any case; null: never, or its clock stands."""
    stands: bool
    """Whether its clock stands, because the customer is waited for."""
    resend_at: datetime | None
    """When the partner is asked again, or the turn comes; null: never."""
    outage: str | None
    """The endpoint that does not answer, while the call waits for it and time stands still for the node; else null."""
    since: datetime | None
    """Since when it waits for the outage to be over; null: for none."""

    @staticmethod
    def of(wait: Wait) -> "WaitView":
        facts = {name: getattr(wait, name) for name in ("role", "ticket", "until", "resend_at", "outage", "since")}
        stands = wait.clock is not None and wait.clock.since is None
        return WaitView(reason=_WAITS[wait.reason], stands=stands, **facts)


_WAITS: Mapping[str, Literal["person", "partner", "rate_limit", "timer", "children", "outage"]] = {
    "person": "person",
    "callback": "partner",
    "rate_limit": "rate_limit",
    "timer": "timer",
    "children": "children",
    "outage": "outage",
}
"""Why a node waits, in the journal and outside."""


class ErrorView(View):
    """The last failure of a node."""

    code: str
    """What kind of failure; stable."""
    message: str
    """What was wrong, in a sentence."""


class NodeStateView(View):
    """How far a node of a run is."""

    id: str
    """The id of the node."""
    name: str
    """What people call it."""
    type: NodeType
    """How it is executed."""
    phase: NodePhase
    """`pending` until a way leads to it, or `skipped` where none does; `active` while it is executed, `retrying` and
    `waiting` until it is again or an answer comes; then `done`, `failed` where an edge says how to go on after that, or
    `blocked`: an incident."""
    iteration: int
    """How often the run came here, from 1."""
    attempt: int
    """Which attempt is under way or was the last, from 1; 0 before the first."""
    released_at: datetime | None
    """When it could begin; null: it has not been its turn."""
    ended_at: datetime | None
    """When it ended; null: it has not."""
    retry_at: datetime | None
    """When it is tried again; null unless it is `retrying`."""
    wait: WaitView | None
    """For whom it waits; null unless it is `waiting`."""
    error: ErrorView | None
    """What was last wrong; null: nothing was."""
    outputs: dict[str, Any]
    """What it ended with, by name."""
    skipped_because: str | None
    """Why a person skipped it; null: nobody did."""
    undoes: str | None
    """The id of the node that it undoes, or undid last; null: none."""


class ParentView(View):
    """Which run started this one, and for which node."""

    run: UUID
    """The id of the run that waits for this one."""
    node: str
    """The id of the node that this run carries out."""
    iteration: int
    """Which iteration of the node, from 1."""
    index: int
    """Which of the runs of the node this is, from 0."""
    count: int
    """How many runs carry out the node."""


class RunDetail(RunView):
    """A run with the state of each of its nodes."""

    parent: ParentView | None
    """Which run started it; null: no other run did."""
    inputs: dict[str, Any]
    """What it was started with, by name."""
    deadline_at: datetime | None
    """When it ends as `timed_out`; null: its procedure has no time limit."""
    pause: "PauseView | None"
    """Who paused it and why; null: it is not paused."""
    undoing: "UndoingView | None"
    """How it ends once what it has done is undone; null: it is not being undone, and was not."""
    set_aside: str | None
    """Why nobody works on the run until it is retried; null: it was not set aside."""
    nodes: list[NodeStateView]
    """Every node of its procedure, in the order of the document."""

    @staticmethod
    def whole(run: Run, procedure: Procedure, state: State, see: Sight) -> "RunDetail":
        return RunDetail(
            **RunView.of(run).model_dump(),
            parent=_parent(state),
            inputs=see(state.inputs),
            deadline_at=state.deadline_at,
            pause=PauseView(actor=state.pause.actor, at=state.pause.at, reason=mask_text(state.pause.reason))
            if state.pause
            else None,
            undoing=UndoingView.of(state.undoing) if state.undoing else None,
            set_aside=state.set_aside and mask_text(state.set_aside),
            nodes=[_node_state(procedure, name, node, see) for name, node in state.nodes.items()],
        )


def _parent(state: State) -> ParentView | None:
    parent = state.parent
    if parent is None:
        return None
    return ParentView(
        run=UUID(parent.run), node=parent.node, iteration=parent.iteration, index=parent.index, count=parent.count
    )


def _node_state(procedure: Procedure, node_id: str, state: NodeState, see: Sight) -> NodeStateView:
    declared = procedure.nodes[node_id]
    error = state.error
    return NodeStateView(
        id=node_id,
        name=declared.name,
        type=declared.type,
        phase=state.phase,
        iteration=state.iteration,
        attempt=state.attempt,
        released_at=state.released_at,
        ended_at=state.ended_at,
        retry_at=state.retry_at if state.phase is NodePhase.RETRYING else None,
        wait=WaitView.of(state.wait) if state.wait else None,
        error=ErrorView(code=str(error["code"]), message=mask_text(str(error["message"]))) if error else None,
        outputs=see(state.outputs),
        skipped_because=state.skipped_because and mask_text(state.skipped_because),
        undoes=state.undoes[0] if state.undoes else None,
    )


class PauseView(View):
    """Why nothing new begins in a run."""

    actor: str
    """The id of the actor who paused it."""
    at: datetime
    """Since when."""
    reason: str
    """Why, in words."""


class UndoingView(View):
    """That a run is being undone before it ends."""

    outcome: RunStatus
    """How it ends then."""
    node: str | None
    """The id of the node that it ends at; null: at none."""
    reason: str
    """Why it ends, in words."""
    actor: str | None
    """The id of the actor who cancelled it; null: nobody did."""
    at: datetime
    """Since when."""
    undone: int
    """What has been undone, in iterations of nodes."""
    left: int
    """What has not been yet."""

    @staticmethod
    def of(undoing: Undoing) -> "UndoingView":
        return UndoingView(
            outcome=undoing.outcome,
            node=undoing.node,
            reason=mask_text(undoing.reason),
            actor=undoing.actor or None,
            at=undoing.begun_at,
            undone=len(undoing.undone),
            left=len(undoing.left) + (undoing.now is not None) + len(undoing.finishing),
        )


class FactView(View):
    """One line of a run's journal."""

    seq: int
    """Its place in the journal, from 1."""
    fact: FactKind
    """What happened."""
    at: datetime
    """When."""
    node: str | None
    """The id of the node that it is about; null: the run as a whole."""
    iteration: int
    """Which iteration of the node, from 1."""
    payload: dict[str, Any]
    """The facts of this case, by name; each kind has its own."""

    @staticmethod
    def of(row: JournalRow, see: Sight) -> "FactView":
        payload = dict(row.payload)
        if "items" in payload:
            # Away from the name that says whether they are personal, nobody sees them; they are among the outputs.
            payload["items"] = {index: len(items) for index, items in payload["items"].items()}
        if "part" in payload:
            # What it sees is shown where it comes from, in the journal of the parent.
            payload["part"] = payload["part"]["node"]
        return FactView(**asdict(row) | {"node": row.node or None, "payload": see(payload)})


class JournalPage(View):
    """Some lines of a run's journal, in the order in which things happened."""

    items: list[FactView]
    """The lines."""
    next: Next
