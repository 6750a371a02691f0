"""From an answer to outputs: by name, complete, and as their schemas say."""

import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from opsdesk.flows.calls import Done, Failed
from opsdesk.flows.nodes.failures import Failure
from opsdesk.flows.nodes.outputs import bind_outputs, place_steps
from opsdesk.flows.nodes.schemas import schema_problem
from opsdesk.flows.nodes.storable import DEPTH_MAX, INTEGER_MAX, storage_problem
from opsdesk.flows.procedure import Field, Node, NodeType

PERSONAL = "zhang.wei@example.cn"


def node(*outputs: Field | str, **runtime: Any) -> Node:
    fields = tuple(output if isinstance(output, Field) else Field(output) for output in outputs)
    return Node(id="n", type=NodeType.API, name="n", outputs=fields, runtime=runtime)


@pytest.mark.req("FLO-002")
def test_declared_outputs_are_taken_and_others_dropped() -> None:
    assert bind_outputs(node("a", "b"), {"b": None, "a": [1], "c": 3}) == Done({"a": [1], "b": None})


def test_a_node_that_declares_no_outputs_binds_nothing() -> None:
    assert bind_outputs(node(), {"a": 1}) == Done({})
    assert bind_outputs(node(), "no object") == Done({})


def test_every_missing_output_is_named() -> None:
    assert bind_outputs(node("a", "b", "c"), {"b": PERSONAL}) == Failed(Failure.OUTPUT_MISSING, "the answer lacks a, c")


def test_an_optional_output_may_be_missing() -> None:
    assert bind_outputs(node("a", Field("b", required=False)), {"a": 1}) == Done({"a": 1})


@pytest.mark.parametrize("answer", [None, [], "text", 3])
def test_an_answer_that_is_no_object_is_refused(answer: Any) -> None:
    outcome = bind_outputs(node("a"), answer)
    assert isinstance(outcome, Failed)
    assert outcome.code == Failure.ANSWER_NOT_JSON


@pytest.mark.req("FLO-304")
@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        ({"type": "number"}, PERSONAL, "output a is not of type number"),
        ({"type": "number"}, True, "output a is not of type number"),
        ({"type": "integer"}, 1.5, "output a is not of type integer"),
        ({"type": "string"}, None, "output a is not of type string"),
        ({"type": ["string", "null"]}, 3, 'output a is not of type ["string","null"]'),
        ({"enum": ["x", "y"]}, PERSONAL, 'output a breaks enum: ["x","y"]'),
        ({"type": "number", "minimum": 0}, -3, "output a breaks minimum: 0"),
        ({"pattern": "^c-"}, PERSONAL, 'output a breaks pattern: "^c-"'),
        ({"format": "email"}, "13800138000", 'output a breaks format: "email"'),
        ({"format": "date-time"}, "2026-01-05", 'output a breaks format: "date-time"'),
        ({"type": "array", "items": {"type": "string"}}, ["x", 3], "output a[1] is not of type string"),
        ({"properties": {"b": {"type": "string"}}}, {"b": 3}, "output a.b is not of type string"),
        ({"required": ["b"]}, {PERSONAL: 3}, 'output a breaks required: ["b"]'),
        ({"additionalProperties": {"type": "string"}}, {PERSONAL: 3}, "output a.* is not of type string"),
        ({"enum": ["x" * 200]}, 3, f'output a breaks enum: ["{"x" * 118}…'),
        ({"type": "nonsense"}, 3, "output a has a schema that is not one: $.type"),
        ({"$ref": "https://schemas.example/a.json"}, 3, "output a has a schema with a $ref that leads nowhere"),
    ],
)
def test_an_output_that_breaks_its_schema_is_told_by_place_and_rule(schema: Any, value: Any, message: str) -> None:
    outcome = bind_outputs(node(Field("a", schema)), {"a": value})
    assert outcome == Failed(Failure.OUTPUT_INVALID, message)


