from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.flows.document import load
from opsdesk.flows.expression_problems import Problem, ProblemKind
from opsdesk.flows.expressions import (
    EXPRESSION_CHARS_MAX,
    NESTING_MAX,
    Condition,
    ConditionFailed,
    ConditionInvalid,
    Scope,
    compile_condition,
    compile_conditions,
    declarable,
)
from tests.flows.documents import document

SCOPE = Scope(
    {
        "kyc_score": {},
        "watchlist_match": {},
        "items": {},
        "decision": {"type": "string"},
        "approved": {"type": "boolean"},
        "tags": {"type": "array"},
        "inputs.amount": {"type": "number"},
        "outputs.run_tests.passed": {},
        "metadata.attempt": {},
    }
)
ACCEPT = "kyc_score >= 0.7 && watchlist_match == false"
REVIEW = "kyc_score < 0.7 || watchlist_match == true"


def compiled(text: str) -> Condition:
    return compile_condition(text, SCOPE)


def problems_of(text: str) -> tuple[Problem, ...]:
    try:
        compiled(text)
    except ConditionInvalid as error:
        return error.problems
    return ()


def problem_of(text: str) -> tuple[ProblemKind, str, int]:
    with pytest.raises(ConditionInvalid) as caught:
        compiled(text)
    problem = caught.value.problems[0]
    return problem.kind, problem.hint, problem.offset


@pytest.mark.req("FLO-005")
@pytest.mark.parametrize(
    ("score", "match", "accept", "review"),
    [
        (0.7, False, True, False),
        (1, False, True, False),
        (0.69, False, False, True),
        (0, True, False, True),
        (None, True, False, True),
        ("0.9", True, False, True),
    ],
)
def test_a_score_is_compared_as_a_number_whatever_its_spelling(
    score: object, match: bool, accept: bool, review: bool
) -> None:
    values = {"kyc_score": score, "watchlist_match": match}
    assert compiled(ACCEPT).evaluate(values) is accept
    assert compiled(REVIEW).evaluate(values) is review


@pytest.mark.req("FLO-005")
@pytest.mark.parametrize("score", [None, "0.9", True, [], {}])
@pytest.mark.parametrize("text", [ACCEPT, REVIEW])
def test_a_score_that_is_no_number_is_never_decided(text: str, score: object) -> None:
    with pytest.raises(ConditionFailed, match="does not fit the types"):
        compiled(text).evaluate({"kyc_score": score, "watchlist_match": False})


@pytest.mark.req("FLO-005")
def test_a_missing_score_is_named_and_never_decided() -> None:
    with pytest.raises(ConditionFailed, match="kyc_score is missing"):
        compiled(ACCEPT).evaluate({"watchlist_match": False})


def test_what_decides_alone_absorbs_what_is_missing() -> None:
    assert compiled(REVIEW).evaluate({"watchlist_match": True}) is True
    assert compiled(ACCEPT).evaluate({"watchlist_match": True}) is False


@pytest.mark.parametrize("value", [10**30, {"a": 10**30}])
def test_a_number_beyond_64_bits_is_not_decided(value: object) -> None:
    with pytest.raises(ConditionFailed, match="out of range"):
        compiled("items == 1 || items['a'] > 1").evaluate({"items": value})


def test_a_result_that_is_not_boolean_is_not_decided() -> None:
    with pytest.raises(ConditionFailed, match="neither true nor false but INT"):
        compiled("items").evaluate({"items": 1})


def test_messages_of_failures_hold_no_values() -> None:
    secret = "13800138000"
    for text, items in [("items.phone == '1'", {secret: 1}), ("items > 5", secret), ("items[decision] == 1", {"a": 1})]:
        with pytest.raises(ConditionFailed) as caught:
            compiled(text).evaluate({"items": items, "decision": secret})
        assert secret not in str(caught.value)


