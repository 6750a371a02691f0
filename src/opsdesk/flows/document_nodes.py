"""The nodes of a document."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from opsdesk.flows import document_fields as known
from opsdesk.flows.approval import Approval
from opsdesk.flows.document_calendars import (
    CALENDAR,
    ESCALATE,
    check_reachable,
    read_calendar,
    read_escalations,
    read_waits_for,
)
from opsdesk.flows.document_io import read_fields
from opsdesk.flows.document_policies import read_approval, read_retry, read_security
from opsdesk.flows.document_reading import Fields
from opsdesk.flows.document_runtime import check_node, read_runtime
from opsdesk.flows.document_screening import read_screening
from opsdesk.flows.document_undo import read_undo
from opsdesk.flows.expression_problems import nearest
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.procedure import Node, NodeType, RetryPolicy
from opsdesk.flows.tree import plain
from opsdesk.kit.calendars import Calendar

NODES_MAX = 500
ID_CHARS_MAX = 128

_ID = re.compile(r"[^\W_][\w-]*\Z|_[\w-]+\Z")


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the document says once for all nodes."""

    retry: RetryPolicy | None
    schemas: Mapping[str, Any]
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    calendar: Calendar | None = None


def read_nodes(document: Fields, defaults: Defaults) -> dict[str, Node]:
    """By id, in the order of the document; a node without a usable id or type is left out."""
    if document.get("nodes") is None:
        document.missing("nodes")
        return {}
    nodes: dict[str, Node] = {}
    spoken: dict[str, str] = {}
    for place, fields in document.mappings("nodes"):
        if place >= NODES_MAX:
            message = f"the document has more than {NODES_MAX} nodes"
            fields.reading.error(Code.TOO_LARGE, message, fields.tree, where="nodes")
            break
        node = _node(fields, defaults)
        if node is not None and _is_new(fields, node, nodes, spoken):
            nodes[node.id] = node
    if not nodes and not document.reading.findings:
        document.wrong(document.entries["nodes"], "nodes", "a list of at least one node")
    return nodes


def _is_new(fields: Fields, node: Node, nodes: Mapping[str, Node], spoken: dict[str, str]) -> bool:
    """Also as expressions spell ids, where hyphens are underscores."""
    other = spoken.setdefault(node.id.replace("-", "_"), node.id)
    if node.id in nodes:
        first = nodes[node.id].position
        message = f"the id {node.id} is here twice; the first is at line {first.line}, column {first.column}"
    elif other != node.id:
        message = f"expressions cannot tell {node.id} from {other}: they spell hyphens as underscores"
    else:
        return True
    fields.reading.error(Code.DUPLICATE_ID, message, fields.entries["id"], where=fields.path("id"))
    return False


def _node(listed: Fields, defaults: Defaults) -> Node | None:
    node_id = read_id(listed)
    fields = Fields(listed.reading, listed.tree, f"nodes.{node_id}" if node_id else listed.where)
    fields.check(known.NODE)
    node_type = _type(fields)
    runtime = read_runtime(fields, node_type)
    node_timeout_s = fields.duration_s("timeout_sec", "timeout")
    own_timeout_s = _runtime_timeout_s(runtime, node_type)
    name = fields.text("name")
    purpose = fields.text("purpose") or fields.text("description")
    retry = read_retry(fields)
    security = read_security(fields, node_type=node_type, runtime=runtime if node_type is NodeType.API else None)
    approval = _approval(fields, runtime, node_type, node_timeout_s, defaults)
    inputs, outputs = (read_fields(fields, side, defaults.schemas) for side in ("inputs", "outputs"))
    if (screening := read_screening(fields, node_type, inputs, outputs)) is not None:
        approval = replace(approval, screening=screening)
    if node_id is None or node_type is None:
        return None
    if not any(fields.get(spelling) for spelling in ("name", "purpose", "description")):
        fields.missing("name", hint="say what happens here: name, purpose or description")
    if node_type is NodeType.HUMAN:
        for spelling in ("retry_policy", "retry"):
            if fields.get(spelling) is not None:
                fields.not_honoured(spelling, hint="a person is asked once; a timeout edge says what happens then")
    elif retry is None:
        retry = defaults.retry
    node = Node(
        id=node_id,
        type=node_type,
        name=name or node_id,
        purpose=purpose or "",
        subtype=fields.text("subtype"),
        runtime=runtime_of(runtime),
        inputs=inputs,
        outputs=outputs,
        timeout_s=own_timeout_s if node_timeout_s is None else node_timeout_s,
        retry=retry or RetryPolicy(),
        security=security,
        approval=approval,
        undo=read_undo(fields),
        waits_for_customer=read_waits_for(fields, can_wait=node_type is NodeType.API),
        explain=read_explain(fields),
        position=fields.tree.position,
    )
    check_node(fields, runtime, node)
    return node


