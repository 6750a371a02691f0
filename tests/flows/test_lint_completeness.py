from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.flows.document import load_file
from opsdesk.flows.expressions import ConditionFailed, Scope, compile_condition
from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint import lint
from opsdesk.flows.lint_completeness import CELLS_MAX
from tests.flows.documents import SEED, document, findings_of

COMPLETENESS = {"OSOP401", "OSOP402", "OSOP403", "OSOP404", "OSOP405"}


def solved(*conditions: str, outputs: str = "[a, b, c, {name: n, schema: {type: number}}]") -> list[Finding]:
    targets = [f"t{index}" for index in range(len(conditions))]
    nodes = [f"- {{id: first, type: human, name: First, outputs: {outputs}}}"]
    nodes += [f"- {{id: {target}, type: human, name: T}}" for target in targets]
    edges = [
        f'- {{from: first, to: {target}, mode: conditional, when: "{condition}"}}'
        for target, condition in zip(targets, conditions, strict=True)
    ]
    text = document(nodes="\n".join(nodes), edges="\n".join(edges))
    return [finding for finding in findings_of(text) if finding.code in COMPLETENESS]


def codes(*conditions: str, **more: str) -> list[str]:
    return [str(finding.code) for finding in solved(*conditions, **more)]


@pytest.mark.req("FLO-010")
@pytest.mark.skipif(not SEED.exists(), reason="the reference procedure is not beside this repository")
def test_the_gaps_of_the_reference_procedure_are_named_and_its_routing_is_proved() -> None:
    loaded = load_file(SEED)
    found = [finding for finding in lint(loaded.procedure, loaded.findings) if finding.code < "OSOP600"]
    told = [(finding.severity, finding.code, finding.position.line, finding.message) for finding in found]
    assert told == [
        (
            Severity.WARNING,
            "OSOP401",
            115,
            "nothing happens after verify_email when email_verified = false: no edge is taken, and the run stops there",
        ),
        (
            Severity.NOTE,
            "OSOP403",
            120,
            "kyc_identity: proved that exactly one of its conditions holds for all values:"
            " kyc_score (numbers) × watchlist_match (true and false)",
        ),
        (
            Severity.NOTE,
            "OSOP404",
            120,
            "kyc_identity: left over is kyc_score = 0.7, watchlist_match = null: no edge",
        ),
        (
            Severity.WARNING,
            "OSOP401",
            130,
            'nothing happens after compliance_review when compliance_decision = "something else":'
            " no edge is taken, and the run stops there",
        ),
    ]


@pytest.mark.req("FLO-203")
@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        (["n > 1", "n <= 1"], ["OSOP403"]),
        (["n > 1", "n < 1"], ["OSOP401"]),
        (["n >= 1", "n <= 1"], ["OSOP402", "OSOP403"]),
        (["n > 1", "!(n > 1)"], ["OSOP403"]),
        (["n > 0.1 && n < 0.2", "n <= 0.1", "n > 0.2"], ["OSOP401"]),
        (["n in [1, 2]", "!(n in [1, 2])"], ["OSOP403"]),
        (["n == 1 ? true : n > 5", "n != 1 && n <= 5"], ["OSOP403"]),
        (["a", "!a"], ["OSOP403"]),
        (["a == true", "a == false"], ["OSOP403"]),
        (["a == true", "a != true"], ["OSOP403"]),
        (["a == 'x'", "a != 'x'"], ["OSOP403"]),
        (["a == 'x'", "a == 'y'"], ["OSOP401"]),
        (["a == null", "a != null"], ["OSOP403"]),
        (["a.b == 1", "a.b != 1"], ["OSOP403"]),
        (["outputs.first.a == 1", "a != 1"], ["OSOP403"]),
        (["a > 1 || b == true", "a <= 1 && b == false"], ["OSOP403"]),
        (["(a == 1) == true", "a != 1"], ["OSOP403"]),
        (["true"], ["OSOP403"]),
        (["false"], ["OSOP401"]),
        (["a > b", "a <= b"], ["OSOP405"]),
        (["a + 1 > 2", "a <= 1"], ["OSOP405"]),
        (["size(a) > 0", "size(a) == 0"], ["OSOP405"]),
        (["a.contains('x')", "!a.contains('x')"], ["OSOP405"]),
        (["a < 'm'", "a >= 'm'"], ["OSOP405"]),
        (["has(a.b)", "!has(a.b)"], ["OSOP405"]),
        (["has(outputs.first.a)", "!has(outputs.first.a)"], ["OSOP405"]),
        (["a == 1 && a.b == 1", "b"], ["OSOP405"]),
        (["a.exists(x, x > 1)", "b"], ["OSOP405"]),
    ],
)
def test_gaps_overlaps_and_proofs_are_told_apart(conditions: list[str], found: list[str]) -> None:
    assert [code for code in codes(*conditions) if code != "OSOP404"] == found


