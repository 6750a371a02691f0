"""The edges of a document."""

from collections.abc import Mapping
from typing import Any

from opsdesk.flows import document_fields as known
from opsdesk.flows.document_reading import Fields
from opsdesk.flows.expression_problems import ProblemKind, nearest
from opsdesk.flows.expressions import ConditionInvalid, Scope, compile_condition
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.procedure import FAILURE_MODES, Edge, EdgeMode, Node, Position
from opsdesk.flows.tree import Tree

EDGES_MAX = 2_000

RUNNABLE_MODES = frozenset({EdgeMode.SEQUENTIAL, EdgeMode.CONDITIONAL, EdgeMode.PARALLEL, *FAILURE_MODES})
_LOOSE_CODES = {
    ProblemKind.SYNTAX: Code.EXPRESSION_SYNTAX,
    ProblemKind.HABIT: Code.EXPRESSION_HABIT,
    ProblemKind.LIMIT: Code.EXPRESSION_LIMIT,
}
_CONDITION_NEEDED = frozenset({EdgeMode.CONDITIONAL, EdgeMode.LOOP, EdgeMode.EVENT, EdgeMode.SWITCH})


def read_edges(document: Fields, nodes: Mapping[str, Node]) -> tuple[Edge, ...]:
    """Edges between known nodes; each keeps its place in the document's list as its index."""
    tree = document.get("edges")
    if tree is None or tree.value == []:
        if len(nodes) > 1:
            document.missing("edges", hint="say with from and to in which order the nodes run")
        return ()
    edges = []
    for place, fields in document.mappings("edges"):
        if place >= EDGES_MAX:
            message = f"the document has more than {EDGES_MAX} edges"
            fields.reading.error(Code.TOO_LARGE, message, fields.tree, where="edges")
            break
        edge = _edge(fields, place, nodes)
        if edge is not None:
            edges.append(edge)
    return tuple(edges)


def _edge(fields: Fields, index: int, nodes: Mapping[str, Node]) -> Edge | None:
    fields.check(known.EDGE)
    source, target = (_end(fields, name, nodes) for name in ("from", "to"))
    mode = _mode(fields)
    found = fields.one_of("when", "condition")
    condition = _condition(fields, mode)
    if source is None or target is None or mode is None:
        if condition is not None and found is not None:
            _check_loose_condition(fields, condition, found[1], nodes)
        return None
    if condition is not None and mode in (EdgeMode.SEQUENTIAL, EdgeMode.PARALLEL):
        if fields.get("mode") is not None:
            message = f"{fields.where}: a {mode} edge with a condition is taken only if the condition holds"
            hint = "write mode: conditional"
            fields.reading.warning(Code.CONDITION_MODE, message, fields.entries["mode"], where=fields.where, hint=hint)
        mode = EdgeMode.CONDITIONAL
    if condition is not None and found is not None and mode in (EdgeMode.FALLBACK, EdgeMode.TIMEOUT):
        fields.not_honoured(found[0], hint=f"a {mode} edge is taken whenever it applies; an error edge has a condition")
        condition = None
    return Edge(
        index=index,
        source=source,
        target=target,
        mode=mode,
        condition=condition,
        label=fields.text("label") or "",
        position=fields.tree.position,
        condition_position=found[1].position if found else Position(),
    )


def _check_loose_condition(fields: Fields, condition: str, tree: Tree, nodes: Mapping[str, Node]) -> None:
    """The condition of an edge that leads nowhere is not linted with the others; what is wrong in itself is told here.

    Which names it may see depends on where the edge comes from, so unknown ones are left for when that is mended.
    """
    names: dict[str, Mapping[str, Any]] = {output.name: {} for node in nodes.values() for output in node.outputs}
    try:
        compile_condition(condition, Scope(names))
    except ConditionInvalid as error:
        for problem in error.problems:
            if problem.kind in _LOOSE_CODES:
                code, message = _LOOSE_CODES[problem.kind], f"{fields.where}: {problem.message}"
                fields.reading.error(code, message, tree, where=fields.where, hint=problem.hint)


def _end(fields: Fields, name: str, nodes: Mapping[str, Node]) -> str | None:
    node_id = fields.text(name)
    if node_id is None:
        if fields.get(name) is None:
            fields.missing(name)
        return None
    if node_id in nodes:
        return node_id
    near = nearest(node_id, nodes)
    hint = f"did you mean {near}?" if near else ""
    message = f"{fields.path(name)}: there is no node {node_id[:80]}"
    fields.reading.error(Code.UNKNOWN_NODE, message, fields.entries[name], where=fields.path(name), hint=hint)
    return None


def _mode(fields: Fields) -> EdgeMode | None:
    text = fields.text("mode")
    if text is None:
        return EdgeMode.SEQUENTIAL if fields.get("mode") is None else None
    tree = fields.entries["mode"]
    try:
        mode = EdgeMode(text)
    except ValueError:
        near = nearest(text, EdgeMode)
        hint = f"did you mean {near}?" if near else f"one of {', '.join(EdgeMode)}"
        message = f"{fields.path('mode')}: there is no edge mode {text[:40]}"
        fields.reading.error(Code.WRONG_VALUE, message, tree, where=fields.path("mode"), hint=hint)
        return None
    if mode not in RUNNABLE_MODES:
        message = f"{fields.where}: an edge of mode {mode} cannot be run yet"
        fields.reading.warning(Code.MODE_NOT_RUN, message, tree, where=fields.path("mode"))
    return mode


def _condition(fields: Fields, mode: EdgeMode | None) -> str | None:
    condition = fields.text("when", "condition")
    if condition is not None and condition.strip():
        return condition
    given = fields.one_of("when", "condition")
    iterates = mode is EdgeMode.LOOP and fields.get("for_each") is not None
    if mode in _CONDITION_NEEDED and (given is None or condition is not None) and not iterates:
        message = f"{fields.where}: a {mode} edge needs a condition"
        where = fields.path("when")
        fields.reading.error(Code.CONDITION_MISSING, message, fields.tree, where=where, hint="write when: <expression>")
    return None