def read_id(fields: Fields) -> str | None:
    """An id that `${outputs.<id>.<name>}` can spell."""
    tree = fields.get("id")
    if tree is None:
        fields.missing("id")
        return None
    if isinstance(tree.value, str) and len(tree.value) <= ID_CHARS_MAX and _ID.match(tree.value):
        return tree.value
    wanted = f"a text of at most {ID_CHARS_MAX} letters, digits, hyphens and underscores"
    fields.wrong(tree, fields.path("id"), wanted)
    return None


def _type(fields: Fields) -> NodeType | None:
    text = fields.text("type")
    if text is None:
        if fields.get("type") is None:
            fields.missing("type", hint=f"one of {', '.join(NodeType)}")
        return None
    tree = fields.entries["type"]
    try:
        node_type = NodeType(text)
    except ValueError:
        near = nearest(text, NodeType)
        hint = f"did you mean {near}?" if near else f"one of {', '.join(NodeType)}"
        message = f"{fields.path('type')}: there is no node type {text[:40]}"
        fields.reading.error(Code.WRONG_VALUE, message, tree, where=fields.path("type"), hint=hint)
        return None
    return node_type


def _approval(
    fields: Fields, runtime: Fields | None, node_type: NodeType | None, node_timeout_s: float | None, defaults: Defaults
) -> Approval:
    if node_type is NodeType.HUMAN:
        approval = read_approval(fields, runtime=runtime, node_timeout_s=node_timeout_s)
        calendar = read_calendar(fields, defaults.calendars, defaults.calendar)
        check_reachable(fields, calendar, approval.timeout_s)
        return replace(approval, calendar=calendar, escalations=read_escalations(fields, approval))
    for name in (CALENDAR, ESCALATE):
        if fields.get(name) is not None:
            fields.not_honoured(name, hint="human nodes have deadlines in working time")
    gate = fields.get("approval_gate")
    if gate is not None and gate.value is not False:
        where = fields.path("approval_gate")
        message = f"{where}: an approval before a node of type {node_type} cannot be run yet"
        hint = "put a human node before it"
        fields.reading.warning(Code.NOT_RUN, message, gate, where=where, hint=hint)
    return Approval()


def _runtime_timeout_s(runtime: Fields | None, node_type: NodeType | None) -> float | None:
    if runtime is None or node_type in (None, NodeType.HUMAN):
        return None
    return runtime.duration_s("timeout")


def runtime_of(runtime: Fields | None) -> Mapping[str, Any]:
    """As plain values, with one spelling: `body` for `body_template`, `auth` and `timeout` in the node itself."""
    if runtime is None:
        return {}
    values: dict[str, Any] = {name: plain(tree) for name, tree in runtime.entries.items() if tree.value is not None}
    if "body_template" in values:
        values.setdefault("body", values.pop("body_template"))
    return {name: value for name, value in values.items() if name != "body_template"}


def read_explain(fields: Fields) -> str:
    """A text, or what, why and result, one after the other."""
    tree = fields.get("explain")
    if tree is None or isinstance(tree.value, str):
        return str(tree.value).strip() if tree else ""
    if (parts := fields.mapping("explain")) is None:
        return ""
    parts.check(known.EXPLAIN)
    return "\n".join(text.strip() for name in ("what", "why", "result") if (text := parts.text(name)))