@pytest.mark.req("FLO-203")
@pytest.mark.parametrize(
    ("schema", "conditions", "found"),
    [
        ("{type: boolean}", ["a == true", "a == false"], ["OSOP403"]),
        ("{type: [boolean, 'null']}", ["a == true", "a == false"], ["OSOP401"]),
        ("{enum: [x, y]}", ["a == 'x'", "a == 'y'"], ["OSOP403"]),
        ("{enum: [x, y, z]}", ["a == 'x'", "a == 'y'"], ["OSOP401"]),
        ("{type: integer}", ["a <= 1", "a >= 2"], ["OSOP403"]),
        ("{type: number}", ["a <= 1", "a >= 2"], ["OSOP401"]),
        ("{type: number, minimum: 0, maximum: 1}", ["a >= 0.5", "a >= 0 && a < 0.5"], ["OSOP403"]),
        ("{type: number, minimum: 0}", ["a > 0"], ["OSOP401"]),
        ("{type: number, exclusiveMinimum: 0}", ["a > 0"], ["OSOP403"]),
        ("{type: object, properties: {b: {type: boolean}}}", ["a.b", "!a.b"], ["OSOP403"]),
    ],
)
def test_a_schema_narrows_what_has_to_be_covered(schema: str, conditions: list[str], found: list[str]) -> None:
    assert codes(*conditions, outputs=f"[{{name: a, schema: {schema}}}]") == found


@pytest.mark.req("FLO-203")
@pytest.mark.parametrize(
    ("conditions", "example"),
    [
        (["n > 1", "n < 1"], "n = 1:"),
        (["n >= 0.7 && a == true", "n < 0.7 && a == true", "n >= 0.7 && a == false"], "n = -1, a = false:"),
        (["n >= 1", "n <= 1"], "n = 1"),
    ],
)
def test_what_is_left_out_is_shown_by_an_example(conditions: list[str], example: str) -> None:
    assert example in solved(*conditions)[0].message + ":"


def test_a_node_with_an_unconditional_edge_has_no_gap() -> None:
    edges = "- {from: first, to: second}\n- {from: first, to: third, mode: conditional, when: score > 1}"
    nodes = """
    - {id: first, type: human, name: F, outputs: [score]}
    - {id: second, type: human, name: S}
    - {id: third, type: human, name: T}
    """
    assert not {finding.code for finding in findings_of(document(nodes=nodes, edges=edges))} & COMPLETENESS


def test_too_many_combinations_are_undecided() -> None:
    names = [f"x{index}" for index in range(14)]
    assert 2 ** len(names) > CELLS_MAX
    condition = " && ".join(names)
    found = solved(condition, f"!({condition})", outputs=f"[{', '.join(names)}]")
    assert [finding.code for finding in found] == ["OSOP405"]
    assert "too many combinations" in found[0].message


_ATOM = st.sampled_from(
    ["a < 1", "a >= 1", "a == 2", "a in [1, 3]", "b", "!b", "b == true", "c == 'x'", "c != 'y'", "true"]
)
_CONDITION = st.recursive(
    _ATOM,
    lambda inner: (
        st.builds(lambda one, two, by: f"({one} {by} {two})", inner, inner, st.sampled_from(["&&", "||"]))
        | inner.map(lambda one: f"!({one})")
    ),
    max_leaves=5,
)


@pytest.mark.req("FLO-203")
@given(st.lists(_CONDITION, min_size=1, max_size=3))
def test_a_proof_holds_for_every_value_and_an_example_is_true(conditions: list[str]) -> None:
    outputs = "[{name: a, schema: number}, {name: b, schema: boolean}, {name: c, schema: string}]"
    found = codes(*conditions, outputs=outputs)
    scope = Scope({"a": {"type": "number"}, "b": {"type": "boolean"}, "c": {"type": "string"}})
    compiled = [compile_condition(condition, scope) for condition in conditions]
    values = product([-5, 0.5, 1, 1.5, 2, 2.5, 3, 99], [True, False], ["x", "y", "z"])
    taken = [sum(each.evaluate({"a": a, "b": b, "c": c}) for each in compiled) for a, b, c in values]
    assert ("OSOP403" in found) == (min(taken) > 0)
    assert ("OSOP401" in found) == (min(taken) == 0)
    assert ("OSOP402" in found) == (max(taken) > 1)


def test_values_that_no_condition_can_take_are_a_note() -> None:
    found = solved("a >= 1 && b == true", "a < 1 || b == false", outputs="[a, b]")
    assert [finding.code for finding in found] == ["OSOP403", "OSOP404"]
    assert "b = null" in found[1].message
    compiled = compile_condition("a >= 1 && b == true", Scope({"a": {}, "b": {}}))
    with pytest.raises(ConditionFailed):
        compiled.evaluate({"a": None, "b": True})
