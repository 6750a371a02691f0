"""Conditions that cannot be read, and so may be true or false: a simulation walks both ways."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opsdesk.flows import expression_tree
from opsdesk.flows.expressions import Condition, ConditionInvalid, compile_condition, widest_scope
from opsdesk.flows.procedure import Procedure

NOTHING = expression_tree.Constant(None)


@dataclass(frozen=True, slots=True)
class OpenCondition:
    """Stands for a condition with errors. Which way it goes is told by a value that nothing else can be named like."""

    index: int
    expression: str
    tree: expression_tree.Expression = NOTHING
    names: tuple[str, ...] = ()
    guarded: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """The name of the value that decides."""
        return f"\0edge {self.index}"

    def evaluate(self, values: Mapping[str, Any]) -> bool:
        """False where nothing was decided."""
        return bool(values.get(self.key, False))


def conditions_to_walk(procedure: Procedure) -> dict[int, Condition | OpenCondition]:
    """The conditions of a procedure, by index of the edge; those with errors are open."""
    scope = widest_scope(procedure)
    found: dict[int, Condition | OpenCondition] = {}
    for edge in procedure.edges:
        if edge.condition:
            try:
                found[edge.index] = compile_condition(edge.condition, scope)
            except ConditionInvalid:
                found[edge.index] = OpenCondition(edge.index, edge.condition)
    return found
