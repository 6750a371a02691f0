"""The values that a variable of a condition can have, cut where the conditions can tell them apart.

Within a cell every condition that compares with constants gives the same answer, so that one value speaks for all.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from opsdesk.flows import expression_tree as tree

Path = tuple[str, ...]
Value = bool | int | float | str | None

_ORDER = frozenset({"_<_", "_<=_", "_>_", "_>=_"})
_EQUALITY = frozenset({"_==_", "_!=_"})
_TYPE_NAMES = {"number": "numbers", "integer": "whole numbers", "boolean": "true and false", "string": "texts"}


@dataclass(eq=False)
class Undecidable(Exception):
    """The condition does more than compare variables with constants."""

    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass(slots=True)
class Usage:
    """What a variable is compared with."""

    numbers: set[int | float] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    booleans: bool = False
    null: bool = False

    def add(self, value: object) -> None:
        match value:
            case None:
                self.null = True
            case bool():
                self.booleans = True
            case int() | float():
                self.numbers.add(value)
            case str():
                self.texts.add(value)
            case _:
                raise Undecidable("it compares bytes")


@dataclass(frozen=True, slots=True)
class Domain:
    """The cells of a variable, by a value of each; `left_over` are values that no condition speaks of."""

    values: tuple[Value, ...]
    told: str
    """What the values are, such as `numbers`."""
    left_over: tuple[Value, ...] = ()


def usages(conditions: Iterable[tree.Expression]) -> dict[Path, Usage]:
    """Every variable and what it is compared with.

    Raises: Undecidable.
    """
    found: dict[Path, Usage] = {}
    for condition in conditions:
        _truth(condition, found)
    for path in found:
        for length in range(1, len(path)):
            if path[:length] in found:
                raise Undecidable(f"it uses {'.'.join(path[:length])} and what is inside it")
    return found


def _truth(expression: tree.Expression, found: dict[Path, Usage]) -> None:
    match expression:
        case tree.Constant(value=bool()):
            return
        case tree.Call(function="_&&_" | "_||_" | "!_" | "_?_:_", arguments=arguments):
            for argument in arguments:
                _truth(argument, found)
        case tree.Call(function=function, arguments=(one, other)) if function in _ORDER | _EQUALITY:
            _comparison(function, one, other, found)
        case tree.Call(function="@in", arguments=(one, tree.ListOf(items=items))):
            for item in items:
                _comparison("_==_", one, item, found)
        case tree.Call(function=function):
            raise Undecidable(f"it uses {function.strip('_@').replace('_', ' ') or function}")
        case tree.Select(presence=True):
            raise Undecidable("it asks whether a value is there")
        case tree.Name() | tree.Select():
            found.setdefault(_path(expression), Usage()).booleans = True
        case _:
            raise Undecidable("it uses all, exists, map or filter")


def _comparison(function: str, one: tree.Expression, other: tree.Expression, found: dict[Path, Usage]) -> None:
    if isinstance(one, tree.Constant):
        one, other = other, one
    if not isinstance(other, tree.Constant):
        raise Undecidable("it compares two values that are not constants")
    if isinstance(one, tree.Constant):
        return
    if isinstance(other.value, bool) and isinstance(one, tree.Call):
        _truth(one, found)
        return
    if function in _ORDER and not (isinstance(other.value, int | float) and not isinstance(other.value, bool)):
        raise Undecidable("it puts something else than numbers in order")
    found.setdefault(_path(one), Usage()).add(other.value)


def _path(expression: tree.Expression) -> Path:
    match expression:
        case tree.Name(name=name) if not name.startswith("has__"):
            return (name,)
        case tree.Name():
            raise Undecidable("it asks whether a value is there")
        case tree.Select(operand=operand, field=name, presence=False):
            return (*_path(operand), name)
        case tree.Call(function=function):
            raise Undecidable(f"it uses {function.strip('_@').replace('_', ' ') or function}")
        case _:
            raise Undecidable("it compares something else than a variable with a constant")


def domain(usage: Usage, schema: Mapping[str, Any]) -> Domain:
    """The cells: of what the schema admits, or, without one, of the kinds of value that the conditions speak of."""
    if isinstance(schema.get("enum"), list):
        values = tuple(value for value in schema["enum"] if isinstance(value, bool | int | float | str | None))
        return Domain(values, f"the {len(values)} values of its schema")
    types = schema.get("type")
    kinds = [types] if isinstance(types, str) else types if isinstance(types, list) else []
    known = [kind for kind in kinds if kind in _TYPE_NAMES or kind == "null"]
    if kinds and len(known) == len(kinds):
        values = tuple(value for kind in known for value in _of_kind(kind, usage, schema))
        return Domain(values, " and ".join(_TYPE_NAMES.get(kind, kind) for kind in known))
    return _untyped(usage)


def _untyped(usage: Usage) -> Domain:
    kinds = [
        kind for kind, used in (("number", usage.numbers), ("boolean", usage.booleans), ("string", usage.texts)) if used
    ]
    values = [value for kind in kinds for value in _of_kind(kind, usage, {})]
    told = [_TYPE_NAMES[kind] for kind in kinds]
    if usage.null:
        values.append(None)
        told.append("null")
        if not kinds:
            values.append("something")
            told.append("anything else")
    left_over: list[Value] = [] if usage.null else [None]
    if not usage.texts and kinds:
        left_over.append("text")
    return Domain(tuple(values), " and ".join(told), tuple(left_over))


def _of_kind(kind: str, usage: Usage, schema: Mapping[str, Any]) -> Iterable[Value]:
    match kind:
        case "null":
            return (None,)
        case "boolean":
            return (True, False)
        case "string":
            return (*sorted(usage.texts), _other_text(usage.texts))
        case _:
            return _numbers(usage.numbers, schema, whole=kind == "integer")


def _other_text(texts: set[str]) -> str:
    other = "something else"
    while other in texts:
        other += "!"
    return other


def _numbers(constants: set[int | float], schema: Mapping[str, Any], *, whole: bool) -> Iterator[int | float]:
    """Each constant, and a number of each open interval between them, within what the schema admits."""
    cuts = sorted({*constants, *_bounds(schema)})
    candidates: list[int | float] = []
    if cuts:
        candidates.append(math.floor(cuts[0]) - 1)
        for low, high in pairwise(cuts):
            candidates.append(low)
            if (between := _between(low, high, whole=whole)) is not None:
                candidates.append(between)
        candidates.extend((cuts[-1], math.ceil(cuts[-1]) + 1))
    else:
        candidates.append(0)
    for value in candidates:
        if _admits(schema, value) and not (whole and value != math.floor(value)):
            yield value


def _between(low: int | float, high: int | float, *, whole: bool) -> int | float | None:
    """A number strictly between, with as few digits as possible; None if doubles have none."""
    if whole or (isinstance(low, int) and isinstance(high, int) and high - low >= 2):
        candidate = math.floor(low) + 1
        return candidate if candidate < high else None
    middle = low + (high - low) / 2
    for digits in range(18):
        rounded = round(middle, digits)
        if low < rounded < high:
            return rounded
    return middle if low < middle < high else None


def _bounds(schema: Mapping[str, Any]) -> Iterator[int | float]:
    for key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        value = schema.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield value


def _admits(schema: Mapping[str, Any], value: int | float) -> bool:
    bounds = {key: bound for key, bound in schema.items() if isinstance(bound, int | float)}
    inside = bounds.get("minimum", -math.inf) <= value <= bounds.get("maximum", math.inf)
    return bool(inside and bounds.get("exclusiveMinimum", -math.inf) < value < bounds.get("exclusiveMaximum", math.inf))
