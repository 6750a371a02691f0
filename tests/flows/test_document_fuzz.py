"""Nothing that anybody writes makes the loader or lint raise."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsdesk.flows.document import load
from opsdesk.flows.findings import Finding
from opsdesk.flows.lint import lint
from tests.flows.documents import document


def checked(text: str | bytes, name: str) -> list[Finding]:
    loaded = load(text, name=name)
    return lint(loaded.procedure, loaded.findings)


@pytest.mark.req("FLO-101")
@given(st.text() | st.binary(), st.sampled_from(["x.yaml", "x.json"]))
def test_no_text_makes_the_loader_raise(text: str | bytes, name: str) -> None:
    assert all(finding.position.line >= 1 and finding.position.column >= 1 for finding in checked(text, name))


_WHOLE = document(
    nodes="""
    - {id: a, type: api, name: A, runtime: {url: 'https://a.test/${x}', headers: {A: '${secrets.B}'}}, inputs: [x],
       outputs: {s: number}, security: {rate_limit: 5/s, auth: bearer_token, secret_ref: B}, timeout: 5m}
    - {id: b, type: human, name: B, role: r, approval_gate: {required_approvers: 2, timeout_min: 5},
       outputs: [{name: d, enum: [y, n]}]}
    - {id: c, type: cli, name: C, runtime: {command: 'run "${outputs.a.s}" | tee'},
       retry: {max_attempts: 2, backoff: {type: fixed}}}
    """,
    edges="""
    - {from: a, to: b, mode: conditional, when: s > 1 && has(inputs.x)}
    - {from: a, to: c, mode: conditional, when: s <= 1}
    - {from: b, to: c, condition: d == 'y'}
    - {from: a, to: c, mode: fallback}
    """,
    head="schemas: {money: {type: integer}}\ninputs: {x: {type: string}}",
)
_PIECES = [
    "null",
    "true",
    "[]",
    "{}",
    "''",
    "-1",
    "1e9",
    "x",
    ": ",
    "\n",
    "- ",
    "  ",
    "${x}",
    "${",
    "&a ",
    "*a",
    "!!str ",
    '"',
    "|",
]


@pytest.mark.req("FLO-101")
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_no_mutation_of_a_procedure_makes_lint_raise(data: st.DataObject) -> None:
    text = _WHOLE
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        length = data.draw(st.integers(0, 12))
        text = text[:at] + data.draw(st.sampled_from(_PIECES)) + text[at + length :]
    findings = checked(text, "x.yaml")
    assert all(finding.message and finding.position.line >= 1 for finding in findings)


@pytest.mark.req("FLO-101")
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_no_value_in_the_place_of_another_makes_lint_raise(data: st.DataObject) -> None:
    lines = _WHOLE.splitlines()
    row = data.draw(st.integers(0, len(lines) - 1))
    fields = [at for at, character in enumerate(lines[row]) if character == ":"]
    if fields:
        at = data.draw(st.sampled_from(fields))
        rest = lines[row][at + 1 :]
        end = min((place for place in (rest.find(","), rest.find("}")) if place >= 0), default=len(rest))
        value = data.draw(
            st.sampled_from(["null", "5", "[1, {a: b}]", "{a: [b]}", "''", "true", "-0.5", "999999999999"])
        )
        lines[row] = f"{lines[row][: at + 1]} {value}{rest[end:]}"
    assert isinstance(checked("\n".join(lines), "x.yaml"), list)
