"""The edges of a document."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from opsdesk.flows import document_fields as known
from opsdesk.flows.document_calendars import read_waits_for
from opsdesk.flows.document_loop import read_loop
from opsdesk.flows.document_reading import Fields
from opsdesk.flows.document_switch import read_ways
from opsdesk.flows.expression_problems import ProblemKind, nearest
from opsdesk.flows.expressions import ConditionInvalid, Scope, compile_condition
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.procedure import PLACES_MAX, Edge, EdgeMode, Node, Position, with_article
from opsdesk.flows.tree import Tree

EDGES_MAX = 2_000

JOIN_MODES = ("wait_all", "wait_any", "wait_n")
_LOOSE_CODES = {
    ProblemKind.SYNTAX: Code.EXPRESSION_SYNTAX,
    ProblemKind.HABIT: Code.EXPRESSION_HABIT,
    ProblemKind.LIMIT: Code.EXPRESSION_LIMIT,
}
_WRITE = "write when: <expression>"
_WRITE_WHEN = {
    EdgeMode.EVENT: "write which event is waited for, such as when: event.name == 'paid'",
    EdgeMode.LOOP: "write when: <as long as what it goes back>",
}
_CONDITION_NEEDED = frozenset({EdgeMode.CONDITIONAL, EdgeMode.LOOP, EdgeMode.EVENT, EdgeMode.SWITCH})


def read_edges(document: Fields, nodes: Mapping[str, Node]) -> tuple[Edge, ...]:
    """Edges between known nodes; each keeps its place in the document's list as its index."""
    tree = document.get("edges")
    if tree is None or tree.value == []:
        if len(nodes) > 1:
            document.missing("edges", hint="say with from and to in which order the nodes run")
        return ()
    edges: list[Edge] = []
    for place, fields in document.mappings("edges"):
        if place >= EDGES_MAX:
            message = f"the document has more than {EDGES_MAX} edges"
            fields.reading.error(Code.TOO_LARGE, message, fields.tree, where="edges")
            break
        edges += _edges(fields, place, nodes)
    return tuple(edges)


def _edges(fields: Fields, index: int, nodes: Mapping[str, Node]) -> list[Edge]:
    """The edge; of a switch, one for each way."""
    edge = _edge(fields, index, nodes)
    if edge is None or edge.mode is not EdgeMode.SWITCH:
        return [] if edge is None else [edge]
    if edge.condition is None:
        return []
    ways = read_ways(fields, edge.condition, edge.target, nodes)
    return [
        replace(edge, index=index + PLACES_MAX * number, target=way.target, condition=way.condition)
        for number, way in enumerate(ways)
    ]


def _edge(fields: Fields, index: int, nodes: Mapping[str, Node]) -> Edge | None:
    fields.check(known.EDGE)
    source, target = (fields.node(name, nodes) for name in ("from", "to"))
    mode = _mode(fields)
    found = fields.one_of("when", "condition")
    condition = _condition(fields, mode)
    join_count, loop = _join_count(fields), read_loop(fields, mode)
    if mode is not None and mode is not EdgeMode.SWITCH:
        for name in ("cases", "default_to"):
            if fields.get(name) is not None:
                fields.not_honoured(name, hint="write mode: switch")
    if source is None or target is None or mode is None:
        if condition is not None and found is not None:
            _check_loose_condition(fields, condition, found[1], nodes)
        return None
    if condition is not None and mode in (EdgeMode.SEQUENTIAL, EdgeMode.PARALLEL):
        if fields.get("mode") is not None:
            message = f"{fields.where}: {with_article(mode)} edge with a condition is taken only if the condition holds"
            hint = "write mode: conditional"
            fields.reading.warning(Code.CONDITION_MODE, message, fields.entries["mode"], where=fields.where, hint=hint)
        mode = EdgeMode.CONDITIONAL
    if condition is not None and found is not None and mode in (EdgeMode.FALLBACK, EdgeMode.TIMEOUT):
        fields.not_honoured(found[0], hint=f"a {mode} edge is taken whenever it applies; an error edge has a condition")
        condition = None
    if condition is not None and found is not None and loop.for_each:
        fields.not_honoured(found[0], hint="a for_each takes every item of its list")
        condition = None
    return Edge(
        index=index,
        source=source,
        target=target,
        mode=mode,
        condition=condition,
        label=fields.text("label") or "",
        join_count=join_count,
        spawn_count=_spawn_count(fields, mode),
        for_each=loop.for_each,
        iterator_var=loop.iterator_var,
        rounds_max=loop.rounds_max,
        waits_for_customer=read_waits_for(fields, can_wait=mode is EdgeMode.EVENT),
        position=fields.tree.position,
        condition_position=loop.position if loop.for_each else found[1].position if found else Position(),
    )


def _spawn_count(fields: Fields, mode: EdgeMode) -> int:
    count = fields.number("spawn_count", least=1, whole=True)
    if count not in (None, 1) and mode is not EdgeMode.SPAWN:
        fields.not_honoured("spawn_count", hint="write mode: spawn")
        return 1
    return int(count or 1)


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
    return mode


def _condition(fields: Fields, mode: EdgeMode | None) -> str | None:
    condition = fields.text("when", "condition")
    if condition is not None and condition.strip():
        return condition
    given = fields.one_of("when", "condition")
    iterates = mode is EdgeMode.LOOP and fields.get("for_each") is not None
    if mode in _CONDITION_NEEDED and (given is None or condition is not None) and not iterates:
        message = f"{fields.where}: {with_article(mode)} edge needs a condition"
        where = fields.path("when")
        fields.reading.error(
            Code.CONDITION_MISSING, message, fields.tree, where=where, hint=_WRITE_WHEN.get(mode, _WRITE)
        )
    return None


def _join_count(fields: Fields) -> int | None:
    """Of `wait_n` as the document has it; whether so many edges lead to the target is lint's question."""
    mode, count = fields.text("join_mode"), fields.number("join_count", least=1, whole=True)
    if mode is not None and mode not in JOIN_MODES:
        near = nearest(mode, JOIN_MODES)
        hint = f"did you mean {near}?" if near else f"one of {', '.join(JOIN_MODES)}"
        message = f"{fields.path('join_mode')}: there is no join mode {mode[:40]}"
        tree = fields.entries["join_mode"]
        fields.reading.error(Code.WRONG_VALUE, message, tree, where=fields.path("join_mode"), hint=hint)
    if mode == "wait_any":
        return 1
    if mode != "wait_n":
        if count is not None:
            fields.not_honoured("join_count", hint="write join_mode: wait_n")
        return None
    return None if count is None else int(count)
