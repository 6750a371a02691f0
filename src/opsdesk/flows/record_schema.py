"""What the OSOP log of a run looks like, as JSON Schema for the description of the HTTP API."""

from collections.abc import Mapping, Sequence
from typing import Any

from opsdesk.flows.procedure import NodeType
from opsdesk.flows.state import RunStatus
from opsdesk.flows.trigger import TriggerKind
from opsdesk.kit.http_shapes import SHA256

_WHEN = {"type": "string", "format": "date-time"}
_HASH = {"type": "string", "pattern": SHA256}
_VALUES = {"type": "object", "additionalProperties": True, "description": "Values by name, masked as everywhere."}


def _object(
    description: str, properties: Mapping[str, Mapping[str, Any]], *, optional: Sequence[str] = ()
) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "description": description, "properties": properties, "required": required}


def _text(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


_RECORD = _object(
    "One attempt of one node.",
    {
        "node_id": _text("The id of the node."),
        "node_type": {"enum": list(NodeType), "description": "How the node is executed."},
        "status": {
            "enum": ["COMPLETED", "ERROR", "FAILED", "TIMEOUT", "RUNNING", "SKIPPED", "BLOCKED"],
            "description": "How the attempt ended; `RUNNING` while it has not, `BLOCKED` where the run never came.",
        },
        "attempt": {"type": "integer", "description": "From 1; not where nothing was executed."},
        "iteration": {"type": "integer", "description": "From 2; left out in the first."},
        "started_at": _WHEN | {"description": "When it began."},
        "ended_at": _WHEN | {"description": "When it ended."},
        "duration_ms": {"type": "integer", "description": "How long it took, in milliseconds."},
        "inputs": _VALUES,
        "outputs": _VALUES,
        "error": _text("What was wrong."),
        "reason": _text("Why it is as it is."),
        "actor": _text("The id of the actor who answered."),
        "retried_by": _text("The id of the actor who had it executed again."),
        "child_run_id": {"type": "string", "format": "uuid", "description": "The id of the run of its own."},
        "parent_id": _text("The node whose edge starts such runs."),
        "spawn_index": {"type": "integer", "description": "Which of the runs of the node it was, from 0."},
        "ai_metadata": _object(
            "What a model used.",
            {
                "model": _text("As the endpoint calls it."),
                "prompt_tokens": {"type": "integer", "description": "Read by it."},
                "completion_tokens": {"type": "integer", "description": "Written by it."},
                "cost": {"type": "number", "description": "By the prices of the node, where it has any."},
                "currency": _text("Of the cost."),
                "estimated": {"type": "boolean", "description": "The model did not say what it used."},
            },
            optional=("cost", "currency", "estimated"),
        ),
        "sends": {"type": "integer", "description": "How often the partner was asked, where that was more than once."},
        "prev_hash": _HASH | {"description": "The hash of the record before, in a chain."},
        "hash": _HASH | {"description": "The hash of this record, in a chain."},
    },
    optional=(
        *("attempt", "iteration", "started_at", "ended_at", "duration_ms", "inputs", "outputs"),
        *("error", "reason", "actor", "retried_by", "child_run_id", "parent_id", "spawn_index", "sends"),
        *("ai_metadata", "prev_hash", "hash"),
    ),
)

_COST = _object(
    "What models cost, where their nodes have prices.",
    {
        "total_usd": {"type": "number", "description": "In US dollars."},
        "breakdown": {
            "type": "array",
            "items": _object("Of a node.", {"node_id": _text("Its id."), "cost_usd": {"type": "number"}}),
            "description": "By node, the highest first.",
        },
        "other": {
            "type": "array",
            "items": _object(
                "Of a node.",
                {"node_id": _text("Its id."), "currency": _text("Its code."), "cost": {"type": "number"}},
            ),
            "description": "In other currencies, which the specification does not know.",
        },
    },
    optional=("total_usd", "breakdown", "other"),
)

LOG_SCHEMA = _object(
    "The log, as the OSOP specification has it.",
    {
        "osoplog_version": _text("Of the specification."),
        "run_id": {"type": "string", "format": "uuid", "description": "The id of the run."},
        "workflow_id": _text("The id of the procedure."),
        "workflow_version": _text("Of the procedure, where its document has one."),
        "workflow_hash": {
            "type": "string",
            "pattern": "^sha256:[0-9a-f]{64}$",
            "description": "The version of the procedure that the run is pinned to.",
        },
        "mode": {"const": "live", "description": "What was done was done."},
        "status": {
            "enum": ["COMPLETED", "TIMEOUT", "BLOCKED", "FAILED"],
            "description": "In the words of the specification, which has none for an open run; see `outcome`.",
        },
        "outcome": {"enum": list(RunStatus), "description": "The status of the run."},
        "trigger": _object(
            "Who started the run.",
            {
                "type": {"enum": list(TriggerKind), "description": "How; not of a run that another started."},
                "actor": _text("The id of the actor."),
                "timestamp": _WHEN,
                "parent_run_id": {"type": "string", "format": "uuid", "description": "The run that started it."},
                "parent_id": _text("The node of that run which it carries out."),
                "spawn_index": {"type": "integer", "description": "Which of the runs of that node it is, from 0."},
            },
            optional=("type", "parent_run_id", "parent_id", "spawn_index"),
        ),
        "started_at": _WHEN | {"description": "When it was started."},
        "ended_at": _WHEN | {"description": "When it ended, or what was last happened."},
        "duration_ms": {"type": "integer", "description": "From the one to the other, in milliseconds."},
        "runtime": _object("What executed it.", {"agent": {"const": "opsdesk"}, "source": {"const": "executor"}}),
        "inputs": _VALUES,
        "node_records": {"type": "array", "items": _RECORD, "description": "In the order in which they ended."},
        "result_summary": _text("How it stands, in words."),
        "cost": _COST,
        "log_hash": _HASH | {"description": "The hash that closes a chain."},
    },
    optional=("workflow_version", "cost", "log_hash"),
)
