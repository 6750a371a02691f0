"""What is in scope where: expressions and references against the paths that lead to them."""

from itertools import pairwise

import pytest

from opsdesk.flows.document import load
from opsdesk.flows.findings import Severity
from opsdesk.flows.lint import lint
from tests.flows.documents import codes_of, document, findings_of, only

# begin → left → join, begin → right → join, join → end; each has an output of its own, and left and right `both`.
DIAMOND = """
- {id: begin, type: human, name: Begin, outputs: [begin_out, number, {name: perhaps, required: false}]}
- {id: left, type: human, name: Left, outputs: [left_out, both]}
- {id: right, type: human, name: Right, outputs: [right_out, both]}
- {id: join, type: cli, name: Join, runtime: {command: "run COMMAND"}, outputs: [join_out]}
- {id: end, type: human, name: End}
"""
PARALLEL = """
- {from: begin, to: left, mode: parallel}
- {from: begin, to: right, mode: parallel}
- {from: left, to: join}
- {from: right, to: join}
"""
EITHER = """
- {from: begin, to: left, mode: conditional, when: number > 1}
- {from: begin, to: right, mode: conditional, when: number <= 1}
- {from: left, to: join}
- {from: right, to: join}
"""
RESCUE = """
- {from: begin, to: left}
- {from: left, to: join}
- {from: left, to: right, mode: fallback}
- {from: right, to: join}
"""
NAMES = {"OSOP302", "OSOP303", "OSOP322", "OSOP323"}


def diamond(edges: str, *, condition: str | None = None, command: str = "", mode: str = "conditional") -> str:
    last = f"- {{from: join, to: end, mode: {mode}, when: '{condition}'}}" if condition else "- {from: join, to: end}"
    head = "inputs: {given: {type: string}, default: {default: 1}, optional: {required: false}}"
    return document(nodes=DIAMOND.replace("COMMAND", command), edges=f"{edges.strip()}\n{last}", head=head)


CASES = [
    (PARALLEL, "left_out", None),
    (PARALLEL, "both", None),
    (PARALLEL, "outputs.right.right_out", None),
    (EITHER, "left_out", "maybe"),
    (EITHER, "both", None),
    (EITHER, "outputs.left.both", "maybe"),
    (EITHER, "begin_out", None),
    (RESCUE, "left_out", "maybe"),
    (RESCUE, "right_out", "maybe"),
    (RESCUE, "both", None),
    (RESCUE, "begin_out", None),
    (PARALLEL, "perhaps", "maybe"),
    (PARALLEL, "inputs.given", None),
    (PARALLEL, "given", None),
    (PARALLEL, "default", None),
    (PARALLEL, "inputs.optional", "maybe"),
    (PARALLEL, "metadata.run_id", None),
    (PARALLEL, "nothing_like_it", "never"),
    (PARALLEL, "outputs.end.x", "never"),
]


@pytest.mark.req("FLO-202")
@pytest.mark.parametrize(("edges", "name", "missing"), CASES)
def test_a_condition_sees_what_surely_ran(edges: str, name: str, missing: str | None) -> None:
    expected = {"maybe": {"OSOP303"}, "never": {"OSOP302"}, None: set()}[missing]
    assert codes_of(diamond(edges, condition=f"{name} == 1")) & NAMES == expected


@pytest.mark.req("FLO-303")
@pytest.mark.parametrize(("edges", "name", "missing"), CASES)
def test_a_reference_sees_what_surely_ran(edges: str, name: str, missing: str | None) -> None:
    expected = {"maybe": {"OSOP323"}, "never": {"OSOP322"}, None: set()}[missing]
    assert codes_of(diamond(edges, command=f"${{{name}}}")) & NAMES == expected


@pytest.mark.req("FLO-202")
def test_the_node_itself_is_seen_on_its_way_out_only() -> None:
    assert not codes_of(diamond(PARALLEL, condition="join_out == 1")) & NAMES
    assert codes_of(diamond(PARALLEL, command="${join_out}")) & NAMES == {"OSOP322"}


@pytest.mark.req("FLO-202")
def test_a_failed_node_has_no_outputs_and_an_error_with_a_code() -> None:
    assert "has failed" in only(diamond(PARALLEL, condition="join_out == 1", mode="error"), "OSOP302").message
    assert not codes_of(diamond(PARALLEL, condition='error.code == "E"', mode="error")) & NAMES
    finding = only(diamond(PARALLEL, condition='error.code == "E"'), "OSOP302")
    assert "on error edges only" in finding.message


def test_a_name_of_another_path_is_told_by_its_node() -> None:
    edges = "- {from: begin, to: left}\n- {from: begin, to: right}\n- {from: left, to: join, when: right_out == 1}"
    finding = only(diamond(edges), "OSOP302")
    assert "comes from right, which does not run before left" in finding.message


def test_asking_first_makes_a_name_safe() -> None:
    condition = "has(outputs.left.left_out) && outputs.left.left_out == 1"
    assert not codes_of(diamond(EITHER, condition=condition)) & NAMES


@pytest.mark.req("FLO-202")
def test_the_place_is_that_of_the_name_in_the_condition() -> None:
    text = document(
        edges="- from: first\n  to: second\n  mode: conditional\n  when: >-\n    flag == true &&\n    scor > 1"
    )
    finding = only(text, "OSOP302")
    line = text.splitlines()[finding.position.line - 1]
    assert line[finding.position.column - 1 :] == "scor > 1"
    assert finding.hint == "did you mean score?"


