"""Where values go, and who may approve whose wishes."""

import pytest

from opsdesk.flows.findings import Severity
from tests.flows.documents import codes_of, document, only

UNUSED, TWICE, SAME_ROLE = "OSOP601", "OSOP602", "OSOP508"


def human(name: str, more: str = "") -> str:
    return f"- {{id: {name}, type: human, name: {name}, role: {name}{more}}}\n"


@pytest.mark.req("FLO-204")
def test_an_input_that_no_path_gives_is_found() -> None:
    text = document(human("one", ", outputs: [a]") + human("two", ", inputs: [b]"), "- {from: one, to: two}")
    assert "nor a node before it provide" in only(text, "OSOP331").message


@pytest.mark.req("FLO-204")
@pytest.mark.parametrize(
    ("second", "edge"),
    [
        (", inputs: [score]", ""),
        (", runtime: {prompt: 'is ${score} enough?'}", ""),
        (", runtime: {prompt: 'is ${outputs.one.score} enough?'}", ""),
        ("", ", when: score > 1"),
        ("", ", when: outputs.one.score > 1"),
    ],
)
def test_an_output_is_used_by_inputs_references_and_conditions(second: str, edge: str) -> None:
    nodes = human("one", ", outputs: [score]") + human("two", second)
    assert UNUSED not in codes_of(document(nodes, f"- {{from: one, to: two{edge}}}"))


@pytest.mark.req("FLO-204")
def test_an_output_that_nobody_uses_is_noted_where_it_is_declared() -> None:
    nodes = human("one", ", outputs: [score, remark]") + human("two", ", inputs: [score], outputs: [result]")
    found = only(document(nodes, "- {from: one, to: two}"), UNUSED)
    assert (found.severity, found.where) == (Severity.NOTE, "nodes.one.outputs.remark")
    assert UNUSED not in codes_of(document(human("one", ", outputs: [email]") + human("two"), "- {from: one, to: two}"))


@pytest.mark.req("FLO-204")
def test_a_name_that_two_nodes_of_one_path_give_is_a_warning() -> None:
    nodes = human("one", ", outputs: [score]") + human("two", ", inputs: [score], outputs: [score]")
    found = only(document(nodes, "- {from: one, to: two}"), TWICE)
    assert found.message == "score of two replaces the one of one for everything that comes later"


@pytest.mark.req("FLO-204")
def test_branches_that_run_together_are_one_path_and_branches_that_exclude_each_other_are_not() -> None:
    nodes = (
        human("start", ", outputs: [flag]") + human("one", ", outputs: [score]") + human("two", ", outputs: [score]")
    )
    nodes += human("end", ", inputs: [score]")
    joined = "- {from: one, to: end}\n- {from: two, to: end}\n"
    together = "- {from: start, to: one}\n- {from: start, to: two}\n" + joined
    assert "is given beside" in only(document(nodes, together), TWICE).message
    instead = "- {from: start, to: one}\n- {from: one, to: two, mode: fallback}\n" + joined
    assert TWICE not in codes_of(document(nodes.replace("type: human, name: one", "type: api, name: one"), instead))


@pytest.mark.req("FLO-205")
@pytest.mark.parametrize("approves", [", subtype: approval", ", approval_gate: {required_approvers: 2}"])
def test_an_approval_by_the_role_that_asked_is_a_warning(approves: str) -> None:
    nodes = """
    - {id: ask, type: human, name: Ask, role: clerk, outputs: [amount]}
    - {id: approve, type: human, name: Approve, role: clerk, inputs: [amount]APPROVES}
    """.replace("APPROVES", approves)
    assert "ask, which asks for it" in only(document(nodes, "- {from: ask, to: approve}"), SAME_ROLE).message
    assert SAME_ROLE not in codes_of(document(nodes.replace("Approve, role: clerk", "Approve, role: chief")))


def test_two_approvals_of_one_role_are_four_eyes_and_no_risk() -> None:
    nodes = human("one", ", approval_gate: {required_approvers: 1}") + human("two", ", subtype: review")
    edges = "- {from: one, to: two}"
    assert SAME_ROLE not in codes_of(
        document(nodes.replace("role: one", "role: r").replace("role: two", "role: r"), edges)
    )


@pytest.mark.req("FLO-205")
@pytest.mark.parametrize(
    ("node", "code"),
    [
        (
            "{id: a, type: api, name: A, runtime: {url: 'https://a.test', headers: {X-Api-Key: 'sk_live_1234567890'}}}",
            "OSOP501",
        ),
        ("{id: a, type: cli, name: A, runtime: {command: 'sh -c \"echo ${name}\"'}, inputs: [name]}", "OSOP502"),
        ("{id: a, type: api, name: A, runtime: {url: 'http://a.test'}, security: {secret_ref: KEY}}", "OSOP503"),
    ],
)
def test_secrets_shells_and_unencrypted_credentials_are_found(node: str, code: str) -> None:
    assert code in codes_of(document(f"- {node}", ""))
