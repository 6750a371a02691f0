"""Procedures and runs as the HTTP API shows them: personal values masked unless the reader may see them."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from opsdesk.access import Actor, Scope
from opsdesk.flows.definitions import Definition
from opsdesk.flows.facts import FactKind
from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.procedure import EdgeMode, NodeType, Procedure
from opsdesk.flows.runs import JournalRow, Run
from opsdesk.flows.state import NodePhase, NodeState, RunStatus, State, Wait
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


class DefinitionView(BaseModel):
    """A stored version of a procedure."""

    id: str
    name: str
    version: str
    digest: str
    """SHA-256 of the text, in hexadecimal."""
    file: str
    stored_at: datetime

    @staticmethod
    def of(definition: Definition) -> "DefinitionView":
        return DefinitionView(
            id=definition.procedure_id,
            name=definition.name,
            version=definition.version,
            digest=definition.digest,
            file=definition.file_name,
            stored_at=definition.created_at,
        )


class DefinitionPage(BaseModel):
    items: list[DefinitionView]
    next: str | None


class FieldView(BaseModel):
    name: str
    required: bool
    personal: bool
    description: str
    json_schema: dict[str, Any]
    """JSON Schema; empty: any value."""


class NodeView(BaseModel):
    id: str
    type: NodeType
    name: str
    purpose: str


class EdgeView(BaseModel):
    source: str
    target: str
    mode: EdgeMode
    condition: str | None


class ProcedureView(DefinitionView):
    """The newest version of a procedure, with what a run of it is started with, and its text."""

    description: str
    inputs: list[FieldView]
    nodes: list[NodeView]
    edges: list[EdgeView]
    source: str

    @staticmethod
    def whole(definition: Definition, procedure: Procedure) -> "ProcedureView":
        return ProcedureView(
            **DefinitionView.of(definition).model_dump(),
            description=procedure.description,
            inputs=[
                FieldView(
                    name=field.name,
                    required=field.required,
                    personal=field.personal,
                    description=field.description,
                    json_schema=dict(field.schema),
                )
                for field in procedure.inputs
            ],
            nodes=[
                NodeView(id=node.id, type=node.type, name=node.name, purpose=node.purpose)
                for node in procedure.nodes.values()
            ],
            edges=[
                EdgeView(source=edge.source, target=edge.target, mode=edge.mode, condition=edge.condition)
                for edge in procedure.edges
            ],
            source=procedure.source,
        )


class FindingView(BaseModel):
    code: str
    severity: Severity
    message: str
    hint: str
    line: int
    column: int
    where: str

    @staticmethod
    def of(finding: Finding) -> "FindingView":
        facts = {name: getattr(finding, name) for name in ("code", "severity", "message", "hint", "where")}
        return FindingView(**facts, line=finding.position.line, column=finding.position.column)


class LintView(BaseModel):
    """Everything that is to be said about a document. `runnable`: it would be stored."""

    procedure: str | None
    runnable: bool
    findings: list[FindingView]


class WakeView(BaseModel):
    """What an open run waits for: until when at most, and in words."""

    at: datetime | None
    name: str


class OutcomeView(BaseModel):
    """Where a run ended and why."""

    node: str | None
    reason: str


class RunView(BaseModel):
    """The header of a run."""

    id: UUID
    procedure: str
    digest: str
    """The version that the run is pinned to."""
    status: RunStatus
    started_by: str
    started_at: datetime
    ended_at: datetime | None
    wake: WakeView | None
    outcome: OutcomeView | None

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


class RunPage(BaseModel):
    items: list[RunView]
    next: str | None
    counts: dict[RunStatus, int]
    """Runs of the procedure filtered by, or of all, by status."""


class WaitView(BaseModel):
    """For whom a node waits: `person`, `partner` or `rate_limit`; for a person with the role and the ticket."""

    reason: str
    role: str | None
    ticket: str | None
    until: datetime | None
    resend_at: datetime | None

    @staticmethod
    def of(wait: Wait) -> "WaitView":
        reason = "partner" if wait.reason == "callback" else wait.reason
        return WaitView(reason=reason, role=wait.role, ticket=wait.ticket, until=wait.until, resend_at=wait.resend_at)


class ErrorView(BaseModel):
    """The last failure of a node."""

    code: str
    message: str


class NodeStateView(BaseModel):
    id: str
    name: str
    type: NodeType
    phase: NodePhase
    iteration: int
    attempt: int
    released_at: datetime | None
    ended_at: datetime | None
    retry_at: datetime | None
    wait: WaitView | None
    error: ErrorView | None
    outputs: dict[str, Any]


class RunDetail(RunView):
    """A run with the state of each of its nodes."""

    inputs: dict[str, Any]
    deadline_at: datetime | None
    set_aside: str | None
    """Why nobody works on the run until it is retried."""
    nodes: list[NodeStateView]

    @staticmethod
    def whole(run: Run, procedure: Procedure, state: State, see: Sight) -> "RunDetail":
        return RunDetail(
            **RunView.of(run).model_dump(),
            inputs=see(state.inputs),
            deadline_at=state.deadline_at,
            set_aside=state.set_aside and mask_text(state.set_aside),
            nodes=[_node_state(procedure, name, node, see) for name, node in state.nodes.items()],
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
    )


class FactView(BaseModel):
    """One line of a run's journal."""

    seq: int
    fact: FactKind
    at: datetime
    node: str | None
    iteration: int
    payload: dict[str, Any]

    @staticmethod
    def of(row: JournalRow, see: Sight) -> "FactView":
        return FactView(**asdict(row) | {"node": row.node or None, "payload": see(row.payload)})


class JournalPage(BaseModel):
    items: list[FactView]
    next: str | None
