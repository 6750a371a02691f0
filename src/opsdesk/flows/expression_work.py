"""How much an expression may have to do, judged before it is evaluated: nothing interrupts one that has begun."""

from collections.abc import Mapping
from typing import Any

from opsdesk.flows import expression_tree as tree
from opsdesk.flows.expressions import Condition

VALUES_BYTES_MAX = 1024 * 1024
"""Of all values that one expression names."""
WORK_BYTES_MAX = 64 * 1024 * 1024
"""What an expression may write at most."""
_DEPTH_MAX = 64


def work_problem(expression: Condition, values: Mapping[str, Any]) -> str | None:
    """Why the expression is not evaluated with these values; None if it may be.

    Bounds what comes out by what goes in: each name once for each time it stands there and each item of a list.
    """
    sizes = {name: _size(values[name]) for name in expression.names if name in values}
    total = sum(size for size, _ in sizes.values())
    if total > VALUES_BYTES_MAX:
        return f"the values are larger than {VALUES_BYTES_MAX} bytes"
    found = list(tree.walk(expression.tree))
    loops = sum(isinstance(part, tree.Other) and part.comprehension for part in found)
    items = len(expression.expression) + sum(items for _, items in sizes.values())
    mentions = sum(isinstance(part, tree.Name) for part in found)
    if (items if loops else 1) * total * mentions > WORK_BYTES_MAX:
        return "the values are too large for all, map or filter"
    return None


def _size(value: Any, depth: int = 0) -> tuple[int, int]:
    """Bytes, and the items of all lists and mappings inside."""
    if isinstance(value, str):
        return len(value) * 4, 0
    if depth == _DEPTH_MAX or not isinstance(value, Mapping | list | tuple):
        return 16, 0
    parts = [*value.keys(), *value.values()] if isinstance(value, Mapping) else list(value)
    inside = [_size(part, depth + 1) for part in parts]
    return 16 + sum(size for size, _ in inside), len(parts) + sum(items for _, items in inside)
