"""`x-compensate`: the node that undoes another, and after which outcomes."""

from opsdesk.flows.document_fields import FieldSet
from opsdesk.flows.document_reading import Fields
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.procedure import UNDONE_ON, Undo

FIELD = "x-compensate"
_FIELDS = FieldSet(frozenset({"node", "on"}))


def read_undo(fields: Fields) -> Undo | None:
    """The id of a node, or a mapping of `node` and `on`, a list of outcomes."""
    tree = fields.get(FIELD)
    if tree is None:
        return None
    if not isinstance(tree.value, dict):
        node_id = fields.text(FIELD)
        return Undo(node_id) if node_id else None
    inner = fields.mapping(FIELD)
    assert inner is not None
    inner.check(_FIELDS)
    node_id = inner.text("node")
    if inner.get("node") is None:
        inner.missing("node")
    outcomes = inner.texts("on") if inner.get("on") is not None else UNDONE_ON
    for outcome in outcomes:
        if outcome not in UNDONE_ON:
            where, hint = inner.path("on"), f"one of {', '.join(UNDONE_ON)}"
            message = f"{where}: nothing is undone after {outcome[:40]}"
            fields.reading.error(Code.WRONG_VALUE, message, inner.entries["on"], where=where, hint=hint)
    if not outcomes and inner.get("on") is not None:
        inner.wrong(inner.entries["on"], inner.path("on"), f"a list of at least one of {', '.join(UNDONE_ON)}")
    return Undo(node_id, frozenset(outcomes)) if node_id else None
