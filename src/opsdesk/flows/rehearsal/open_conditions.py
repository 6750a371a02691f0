"""Conditions that cannot be read, and so may be true or false: a simulation walks both ways."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opsdesk.flows import expression_tree
from opsdesk.flows.expressions import Condition
from opsdesk.flows.lint_expressions import lint_expressions
from opsdesk.flows.lint_names import Names
from opsdesk.flows.procedure import EdgeMode, Procedure

NOTHING = expression_tree.Constant(None)
OTHER_FAILURE = "OtherFailure"
"""The code of a failure of which no condition that cannot be read is true."""
_DECIDED = frozenset({EdgeMode.CONDITIONAL, EdgeMode.LOOP, EdgeMode.EVENT})


@dataclass(frozen=True, slots=True)
class OpenCondition:
    """Stands for a condition with errors. Which way it goes is told by a value that nothing else can be named like;
    on an edge that a failure takes, by the code of the failure."""

    index: int
    expression: str
    by_failure: bool = False
    tree: expression_tree.Expression = NOTHING
    names: tuple[str, ...] = ()
    guarded: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """The name of the value that decides."""
        return f"\0edge {self.index}"

    @property
    def told(self) -> str:
        """The condition as people read it."""
        return f"`{self.expression}`" if self.expression else "a condition that is not written"

    def evaluate(self, values: Mapping[str, Any]) -> bool:
        """False where nothing was decided."""
        if self.by_failure:
            return values.get("error.code") != OTHER_FAILURE
        return bool(values.get(self.key, False))

    def items(self, _values: Mapping[str, Any]) -> list[Any]:
        """Of a list that cannot be read: two items, which nothing is known of."""
        return [None, None]


def conditions_to_walk(procedure: Procedure) -> dict[int, Condition | OpenCondition]:
    """The conditions of a procedure, by index of the edge; those in which lint finds errors are open."""
    found: dict[int, Condition | OpenCondition] = dict(lint_expressions(Names.of(procedure))[1])
    for edge in procedure.edges:
        text = edge.expression
        if edge.index not in found and (text or edge.mode in _DECIDED):
            found[edge.index] = OpenCondition(edge.index, text or "", edge.by_failure)
    return found
