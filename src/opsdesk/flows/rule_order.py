"""Conditions that are asked in their order, the first that holds deciding: which of them never can. Nothing is guessed.

Two of them are compared where both only compare values with constants: within a cell of such values each gives the
same answer, so that one value speaks for all of it, and a value of every other kind, or none, for what is beyond.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from opsdesk.flows import expression_tree as tree
from opsdesk.flows.expressions import Condition, ConditionFailed
from opsdesk.flows.lint_domains import Undecidable, Usage, domain, usages

CELLS_MAX = 500
"""Of two conditions; with more they are not compared."""
EVALUATIONS_MAX = 40_000
"""Of all conditions together: what comes later is not compared."""

_MISSING = object()
_OF_EVERY_KIND: Sequence[Any] = (None, True, False, 0, "something else", [], _MISSING)


class _Spent(Exception):
    """Enough was evaluated."""


class _Comparing:
    def __init__(self, conditions: Sequence[Condition]) -> None:
        self._conditions = conditions
        self._left = EVALUATIONS_MAX

    def never_first(self) -> dict[int, int | None]:
        found: dict[int, int | None] = {}
        for number in range(len(self._conditions)):
            try:
                earlier = self._covering(number)
            except _Spent:
                return found
            if earlier is not None:
                found[number] = None if earlier == number else earlier
        return found

    def _covering(self, number: int) -> int | None:
        """An earlier condition that holds wherever this one does; this one itself where it holds nowhere."""
        later = self._conditions[number]
        if self._holds_nowhere(later):
            return number
        for other in range(number):
            earlier = self._conditions[other]
            if _are_the_same(earlier, later):
                return other
            if set(earlier.names) <= set(later.names) and self._covers(earlier, later):
                return other
        return None

    def _holds_nowhere(self, condition: Condition) -> bool:
        cells = _cells(condition)
        return cells is not None and not any(self._holds(condition, cell) is True for cell in cells)

    def _covers(self, earlier: Condition, later: Condition) -> bool:
        """Where the earlier one cannot be decided, the later one is not asked either."""
        cells = _cells(earlier, later)
        return cells is not None and not any(
            self._holds(later, cell) is True and self._holds(earlier, cell) is False for cell in cells
        )

    def _holds(self, condition: Condition, cell: Mapping[str, Any]) -> bool | None:
        self._left -= 1
        if self._left < 0:
            raise _Spent
        try:
            return condition.evaluate(cell)
        except ConditionFailed:
            return None


def never_first(conditions: Sequence[Condition]) -> dict[int, int | None]:
    """By the number of each condition that is never the first to hold: an earlier one that holds wherever it does.

    None: it holds for no values at all. What cannot be proven is left out.
    """
    return _Comparing(conditions).never_first()


def _are_the_same(one: Condition, other: Condition) -> bool:
    """What asks whether a value is there is compared as it is written: its tree does not say which value."""
    if one.guarded or other.guarded:
        return one.expression.split() == other.expression.split()
    return one.tree == other.tree


def _cells(*conditions: Condition) -> list[Mapping[str, Any]] | None:
    """Values for each answer that these conditions can give together; None where it cannot be said, or is too much."""
    if any(condition.guarded for condition in conditions):
        return None
    try:
        found = usages(condition.tree for condition in conditions)
    except Undecidable:
        return None
    if any(len(path) > 1 for path in found) or not _compares_only(conditions):
        return None
    names = [path[0] for path in found]
    values = [_values(usage) for usage in found.values()]
    size = 1
    for each in values:
        size *= len(each)
        if size > CELLS_MAX:
            return None
    return [
        {name: value for name, value in zip(names, cell, strict=True) if value is not _MISSING}
        for cell in product(*values)
    ]


def _values(usage: Usage) -> list[Any]:
    known = list(domain(usage, {}).values)
    others = [each for each in _OF_EVERY_KIND if not any(type(each) is type(one) and each == one for one in known)]
    return [*known, *others]


def _compares_only(conditions: Sequence[Condition]) -> bool:
    """Whether every name in them is one that values are given by."""
    return all(part.name in condition.names for condition in conditions for part in _names(condition.tree))


def _names(root: tree.Expression) -> Iterator[tree.Name]:
    return (part for part in tree.walk(root) if isinstance(part, tree.Name))
