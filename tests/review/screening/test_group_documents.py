"""What a group may be, and what it says of applications."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from opsdesk import flows
from opsdesk.review.groups.document import Answer, GroupDocument, Offered, read_stored, stored
from opsdesk.review.groups.evaluation import CompiledGroup, RuleUndecided, compiled_group
from opsdesk.review.groups.reading import RULES_MAX, read_group
from opsdesk.review.screening.sources import Facts
from tests.review.screening.samples import rule, verify

OFFERED = Offered(pb_fields=("customer.age", "amount"), methods=("face", "full"), types=(7,))
FEATURES = [{"name": "device_score", "type": "number"}, {"name": "tags", "type": "list"}]


def read(*rules: Any, features: Any = FEATURES) -> tuple[GroupDocument | None, dict[str, list[str]]]:
    names = count(1)
    form = {"features": features, "rules": list(rules)}
    return read_group(
        form, offered=OFFERED, compile_condition=flows.checks.condition_over, new_id=lambda: f"r{next(names)}"
    )


def group(*rules: Any, features: Any = FEATURES) -> CompiledGroup:
    found, problems = read(*rules, features=features)
    assert found is not None, problems
    return compiled_group(found, pb_fields=OFFERED.pb_fields, compile_condition=flows.checks.condition_over)


YOUNG = Facts(request={"customer": {"age": 17}, "amount": 100}, features={"device_score": 0.2})


@pytest.mark.req("REV-K01")
def test_the_first_rule_that_holds_answers() -> None:
    found = group(
        rule("young", "request.customer.age < 18"),
        verify("bad device", "device_score < 0.5"),
        rule("large", "request.amount > 1000"),
    )
    verdict = found.evaluate(YOUNG)
    assert (verdict.answer, verdict.rule and verdict.rule.name) == (Answer.REJECT, "young")
    grown = Facts(request={"customer": {"age": 30}, "amount": 100}, features={"device_score": 0.2})
    verdict = found.evaluate(grown)
    assert verdict.rule is not None
    assert (verdict.answer, verdict.rule.methods, verdict.rule.type_id) == (Answer.VERIFY, ("face",), 7)


def test_an_application_that_no_rule_is_about_passes() -> None:
    verdict = group(rule("young", "request.customer.age < 10")).evaluate(YOUNG)
    assert (verdict.answer, verdict.rule) == (Answer.PASS, None)


def test_a_rule_whose_value_is_missing_passes_nobody() -> None:
    found = group(rule("late", "request.amount > 1000"), rule("tagged", "'fraud' in tags"))
    with pytest.raises(RuleUndecided) as undecided:
        found.evaluate(YOUNG)
    assert (undecided.value.rule.name, undecided.value.why) == ("tagged", "\"'fraud' in tags\": tags is missing")


def test_a_rule_may_ask_whether_a_value_is_there() -> None:
    verdict = group(verify("no face", "!has(verification.face_matching_result)")).evaluate(YOUNG)
    assert verdict.answer is Answer.VERIFY


@pytest.mark.req("REV-D08")
def test_only_features_that_the_group_has_are_found_by_adapts() -> None:
    facts = Facts(features={"device_score": 1, "secret_score": 2})
    assert group().known_features(facts).features == {"device_score": 1}


@pytest.mark.req("REV-P02", "REV-A08", "REV-X32")
def test_a_rule_that_verifies_names_methods_and_a_type_that_are_offered() -> None:
    _, problems = read(
        verify("a", "true", screening_type=8, methods=["sms"]),
        verify("b", "true", screening_type="", methods=[]),
    )
    assert problems == {
        "rules.0.methods": ["sms is no method with screening of this application and scene"],
        "rules.0.screening_type": ["has no active adapt for this application and scene"],
        "rules.1.methods": ["is required"],
        "rules.1.screening_type": ["is required"],
    }


def test_a_condition_is_checked_before_it_is_saved() -> None:
    _, problems = read(rule("a", "request.customer.agee < 18"), rule("b", "device_score =="), rule("c", ""))
    assert sorted(problems) == ["rules.0.when", "rules.1.when", "rules.2.when"]
    assert "agee" in problems["rules.0.when"][0]
    assert problems["rules.2.when"] == ["is required"]


@pytest.mark.parametrize(
    ("place", "make"),
    [
        ("rules", lambda number: rule(f"r{number}", "true")),
        ("features", lambda number: {"name": f"f{number}"}),
    ],
)
def test_a_group_has_two_hundred_rules_and_features_and_not_one_more(place: str, make: Callable[[int], Any]) -> None:
    form: dict[str, Any] = {"rules": [], "features": []}
    for rows, refused in ((RULES_MAX, {}), (RULES_MAX + 1, {place: [f"are more than {RULES_MAX}"]})):
        form[place] = [make(number) for number in range(rows)]
        assert read(*form["rules"], features=form["features"])[1] == refused


def test_every_rule_of_a_group_of_two_hundred_is_asked_in_its_order() -> None:
    found = group(*(rule(f"r{number}", f"request.amount > {number}", "pass") for number in reversed(range(RULES_MAX))))
    for amount, name in ((199.5, "r199"), (100, "r99"), (0.5, "r0")):
        verdict = found.evaluate(Facts(request={"amount": amount}))
        assert verdict.rule is not None
        assert verdict.rule.name == name
    assert found.evaluate(Facts(request={"amount": 0})).rule is None


def test_a_revision_is_compiled_once_until_the_fields_of_its_scene_change() -> None:
    found, _ = read(rule("a", "request.amount > 1"), rule("b", "request.amount > 2"))
    assert found is not None
    asked: list[str] = []

    def compile_condition(text: str, names: Any) -> Any:
        asked.append(text)
        return flows.checks.condition_over(text, names)

    def compiled(*pb_fields: str) -> CompiledGroup:
        same = read_stored(stored(found))
        return compiled_group(same, pb_fields=pb_fields, compile_condition=compile_condition)

    assert compiled("amount") is compiled("amount")
    assert len(asked) == 2
    assert compiled("amount", "age").pb_fields == ("amount", "age")
    assert len(asked) == 4
    with pytest.raises(RuleUndecided):
        compiled("age")


def test_a_rule_that_would_take_too_long_passes_nobody() -> None:
    """Not even where a rule behind it would reject: it could have been the one that answers."""
    features = [{"name": "seen", "type": "list"}, {"name": "known", "type": "list"}]
    rules = [rule("slow", "seen.all(each, each in known)", "pass"), rule("all", "true")]
    slow = group(*rules, features=features)
    few, many = ["a"], [f"{number:05}" for number in range(10_000)]
    assert slow.evaluate(Facts(features={"seen": few, "known": many})).answer is Answer.REJECT
    with pytest.raises(RuleUndecided) as undecided:
        slow.evaluate(Facts(features={"seen": many, "known": many}))
    assert (undecided.value.rule.name, "it would take too long" in undecided.value.why) == ("slow", True)
    _, problems = read(rule("inside", "seen.all(a, known.exists(b, a == b))"), features=features)
    assert "stand inside each other" in problems["rules.0.when"][0]


def test_rules_and_features_have_names_of_their_own() -> None:
    twice = [{"name": "x", "type": "flag"}, {"name": "x", "type": "text"}, {"name": "a b"}]
    _, problems = read(rule("a", "true"), rule("a", "true"), features=twice)
    assert problems == {
        "features.1.name": ["is there twice"],
        "features.2.name": ["is no name that a condition can use: letters, digits and _"],
        "rules.1.name": ["is there twice"],
    }


def test_a_group_is_kept_and_read_without_a_change() -> None:
    found, _ = read(rule("a", "device_score > 1"), verify("b", "true"))
    assert found is not None
    assert read_stored(stored(found)) == found
    again, problems = read_group(
        stored(found), offered=OFFERED, compile_condition=flows.checks.condition_over, new_id=lambda: "new"
    )
    assert (again, problems) == (found, {})


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.sampled_from(["verify", "face", "number"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["features", "rules", "name", "type", "when", "answer", "methods", "screening_type"]), inner
        )
    ),
    max_leaves=20,
)


@examples(ANYTHING)
def test_whatever_is_given_is_read_or_refused_by_place(anything: Any) -> None:
    found, problems = read_group(
        anything, offered=OFFERED, compile_condition=flows.checks.condition_over, new_id=lambda: "r"
    )
    assert (found is None) == bool(problems)
