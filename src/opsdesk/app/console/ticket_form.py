"""What a ticket asks for as a form, made from its JSON Schema; and what was typed into it as answers."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opsdesk import review
from opsdesk.app.console.problems import said
from opsdesk.app.console.words import N_

RADIO_OPTIONS_MAX = 9
"""A choice of more becomes a list that opens."""
LINE_CHARS_MAX = 120
"""A text that may be longer gets several lines."""

_NUMBERS = {"integer", "number"}


@dataclass(frozen=True, slots=True)
class Control:
    """One field of the form. `kind`: choice, list, check, number, line, text or json."""

    name: str
    """In the form: `answer-0`, because a field of a procedure may be called anything."""
    field: review.TicketField
    kind: str
    options: Sequence[tuple[str, str]]
    """Of a choice: what is sent, and what is read."""
    attributes: Mapping[str, Any]
    numbered: bool
    """Whether the keys 1 to 9 choose: so with the first choice of a form."""


def controls(asked: Sequence[review.TicketField], translate: Callable[[str], str]) -> Sequence[Control]:
    """The form, in the order in which the ticket asks."""
    made: list[Control] = []
    for place, field in enumerate(asked):
        kind, options = _kind(field.schema, translate)
        numbered = kind == "choice" and not any(control.numbered for control in made)
        made.append(Control(f"answer-{place}", field, kind, options, _attributes(field.schema, kind), numbered))
    return made


def answers_from(form: Sequence[Control], typed: Mapping[str, str]) -> Mapping[str, Any]:
    """The answers by the names of the ticket's fields; what was left empty and may be is not among them.

    What cannot be read as what the schema asks for stays the text that it is, so that it is refused with its reason.
    """
    answers = {}
    for control in form:
        text = typed.get(control.name, "")
        if control.kind == "check":
            answers[control.field.name] = text == "true"
        elif text.strip():
            answers[control.field.name] = _read(control, text)
    return answers


def reason_options(reasons: Mapping[str, Mapping[str, str]]) -> Sequence[tuple[str, str]]:
    """The reason codes of all decisions as a list, each with the decision that it is for."""
    options: dict[str, str] = {}
    for decision, codes in reasons.items():
        before = "" if decision == review.reasons.ANY_DECISION else f"{decision} – "
        options |= {code: f"{before}{words or code}" for code, words in codes.items() if code not in options}
    return list(options.items())


def errors_from(
    form: Sequence[Control], problems: Mapping[str, Sequence[str]], translate: Callable[[str], str]
) -> Mapping[str, str]:
    """What is wrong, by the names of the form; the empty name is what belongs to no field."""
    names = {control.field.name: control.name for control in form}
    return {
        names.get(field, ""): " ".join(said(problem, translate) for problem in found)
        for field, found in problems.items()
    }


def _kind(schema: Mapping[str, Any], translate: Callable[[str], str]) -> tuple[str, Sequence[tuple[str, str]]]:
    wanted = schema.get("type")
    if options := schema.get("enum"):
        pairs = [(json.dumps(option), option if isinstance(option, str) else json.dumps(option)) for option in options]
        return ("choice" if len(pairs) <= RADIO_OPTIONS_MAX else "list"), pairs
    if wanted == "boolean":
        if schema.get("const") is True:
            return "check", ()
        return "choice", (("true", translate(N_("Yes"))), ("false", translate(N_("No"))))
    if wanted in _NUMBERS:
        return "number", ()
    if wanted == "string":
        return ("line" if schema.get("maxLength", LINE_CHARS_MAX + 1) <= LINE_CHARS_MAX else "text"), ()
    return ("json" if wanted in ("object", "array") else "text"), ()


def _attributes(schema: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """What browsers can say before anything is sent; the ticket says it again, and more."""
    if kind == "number":
        step = 1 if schema.get("type") == "integer" else "any"
        return {"min": schema.get("minimum"), "max": schema.get("maximum"), "step": step, "inputmode": "decimal"}
    if kind in ("line", "text"):
        return {"maxlength": schema.get("maxLength"), "autocomplete": "off"}
    return {}


def _read(control: Control, text: str) -> Any:
    if control.kind in ("choice", "list", "number", "json"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    # Browsers send lines apart by carriage returns too.
    return text.replace("\r\n", "\n")
