"""Forms made from what a procedure declares: a control for each field, and the values back out of what was typed."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from opsdesk import flows
from opsdesk.app.console.words import N_

CONTROL = "value."
"""Before the names of fields, so that they meet no other name of the form."""
TEXT_CHARACTERS_MAX = 10_000
LINE_CHARACTERS_MAX = 320
"""What may be longer is written in several lines."""
PROBLEMS: Sequence[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern, re.DOTALL), text)
    for pattern, text in (
        (r" is not of type (?P<type>.+)", N_("This has to be of the type %(type)s.")),
        (r" breaks maxLength: (?P<limit>.+)", N_("At most %(limit)s characters are possible.")),
        (r" breaks minLength: (?P<limit>.+)", N_("At least %(limit)s characters are needed.")),
        (r" breaks minimum: (?P<limit>.+)", N_("This has to be %(limit)s or more.")),
        (r" breaks maximum: (?P<limit>.+)", N_("This has to be %(limit)s or less.")),
        (r" breaks enum: .+", N_("This is not one of the choices.")),
        (r" breaks pattern: .+", N_("This does not have the form that is asked for.")),
        (r" breaks format: \"?(?P<format>[^\"]+)\"?", N_("This is not of the form %(format)s.")),
        (r".* breaks (?P<rule>.+)", N_("This does not fulfil the rule %(rule)s.")),
    )
]
NEEDED = N_("An answer is needed.")
NOT_JSON = N_("This is not JSON.")
NOT_A_NUMBER = N_("This is not a number.")

Translate = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Control:
    """One field of a form."""

    name: str
    label: str
    kind: str
    """line, lines, choice, json"""
    input_type: str
    required: bool
    hint: str
    value: str
    options: Sequence[tuple[str, str]]
    attributes: Mapping[str, Any]


def controls(
    fields: Iterable[Any], given: Mapping[str, str], translate: Translate, *, all_optional: bool = False
) -> list[Control]:
    """A control for each declared field, with what was typed, or else with its default."""
    return [_control(field, given, translate, all_optional=all_optional) for field in fields]


def _control(field: Any, given: Mapping[str, str], translate: Translate, *, all_optional: bool) -> Control:
    schema: Mapping[str, Any] = field.schema
    kind, input_type, options = _kind(schema, translate)
    default = _typed_out(schema["default"]) if "default" in schema else ""
    required = field.required and "default" not in schema and not all_optional
    attributes: dict[str, Any] = {"spellcheck": "false", "autocomplete": "off"}
    if kind in ("line", "lines"):
        attributes |= {"maxlength": schema.get("maxLength", TEXT_CHARACTERS_MAX), "minlength": schema.get("minLength")}
    if input_type == "text" and schema.get("type") in ("integer", "number"):
        attributes |= {"inputmode": "numeric" if schema["type"] == "integer" else "decimal", "maxlength": 40}
    if kind == "json":
        attributes |= {"class": "mono", "placeholder": '{"…": …}' if schema.get("type") == "object" else "[…]"}
    return Control(
        name=f"{CONTROL}{field.name}",
        label=field.description or field.name,
        kind=kind,
        input_type=input_type,
        required=required,
        hint=field.name if field.description and field.description != field.name else "",
        value=given.get(f"{CONTROL}{field.name}", default),
        options=options if required else [("", ""), *options],
        attributes=attributes,
    )


def _kind(schema: Mapping[str, Any], translate: Translate) -> tuple[str, str, Sequence[tuple[str, str]]]:
    """How the field is typed in: the kind of control, the type of the line, what can be chosen."""
    if "const" in schema:
        return "choice", "", [(_typed_out(schema["const"]), _typed_out(schema["const"]))]
    if "enum" in schema:
        return "choice", "", [(_typed_out(value), _typed_out(value)) for value in schema["enum"]]
    match schema.get("type"):
        case "boolean":
            return "choice", "", [("true", translate(N_("yes"))), ("false", translate(N_("no")))]
        case "object" | "array":
            return "json", "", ()
        case "integer" | "number":
            return "line", "text", ()
        case _:
            of_format = {"email": "email", "date": "date", "uri": "url"}.get(schema.get("format", ""), "text")
            return "lines" if schema.get("maxLength", 0) > LINE_CHARACTERS_MAX else "line", of_format, ()


def _typed_out(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def read_values(
    fields: Iterable[Any], given: Mapping[str, str], translate: Translate, *, all_optional: bool = False
) -> tuple[dict[str, Any], dict[str, str]]:
    """The values that were typed, and by the names of the controls what is wrong. What was left empty is out."""
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for field in fields:
        name, text = f"{CONTROL}{field.name}", given.get(f"{CONTROL}{field.name}", "").strip()
        if not text:
            if field.required and "default" not in field.schema and not all_optional:
                errors[name] = translate(NEEDED)
            continue
        try:
            value = _read(field.schema, text)
        except ValueError:
            errors[name] = translate(NOT_A_NUMBER if field.schema.get("type") in ("integer", "number") else NOT_JSON)
            continue
        if field.schema and (problem := flows.nodes.schema_problem(field.schema, value)):
            errors[name] = said(problem, translate)
        else:
            values[field.name] = value
    return values, errors


def _read(schema: Mapping[str, Any], text: str) -> Any:
    """Raises ValueError."""
    for value in [*schema.get("enum", ()), *([schema["const"]] if "const" in schema else [])]:
        if text == _typed_out(value):
            return value
    if schema.get("type") in ("integer", "number", "boolean", "object", "array"):
        value = orjson.loads(text)
        return int(value) if isinstance(value, float) and schema["type"] == "integer" and value.is_integer() else value
    return text


def said(problem: str, translate: Translate) -> str:
    """What is wrong with a value, as a sentence."""
    for pattern, text in PROBLEMS:
        if found := pattern.fullmatch(problem):
            return translate(text) % found.groupdict()
    return problem.strip()
