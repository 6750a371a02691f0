"""JSON as the standard says it, and not as Python's decoder takes it: no NaN, no key twice in one object.

orjson is faster by a microsecond, keeps the last of two equal keys and makes floats of long integers.
"""

import json
from typing import Any


class Unwanted(Exception):
    """Python's decoder takes it, and JSON or Opsdesk does not; the text is the end of a sentence about it."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Unwanted("holds an object with the same key twice")
    return members


def _constant(_: str) -> Any:
    raise Unwanted("holds NaN or Infinity")


DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)
"""Raises Unwanted, ValueError and RecursionError."""
