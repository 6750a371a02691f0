"""A condition that would take too long is refused before it begins, and one that only looks so is not."""

from typing import Any

import pytest

from opsdesk.flows.calls import Done
from opsdesk.flows.engine import status
from opsdesk.flows.expression_work import ROUNDS_MAX
from opsdesk.flows.expressions import Condition, ConditionFailed, Scope, compile_condition, compile_value
from opsdesk.flows.state import RunStatus
from tests.flows.graphs import Journal, fields, node, program

SCOPE = Scope({"items": {}, "others": {}, "text": {}})
NUMBERS = list(range(100_000))
TOO_LONG = "it would take too long with values as large as these"


def condition(text: str) -> Condition:
    return compile_condition(text, SCOPE)


@pytest.mark.req("FLO-202")
@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("items.all(x, x in others)", {"items": NUMBERS[:9_000], "others": NUMBERS}),
        ("items.all(x, others == others)", {"items": NUMBERS[:9_000], "others": NUMBERS[:9_000]}),
        ("items.exists(x, text.contains(x))", {"items": ["z"] * 9_000, "text": "y" * 250_000}),
        ("items.all(x, size(text) > x)", {"items": NUMBERS[:9_000], "text": "y" * 250_000}),
        ("size(items.map(x, x)) > 0", {"items": NUMBERS[:9_999]}),
        ("size(items.filter(x, x > 0)) > 0", {"items": NUMBERS[:9_999]}),
        ("text.matches(items)", {"text": "y" * 250_000, "items": "(y|y?){1000}z"}),
    ],
)
def test_a_condition_that_takes_too_long_is_never_begun(text: str, values: dict[str, Any]) -> None:
    with pytest.raises(ConditionFailed) as failed:
        condition(text).evaluate(values)
    assert failed.value.message == TOO_LONG


@pytest.mark.req("FLO-202")
def test_a_list_that_is_too_long_for_one_expression_is_a_stated_error() -> None:
    over = condition("items.all(x, x >= 0)")
    assert over.evaluate({"items": NUMBERS[: ROUNDS_MAX - 1]})
    with pytest.raises(ConditionFailed) as failed:
        over.evaluate({"items": NUMBERS[: ROUNDS_MAX + 1]})
    assert failed.value.message == "it goes through more than 10000 items, or cannot be evaluated"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("items.all(x, x >= 0)", {"items": NUMBERS[:9_000]}),
        ("items.exists(x, x.name == text)", {"items": [{"name": "n" * 20}] * 9_000 + [{"name": "a"}], "text": "a"}),
        ("items.all(x, x in others)", {"items": NUMBERS[:2_000], "others": NUMBERS[:2_000]}),
        ("size(items.map(x, x)) > 0", {"items": NUMBERS[:1_000]}),
        ("text.contains(items)", {"text": "y" * 250_000, "items": "y"}),
        ("text.matches('(y|y?){1000}z') || true", {"text": "y" * 100}),
        ("text.matches(items)", {"text": "y" * 1_000, "items": "y+"}),
        ("others == others", {"others": NUMBERS}),
    ],
)
def test_a_condition_over_many_values_is_decided(text: str, values: dict[str, Any]) -> None:
    assert condition(text).evaluate(values)


def test_a_list_for_a_loop_is_judged_in_the_same_way() -> None:
    made = compile_value("items.map(x, x)", SCOPE)
    assert len(made.items({"items": NUMBERS[:1_000]})) == 1_000
    with pytest.raises(ConditionFailed):
        made.items({"items": NUMBERS[:9_999]})


@pytest.mark.req("FLO-202")
def test_a_run_whose_condition_would_take_too_long_is_blocked_and_names_the_expression() -> None:
    text = "first_list.all(x, x in second_list)"
    nodes = [node("ask", outputs=fields("first_list", "second_list")), node("on")]
    journal = Journal(program(nodes, [("ask", "on", text)]), {})
    journal.run(lambda _: Done({"first_list": NUMBERS[:9_000], "second_list": NUMBERS}))
    blocked = journal.facts[-1].payload
    assert (status(journal.state), blocked["expression"], blocked["message"]) == (RunStatus.BLOCKED, text, TOO_LONG)