def test_a_schema_never_makes_a_request() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        reference = f"http://127.0.0.1:{server.getsockname()[1]}/a.json"
        outcome = bind_outputs(node(Field("a", {"$ref": reference})), {"a": 1})
        with pytest.raises(BlockingIOError):
            server.accept()
    assert isinstance(outcome, Failed)
    assert outcome.message == "output a has a schema with a $ref that leads nowhere"


def test_every_output_that_is_wrong_is_told() -> None:
    outcome = bind_outputs(node(Field("a", {"type": "string"}), Field("b", {"type": "null"})), {"a": 1, "b": 2})
    assert isinstance(outcome, Failed)
    assert outcome.message == "output a is not of type string; output b is not of type null"


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer"}, 1.0),
        ({"type": "string", "description": "d", "x-personal": True}, "s"),
        ({"format": "date-time"}, "2026-01-05T10:00:00+08:00"),
        ({"$defs": {"s": {"type": "string"}}, "$ref": "#/$defs/s"}, "s"),
    ],
)
def test_values_that_fit_their_schema_are_bound(schema: Any, value: Any) -> None:
    assert bind_outputs(node(Field("a", schema)), {"a": value}) == Done({"a": value})


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=3,
)


@given(kind=st.sampled_from(["string", "number", "integer", "boolean", "object", "array", "null"]), value=JSON)
def test_the_short_way_for_plain_types_agrees_with_the_validator(kind: str, value: Any) -> None:
    assert (schema_problem({"type": kind}, value) is None) == Draft202012Validator({"type": kind}).is_valid(value)


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("a\0b", " holds a NUL character"),
        ({"a": ["\0"]}, " holds a NUL character"),
        ({"\0": 1}, " holds a NUL character"),
        ("\ud800", " holds half a character"),
        (INTEGER_MAX + 1, " holds a number of more than 64 bits"),
        (-INTEGER_MAX - 1, " holds a number of more than 64 bits"),
        (float("nan"), " holds a number that is not finite"),
        ([float("inf")], " holds a number that is not finite"),
        (_nested(DEPTH_MAX + 1), f" is nested deeper than {DEPTH_MAX}"),
        (object(), " is not JSON"),
    ],
)
def test_what_the_journal_could_not_hold_is_refused(value: Any, problem: str) -> None:
    assert bind_outputs(node("a"), {"a": value}) == Failed(Failure.OUTPUT_INVALID, f"output a{problem}")


@pytest.mark.parametrize(
    "value", ["客户 😀", INTEGER_MAX, -INTEGER_MAX, _nested(DEPTH_MAX), True, None, 0.1, {"a": []}]
)
def test_what_the_journal_can_hold_is_taken(value: Any) -> None:
    assert storage_problem(value) is None


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("$.data.id", Done({"a": "x"})),
        ("$['data']['id']", Done({"a": "x"})),
        ("$.data['two words'][1]", Done({"a": 2})),
        ("$.data", Done({"a": {"id": "x", "two words": [1, 2], "0": "zero"}})),
        ("$.data.0", Done({"a": "zero"})),
        ("$.gone.id", Failed(Failure.OUTPUT_MISSING, "the answer lacks a")),
        ("$.data.id.x", Failed(Failure.OUTPUT_MISSING, "the answer lacks a")),
        ("$.data['two words'][2]", Failed(Failure.OUTPUT_MISSING, "the answer lacks a")),
        ("$.data[0]", Failed(Failure.OUTPUT_MISSING, "the answer lacks a")),
        ("$..id", Failed(Failure.OUTPUT_MISSING, "the answer lacks a")),
    ],
)
def test_a_mapping_finds_an_output_in_the_answer(place: str, found: Any) -> None:
    answer = {"data": {"id": "x", "two words": [1, 2], "0": "zero"}}
    assert bind_outputs(node("a", response_mapping={"a": place}), answer) == found


@pytest.mark.parametrize("place", ["data.id", "$..id", "$.*", "$[-1]", "$[?(@.a)]", "$.a b", "", "$."])
def test_a_place_that_is_not_followed_is_known_as_such(place: str) -> None:
    assert place_steps(place) is None
