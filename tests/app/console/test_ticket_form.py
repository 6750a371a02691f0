"""What a ticket asks for as a form, and what was typed as answers."""

from collections.abc import Mapping
from typing import Any

import pytest

from opsdesk import review
from opsdesk.app.console.ticket_form import RADIO_OPTIONS_MAX, Control, answers_from, controls, errors_from
from opsdesk.review.answers import problems_of


def asked(schema: Mapping[str, Any], *, name: str = "field", required: bool = True) -> review.TicketField:
    return review.TicketField(name=name, label="Field", schema=schema, required=required, personal=False)


def form(*fields: review.TicketField) -> list[Control]:
    return list(controls(fields, lambda text: text))


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string", "enum": ["approved", "rejected"]}, "choice"),
        ({"enum": list(range(RADIO_OPTIONS_MAX))}, "choice"),
        ({"enum": list(range(RADIO_OPTIONS_MAX + 1))}, "list"),
        ({"type": "boolean"}, "choice"),
        ({"type": "boolean", "const": True}, "check"),
        ({"type": "integer"}, "number"),
        ({"type": "number"}, "number"),
        ({"type": "string", "maxLength": 40}, "line"),
        ({"type": "string"}, "text"),
        ({"type": "object"}, "json"),
        ({"type": "array"}, "json"),
        ({}, "text"),
    ],
)
def test_each_schema_has_its_control(schema: Mapping[str, Any], kind: str) -> None:
    assert [control.kind for control in form(asked(schema))] == [kind]


@pytest.mark.parametrize(
    ("schema", "typed", "answer"),
    [
        ({"enum": ["approved", 2, None]}, '"approved"', "approved"),
        ({"enum": ["approved", 2, None]}, "2", 2),
        ({"enum": ["approved", 2, None]}, "null", None),
        ({"type": "boolean"}, "false", False),
        ({"type": "integer"}, " 12 ", 12),
        ({"type": "number"}, "0.5", 0.5),
        ({"type": "integer"}, "twelve", "twelve"),
        ({"type": "string"}, "a\r\nb", "a\nb"),
        ({"type": "string"}, "12", "12"),
        ({"type": "object"}, '{"a": [1]}', {"a": [1]}),
        ({"type": "boolean", "const": True}, "true", True),
    ],
)
def test_what_was_typed_is_read_as_what_is_asked_for(schema: Mapping[str, Any], typed: str, answer: Any) -> None:
    made = form(asked(schema))
    assert answers_from(made, {"answer-0": typed}) == {"field": answer}


def test_what_was_left_empty_is_no_answer() -> None:
    assert answers_from(form(asked({"type": "string"})), {"answer-0": " \r\n "}) == {}
    assert answers_from(form(asked({"type": "boolean"})), {}) == {}


def test_a_box_that_was_not_ticked_is_a_no() -> None:
    assert answers_from(form(asked({"type": "boolean", "const": True})), {}) == {"field": False}


def test_what_cannot_be_read_is_refused_with_its_reason_at_its_field() -> None:
    fields = [asked({"type": "string"}, name="a b"), asked({"type": "integer"}, name="a[b]")]
    made = form(*fields)
    problems = problems_of(fields, answers_from(made, {"answer-0": "x", "answer-1": "twelve"}))
    assert errors_from(made, problems, lambda text: text) == {"answer-1": "This has to be of the type integer."}


def test_the_keys_choose_among_the_first_options_only() -> None:
    choices = [asked({"type": "integer"}), asked({"enum": ["a", "b"]}), asked({"type": "boolean"})]
    assert [control.numbered for control in form(*choices)] == [False, True, False]


def test_every_field_of_a_form_has_a_name_of_its_own() -> None:
    assert [control.name for control in form(asked({}), asked({}, name="<script>"))] == ["answer-0", "answer-1"]
