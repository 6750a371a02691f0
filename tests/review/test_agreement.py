from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.review.agreement import agreement, is_decision
from opsdesk.review.model import TicketField

Answers = Mapping[str, Any]


def field(name: str, **schema: Any) -> TicketField:
    return TicketField(name=name, label=name, schema=schema, required=True, personal=False)


DECISION = field("compliance_decision", enum=["approved", "rejected", "escalated"])
NOTES = field("review_notes", type="string")
ASKED = (DECISION, NOTES)


def answers(decision: str, notes: str = "") -> Answers:
    return {"compliance_decision": decision, "review_notes": notes}


def test_one_approver_decides_with_exactly_their_answers() -> None:
    given_answers = [answers("approved", "all is well")]
    agreed = agreement(ASKED, given_answers, required_approvers=1)
    assert agreed is not None
    assert agreed.answers == given_answers[0]


def test_two_approvers_decide_when_the_second_agrees() -> None:
    assert agreement(ASKED, [answers("approved")], required_approvers=2) is None
    agreed = agreement(ASKED, [answers("approved"), answers("approved")], required_approvers=2)
    assert agreed is not None
    assert agreed.places == (0, 1)


def test_the_first_rejection_decides_alone() -> None:
    agreed = agreement(ASKED, [answers("rejected", "forged")], required_approvers=3)
    assert agreed is not None
    assert agreed.answers == answers("rejected", "forged")


def test_a_rejection_after_an_approval_decides_with_the_rejection() -> None:
    agreed = agreement(ASKED, [answers("approved"), answers("rejected", "forged")], required_approvers=2)
    assert agreed is not None
    assert (agreed.answers, agreed.places) == (answers("rejected", "forged"), (1,))


def test_different_answers_that_reject_nothing_wait_for_a_third_person() -> None:
    divided = [answers("approved"), answers("escalated")]
    assert agreement(ASKED, divided, required_approvers=2) is None
    agreed = agreement(ASKED, [*divided, answers("approved")], required_approvers=2)
    assert agreed is not None
    assert (agreed.answers["compliance_decision"], agreed.places) == ("approved", (0, 2))


def test_free_texts_of_those_who_agree_are_put_together_once_each() -> None:
    given_answers = [answers("approved", "seen"), answers("approved", "called"), answers("approved", "seen")]
    agreed = agreement(ASKED, given_answers, required_approvers=3)
    assert agreed is not None
    assert agreed.answers["review_notes"] == "seen\n\ncalled"


def test_texts_that_would_break_their_schema_together_stay_apart() -> None:
    asked = (DECISION, field("review_notes", type="string", maxLength=8))
    agreed = agreement(asked, [answers("approved", "12345678"), answers("approved", "abcd")], required_approvers=2)
    assert agreed is not None
    assert agreed.answers["review_notes"] == "abcd"


@pytest.mark.parametrize(
    ("asked", "first", "second"),
    [
        (field("credit_limit", type="integer"), 1000, 1_000_000),
        (field("confirmed", type="boolean"), True, False),
        (field("confirmed"), True, 1),
        (field("until", type="string", format="date"), "2026-01-01", "2026-12-31"),
        (field("account", type="string", pattern="^[A-Z]"), "A", "B"),
        (field("level", anyOf=[{"enum": ["low", "high"]}]), "low", "high"),
        (field("final_decision"), "approved", "Approved"),
        (field("final_decision", type="string"), "yes", "maybe"),
        (field("tags", type="array"), ["a"], ["a", "b"]),
    ],
)
def test_people_have_to_agree_about_everything_but_free_text(asked: TicketField, first: Any, second: Any) -> None:
    assert agreement((asked,), [{asked.name: first}, {asked.name: second}], required_approvers=2) is None


def test_an_answer_left_out_differs_from_one_given() -> None:
    limit = field("credit_limit", type="integer")
    assert agreement((limit,), [{}, {"credit_limit": 5}], required_approvers=2) is None


@pytest.mark.parametrize("word", ["rejected", "Rejected", " DENIED ", "no", "拒绝", False])
def test_words_that_reject_are_known_in_any_case(word: Any) -> None:
    decision = field("final_decision")
    assert agreement((decision,), [{"final_decision": word}], required_approvers=2) is not None


def test_a_rejecting_word_in_another_field_is_only_a_word() -> None:
    assert agreement(ASKED, [answers("approved", "rejected")], required_approvers=2) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("decision", True),
        ("compliance_decision", True),
        ("complianceDecision", True),
        ("FINAL_DECISION", True),
        ("is_approved", True),
        ("decision_notes", False),
        ("disapproved", False),
        ("indecision", False),
        ("", False),
    ],
)
def test_a_field_is_a_decision_by_the_last_word_of_its_name(name: str, expected: bool) -> None:
    assert is_decision(field(name)) is expected


one_person = st.builds(answers, st.sampled_from(["approved", "rejected", "escalated"]), st.text(max_size=5))


@pytest.mark.req("FLO-006")
@given(people=st.lists(one_person, min_size=1, max_size=8), required=st.integers(1, 4))
def test_approval_takes_enough_approvers_and_nobody_who_rejects(people: list[Answers], required: int) -> None:
    for count in range(1, len(people) + 1):
        agreed = agreement(ASKED, people[:count], required_approvers=required)
        if agreed is not None:
            break
    decisions = [person["compliance_decision"] for person in people[:count]]
    approved = agreed is not None and agreed.answers["compliance_decision"] == "approved"
    assert approved == (decisions.count("approved") == required and "rejected" not in decisions)
