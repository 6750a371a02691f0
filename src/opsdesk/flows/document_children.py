"""Nodes that runs of their own carry out: those that `spawn` edges lead to, and those that run a procedure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from opsdesk.flows import document_fields as known
from opsdesk.flows.document_reading import Fields
from opsdesk.flows.expression_problems import nearest
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.procedure import Children, Edge, EdgeMode, Field, Node, NodeType, OnChildFailure
from opsdesk.flows.tree import plain

CHILDREN_MAX = 100
"""Of one node."""
ON_FAILURE = "x-on-child-failure"
_SUFFIXES = (".osop", ".yaml", ".yml", ".json")


def read_children(
    document: Fields, nodes: Mapping[str, Node], edges: Sequence[Edge], procedure_id: str | None
) -> dict[str, Node]:
    """The nodes, with what is said of the runs that carry them out."""
    listed: dict[str, Fields] = {}
    for _, fields in document.mappings("nodes"):
        node_id = fields.entries["id"].value if "id" in fields.entries else None
        if isinstance(node_id, str):
            listed.setdefault(node_id, Fields(fields.reading, fields.tree, f"nodes.{node_id}"))
    spawning = {edge.target: edge for edge in reversed(edges) if edge.mode is EdgeMode.SPAWN}
    _check_counts(document, edges)
    found = {}
    for node_id, node in nodes.items():
        policy = _policy_over(node_id, spawning, listed)
        _check_parent(listed[node_id], edges, node)
        found[node_id] = _carried_out(listed[node_id], node, spawning.get(node_id), policy, procedure_id)
    for node_id, fields in listed.items():
        if node_id in nodes:
            _check_policy(fields, node_id, nodes, edges)
    return found


def _carried_out(
    fields: Fields, node: Node, edge: Edge | None, policy: Fields | None, procedure_id: str | None
) -> Node:
    reference, on_failure = _reference(fields, procedure_id), _on_failure(fields)
    if reference is None and fields.get("workflow_inputs") is not None:
        fields.not_honoured("workflow_inputs", hint="name the procedure with workflow_ref")
    if reference is None and edge is None:
        if on_failure is not None:
            fields.not_honoured(ON_FAILURE, hint="no other runs carry this node out")
        return node
    how = on_failure or OnChildFailure.WAIT
    given = fields.mapping("workflow_inputs") if reference is not None else None
    may_spawn = policy is None or bool(policy.boolean("can_spawn_children"))
    own = tuple(_nullable(output) for output in node.outputs) if how is OnChildFailure.IGNORE else node.outputs
    count = edge.spawn_count if edge is not None else 1
    children = Children(
        count=count,
        procedure=reference,
        inputs=plain(given.tree) if given is not None else None,
        on_failure=how,
        may_spawn=may_spawn,
        outputs=node.outputs,
    )
    outputs = tuple(_listed(output, count) for output in own) if count > 1 else own
    return replace(node, outputs=outputs, children=children)


def _reference(fields: Fields, procedure_id: str | None) -> str | None:
    """The id of a stored procedure. A run knows no files, so that a path is refused."""
    if (text := fields.text("workflow_ref")) is None:
        return None
    tree, where, reference = fields.entries["workflow_ref"], fields.path("workflow_ref"), text.strip()
    if reference == procedure_id:
        message = f"{where}: {procedure_id} runs itself, and so without an end"
        fields.reading.error(Code.IMPORT_CYCLE, message, tree, where=where)
        return None
    if not reference or "/" in reference or ":" in reference or reference.endswith(_SUFFIXES):
        message = f"{where}: a procedure that is named by a file or an address cannot be run"
        hint = "write its id, by which it is stored; imports can say in which file it is"
        fields.reading.warning(Code.NOT_RUN, message, tree, where=where, hint=hint)
    return reference


def _on_failure(fields: Fields) -> OnChildFailure | None:
    if (text := fields.text(ON_FAILURE)) is None:
        return None
    if text in {each.value for each in OnChildFailure}:
        return OnChildFailure(text)
    near = nearest(text, OnChildFailure)
    hint = f"did you mean {near}?" if near else ""
    wanted = f"one of {', '.join(OnChildFailure)}"
    fields.reading.error(
        Code.WRONG_VALUE,
        f"{fields.path(ON_FAILURE)} has to be {wanted}",
        fields.entries[ON_FAILURE],
        where=fields.path(ON_FAILURE),
        hint=hint,
    )
    return None


def _listed(output: Field, count: int) -> Field:
    """What several children give under this name: a list of it, in their order."""
    schema: dict[str, Any] = {"type": "array", "minItems": count, "maxItems": count}
    return replace(output, schema={**schema, "items": output.schema} if output.schema else schema)


def _nullable(output: Field) -> Field:
    return replace(output, schema={"anyOf": [output.schema, {"type": "null"}]}) if output.schema else output


def _check_counts(document: Fields, edges: Sequence[Edge]) -> None:
    """One edge says how many children a node has, and no more than CHILDREN_MAX."""
    seen: dict[str, Edge] = {}
    for edge in edges:
        if edge.mode is not EdgeMode.SPAWN:
            continue
        where = f"edges.{edge.place}"
        if edge.spawn_count > CHILDREN_MAX:
            message = f"{where}: a node has at most {CHILDREN_MAX} children, not {edge.spawn_count}"
            document.reading.error(Code.TOO_LARGE, message, edge.position, where=f"{where}.spawn_count")
        if edge.target in seen:
            message = f"{where}: a second spawn edge leads to {edge.target}; one has to say how many children it has"
            hint = "let one of them be sequential"
            document.reading.error(Code.SPAWN, message, edge.position, where=where, hint=hint)
        seen[edge.target] = edge


def _policy_over(node_id: str, spawning: Mapping[str, Edge], listed: Mapping[str, Fields]) -> Fields | None:
    """The `spawn_policy` of the node that starts the children of this one."""
    edge = spawning.get(node_id)
    source = listed.get(edge.source) if edge is not None else None
    tree = source.get("spawn_policy") if source is not None else None
    if source is None or tree is None or not isinstance(tree.value, dict):
        return None
    return Fields(source.reading, tree, source.path("spawn_policy"))


def _check_policy(fields: Fields, node_id: str, nodes: Mapping[str, Node], edges: Sequence[Edge]) -> None:
    """What the policy forbids is refused where the document says it; the rest the worker asks in the run."""
    policy = fields.mapping("spawn_policy")
    if policy is None:
        return
    policy.check(known.SPAWN_POLICY)
    most = policy.number("max_children", least=1, whole=True)
    tools = policy.texts("child_tools")
    may_spawn = policy.boolean("can_spawn_children")
    spawned = [edge for edge in edges if edge.mode is EdgeMode.SPAWN and edge.source == node_id]
    if not spawned:
        fields.not_honoured("spawn_policy", hint="no spawn edge begins here")
        return
    total = sum(edge.spawn_count for edge in spawned)
    if most is not None and total > most:
        message = f"{policy.where}: {total} children, and max_children is {most:g}"
        policy.reading.error(Code.SPAWN, message, policy.entries["max_children"], where=policy.path("max_children"))
    for edge in spawned:
        child = nodes[edge.target]
        if policy.get("child_tools") is not None:
            _check_tools(policy, child, tools)
        if not may_spawn and any(other.mode is EdgeMode.SPAWN and other.source == child.id for other in edges):
            message = f"{policy.where}: {child.id} starts runs of its own, and can_spawn_children is not true"
            policy.reading.error(Code.SPAWN, message, policy.tree, where=policy.where)


def _check_tools(policy: Fields, child: Node, allowed: Sequence[str]) -> None:
    if child.type is not NodeType.AGENT:
        return
    tools = child.runtime.get("tools")
    given = tools if isinstance(tools, list) else []
    names = [str(tool.get("name")) if isinstance(tool, Mapping) else str(tool) for tool in given]
    for name in names:
        if name not in allowed:
            message = f"{policy.where}: {child.id} has the tool {name[:80]}, which is not among child_tools"
            tree = policy.entries["child_tools"]
            policy.reading.error(Code.SPAWN, message, tree, where=policy.path("child_tools"))


def _check_parent(fields: Fields, edges: Sequence[Edge], node: Node) -> None:
    """`parent` says once more what a spawn edge says; without one nothing comes of it."""
    parent = fields.text("parent")
    if parent is None:
        return
    sources = [edge.source for edge in edges if edge.mode is EdgeMode.SPAWN and edge.target == node.id]
    if parent in sources:
        return
    if sources:
        message = f"{fields.path('parent')}: {sources[0]} starts the children of {node.id}, and not {parent[:80]}"
        fields.reading.error(Code.SPAWN, message, fields.entries["parent"], where=fields.path("parent"))
    else:
        fields.not_honoured("parent", hint="write an edge of mode spawn from it to this node")
