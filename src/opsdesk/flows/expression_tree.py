"""The syntax tree of a checked expression, read from the form in which the CEL library serialises it.

Reading the library's own tree, and not parsing the text a second time, means that what is analysed is what runs. The
form is the public message `cel.expr.CheckedExpr`; the numbers below are its field numbers.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Fields = dict[int, list[Any]]

LOOP = "Loop"
"""What expressions call `loop` for CEL: of the same length, so that places in the text stay."""
_LOOP_PREFIX = f"{LOOP}."


@dataclass(frozen=True, slots=True)
class Constant:
    value: bool | int | float | str | bytes | None


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, qualified as the checker resolved it, such as `outputs.register.email`."""

    name: str


@dataclass(frozen=True, slots=True)
class Select:
    operand: "Expression"
    field: str
    presence: bool
    """`has(operand.field)`"""


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple["Expression", ...]
    """The target of a method call comes first."""


@dataclass(frozen=True, slots=True)
class ListOf:
    items: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Other:
    """A map, a message or a comprehension (`all`, `exists`, `map`, `filter`)."""

    comprehension: bool
    parts: tuple["Expression", ...]


Expression = Constant | Name | Select | Call | ListOf | Other


def parts_of(expression: Expression) -> tuple[Expression, ...]:
    """The expressions directly inside."""
    match expression:
        case Select(operand=operand):
            return (operand,)
        case Call(arguments=arguments):
            return arguments
        case ListOf(items=parts) | Other(parts=parts):
            return parts
        case _:
            return ()


def walk(expression: Expression) -> Iterator[Expression]:
    """The expression and everything inside."""
    pending = [expression]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(parts_of(current))


def comprehension_depth(expression: Expression) -> int:
    """How many comprehensions stand inside each other: the exponent of what evaluation can cost."""
    inside = max((comprehension_depth(part) for part in parts_of(expression)), default=0)
    return inside + (isinstance(expression, Other) and expression.comprehension)


def spelt(name: str) -> str:
    """How CEL has to be told a name: `loop` is a word that it keeps for itself."""
    return f"{LOOP}.{name.removeprefix('loop.')}" if name.startswith("loop.") else name


def read(serialized: bytes) -> Expression:
    """The tree of `Expression.serialize()`: a CheckedExpr inside an Any."""
    any_message = _fields(serialized)
    return _expression(_fields(any_message[2][0])[4][0])


def _expression(data: bytes) -> Expression:
    fields = _fields(data)
    if 3 in fields:
        return _constant(_fields(fields[3][0]))
    if 4 in fields:
        name = _text(_fields(fields[4][0]), 1)
        return Name(f"loop.{name.removeprefix(_LOOP_PREFIX)}" if name.startswith(_LOOP_PREFIX) else name)
    if 5 in fields:
        select = _fields(fields[5][0])
        return Select(_expression(select[1][0]), _text(select, 2), bool(select.get(3, [0])[0]))
    if 6 in fields:
        call = _fields(fields[6][0])
        arguments = [*call.get(1, []), *call.get(3, [])]
        return Call(_text(call, 2), tuple(_expression(argument) for argument in arguments))
    if 7 in fields:
        return ListOf(tuple(_expression(item) for item in _fields(fields[7][0]).get(1, [])))
    if 8 in fields:
        entries = [_fields(entry) for entry in _fields(fields[8][0]).get(2, [])]
        return Other(
            False, tuple(_expression(part) for entry in entries for key in (3, 4) for part in entry.get(key, []))
        )
    if 9 in fields:
        comprehension = _fields(fields[9][0])
        return Other(True, tuple(_expression(part) for key in (2, 4, 5, 6, 7) for part in comprehension.get(key, [])))
    return Constant(None)


def _constant(fields: Fields) -> Constant:
    if 2 in fields:
        return Constant(bool(fields[2][0]))
    if 3 in fields:
        number = fields[3][0]
        return Constant(number - (1 << 64) if number >> 63 else number)
    if 4 in fields:
        return Constant(fields[4][0])
    if 5 in fields:
        return Constant(struct.unpack("<d", fields[5][0])[0])
    if 6 in fields:
        return Constant(fields[6][0].decode())
    if 7 in fields:
        return Constant(fields[7][0])
    return Constant(None)


def _text(fields: Fields, number: int) -> str:
    data: bytes = fields.get(number, [b""])[0]
    return data.decode()


def _fields(data: bytes) -> Fields:
    """Protocol buffer wire format: per field a number with a kind, then a varint, 8 or 4 bytes, or length and bytes."""
    fields: Fields = {}
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        value: Any
        if kind == 0:
            value, at = _varint(data, at)
        else:
            length = 8 if kind == 1 else 4
            if kind == 2:
                length, at = _varint(data, at)
            value, at = data[at : at + length], at + length
        fields.setdefault(number, []).append(value)
    return fields


def _varint(data: bytes, at: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        byte = data[at]
        at += 1
        result |= (byte & 127) << shift
        if byte < 128:
            return result, at
        shift += 7
