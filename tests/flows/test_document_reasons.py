"""Reason codes of an approval as documents declare them."""

import pytest

from opsdesk.flows.lint_codes import Code
from tests.flows.documents import document, findings_of, read


def gate(
    codes: str, *, outputs: str = "[{name: decision, required: true, schema: {enum: [approved, rejected]}}]"
) -> str:
    gated = f"approval_gate: {{x-reason-codes: {codes}}}"
    node = f"- {{id: look, type: human, name: Look, role: officer, outputs: {outputs}, {gated}}}"
    return document(node, "")


@pytest.mark.req("FLO-309")
@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ("[late, forged]", {"*": {"late": "", "forged": ""}}),
        ("{rejected: [late]}", {"rejected": {"late": ""}}),
        ("{rejected: {late: Too late}, '*': [seen]}", {"rejected": {"late": "Too late"}, "*": {"seen": ""}}),
    ],
)
def test_codes_are_a_list_or_by_decision(codes: str, expected: dict[str, dict[str, str]]) -> None:
    assert read(gate(codes)).nodes["look"].approval.reasons == expected


@pytest.mark.req("FLO-309")
@pytest.mark.parametrize(
    "codes", ["late", "[]", "[late, late]", "[unspecified]", "[a b]", "{rejected: 1}", "{rejected: {late: 1}}", "[1]"]
)
def test_codes_that_cannot_be_asked_for_are_an_error(codes: str) -> None:
    assert Code.WRONG_VALUE in {finding.code for finding in findings_of(gate(codes))}


@pytest.mark.req("FLO-309")
def test_codes_of_a_decision_that_there_is_not_are_named() -> None:
    assert Code.REASON_CODES in {finding.code for finding in findings_of(gate("{refused: [late]}"))}
    for known in ("{rejected: [late]}", "{'*': [late]}", "[late]", "{REJECTED: [late]}"):
        assert Code.REASON_CODES not in {finding.code for finding in findings_of(gate(known))}


def test_codes_of_an_answer_of_yes_or_no_are_spelt_as_json_spells_them() -> None:
    outputs = "[{name: approved, required: true, schema: {type: boolean}}]"
    assert Code.REASON_CODES not in {f.code for f in findings_of(gate("{'false': [late]}", outputs=outputs))}
    assert Code.REASON_CODES in {f.code for f in findings_of(gate("{rejected: [late]}", outputs=outputs))}
