"""`x-compensate`: what undoes a node has to be there, outside of the graph, and able to undo."""

from collections.abc import Iterator

from opsdesk.flows.document_undo import FIELD
from opsdesk.flows.expression_problems import nearest
from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.lint_names import Names
from opsdesk.flows.lint_paths import places, position_of
from opsdesk.flows.procedure import Node, Procedure


def lint_compensation(names: Names) -> Iterator[Finding]:
    procedure = names.procedure
    for place, node in places(procedure):
        if node.undo is None:
            continue
        position, where = position_of(procedure, "nodes", place, FIELD), f"nodes.{node.id}.{FIELD}"
        for code, severity, message, hint in _wrong(names, node, node.undo.node):
            yield Finding(code, severity, message, hint, position, where)


def _wrong(names: Names, node: Node, undo_id: str) -> Iterator[tuple[Code, Severity, str, str]]:
    procedure = names.procedure
    undo = procedure.nodes.get(undo_id)
    if undo is None:
        close = nearest(undo_id, procedure.nodes)
        hint = f"did you mean {close}?" if close else ""
        message = f"{node.id} is to be undone by {undo_id[:80]}, and there is no such node"
        yield Code.UNKNOWN_NODE, Severity.ERROR, message, hint
    elif undo.undo is not None:
        message = f"{undo_id} undoes {node.id} and is to be undone itself: nothing undoes what undoes"
        if undo_id == node.id:
            message = f"{node.id} is to undo itself"
        yield Code.UNDO_OF_UNDO, Severity.ERROR, message, "name a node of its own"
    elif (edge := next((e for e in procedure.edges if undo_id in (e.source, e.target)), None)) is not None:
        message = f"{undo_id} undoes {node.id} and has an edge, at line {edge.position.line}"
        hint = "what undoes stands outside of the graph: remove its edges, or use another node"
        yield Code.UNDO_WITH_EDGES, Severity.ERROR, message, hint
    if (join := _cut_off_by(names, procedure, node)) is not None:
        message = f"{join} does not wait for {node.id}: where its call is under way then, what it does is never undone"
        yield Code.UNDO_CUT_OFF, Severity.WARNING, message, f"have {join} wait for all"


def _cut_off_by(names: Names, procedure: Procedure, node: Node) -> str | None:
    return next((join for join in procedure.joins if node.id in names.before.get(join, ())), None)
