"""What a `data` node checks and computes, and that it does neither for ever."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from opsdesk.flows.calls import Done, Failed, NodeOutcome
from opsdesk.flows.document import load
from opsdesk.flows.lint import lint
from opsdesk.flows.nodes.data import data_node
from opsdesk.flows.nodes.failures import Failure
from opsdesk.flows.procedure import Field, NodeType

PERSONAL = "zhang.wei@example.cn"
ORDER = {"items": [{"price": 20, "count": 3}, {"price": 5, "count": 1}], "email": PERSONAL}


@pytest.fixture
def run(new_call: Callable[..., Any], new_node: Callable[..., Any]) -> Callable[..., Any]:
    async def run(scope: dict[str, Any], *, outputs: Any = (), inputs: Any = (), **runtime: Any) -> NodeOutcome:
        subtype = runtime.pop("subtype", None)
        node = new_node(NodeType.DATA, runtime=runtime, outputs=outputs, inputs=inputs, subtype=subtype)
        return await data_node()(new_call(node, run_inputs={"currency": "CNY"}, **scope))

    return run


@pytest.mark.req("FLO-302")
async def test_outputs_are_computed_from_every_name_in_scope(run: Any) -> None:
    transform = {
        "prices": "items.map(item, item.price * item.count)",
        "several": "size(outputs.register.items) > 1",
        "label": "inputs.currency + ' ' + string(items[0].price)",
        "at": "timestamp('2026-01-02T03:04:05+08:00')",
    }
    outcome = await run(ORDER, outputs=tuple(transform), transform=transform)
    assert outcome == Done({"prices": [60, 5], "several": True, "label": "CNY 20", "at": "2026-01-01T19:04:05Z"})


@pytest.mark.req("FLO-302")
async def test_what_breaks_the_schema_is_named_by_place_and_never_by_value(run: Any) -> None:
    schema = {"type": "object", "properties": {"email": {"type": "string", "maxLength": 5}}}
    outcome = await run(ORDER, inputs=("email",), schema=schema)
    assert outcome == Failed(Failure.DATA_INVALID, "the input.email breaks maxLength: 5")


async def test_the_declared_inputs_pass_through_where_they_fit(run: Any) -> None:
    schema = {"type": "object", "required": ["email"]}
    outcome = await run(ORDER, inputs=("email",), outputs=("email", "valid"), schema=schema)
    assert outcome == Done({"email": PERSONAL, "valid": True})


async def test_every_check_that_does_not_hold_is_told(run: Any) -> None:
    checks = ["size(items) > 5", {"expression": "email == ''", "message": "the address has to be empty"}, "true"]
    outcome = await run(ORDER, checks=checks)
    assert outcome == Failed(Failure.DATA_INVALID, "`size(items) > 5` does not hold; the address has to be empty")


async def test_a_node_may_go_on_and_tell_what_does_not_fit(run: Any) -> None:
    more = {"checks": ["size(items) > 5"], "on_failure": "continue", "transform": {"count": "size(items)"}}
    outcome = await run(ORDER, outputs=("valid", "problems", Field("count", required=False)), **more)
    assert outcome == Done({"valid": False, "problems": ["`size(items) > 5` does not hold"]})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("items[7]", "transform.x: the types of the values do not fit the expression"),
        ("1 / (size(items) - 2)", "transform.x: a division by zero"),
        ("missing + 1", "transform.x: nothing provides missing"),
        ("{1: email}", "transform.x: the result has keys that are not texts"),
    ],
)
async def test_an_expression_that_cannot_be_evaluated_fails_the_node_without_a_value(
    run: Any, text: str, message: str
) -> None:
    outcome = await run(ORDER, outputs=("x",), transform={"x": text})
    assert (outcome.code, outcome.message) == (Failure.EXPRESSION_FAILED, message)


@pytest.mark.parametrize("text", ["duration('3s')", "b'abc'", "9223372036854775807u + 1u"])
async def test_what_json_cannot_hold_is_no_output(run: Any, text: str) -> None:
    outcome = await run(ORDER, outputs=("x",), transform={"x": text})
    assert outcome.code == Failure.OUTPUT_INVALID


async def test_the_schema_of_an_output_holds_for_what_is_computed(run: Any) -> None:
    outcome = await run(ORDER, outputs=(Field("x", schema={"type": "string"}),), transform={"x": "size(items)"})
    assert outcome == Failed(Failure.OUTPUT_INVALID, "output x is not of type string")


async def test_values_that_are_too_large_are_refused_before_they_are_evaluated(run: Any) -> None:
    scope = {"items": list(range(20_000)), "text": "x" * 10_000}
    outcome = await run(scope, outputs=("x",), transform={"x": "items.map(item, text + text)"})
    assert outcome.message == "transform.x: the values are too large for all, map or filter"
    outcome = await run({"text": "x" * 300_000}, outputs=("x",), transform={"x": "text"})
    assert outcome.message == "transform.x: the values are larger than 1048576 bytes"


@pytest.mark.parametrize(
    ("runtime", "message"),
    [
        ({}, "a data node without runtime.transform, runtime.schema or runtime.checks cannot be run"),
        ({"schema": {"type": 7}}, "a data node whose schema is no JSON Schema (2020-12) cannot be run"),
        ({"transform": {"x": 7}}, "a data node whose transform is not a CEL expression for each name cannot be run"),
        (
            {"subtype": "load"},
            "a data node of subtype load (known: aggregate, transform, validate) cannot be run",
        ),
    ],
)
async def test_what_cannot_be_run_is_said_before_and_in_the_run_alike(
    run: Any, runtime: dict[str, Any], message: str
) -> None:
    assert await run({}, **runtime) == Failed(Failure.BAD_NODE, message)
    subtype = runtime.pop("subtype", None)
    node = {"id": "only", "type": "data", "name": "Only", "runtime": runtime, "subtype": subtype}
    found = load(document(node), name="a.json").findings
    assert [finding.message for finding in found] == [f"nodes.only: {message}"]


async def test_lint_types_the_expressions_of_a_data_node() -> None:
    node = {
        "id": "only",
        "type": "data",
        "name": "Only",
        "inputs": [{"name": "score", "schema": {"type": "string"}}],
        "runtime": {"transform": {"a": "scor", "b": "score + 1"}, "checks": ["score.length > 3", "size(score)"]},
    }
    loaded = load(document(node), name="a.json")
    codes = [finding.code for finding in lint(loaded.procedure, loaded.findings)]
    assert [code for code in codes if code.startswith("OSOP3")] == ["OSOP302", "OSOP305", "OSOP304", "OSOP306"]


def document(node: dict[str, Any]) -> str:
    return json.dumps({"osop_version": "2.0", "id": "p", "name": "P", "nodes": [node], "edges": []})