@pytest.mark.req("FLO-202")
@pytest.mark.parametrize(
    ("text", "kind", "hint", "offset"),
    [
        ("kyc_scor > 1", ProblemKind.UNKNOWN_NAME, "did you mean kyc_score?", 0),
        ("kyc_score > 1 && outputs.run_test.passed", ProblemKind.UNKNOWN_NAME, "outputs.run_tests.passed?", 17),
        ("outputs.run_tests.passsed == 1", ProblemKind.UNKNOWN_NAME, "outputs.run_tests.passed?", 0),
        ("inputs.amunt > 1", ProblemKind.UNKNOWN_NAME, "did you mean inputs.amount?", 0),
        ("decision == approve", ProblemKind.UNKNOWN_NAME, "'approve'", 12),
        ("env.STAGE == 'x'", ProblemKind.UNKNOWN_NAME, "environment", 0),
        ("'中文' == decision && wrong == 1", ProblemKind.UNKNOWN_NAME, "", 20),
        ("status('a') == 'b'", ProblemKind.UNKNOWN_FUNCTION, "edge", 0),
        ("decision.startWith('a')", ProblemKind.UNKNOWN_FUNCTION, "startsWith", 9),
        ("decision == 1", ProblemKind.TYPES, "", 9),
        ("decision == null", ProblemKind.TYPES, "null", 9),
        ("approved > 1", ProblemKind.TYPES, "", 9),
        ("1 + 1", ProblemKind.NOT_BOOLEAN, "", 0),
        ("decision", ProblemKind.NOT_BOOLEAN, "", 0),
        ("all tests pass", ProblemKind.SYNTAX, "an expression, such as", 0),
        ("the score is high", ProblemKind.SYNTAX, "an expression, such as", 0),
        ("score > > 1", ProblemKind.SYNTAX, "", 8),
        ("kyc_score >=", ProblemKind.SYNTAX, "", 11),
        ("", ProblemKind.SYNTAX, "", 0),
    ],
)
def test_a_wrong_expression_is_explained_at_its_place(text: str, kind: ProblemKind, hint: str, offset: int) -> None:
    found_kind, found_hint, found_offset = problem_of(text)
    assert (found_kind, found_offset) == (kind, offset)
    assert hint in found_hint


@pytest.mark.req("FLO-202")
@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("items.length == 0", "size(items)"),
        ("tags.length > 0", "size(tags)"),
        ("kyc_score === 1", "=="),
        ("kyc_score !== 1", "!="),
        ("kyc_score = 1", "=="),
        ("decision contains 'x'", "decision.contains('x')"),
        ("!items.includes('a')", "items.contains('a')"),
        ("len(items) > 0", "size(items)"),
        ("kyc_score > 1 and approved", "&&"),
        ("kyc_score > 1 or approved", "||"),
        ("not approved", "!"),
        ("decision == None", "null"),
        ("kyc_score == undefined", "null"),
        ("approved == True", "true"),
        ("approved == FALSE", "false"),
        ("kyc_score <> 1", "!="),
        ("decision IN ['a']", "in"),
        ("kyc_score is null", "=="),
        ("${kyc_score} > 1", "without ${ }"),
        ("{{ kyc_score }} > 1", "without ${ }"),
        ("approved & approved", "&&"),
    ],
)
def test_habits_of_other_languages_get_their_cel_spelling(text: str, hint: str) -> None:
    kind, found, _ = problem_of(text)
    assert kind is ProblemKind.HABIT
    assert hint in found


def test_words_inside_texts_are_no_habits() -> None:
    assert compiled("decision == 'a and b is not = None'").evaluate({"decision": "x"}) is False
    kind, _, _ = problem_of("decision == 'a and b' && wrong")
    assert kind is ProblemKind.UNKNOWN_NAME


def test_length_is_a_field_where_the_schema_says_so() -> None:
    scope = Scope({"box": {"type": "object", "properties": {"length": {"type": "number"}}}})
    assert compile_condition("box.length > 1", scope).evaluate({"box": {"length": 2}}) is True


