"""JSON Schema for outputs, compiled once for each schema; plain types and enums take a short way."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError, ValidationError
from referencing import Registry
from referencing.exceptions import Unresolvable

COMPILED_MAX = 4096
EXPECTED_CHARS_MAX = 120
_NO_REMOTE_SCHEMAS: Registry[Any] = Registry()
"""A `$ref` leads within its own schema, and never to a server."""

Check = Callable[[Any], str | None]

_PLAIN: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: type(value) is str,
    "boolean": lambda value: type(value) is bool,
    "integer": lambda value: type(value) is int or (type(value) is float and value.is_integer()),
    "number": lambda value: type(value) is int or type(value) is float,
    "object": lambda value: isinstance(value, Mapping),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}
_SAYS_NOTHING = {"title", "description", "default", "examples", "deprecated", "$comment"}


def schema_problem(schema: Mapping[str, Any], value: Any) -> str | None:
    """How the value breaks the schema, as the end of a sentence that begins with its name; never the value itself."""
    return _check(orjson.dumps(schema, default=dict, option=orjson.OPT_NON_STR_KEYS))(value)


def is_schema(schema: Mapping[str, Any]) -> bool:
    """Whether it is one of JSON Schema 2020-12 that can be applied."""
    try:
        Draft202012Validator.check_schema(orjson.loads(orjson.dumps(schema, default=dict)))
    except (SchemaError, orjson.JSONEncodeError):
        return False
    return True


@lru_cache(maxsize=COMPILED_MAX)
def _check(schema_json: bytes) -> Check:
    schema = orjson.loads(schema_json)
    rules = {key: rule for key, rule in schema.items() if key not in _SAYS_NOTHING and not key.startswith("x-")}
    if rules.keys() == {"type"} and isinstance(rules["type"], str) and rules["type"] in _PLAIN:
        return _type_check(rules["type"])
    return _full_check(schema)


def _type_check(name: str) -> Check:
    fits = _PLAIN[name]
    problem = f" is not of type {name}"
    return lambda value: None if fits(value) else problem


def _full_check(schema: Mapping[str, Any]) -> Check:
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        problem = f" has a schema that is not one: {error.json_path}"
        return lambda _: problem
    validator = Draft202012Validator(schema, format_checker=_formats(), registry=_NO_REMOTE_SCHEMAS)

    def check(value: Any) -> str | None:
        try:
            error = next(validator.iter_errors(value), None)
        except Unresolvable:
            return " has a schema with a $ref that leads nowhere"
        return None if error is None else _told(error)

    return check


def _told(error: ValidationError) -> str:
    """Place and rule. A key in the place is named only where the schema names it, since keys can be personal too."""
    known = set(error.absolute_schema_path)
    steps = [
        f"[{step}]" if isinstance(step, int) else f".{step if step in known else '*'}" for step in error.absolute_path
    ]
    expected = orjson.dumps(error.validator_value).decode()
    if len(expected) > EXPECTED_CHARS_MAX:
        expected = expected[:EXPECTED_CHARS_MAX] + "…"
    if error.validator == "type":
        return "".join(steps) + " is not of type " + expected.strip('"')
    return f"{''.join(steps)} breaks {error.validator}: {expected}"


def _formats() -> FormatChecker:
    formats = FormatChecker()
    formats.checks("date-time", raises=ValueError)(_is_date_time)
    return formats


def _is_date_time(value: object) -> bool:
    """RFC 3339: with a time, and with an offset. Formats are rules for texts only."""
    return not isinstance(value, str) or ("T" in value.upper() and datetime.fromisoformat(value).tzinfo is not None)
