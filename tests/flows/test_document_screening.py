"""The screening type of a human node as documents declare it, and what a verdict is in its outputs."""

import pytest

from opsdesk.flows.lint_codes import Code
from opsdesk.flows.screening import Screening, TicketVerdict, Told, VerdictWord, answer_of
from opsdesk.flows.text_view import describe
from tests.flows.documents import document, error_in, findings_of, read

NAMED = "type: Face, application: loan, scene: activation, user: customer_id"
OUTPUTS = """[
      {name: outcome, required: true, schema: {enum: [approved, rejected]}},
      {name: notes, required: false, schema: {type: string}}]"""
SOURCES = "outputs: {outcome: {pass: approved, reject: rejected}, notes: remark}"


def reviewed(screening: str, *, outputs: str = OUTPUTS, kind: str = "human") -> str:
    return document(
        f"""
- id: look
  type: {kind}
  name: Look
  runtime: {{}}
  inputs: [customer_id]
  outputs: {outputs}
  x-screening: {screening}
""",
        "",
    )


@pytest.mark.req("FLO-301")
def test_a_human_node_names_a_screening_type_and_what_a_verdict_is() -> None:
    screening = read(reviewed(f"{{{NAMED}, {SOURCES}, without_type: ticket}}")).nodes["look"].approval.screening
    assert screening == Screening(
        type="Face",
        application="loan",
        scene="activation",
        user="customer_id",
        outputs={
            "outcome": {VerdictWord.PASS: "approved", VerdictWord.REJECT: "rejected"},
            "notes": Told.REMARK,
        },
        may_derive=True,
    )


def test_a_node_that_names_none_has_none() -> None:
    text = document("- {id: look, type: human, name: Look, outputs: [outcome]}", "")
    assert read(text).nodes["look"].approval.screening is None


def test_outputs_with_the_names_of_what_comes_back_need_no_line() -> None:
    outputs = "[{name: decision, schema: {enum: [pass, reject]}}, {name: codes, schema: {type: array}}]"
    screening = read(reviewed(f"{{{NAMED}}}", outputs=outputs)).nodes["look"].approval.screening
    assert screening is not None
    assert [screening.source_of(name) for name in ("decision", "codes", "other")] == [Told.DECISION, Told.CODES, None]
    assert not screening.may_derive


@pytest.mark.parametrize(
    ("screening", "code", "at"),
    [
        ("Face", Code.WRONG_VALUE, "Face"),
        (f"{{{NAMED}, {SOURCES}, tipe: Face}}", Code.UNKNOWN_FIELD, "tipe"),
        (f"{{type: Face, application: loan, user: customer_id, {SOURCES}}}", Code.MISSING_FIELD, "{type"),
        (f"{{type: ' ', application: loan, scene: a, user: customer_id, {SOURCES}}}", Code.WRONG_VALUE, "' '"),
        (f"{{type: Face, application: loan, scene: a, user: nobody, {SOURCES}}}", Code.WRONG_VALUE, "nobody"),
        (f"{{{NAMED}, {SOURCES}, without_type: sideways}}", Code.WRONG_VALUE, "sideways"),
    ],
)
def test_what_is_no_screening_type_is_an_error_where_it_stands(screening: str, code: str, at: str) -> None:
    text = reviewed(screening)
    number, line = next((n, line) for n, line in enumerate(text.splitlines(), 1) if "x-screening" in line)
    assert error_in(text) == (code, number, line.index(at) + 1)


@pytest.mark.parametrize(
    "sources",
    [
        "{outcome: {pass: approved}, notes: remark}",
        "{outcome: {pass: approved, reject: rejected, maybe: rejected}}",
        "{outcome: {pass: approved, reject: refused}}",
        "{outcome: decision}",
        "{outcome: remark, other: codes}",
        "{outcome: {pass: approved, reject: rejected}, notes: codes}",
        "{notes: remark}",
        "[outcome]",
    ],
)
def test_a_verdict_that_the_node_does_not_take_is_an_error_before_anything_runs(sources: str) -> None:
    found = findings_of(reviewed(f"{{{NAMED}, outputs: {sources}}}"))
    assert {finding.code for finding in found if finding.severity == "error"} <= {Code.WRONG_VALUE, Code.MISSING_FIELD}
    assert [finding for finding in found if finding.severity == "error"]


def test_a_verdict_that_no_output_tells_is_an_error() -> None:
    outputs = "[{name: notes, schema: {type: string}}]"
    found = findings_of(reviewed(f"{{{NAMED}, outputs: {{notes: remark}}}}", outputs=outputs))
    assert any("nothing is said of the decision" in finding.message for finding in found)


def test_a_screening_type_of_what_is_no_human_node_is_named_as_not_honoured() -> None:
    found = findings_of(reviewed(f"{{{NAMED}, {SOURCES}}}", kind="data"))
    assert Code.NOT_HONOURED in {finding.code for finding in found}


def test_a_verdict_is_told_under_its_own_names_and_as_the_outputs_of_the_node() -> None:
    screening = read(reviewed(f"{{{NAMED}, {SOURCES}}}")).nodes["look"].approval.screening
    assert screening is not None
    verdict = TicketVerdict("reject", codes=("A-1",), reasons=("Not them",), remark="seen")
    assert answer_of(screening, verdict) == {
        "decision": "reject",
        "codes": ["A-1"],
        "reasons": ["Not them"],
        "remark": "seen",
        "outcome": "rejected",
        "notes": "seen",
    }


@pytest.mark.parametrize(("more", "offered"), [("", 2), (", resubmit: rejected", 3)])
def test_documents_are_asked_for_again_only_where_the_node_says_what_follows(more: str, offered: int) -> None:
    sources = f"outputs: {{outcome: {{pass: approved, reject: rejected{more}}}}}"
    screening = read(reviewed(f"{{{NAMED}, {sources}}}")).nodes["look"].approval.screening
    assert screening is not None
    assert len(screening.verdicts) == offered
    assert ("outcome" in answer_of(screening, TicketVerdict("resubmit", (), (), ""))) is (offered == 3)


def test_the_text_of_a_procedure_names_the_screening_type() -> None:
    assert "screening type Face" in describe(read(reviewed(f"{{{NAMED}, {SOURCES}}}")))
