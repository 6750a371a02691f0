"""What PostgreSQL and JSON can hold: an answer with anything else would make the journal refuse the fact."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

DEPTH_MAX = 64
INTEGER_MAX = 2**63 - 1


def storage_problem(value: Any, depth: int = 0) -> str | None:
    """What in the value cannot be stored, as the end of a sentence that begins with its name; None if it all can."""
    kind = type(value)
    if kind is str:
        return _text_problem(value)
    if kind is bool or value is None:
        return None
    if kind is int:
        return None if -INTEGER_MAX <= value <= INTEGER_MAX else " holds a number of more than 64 bits"
    if kind is float:
        return None if isfinite(value) else " holds a number that is not finite"
    if depth == DEPTH_MAX:
        return f" is nested deeper than {DEPTH_MAX}"
    if isinstance(value, Mapping):
        parts = [*value.keys(), *value.values()]
    elif isinstance(value, list | tuple):
        parts = list(value)
    else:
        return " is not JSON"
    return next((problem for part in parts if (problem := storage_problem(part, depth + 1))), None)


def _text_problem(text: str) -> str | None:
    if "\0" in text:
        return " holds a NUL character"
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError:
        return " holds half a character"
    return None
