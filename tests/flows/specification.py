"""Every field that the public schemas declare, and how Opsdesk treats it. Our own table, in our own words.

Derived by walking `properties`, `items`, `oneOf` and `$ref` of the specification's `osop.schema.json` in its
versions 1.0, 2.0.0 and 2.1.0 and of `osop-core.schema.json`; a list is written `[]`. The schemas themselves are not
part of this project. `test_specification.py` compares the table with copies of them where it is told of any.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any


class Treatment(StrEnum):
    HONOURED = "honoured"
    """It changes what happens, or what is checked."""
    CARRIED = "carried"
    """It says something to readers, and nothing could happen because of it."""
    NAMED = "named"
    """A warning of lint names it, because it is not honoured."""
    WITH_PARENT = "with parent"
    """The warning about what it stands in is about it too."""


def _paths(prefix: str, names: str, treatment: Treatment) -> dict[str, Treatment]:
    return {f"{prefix}{name}": treatment for name in names.split()}


H, C, N, P = Treatment

FIELDS: Mapping[str, Treatment] = {
    **_paths("", "osop_version id name schemas conformance_level timeout_sec nodes edges tests triggers imports", H),
    **_paths("", "description owner tags version metadata", C),
    **_paths("metadata.", "created_at updated_at version change_summary", C),
    **_paths("", "visibility status usage workflow_type roles variables env platforms", N),
    **_paths("", "message_contracts views security observability evolution ledger extends", N),
    **_paths("workflow_type.", "primary secondary", P),
    **_paths("triggers[].", "type config", H),
    **_paths("message_contracts[].", "id producer consumer kind format schema_ref semantics", P),
    **_paths("security.", "secrets_provider default_permissions approval_required_for", P),
    **_paths("observability.", "emit_events trace_id_required default_log_level log_level tracing audit_trail", P),
    **_paths("evolution.", "enabled strategy feedback_sources output output.mode output.require_human_approval", P),
    **_paths("ledger.", "enabled store storage artifact_store", P),
    **_paths("tests[].", "id type target_node run input expect mocks failure_injection", H),
    **_paths("nodes[].", "id type runtime inputs outputs retry_policy timeout_sec security approval_gate", H),
    **_paths("nodes[].", "role subtype", H),
    **_paths("nodes[].", "name owner purpose description explain", C),
    **_paths("nodes[].explain.", "why what result", C),
    **_paths("nodes[].", "success_criteria failure_modes idempotency handoff observability", N),
    **_paths("nodes[].", "cost message_contract", N),
    **_paths("nodes[].", "parent spawn_policy workflow_ref workflow_inputs", H),
    **_paths("nodes[].idempotency.", "enabled key", P),
    **_paths("nodes[].handoff.", "summary_for_next_node expected_output escalation from context_keys", P),
    **_paths("nodes[].observability.", "log metrics", P),
    **_paths("nodes[].spawn_policy.", "max_children child_tools can_spawn_children", H),
    **_paths("nodes[].retry_policy.", "max_retries strategy backoff_sec", H),
    **_paths("nodes[].security.", "secrets credentials", H),
    **_paths("nodes[].security.", "permissions risk_level access_control data_classification encryption", N),
    **_paths("nodes[].security.", "model_governance approval_gate", N),
    **_paths("nodes[].security.approval_gate.", "required approver_role", P),
    **_paths("nodes[].approval_gate.", "approver_role approvers timeout_hours", H),
    **_paths("nodes[].approval_gate.", "required bypass_allowed mandatory", N),
    **_paths("nodes[].runtime.auth.", "type secret_ref", H),
    **{
        f"nodes[].{side}[].{name}": treatment
        for side in ("inputs", "outputs")
        for name, treatment in {
            "name": H,
            "schema": H,
            "required": H,
            "description": C,
            "explain": C,
            "explain.why": C,
            "explain.what": C,
            "explain.result": C,
        }.items()
    },
    **_paths(
        "edges[].", "from to mode when condition join_mode join_count cases cases[].value cases[].to default_to", H
    ),
    **_paths("edges[].", "label explain explain.why explain.what explain.result", C),
    **_paths("edges[].", "for_each iterator_var spawn_count", H),
}
"""Of the fields under `nodes[].runtime`, see RUNTIME: which are honoured depends on the type of the node."""

COLLECTION_FIELDS: Mapping[str, Treatment] = {
    **_paths("", "sop_version sections", H),
    **_paths("", "id name description author version base_url tags", C),
    **_paths("sections[].", "workflows", H),
    **_paths("sections[].", "name description", C),
    **_paths("sections[].workflows[].", "ref", H),
    **_paths("sections[].workflows[].", "title description", C),
}
"""Of `sop.schema.json`."""

_RUNTIME = """
provider model os image command endpoint repo action branch engine table environment method url system_prompt
temperature max_tokens tools headers body_template auth tool config_path connection source destination shell
"""
RUNTIME = tuple(_RUNTIME.split())

SAMPLES: Mapping[str, Any] = {
    "visibility": "private",
    "status": "draft",
    "usage": "template",
    "workflow_type": {"primary": "approval"},
    "roles": ["reviewer"],
    "variables": {"limit": 3},
    "env": {"REGION": "north"},
    "platforms": ["linux"],
    "message_contracts": [{"id": "m", "producer": "first", "consumer": "second", "kind": "task", "format": "json"}],
    "views": ["graph"],
    "security": {"secrets_provider": "vault"},
    "observability": {"emit_events": True},
    "evolution": {"enabled": True},
    "ledger": {"enabled": True},
    "extends": "base",
    "nodes[].success_criteria": ["it is done"],
    "nodes[].failure_modes": ["it is late"],
    "nodes[].idempotency": {"enabled": True, "key": "id"},
    "nodes[].handoff": {"expected_output": "a number"},
    "nodes[].observability": {"log": True},
    "nodes[].cost": {"currency": "CNY"},
    "nodes[].message_contract": {"id": "m"},
    "nodes[].security.permissions": ["read"],
    "nodes[].security.risk_level": "high",
    "nodes[].security.access_control": "strict",
    "nodes[].security.data_classification": "internal",
    "nodes[].security.encryption": "at rest",
    "nodes[].security.model_governance": "reviewed",
    "nodes[].security.approval_gate": {"required": True},
    "nodes[].approval_gate.required": False,
    "nodes[].approval_gate.bypass_allowed": True,
    "nodes[].approval_gate.mandatory": False,
}
"""A value for each field that is named: one that asks for something else than what happens anyway."""


def walked(schema: Mapping[str, Any]) -> set[str]:
    """The path of every field that a JSON Schema declares."""
    return set(_walk(schema, schema, "", ()))


def _walk(part: Any, root: Mapping[str, Any], path: str, within: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(part, Mapping):
        return
    reference = part.get("$ref")
    if isinstance(reference, str) and reference not in within:
        target: Any = root
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
        yield from _walk(target, root, path, (*within, reference))
    for option in part.get("oneOf", ()):
        yield from _walk(option, root, path, within)
    if "items" in part:
        yield from _walk(part["items"], root, f"{path}[]", within)
    for name, inner in part.get("properties", {}).items():
        named = f"{path}.{name}" if path else name
        yield named
        yield from _walk(inner, root, named, within)