@pytest.mark.parametrize(
    ("text", "values", "result"),
    [
        ("has(inputs.amount) && inputs.amount > 1", {}, False),
        ("has(inputs.amount) && inputs.amount > 1", {"inputs.amount": 2}, True),
        ("!has(outputs.run_tests.passed)", {"outputs.run_tests.passed": None}, False),
        ("has(items.a) && items.a == 1", {"items": {}}, False),
        ("has(items.a) && items.a == 1", {"items": {"a": 1}}, True),
        ("decision == 'has(inputs.amount)'", {"decision": "has(inputs.amount)"}, True),
    ],
)
def test_has_asks_whether_a_value_is_there(text: str, values: dict[str, Any], result: bool) -> None:
    assert compiled(text).evaluate(values) is result


def test_has_of_an_unknown_name_is_an_error() -> None:
    assert problem_of("has(inputs.nothing)")[0] is ProblemKind.UNKNOWN_NAME


def test_a_condition_says_which_names_it_uses() -> None:
    condition = compiled("has(inputs.amount) && outputs.run_tests.passed.x == 1 && items.all(i, i > 0)")
    assert set(condition.names) == {"outputs.run_tests.passed", "items"}
    assert condition.guarded == {"inputs.amount"}


@pytest.mark.parametrize(
    ("within", "beyond"),
    [
        ("kyc_score == " + "1" * 10 + " " * (EXPRESSION_CHARS_MAX - 23), " " * EXPRESSION_CHARS_MAX + "1"),
        ("(" * NESTING_MAX + "approved" + ")" * NESTING_MAX, "(" * (NESTING_MAX + 1) + "approved"),
        ("tags.all(a, a > 0)", "tags.all(a, tags.exists(b, a == b))"),
        ("tags.all(a, a > 0) && tags.all(b, b > 1)", "tags.map(a, tags.map(b, b)).all(c, c == [1])"),
    ],
)
def test_what_could_take_any_time_is_refused(within: str, beyond: str) -> None:
    compiled(within)
    assert problem_of(beyond)[0] is ProblemKind.LIMIT


@pytest.mark.parametrize("name", ["type", "package", "a-b", "中文", "", "1a", "in", "outputs.a.in"])
def test_names_that_cel_cannot_have_do_no_harm(name: str) -> None:
    assert not declarable(name)
    assert compile_condition("ok == 1", Scope({name: {}, "ok": {}})).evaluate({"ok": 1}) is True


def test_a_reserved_name_is_seen_by_its_qualified_name() -> None:
    scope = Scope({"type": {}, "outputs.a.type": {}})
    assert compile_condition("outputs.a.type == 'x'", scope).evaluate({"outputs.a.type": "x"}) is True


@pytest.mark.parametrize("text", ["kyc_score == 'a\0'", "kyc_score == '\ud800'"])
def test_characters_that_are_no_text_are_refused(text: str) -> None:
    assert problem_of(text)[0] is ProblemKind.SYNTAX


def test_the_conditions_of_a_procedure_are_compiled_by_edge() -> None:
    edges = """
    - {from: first, to: second, mode: conditional, when: outputs.first.score > 1}
    - {from: first, to: second, mode: error, when: error.code == 'E'}
    """
    procedure = load(document(edges=edges), name="x.osop").procedure
    assert procedure is not None
    conditions = compile_conditions(procedure)
    assert conditions[0].evaluate({"outputs.first.score": 2}) is True
    assert conditions[1].evaluate({"error.code": "E"}) is True


@given(st.text(st.sampled_from("ab12.()[]{}'\"&|!=<>?:,+- \n\\$中") | st.characters(), max_size=60))
def test_any_text_compiles_or_is_explained(text: str) -> None:
    assert all(0 <= problem.offset <= len(text) for problem in problems_of(text))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["kyc_score", "watchlist_match", "items", "decision"]), _JSON))
def test_any_values_decide_or_fail_as_stated(values: dict[str, Any]) -> None:
    for text in (ACCEPT, REVIEW, "decision == 'a' || items.b > 1", "size(items) > 0", "items"):
        with suppress(ConditionFailed):
            assert compiled(text).evaluate(values) in (True, False)
