"""How much an expression may have to do, judged before it is evaluated: nothing interrupts one that has begun."""

from collections.abc import Iterator, Mapping
from typing import Any

from opsdesk.flows import expression_tree as tree

VALUES_BYTES_MAX = 1024 * 1024
"""Of all values that one expression names, where it computes others from them."""
WORK_BYTES_MAX = 64 * 1024 * 1024
"""What an expression may write at most."""
LOOK_BYTES_MAX = 250_000_000
"""What an expression may look at at most, in bytes of values: about a second, where each of them is slow to look at."""
ROUNDS_MAX = 10_000
"""Items that the CEL library goes through for one expression."""
_COPIED_BYTES = 12
"""For each item of a list that `map` or `filter` builds, once for every one that it adds."""
_PATTERN_FACTOR = 2_200
"""How much slower a text is looked at by the worst of patterns. Those of the document are its author's."""
_DEPTH_MAX = 64


def takes_time(root: tree.Expression) -> bool:
    """Whether evaluating it can take longer than reading its values once: most never do, and are not judged."""
    return any(_is_loop(part) or _pattern_is_a_value(part) for part in tree.walk(root))


def time_problem(root: tree.Expression, values: Mapping[str, Any]) -> str | None:
    """Why an expression is not evaluated with these values, since that could take too long; None if it may be."""
    if sum(_looked_at(root, values)) > LOOK_BYTES_MAX:
        return "it would take too long with values as large as these"
    return None


def work_problem(root: tree.Expression, text: str, names: tuple[str, ...], values: Mapping[str, Any]) -> str | None:
    """The same for one that computes a value, which is bounded by what goes in.

    Each name counts once for each time that it stands there and each item of a list.
    """
    sizes = {name: _size(values[name]) for name in names if name in values}
    total = sum(size for size, _ in sizes.values())
    if total > VALUES_BYTES_MAX:
        return f"the values are larger than {VALUES_BYTES_MAX} bytes"
    found = list(tree.walk(root))
    loops = sum(map(_is_loop, found))
    items = len(text) + sum(items for _, items in sizes.values())
    mentions = sum(isinstance(part, tree.Name) for part in found)
    if (items if loops else 1) * total * mentions > WORK_BYTES_MAX:
        return "the values are too large for all, map or filter"
    return None


def _looked_at(root: tree.Expression, values: Mapping[str, Any]) -> Iterator[int]:
    """By each loop: in every round, what it names beside its own item. By each pattern: the text that it is put to."""
    for part in tree.walk(root):
        if isinstance(part, tree.Other) and part.comprehension:
            source, made, *body = part.parts
            rounds = min(max((_longest(value) for value in _named(source, values)), default=0), ROUNDS_MAX)
            outside = sum(_size(value)[0] for each in body for value in _named(each, values))
            builds = isinstance(made, tree.ListOf)
            yield rounds * outside + (rounds * rounds * _COPIED_BYTES if builds else 0)
        elif _pattern_is_a_value(part):
            yield _PATTERN_FACTOR * sum(_size(value)[0] for value in _named(part, values))


def _is_loop(part: tree.Expression) -> bool:
    return isinstance(part, tree.Other) and part.comprehension


def _pattern_is_a_value(part: tree.Expression) -> bool:
    return (
        isinstance(part, tree.Call) and part.function == "matches" and not isinstance(part.arguments[-1], tree.Constant)
    )


def _named(part: tree.Expression, values: Mapping[str, Any]) -> Iterator[Any]:
    """The values of the names in it, each as often as it stands there."""
    return (values[each.name] for each in tree.walk(part) if isinstance(each, tree.Name) and each.name in values)


def _longest(value: Any, depth: int = 0) -> int:
    """Of the lists and mappings in a value, the longest."""
    if depth == _DEPTH_MAX or not isinstance(value, Mapping | list | tuple):
        return 0
    inside = value.values() if isinstance(value, Mapping) else value
    return max([len(value), *(_longest(part, depth + 1) for part in inside)])


def _size(value: Any, depth: int = 0) -> tuple[int, int]:
    """Bytes, and the items of all lists and mappings inside."""
    if isinstance(value, str):
        return len(value) * 4, 0
    if depth == _DEPTH_MAX or not isinstance(value, Mapping | list | tuple):
        return 16, 0
    parts = [*value.keys(), *value.values()] if isinstance(value, Mapping) else list(value)
    inside = [_size(part, depth + 1) for part in parts]
    return 16 + sum(size for size, _ in inside), len(parts) + sum(items for _, items in inside)
