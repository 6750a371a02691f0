"""Invents values: one that fits a schema, and those between which the conditions of a procedure tell apart."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from opsdesk.flows import expression_tree as tree
from opsdesk.flows.lint_domains import Path, Undecidable, Usage, domain
from opsdesk.flows.nodes.schemas import schema_problem
from opsdesk.flows.procedure import Field
from opsdesk.flows.program import Program

DEPTH_MAX = 8
ITEMS_MAX = 20
VALUES_MAX = 24
"""For one field; more are left out, and that is said."""

_TEXTS = (
    "something",
    "customer@example.com",
    "2026-01-05T09:00:00+08:00",
    "2026-01-05",
    "https://example.com/",
    "+8613000000000",
    "1",
    "1.0.0",
    "ABC-123",
    "a" * 40,
    "0" * 64,
    "00000000-0000-4000-8000-000000000000",
    "main",
    "CN",
)
_SUMS = frozenset({"_+_", "_-_", "_*_", "_/_", "_%_", "-_"})
_ORDER = frozenset({"_<_", "_<=_", "_>_", "_>=_", "_==_", "_!=_"})


@dataclass(slots=True)
class Told:
    """What conditions tell apart about one name: values of it, or of what is inside it, its length, its presence."""

    usages: dict[Path, Usage] = field(default_factory=dict)
    lengths: set[int] = field(default_factory=set)
    presence: bool = False


def told_apart(program: Program) -> dict[str, Told]:
    """By name as conditions spell it: `score`, `inputs.score`, `outputs.check.score`, `error.code`."""
    found: dict[str, Told] = {}
    for condition in program.conditions.values():
        for name in condition.guarded:
            found.setdefault(name, Told()).presence = True
        for expression in tree.walk(condition.tree):
            _look(expression, found)
    for edge in program.procedure.edges:
        if edge.for_each is not None and edge.index in program.conditions:
            _gone_through(program.conditions[edge.index].tree, found)
    return found


def _gone_through(expression: tree.Expression, found: dict[str, Told]) -> None:
    """A list of a loop makes a difference where it is empty and where it is not."""
    match expression:
        case tree.Call(function="_?_:_", arguments=(condition, one, other)):
            _truth(condition, found)
            _gone_through(one, found)
            _gone_through(other, found)
        case _:
            path = _path(expression)
            if path is not None and len(path) == 1:
                found.setdefault(path[0], Told()).lengths.add(1)


def _look(expression: tree.Expression, found: dict[str, Told]) -> None:
    match expression:
        case tree.Call(function=function, arguments=(one, other)) if function in _ORDER:
            for this, that in ((one, other), (other, one)):
                if isinstance(that, tree.Constant):
                    _compared(this, that.value, found)
            if not isinstance(one, tree.Constant) and not isinstance(other, tree.Constant):
                _with_each_other(one, other, found)
        case tree.Call(function="@in", arguments=(one, tree.ListOf(items=items))):
            for item in items:
                if isinstance(item, tree.Constant):
                    _compared(one, item.value, found)
        case tree.Call(function="_&&_" | "_||_" | "!_", arguments=arguments):
            for argument in arguments:
                _truth(argument, found)
        case tree.Name() | tree.Select(presence=False):
            path = _path(expression)
            if path is not None:
                found.setdefault(path[0], Told()).usages.setdefault(path[1:], Usage())
        case _:
            pass


def _truth(expression: tree.Expression, found: dict[str, Told]) -> None:
    path = _path(expression)
    if path is not None:
        found.setdefault(path[0], Told()).usages.setdefault(path[1:], Usage()).booleans = True


def _compared(expression: tree.Expression, value: object, found: dict[str, Told]) -> None:
    match expression:
        case tree.Call(function="size", arguments=(inner,)):
            path = _path(inner)
            if path is not None and len(path) == 1 and isinstance(value, int):
                found.setdefault(path[0], Told()).lengths.add(value)
        case _:
            path = _path(expression)
            if path is None:
                _reckoned(expression, value, found)
                return
            usage = found.setdefault(path[0], Told()).usages.setdefault(path[1:], Usage())
            try:
                usage.add(value)
            except Undecidable:
                return


def _with_each_other(one: tree.Expression, other: tree.Expression, found: dict[str, Told]) -> None:
    """Two values, or what is reckoned from them: numbers of which either can be the smaller."""
    for side in (one, other):
        if _path(side) is not None:
            _compared(side, 1, found)
        else:
            _reckoned(side, 1, found)


def _reckoned(expression: tree.Expression, value: object, found: dict[str, Told]) -> None:
    """What a sum is made of are numbers too."""
    if isinstance(expression, tree.Call) and expression.function in _SUMS and isinstance(value, int | float):
        for part in expression.arguments:
            for number in (0, value):
                if not isinstance(part, tree.Constant):
                    _compared(part, number, found)


def _path(expression: tree.Expression) -> Path | None:
    match expression:
        case tree.Name(name=name) if not name.startswith("has__"):
            return (name,)
        case tree.Select(operand=operand, field=name, presence=False):
            inner = _path(operand)
            return None if inner is None else (*inner, name)
        case _:
            return None


@dataclass(frozen=True, slots=True)
class Invented:
    """The values for one field. `absent`: it may also not be there at all."""

    values: tuple[Any, ...]
    absent: bool = False
    fits: bool = True
    """False: no value could be invented that its schema admits."""
    cut: bool = False
    """There would be more."""


def values_for(declared: Field, told: Iterable[Told]) -> Invented:
    """One value if no condition looks at it; else one of each kind that the conditions tell apart."""
    looked = list(told)
    plain = invent(declared.schema, declared.name)
    found: list[Any] = list(_distinguished(declared, looked, plain)) if looked else [plain]
    fitting = [value for value in found if not declared.schema or schema_problem(declared.schema, value) is None]
    absent = not declared.required and (not looked or any(each.presence for each in looked))
    if not fitting:
        return Invented((plain,), absent=absent, fits=False)
    return Invented(tuple(fitting[:VALUES_MAX]), absent=absent, cut=len(fitting) > VALUES_MAX)


def _distinguished(declared: Field, looked: list[Told], plain: Any) -> Iterator[Any]:
    usages: dict[Path, Usage] = {}
    for each in looked:
        for path, usage in each.usages.items():
            merged = usages.setdefault(path, Usage())
            merged.numbers |= usage.numbers
            merged.texts |= usage.texts
            merged.booleans |= usage.booleans
            merged.null |= usage.null
    lengths = {length for each in looked for length in each.lengths}
    inner = {path: usage for path, usage in usages.items() if path and (_speaks(usage))}
    if inner:
        yield from _objects(declared.schema, inner, plain)
    elif lengths:
        yield from (_of_length(declared.schema, length) for length in _around(lengths))
    elif () in usages and (_speaks(usages[()]) or declared.schema):
        values = domain(usages[()], declared.schema).values
        yield from values or (plain,)
    else:
        yield plain


def _speaks(usage: Usage) -> bool:
    return bool(usage.numbers or usage.texts or usage.booleans or usage.null)


def _objects(schema: Mapping[str, Any], inner: Mapping[Path, Usage], plain: Any) -> Iterator[Any]:
    """Mappings with every combination of the values inside that conditions compare."""
    domains = []
    for path, usage in inner.items():
        part: Any = schema
        for name in path:
            properties = part.get("properties") if isinstance(part, Mapping) else None
            part = properties.get(name, {}) if isinstance(properties, Mapping) else {}
        domains.append(domain(usage, part if isinstance(part, Mapping) else {}).values or (None,))
    for number, values in enumerate(product(*domains)):
        if number > VALUES_MAX:
            return
        made = dict(plain) if isinstance(plain, Mapping) else {}
        for path, value in zip(inner, values, strict=True):
            _put(made, path, value)
        yield made


def _put(made: dict[str, Any], path: Path, value: Any) -> None:
    for name in path[:-1]:
        inner = made.get(name)
        made[name] = dict(inner) if isinstance(inner, Mapping) else {}
        made = made[name]
    made[path[-1]] = value


def _around(lengths: set[int]) -> list[int]:
    near = {length + step for length in lengths for step in (-1, 0, 1)}
    return sorted(length for length in near if 0 <= length <= ITEMS_MAX)


def _of_length(schema: Mapping[str, Any], length: int) -> Any:
    if schema.get("type") == "string":
        return "a" * length
    if schema.get("type") == "object":
        return {f"key{number}": "something" for number in range(length)}
    items = schema.get("items")
    return [invent(items if isinstance(items, Mapping) else {}, "item") for _ in range(length)]


def invent(schema: Mapping[str, Any], name: str, depth: int = 0) -> Any:
    """A value that the schema admits, if one is found; the same every time."""
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    for key in ("enum", "examples"):
        if isinstance(schema.get(key), list) and schema[key]:
            return schema[key][0]
    for key in ("oneOf", "anyOf"):
        options = schema.get(key)
        if isinstance(options, list) and options and isinstance(options[0], Mapping) and depth < DEPTH_MAX:
            return invent({**{k: v for k, v in schema.items() if k != key}, **options[0]}, name, depth + 1)
    kinds = schema.get("type")
    kind = kinds[0] if isinstance(kinds, list) and kinds else kinds
    match kind:
        case "boolean":
            return True
        case "integer" | "number":
            values = domain(Usage(), {**schema, "type": kind}).values
            return next((value for value in values if value == schema.get("minimum")), values[0] if values else 0)
        case "array":
            items = schema.get("items")
            count = min(int(schema.get("minItems", 0)), ITEMS_MAX)
            inner = items if isinstance(items, Mapping) else {}
            return [invent(inner, name, depth + 1) for _ in range(count)] if depth < DEPTH_MAX else []
        case "object":
            return _object(schema, depth)
        case "null":
            return None
        case "string":
            return _text(schema, name)
        case _:
            return f"{name} of the rehearsal"


def _object(schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
    properties = schema.get("properties")
    required = schema.get("required")
    wanted = required if isinstance(required, list) else []
    known = properties if isinstance(properties, Mapping) else {}
    if depth >= DEPTH_MAX:
        return {}
    parts = {name: known.get(name, {}) for name in dict.fromkeys([*wanted, *known])}
    return {name: invent(part if isinstance(part, Mapping) else {}, name, depth + 1) for name, part in parts.items()}


def _text(schema: Mapping[str, Any], name: str) -> str:
    least = min(int(schema.get("minLength", 0)), 10_000)
    candidates = [f"{name} of the rehearsal", *_TEXTS, "a" * max(least, 1)]
    rules = {**schema, "type": "string"}
    if "pattern" not in schema and "format" not in schema and least <= len(candidates[0]):
        most = schema.get("maxLength")
        return candidates[0][: int(most)] if isinstance(most, int | float) else candidates[0]
    by_format = {"email": 1, "date-time": 2, "date": 3, "uri": 4}.get(str(schema.get("format")))
    if by_format is not None:
        candidates.insert(0, candidates[by_format + 1])
    return next((text for text in candidates if schema_problem(rules, text) is None), candidates[0])
