"""Approvals that one person could give to what they asked for themselves."""

from collections.abc import Iterator

from opsdesk.flows.document_reasons import ANY_DECISION, FIELD
from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.lint_names import Names
from opsdesk.flows.lint_paths import places
from opsdesk.flows.procedure import Node, NodeType

_DECIDING = frozenset({"approval", "review", "decision"})
"""Subtypes of human nodes that judge what others did."""


def lint_approvals(names: Names) -> Iterator[Finding]:
    """A person who asks and a person who approves should not be one; of one role, they may be.

    Of the person who started a run this is enforced at every decision; of other human nodes it is only seen here.
    """
    nodes = list(places(names.procedure))
    deciding = [(index, node) for index, node in nodes if _decides(names, index, node)]
    judges = {node.id for _, node in deciding}
    for index, node in deciding:
        asking = [
            other
            for _, other in nodes
            if other.id in names.before[node.id] and other.id not in judges and _same_role(node, other)
        ]
        if asking:
            position = names.procedure.positions.get(f"nodes.{index}.role", node.position)
            role = node.approval.role
            message = (
                f"{node.id} is approved by {role}, and {asking[0].id}, which asks for it, is answered by {role} too"
            )
            hint = "let another role approve, so that nobody approves what they asked for"
            yield Finding(Code.SAME_ROLE, Severity.WARNING, message, hint, position, f"nodes.{node.id}")


def lint_reasons(names: Names) -> Iterator[Finding]:
    """Reason codes of a decision that the node does not offer are never asked for."""
    for index, node in places(names.procedure):
        offered = [value for output in node.outputs for value in output.schema.get("enum", ())]
        if any("boolean" in (output.schema.get("type"), *output.schema.get("enum", ())) for output in node.outputs):
            offered += [True, False]
        spelt = {str(value).strip().casefold() for value in offered}
        for decision in node.approval.reasons:
            if offered and decision != ANY_DECISION and decision.strip().casefold() not in spelt:
                where = f"nodes.{index}.approval_gate.{FIELD}"
                message = f"{node.id} declares reason codes for {decision[:80]}, which is none of its answers"
                hint = f"its answers are {', '.join(map(str, offered))}"
                yield Finding(
                    Code.REASON_CODES,
                    Severity.WARNING,
                    message,
                    hint,
                    names.procedure.positions.get(where, node.position),
                    f"nodes.{node.id}",
                )


def _decides(names: Names, index: int, node: Node) -> bool:
    if node.type is not NodeType.HUMAN or node.approval.role is None:
        return False
    raw = names.procedure.raw["nodes"][index]
    return bool(raw.get("approval_gate")) or node.subtype in _DECIDING


def _same_role(one: Node, other: Node) -> bool:
    return other.type is NodeType.HUMAN and other.approval.role == one.approval.role
