"""Which of several conditions never are the first to hold."""

from typing import Any

import pytest

from opsdesk.flows.expressions import Scope, compile_condition
from opsdesk.flows.rule_order import EVALUATIONS_MAX, never_first

SCOPE = Scope({"a": {"type": "number"}, "b": {"type": "number"}, "t": {"type": "string"}, "request.x": {}, "l": {}})


def found(*texts: str) -> dict[int, Any]:
    return never_first([compile_condition(text, SCOPE) for text in texts])


@pytest.mark.parametrize(
    ("conditions", "never"),
    [
        (("true", "a > 1"), {1: 0}),
        (("a > 1", "a > 1"), {1: 0}),
        (("a > 1", "a > 2"), {1: 0}),
        (("a > 2", "a > 1"), {}),
        (("a > 1", "b > 1"), {}),
        (("a > 1", "a > 3 && b > 1"), {1: 0}),
        (("a > 1 && b > 1", "a > 3"), {}),
        (("a > 3 && a < 2",), {0: None}),
        (("false", "a > 1"), {0: None}),
        (("t == 'x' || t == 'y'", "t in ['x', 'y']"), {1: 0}),
        (("t != 'x'", "t == 'y'"), {1: 0}),
        (("request.x == 1 || request.x != 1", "request.x == 'other'"), {1: 0}),
        (("request.x < 1 || request.x >= 1", "request.x == null"), {1: 0}),
    ],
)
def test_a_condition_behind_one_that_always_holds_before_it_is_never_first(
    conditions: tuple[str, ...], never: dict[int, Any]
) -> None:
    assert found(*conditions) == never


@pytest.mark.parametrize(
    "conditions",
    [
        ("has(request.x)", "request.x == 1"),
        ("size(l) > 0", "size(l) > 1"),
        ("a < b", "a < b - 1"),
        ("l.exists(e, e == 1)", "l.exists(e, e == 1 && e > 0)"),
    ],
)
def test_what_cannot_be_proven_is_not_said(conditions: tuple[str, ...]) -> None:
    assert found(*conditions) == {}


def test_the_same_condition_twice_is_found_whatever_it_is() -> None:
    assert found("size(l) > 1", "l.exists(e, e == 1)", "size( l ) > 1") == {2: 0}
    assert found("has(request.x)", "a > 1", "has(request.x)") == {2: 0}


def test_presence_of_different_names_is_not_the_same_condition() -> None:
    scope = Scope({"r.x": {}, "r.y": {}})
    conditions = [compile_condition(text, scope) for text in ("has(r.x) && !has(r.y)", "has(r.y) && !has(r.x)")]
    assert never_first(conditions) == {}


def test_many_conditions_are_compared_within_a_limit() -> None:
    texts = [f"a > {number} && b > {number % 7}" for number in range(200, 0, -1)]
    assert EVALUATIONS_MAX > 0
    assert len(found(*texts)) < len(texts)
