"""Whom a run is about."""

import pytest

from opsdesk.flows.definitions import check
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.findings import Severity
from opsdesk.flows.procedure import Procedure
from opsdesk.flows.subjects import NAMES, VALUE_CHARACTERS_MAX, normalised, subject_digest, subject_names, subjects_of
from tests.flows.graphs import START
from tests.flows.workers import CHAIN


@pytest.mark.req("FLO-405")
@pytest.mark.parametrize(
    "spelling",
    ["+86 138-0013-8000", "008613800138000", "13800138000", "138 0013 8000", "１３８００１３８０００", "8613800138000"],
)
def test_every_spelling_of_a_phone_number_is_one_value(spelling: str) -> None:
    assert normalised(spelling) == "13800138000"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (" Customer@Example.COM ", "customer@example.com"),
        (4711, "4711"),
        ("+1 (212) 555-0100", "+12125550100"),
        ("ORD-2026-0001", "ord-2026-0001"),
        ("", None),
        ("  ", None),
        (None, None),
        (True, None),
        (0.5, None),
        ({"a": 1}, None),
        ("a\0b", None),
        ("a" * VALUE_CHARACTERS_MAX, "a" * VALUE_CHARACTERS_MAX),
        ("a" * (VALUE_CHARACTERS_MAX + 1), None),
    ],
)
def test_only_short_texts_and_numbers_say_whom_a_run_is_about(value: object, kept: str | None) -> None:
    assert normalised(value) == kept


def test_values_are_taken_from_inputs_and_outputs_by_their_names() -> None:
    facts = [
        Fact(FactKind.RUN_STARTED, START, payload={"inputs": {"email": "A@B.cn", "name": "x"}, "actor": "a"}),
        Fact(FactKind.NODE_ENDED, START, "a", payload={"outputs": {"customer_id": "c-1", "email": "a@b.cn"}}),
        Fact(FactKind.NODE_WAITING, START, "b", payload={"reason": "callback"}),
    ]
    assert subjects_of(NAMES, facts) == [subject_digest("A@b.cn"), subject_digest("c-1")]


@pytest.mark.parametrize("declared", [["policy", 7], "policy", None])
def test_a_document_may_name_more_of_them(declared: object) -> None:
    procedure = Procedure("p", "p", {}, (), raw={"x-subject": declared})
    assert ("policy" in subject_names(procedure)) == isinstance(declared, list)
    assert subject_names(procedure) >= NAMES


@pytest.mark.parametrize("declared", ["[policy, score]", "[{a: 1}]", "policy", "[polcy]"])
def test_lint_says_what_no_run_is_found_by(declared: str) -> None:
    text = f"{CHAIN}x-subject: {declared}\ninputs:\n  policy: {{type: string}}\n"
    _, findings = check(text, file_name="a.osop.yaml")
    assert [finding.severity for finding in findings if finding.code == "OSOP332"] == [Severity.WARNING]
