"""Whether answers are what a ticket asks for. Pure. What is said about them never repeats what was answered."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError

from opsdesk.review.agreement import is_decision
from opsdesk.review.canonical import canonical
from opsdesk.review.model import TicketField

TEXT_CHARS_MAX = 10_000
ANSWERS_CHARS_MAX = 100_000
"""All answers of one person together, as JSON."""
ANSWER_DEPTH_MAX = 16
NUMBER_MAX = 2**63
_NAME_CHARS_SHOWN = 64
_RULE_CHARS_SHOWN = 200
_NO_TEXT = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069"
"""Controls but for tabs and ends of lines, and what turns the direction of writing around."""
TEXT_PATTERN = f"^[^{_NO_TEXT}]*$"
"""What `text_problem` says about characters, for JSON Schema."""
_CONTROLS = re.compile(rf"[{_NO_TEXT}\ud800-\udfff]")
"""With halves of characters, which a JSON Schema never sees."""


def problem_of_schema(schema: Mapping[str, Any]) -> str | None:
    """Why nobody could be asked with this schema, or None.

    References are not supported: they would be followed when somebody answers, and fail or go astray there.
    """
    if any(key in ("$ref", "$dynamicRef") for key in _keys(schema)):
        return "references in the schema of an answer are not supported"
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return f"is not a JSON Schema at {error.json_path}"
    return None


def problems_of(asked: Sequence[TicketField], answers: Mapping[str, Any]) -> dict[str, list[str]]:
    """Everything that is wrong with the answers, by field; empty if nothing is."""
    known = {field.name for field in asked}
    problems = {name[:_NAME_CHARS_SHOWN]: ["is not asked for"] for name in answers if name not in known}
    for field in asked:
        if found := _problems_of_answer(field, answers):
            problems[field.name] = found
    if not problems and len(canonical(answers)) > ANSWERS_CHARS_MAX:
        problems["answers"] = [f"have more than {ANSWERS_CHARS_MAX} characters together"]
    return problems


def value_problem(value: Any) -> str | None:
    """Why a value cannot be taken, whatever it is for, or None."""
    return next(_problems_of_shape(value, depth=1), None)


def text_problem(text: str, *, chars_max: int = TEXT_CHARS_MAX) -> str | None:
    """Why a text cannot be taken, or None: too long, or characters that control a screen and show nothing."""
    if len(text) > chars_max:
        return f"has more than {chars_max} characters"
    if _CONTROLS.search(text):
        return "holds control characters"
    return None


def _problems_of_answer(field: TicketField, answers: Mapping[str, Any]) -> list[str]:
    if field.name not in answers:
        return ["an answer is required"] if field.required else []
    value = answers[field.name]
    if field.required and is_decision(field) and (value is None or (isinstance(value, str) and not value.strip())):
        return ["an answer is required"]
    if found := list(dict.fromkeys(_problems_of_shape(value, depth=1))):
        return found
    errors = Draft202012Validator(field.schema, format_checker=Draft202012Validator.FORMAT_CHECKER).iter_errors(value)
    return list(dict.fromkeys(map(_in_words, errors)))


def _problems_of_shape(value: Any, *, depth: int) -> Iterator[str]:
    if depth > ANSWER_DEPTH_MAX:
        yield f"is nested more than {ANSWER_DEPTH_MAX} deep"
    elif isinstance(value, str):
        if problem := text_problem(value):
            yield problem
    elif isinstance(value, int | float):
        if not abs(value) <= NUMBER_MAX:  # NaN is not either
            yield "is not a number that can be kept"
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _problems_of_shape(key, depth=depth + 1)
            yield from _problems_of_shape(item, depth=depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _problems_of_shape(item, depth=depth + 1)
    elif value is not None:
        yield "is not a JSON value"


def _in_words(error: ValidationError) -> str:
    """What the schema asks for and where in the schema it does; the library's own message repeats the value."""
    rule, wanted = str(error.validator), cast("Any", error.validator_value)
    inner = list(error.relative_schema_path)[:-1]
    where = f"{'.'.join(map(str, inner))}: " if inner else ""
    match rule:
        case "type":
            return f"{where}has to be of type {' or '.join(wanted) if isinstance(wanted, list) else wanted}"
        case "enum":
            return f"{where}has to be one of {', '.join(map(str, wanted))}"
        case _:
            return f"{where}does not fulfil {rule}: {canonical(wanted)[:_RULE_CHARS_SHOWN]}"


def _keys(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        for key, item in schema.items():
            yield key
            yield from _keys(item)
    elif isinstance(schema, list | tuple):
        for item in schema:
            yield from _keys(item)