@pytest.mark.req("FLO-202")
@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ("score >", "OSOP301"),
        ("scor > 1", "OSOP302"),
        ("score === 1", "OSOP304"),
        ("flag.length > 1", "OSOP304"),
        ("text == 1", "OSOP305"),
        ("number == true", "OSOP305"),
        ("number < 1 || choice == 'aproved'", "OSOP305"),
        ("number", "OSOP306"),
        ("1", "OSOP306"),
        ("score > 1" + " " * 2_000, "OSOP307"),
        ("status('first') == 'x'", "OSOP308"),
    ],
)
def test_each_flaw_of_a_condition_has_its_code(condition: str, code: str) -> None:
    outputs = "[score, flag, {name: text, schema: string}, {name: number, schema: number},"
    outputs += " {name: choice, schema: {type: string, enum: [approved, rejected]}}]"
    nodes = f"""
    - {{id: first, type: human, name: First, outputs: {outputs}}}
    - {{id: second, type: human, name: Second}}
    """

    def codes(text: str) -> set[str]:
        edge = f'- {{from: first, to: second, mode: conditional, when: "{text}"}}'
        return {found for found in codes_of(document(nodes=nodes, edges=edge)) if found.startswith("OSOP3")}

    assert codes("score > 1 && text == 'a' && choice == 'approved' && number < 1") == set()
    assert codes(condition) == ({code} if condition != "number" else set())


@pytest.mark.req("FLO-303")
@pytest.mark.parametrize(
    ("reference", "code", "hint"),
    [
        ("${first.score}", "OSOP322", "write ${outputs.first.score}"),
        ("${scor}", "OSOP322", "did you mean ${score}?"),
        ("${outputs.frst.score}", "OSOP322", "did you mean ${outputs.first.score}?"),
        ("${HOME}", "OSOP322", "write ${secrets.HOME} for a secret; declare HOME in the inputs of the document"),
        ("${inputs.region}", "OSOP322", "declare region in the inputs of the document"),
        ("${region}", "OSOP322", "declare region in the inputs of the document, or in the outputs of the node that"),
        ("${metadata.run}", "OSOP322", "run_id"),
        ("${inputs.score}", "OSOP322", "score"),
        ("${HOME:-x}", "OSOP321", "$${"),
        ("${outputs.first}", "OSOP321", "outputs.<node>.<name>"),
    ],
)
def test_a_wrong_reference_is_explained_at_its_place(reference: str, code: str, hint: str) -> None:
    nodes = f"""
    - {{id: first, type: human, name: First, outputs: [score]}}
    - {{id: second, type: api, name: Second, runtime: {{url: "https://a.test", body: {{a: ["x {reference}"]}}}}}}
    """
    text = document(nodes=nodes)
    finding = only(text, code)
    assert finding.severity is Severity.ERROR
    assert hint in finding.hint
    line = text.splitlines()[finding.position.line - 1]
    assert line[finding.position.column - 1 :].startswith(reference)


@pytest.mark.req("FLO-303")
def test_references_to_what_is_there_are_right() -> None:
    references = (
        "${score} ${outputs.first.score.deep.0} ${inputs.a} ${secrets.KEY} ${env.STAGE} ${metadata.node_id} $${HOME}"
    )
    nodes = f"""
    - {{id: first, type: human, name: First, outputs: [score]}}
    - {{id: second, type: api, name: Second, runtime: {{url: "https://a.test", body: "{references}"}}}}
    """
    text = document(nodes=nodes, head="inputs: {a: string}")
    assert not {code for code in codes_of(text) if code.startswith("OSOP32")}


@pytest.mark.req("FLO-303")
def test_environment_variables_are_checked_against_the_allowed_ones() -> None:
    nodes = "- {id: a, type: api, name: A, runtime: {url: 'https://${env.STAGE}.test'}}"
    loaded = load(document(nodes=nodes, edges=""), name="x.osop")

    def codes(*allowed: str) -> set[str]:
        return {str(finding.code) for finding in lint(loaded.procedure, [], env_allowed=allowed)}

    assert "OSOP324" in codes("OTHER")
    assert "OSOP324" not in codes("STAGE")


def test_an_input_from_nowhere_is_told_with_the_nearest_name() -> None:
    nodes = """
    - {id: first, type: human, name: First, outputs: [customer_id], inputs: [anything]}
    - {id: second, type: human, name: Second, inputs: [custmer_id, customer_id, anything]}
    """
    finding = only(document(nodes=nodes), "OSOP331")
    assert (finding.severity, finding.hint) == (Severity.WARNING, "did you mean customer_id?")


def test_too_many_decisions_give_up_without_a_warning() -> None:
    names = [f"n{index}" for index in range(400)]
    nodes = "\n".join(f"- {{id: {name}, type: human, name: N, outputs: [o{name}]}}" for name in names)
    edges = "\n".join(
        f"- {{from: {one}, to: {other}, mode: conditional, when: o{one} == 1}}" for one, other in pairwise(names)
    )
    assert "OSOP303" not in {finding.code for finding in findings_of(document(nodes=nodes, edges=edges))}
