"""Procedures as the HTTP API shows them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from opsdesk.flows.definitions import Definition
from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.procedure import EdgeMode, NodeType, Procedure
from opsdesk.kit.http_shapes import Next, Sha256, View


class DefinitionView(View):
    """A stored version of a procedure."""

    id: str
    """The id of the procedure, as its document has it."""
    name: str
    """What people call it."""
    version: str
    """As the document has it; may be empty."""
    digest: Sha256
    """SHA-256 of the text: what names this version."""
    file: str
    """The name of the file that it came in."""
    stored_at: datetime
    """When this text first came."""
    stored_by: str | None
    """The id of the actor who stored it; null: that was not kept yet."""

    @staticmethod
    def of(definition: Definition) -> "DefinitionView":
        return DefinitionView(
            id=definition.procedure_id,
            name=definition.name,
            version=definition.version,
            digest=definition.digest,
            file=definition.file_name,
            stored_at=definition.created_at,
            stored_by=definition.stored_by,
        )


class DefinitionPage(View):
    """Some stored versions of procedures."""

    items: list[DefinitionView]
    """The versions."""
    next: Next


class FieldView(View):
    """An input of a procedure."""

    name: str
    """The name of the input."""
    required: bool
    """Whether a run cannot be started without it."""
    personal: bool
    """Whether it is about a person, and masked for those who may not see it."""
    description: str
    """What it is, in words; may be empty."""
    json_schema: dict[str, Any]
    """What it has to look like, as JSON Schema; empty: any value."""


class NodeView(View):
    """A step of a procedure."""

    id: str
    """The id of the node, as its document has it."""
    type: NodeType
    """How it is executed."""
    name: str
    """What people call it."""
    purpose: str
    """What it is for, in words; may be empty."""


class EdgeView(View):
    """A way from one step to another."""

    source: str
    """The id of the node that it leaves."""
    target: str
    """The id of the node that it leads to."""
    mode: EdgeMode
    """When it is taken."""
    condition: str | None
    """What has to be true for that, as a CEL expression; null: nothing."""


class ProcedureView(DefinitionView):
    """The newest version of a procedure, with what a run of it is started with, and its text."""

    description: str
    """What it does, in words; may be empty."""
    inputs: list[FieldView]
    """What a run of it is started with."""
    nodes: list[NodeView]
    """Its steps, in the order of the document."""
    edges: list[EdgeView]
    """The ways between them, in the order of the document."""
    source: str
    """The text of the document."""

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
                EdgeView(source=edge.source, target=edge.target, mode=edge.mode, condition=edge.told or None)
                for edge in procedure.edges
            ],
            source=procedure.source,
        )


class FindingView(View):
    """What is wrong, or worth knowing, in a document."""

    code: Annotated[str, Field(json_schema_extra={"pattern": "^OSOP[0-9]{3}$"})]
    """Stable; what it means is documented."""
    severity: Severity
    """A document with an error is refused."""
    message: str
    """What was found, in a sentence."""
    hint: str
    """What to do about it; may be empty."""
    line: int
    """Where, counted from 1."""
    column: int
    """Where in the line, counted from 1."""
    where: str
    """The part of the document in its own words, such as `nodes.register.timeout_sec`; may be empty."""

    @staticmethod
    def of(finding: Finding) -> "FindingView":
        facts = {name: getattr(finding, name) for name in ("code", "severity", "message", "hint", "where")}
        return FindingView(**facts, line=finding.position.line, column=finding.position.column)


class LintView(View):
    """Everything that is to be said about a document."""

    procedure: str | None
    """The id of the procedure; null where the document cannot be read as one."""
    runnable: bool
    """Whether it would be stored."""
    findings: list[FindingView]
    """What was found, sorted by place."""
