import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.review.answers import (
    ANSWER_DEPTH_MAX,
    ANSWERS_CHARS_MAX,
    NUMBER_MAX,
    TEXT_CHARS_MAX,
    problem_of_schema,
    problems_of,
    text_problem,
)
from opsdesk.review.model import TicketField


def field(name: str, *, required: bool = True, **schema: Any) -> TicketField:
    return TicketField(name=name, label=name, schema=schema, required=required, personal=False)


DECISION = field("compliance_decision", enum=["approved", "rejected"])
NOTES = field("review_notes", type="string")
ANYTHING = field("anything")


def test_answers_that_are_asked_for_have_no_problems() -> None:
    given = {"compliance_decision": "approved", "review_notes": "证件清晰，本人确认。\n\t\r👩‍👩‍👧"}
    assert problems_of((DECISION, NOTES), given) == {}


def test_all_problems_are_told_at_once_by_field() -> None:
    found = problems_of((DECISION, NOTES, ANYTHING), {"compliance_decision": "maybe", "review_notes": 5, "extra": 1})
    assert found == {
        "extra": ["is not asked for"],
        "compliance_decision": ["has to be one of approved, rejected"],
        "review_notes": ["has to be of type string"],
        "anything": ["an answer is required"],
    }


def test_an_answer_that_is_not_required_may_be_left_out() -> None:
    assert problems_of((field("review_notes", required=False, type="string"),), {}) == {}


@pytest.mark.parametrize("blank", ["", "  \n", None])
def test_a_required_decision_is_not_blank(blank: Any) -> None:
    assert problems_of((field("final_decision"),), {"final_decision": blank}) == {
        "final_decision": ["an answer is required"]
    }


def test_a_required_text_may_be_empty() -> None:
    assert problems_of((NOTES,), {"review_notes": ""}) == {}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "maxLength": 3}, "secret value"),
        ({"type": "string", "pattern": "^[a-z]$"}, "secret value"),
        ({"type": "string", "format": "date"}, "secret value"),
        ({"enum": ["a"]}, "secret value"),
        ({"const": 1}, "secret value"),
        ({"type": "object", "properties": {"inner": {"type": "integer"}}}, {"inner": "secret value"}),
        ({"type": "object", "additionalProperties": False}, {"secret value": 1}),
        ({"type": "array", "uniqueItems": True}, ["secret value", "secret value"]),
        ({"not": {"type": "string"}}, "secret value"),
    ],
)
def test_a_problem_never_repeats_the_answer(schema: dict[str, Any], value: Any) -> None:
    found = problems_of((field("asked", **schema),), {"asked": value})
    assert "asked" in found
    assert "secret value" not in str(found)


def test_a_problem_inside_an_object_names_the_place_in_the_schema() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"amount": {"minimum": 1}}}
    assert problems_of((field("asked", **schema),), {"asked": {"amount": 0}}) == {
        "asked": ["properties.amount: does not fulfil minimum: 1"]
    }


def test_true_is_no_integer_and_1_is_no_boolean() -> None:
    assert problems_of((field("asked", type="integer"),), {"asked": True})
    assert problems_of((field("asked", enum=[True]),), {"asked": 1})


@given(st.characters(exclude_categories=()))
def test_a_character_is_refused_by_what_it_is_and_by_nothing_else(character: str) -> None:
    controls = unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\r\t"
    turns = unicodedata.bidirectional(character) in ("LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI")
    assert (text_problem(character) is not None) == (controls or turns)


def test_a_text_may_have_its_limit_and_no_more() -> None:
    assert text_problem("审" * TEXT_CHARS_MAX) is None
    assert text_problem("审" * (TEXT_CHARS_MAX + 1)) == "has more than 10000 characters"


def test_all_answers_together_have_a_limit() -> None:
    asked = tuple(field(f"text_{number}") for number in range(11))
    longest = {one.name: "a" * (TEXT_CHARS_MAX - 20) for one in asked}
    assert problems_of(asked, longest) == {"answers": [f"have more than {ANSWERS_CHARS_MAX} characters together"]}


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\ud800", "\u202e", "\u2066"])
def test_control_characters_are_refused_wherever_they_stand(character: str) -> None:
    for value in (f"a{character}b", [{"inner": character}], {f"name{character}": 1}):
        assert problems_of((ANYTHING,), {"anything": value}) == {"anything": ["holds control characters"]}


@pytest.mark.parametrize(
    "number", [float("nan"), float("inf"), NUMBER_MAX + 1, -NUMBER_MAX - 1, pytest.param(10**5000, id="huge")]
)
def test_numbers_that_json_cannot_keep_are_refused(number: float) -> None:
    assert problems_of((ANYTHING,), {"anything": [number]}) == {"anything": ["is not a number that can be kept"]}


def test_an_answer_may_be_nested_to_its_limit_and_no_deeper() -> None:
    value: Any = 1
    for _ in range(ANSWER_DEPTH_MAX - 1):
        value = [value]
    assert problems_of((ANYTHING,), {"anything": value}) == {}
    assert problems_of((ANYTHING,), {"anything": [value]}) == {
        "anything": [f"is nested more than {ANSWER_DEPTH_MAX} deep"]
    }


def test_what_json_does_not_know_is_refused() -> None:
    assert problems_of((ANYTHING,), {"anything": b"bytes"}) == {"anything": ["is not a JSON value"]}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "strin"},
        {"minimum": "1"},
        {"$ref": "https://example.com/schema"},
        {"$ref": "#"},
        {"properties": {"a": {"allOf": [{"$dynamicRef": "#x"}]}}},
    ],
)
def test_a_schema_that_nobody_could_answer_is_refused(schema: dict[str, Any]) -> None:
    assert problem_of_schema(schema) is not None


def test_an_empty_schema_admits_any_value() -> None:
    assert problem_of_schema({}) is None
    assert problems_of((ANYTHING,), {"anything": None}) == {}
