"""Which codes go back for which reasons."""

from typing import Any

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from opsdesk.review.screening.model import Choice, Reason, Rejection
from opsdesk.review.screening.rejecting import codes_returned, ticks_problem


def rejection(**changes: Any) -> Rejection:
    reasons = (
        Reason("a", "first", code="C1", priority=10),
        Reason("b", "second", code="C2", priority=30),
        Reason("c", "third", code="C1", priority=20),
    )
    settings: dict[str, Any] = {
        "choice": Choice.MULTIPLE,
        "with_code": True,
        "code_return": Choice.MULTIPLE,
        "with_priority": True,
        "with_label": False,
        "reasons": reasons,
    }
    return Rejection(**settings | changes)


@pytest.mark.req("REV-R01", "REV-R02", "REV-J05")
def test_codes_go_back_from_high_to_low_priority_each_once() -> None:
    assert codes_returned(rejection(), ["a", "b", "c"]) == ["C2", "C1"]


@pytest.mark.req("REV-R02", "REV-X19")
def test_without_priorities_the_order_of_the_rows_counts() -> None:
    assert codes_returned(rejection(with_priority=False), ["c", "b", "a"]) == ["C1", "C2"]


@pytest.mark.req("REV-R02", "REV-J04")
def test_a_single_code_is_the_first_one() -> None:
    assert codes_returned(rejection(code_return=Choice.SINGLE), ["a", "b"]) == ["C2"]
    assert codes_returned(rejection(code_return=Choice.SINGLE, with_priority=False), ["b", "a"]) == ["C1"]


@pytest.mark.req("REV-R02", "REV-J03")
def test_a_type_without_codes_sends_none_back() -> None:
    assert codes_returned(rejection(with_code=False, code_return=None, with_priority=None), ["a"]) == []


@pytest.mark.req("REV-R03", "REV-X20")
def test_a_rejection_has_a_reason_and_one_where_one_is_to_be_chosen() -> None:
    assert ticks_problem(rejection(), []) == "needs at least one reason"
    single = rejection(choice=Choice.SINGLE)
    assert ticks_problem(single, ["a", "b"]) == "takes exactly one reason"
    assert ticks_problem(single, ["a"]) is None
    assert codes_returned(single, ["a"]) == ["C1"]


@examples(st.lists(st.sampled_from("abc")), st.booleans(), st.sampled_from([*Choice]))
def test_every_code_comes_from_a_ticked_reason_and_comes_once(
    ticked: list[str], with_priority: bool, code_return: Choice
) -> None:
    rules = rejection(with_priority=with_priority, code_return=code_return)
    codes = codes_returned(rules, ticked)
    assert len(codes) == len(set(codes))
    assert set(codes) <= {reason.code for reason in rules.reasons if reason.id in ticked}
    assert bool(codes) == bool(ticked)
