"""One cause is told once, and in words that lead to what has to be written."""

import pytest

from opsdesk.flows.document import executable
from opsdesk.flows.nodes.problems import told_together
from tests.flows.documents import codes_of, document, findings_of, node, only, read

CIRCLE = """
- {id: mix, type: cli, name: Mix, runtime: {command: mix}, outputs: [smooth]}
- {id: taste, type: human, name: Taste, role: cook}
- {id: bake, type: cli, name: Bake, runtime: {command: bake}}
"""
FORWARD = "- {from: mix, to: taste}\n- {from: taste, to: bake}\n"


@pytest.mark.req("FLO-107")
def test_what_a_node_lacks_is_one_finding() -> None:
    text = document(nodes="- {id: ask, type: agent, name: Ask, runtime: {provider: somebody, model: m}}", edges="")
    finding = only(text, "OSOP123")
    told = "an agent node without runtime.url, runtime.prompt and outputs, and whose provider is not openai-compatible,"
    assert finding.message == f"nodes.ask: {told} cannot be run"
    assert len(executable(read(text))) == 1


@pytest.mark.req("FLO-107")
def test_every_field_that_a_tool_lacks_is_told_at_once() -> None:
    text = document(nodes="- {id: ask, type: git, subtype: pr, name: Ask, runtime: {title: T}}", edges="")
    assert (
        only(text, "OSOP123").message == "nodes.ask: a git node without runtime.body and runtime.branch cannot be run"
    )
    text = document(nodes="- {id: run, type: docker, subtype: push, name: Run, runtime: {tag: [1]}}", edges="")
    told = "a docker node without runtime.image, and whose tag is neither a text nor a number, cannot be run"
    assert only(text, "OSOP123").message == f"nodes.run: {told}"


@pytest.mark.req("FLO-103")
def test_what_other_formats_call_a_field_is_told_as_ours() -> None:
    assert (
        only(document(nodes=node(config="{url: https://a.test}"), edges=""), "OSOP110").hint == "did you mean runtime?"
    )


def test_one_thing_that_a_node_lacks_is_told_as_it_is() -> None:
    assert told_together(["a db node without runtime.query"]) == "a db node without runtime.query"
    assert (
        told_together(["a db node without one", "a db node whose x is y"]) == "a db node without one, and whose x is y,"
    )


@pytest.mark.req("FLO-201")
@pytest.mark.parametrize(
    ("edge", "hint"),
    [
        ("{from: bake, to: taste}", "write mode: loop, and in when: as long as what it goes back"),
        ("{from: bake, to: taste, when: smooth == false}", "make the edge that leads back mode: loop"),
        ("{from: bake, to: taste, mode: fallback}", "lead a failure to a node of its own, and from there back"),
        ("{from: taste, to: taste, mode: fallback}", "for an answer of the person write mode: loop"),
        ("{from: bake, to: bake, mode: fallback}", "give it a retry_policy"),
    ],
)
def test_how_going_back_is_written_depends_on_what_takes_the_edge(edge: str, hint: str) -> None:
    text = document(nodes=CIRCLE, edges=f"{FORWARD}- {edge}")
    assert hint in only(text, "OSOP205").hint
    assert not codes_of(text) & {"OSOP203", "OSOP207"}


@pytest.mark.req("FLO-201")
def test_a_circle_through_the_first_node_is_told_once_where_it_closes() -> None:
    text = document(nodes=CIRCLE, edges=f"{FORWARD}- {{from: bake, to: mix, mode: fallback}}")
    finding = only(text, "OSOP203")
    assert finding.message == "mix → taste → bake → mix goes in a circle, so that a run has nowhere to begin"
    assert finding.position.line == 11
    assert "OSOP205" not in codes_of(text)


@pytest.mark.req("FLO-201")
def test_a_failure_may_lead_back_by_way_of_a_node_of_its_own() -> None:
    mend = "- {id: mend, type: cli, name: Mend, runtime: {command: mend}}"
    edges = f"{FORWARD}- {{from: bake, to: mend, mode: fallback}}\n- {{from: mend, to: mix, mode: loop, when: 'true'}}"
    assert not [each for each in findings_of(document(CIRCLE.strip() + "\n" + mend, edges)) if each.severity == "error"]


@pytest.mark.req("FLO-201")
@pytest.mark.parametrize(("more", "never"), [("", True), (", timeout_sec: 60", False)])
def test_a_person_fails_only_when_a_time_runs_out(more: str, never: bool) -> None:
    nodes = f"- {{id: ask, type: human, name: Ask, role: clerk{more}}}\n- {{id: end, type: human, name: End}}"
    assert ("OSOP207" in codes_of(document(nodes, "- {from: ask, to: end, mode: fallback}"))) is never


@pytest.mark.req("FLO-203")
@pytest.mark.parametrize(
    ("loop", "gap"), [("score < 10", False), ("score < 5", True), ("true", False), ("score < flag", False)]
)
def test_where_a_loop_goes_round_nothing_is_left_out(loop: str, gap: bool) -> None:
    edges = (
        f"- {{from: first, to: first, mode: loop, when: {loop!r}}}\n- {{from: first, to: second, when: score >= 10}}"
    )
    assert ("OSOP401" in codes_of(document(edges=edges))) is gap


@pytest.mark.req("FLO-204")
@pytest.mark.parametrize(
    ("other", "twice"), [("kind == 'b'", False), ("kind != 'a'", False), ("kind != 'b'", True), ("flag == 1", True)]
)
def test_a_name_that_only_branches_give_which_exclude_each_other_is_given_once(other: str, twice: bool) -> None:
    nodes = """
    - {id: sort, type: human, name: Sort, role: clerk, outputs: [kind, flag]}
    - {id: a, type: human, name: A, role: clerk, outputs: [answer]}
    - {id: b, type: human, name: B, role: clerk, outputs: [answer]}
    - {id: send, type: api, name: Send, runtime: {url: https://send.test}, inputs: [answer]}
    """
    edges = f"""
    - {{from: sort, to: a, when: kind == 'a'}}
    - {{from: sort, to: b, when: {other}}}
    - {{from: a, to: send}}
    - {{from: b, to: send}}
    """
    assert ("OSOP602" in codes_of(document(nodes, edges))) is twice


@pytest.mark.req("FLO-202")
@pytest.mark.parametrize(
    ("condition", "hint"),
    [
        ("first.score > 1", "write outputs.first.score"),
        ("first.colour == 1", "first declares no output colour: add it to its outputs, and write outputs.first.colour"),
        ("outputs.first.colour == 1", "first declares no output colour: add it to its outputs"),
        ("weather.rain == 1", "a condition sees inputs.<name>, outputs.<node>.<name>"),
    ],
)
def test_a_condition_on_a_node_is_told_how_its_output_is_named(condition: str, hint: str) -> None:
    finding = only(document(edges=f"- {{from: first, to: second, when: {condition}}}"), "OSOP302")
    assert finding.hint.startswith(hint)


@pytest.mark.req("FLO-202")
def test_what_is_inside_of_an_output_of_a_failed_node_is_not_there_either() -> None:
    finding = only(document(edges="- {from: first, to: second, mode: error, when: score.status == 401}"), "OSOP302")
    assert "score is not there, because first has failed where an error edge is taken" in finding.message


@pytest.mark.req("FLO-202")
def test_what_every_way_of_a_switch_compares_is_told_once() -> None:
    cases = "cases: [{value: a, to: second}, {value: b, to: second}], default_to: second"
    text = document(edges=f"- {{from: first, to: second, mode: switch, when: outputs.first.colour, {cases}}}")
    assert only(text, "OSOP302").hint == "first declares no output colour: add it to its outputs"


@pytest.mark.req("FLO-204")
def test_an_input_from_nowhere_that_the_runtime_names_is_told_once() -> None:
    ask = "{id: ask, type: cli, name: Ask, runtime: {command: 'find ${colour}'}, inputs: [colour]}"
    begin = "{id: begin, type: cli, name: Begin, runtime: {command: begin}}"
    text = document(f"- {begin}\n- {ask}", "- {from: begin, to: ask}")
    assert only(text, "OSOP322").hint.startswith("declare colour in the inputs of the document")
    assert "OSOP331" not in codes_of(text)


@pytest.mark.req("FLO-205")
@pytest.mark.parametrize(
    "field",
    ["outputs: [{client_secret: data.client_secret}]", "x-a: {api_key: '{{PARTNER_API_KEY}}'}"],
)
def test_the_name_of_an_output_and_a_placeholder_are_no_secrets(field: str) -> None:
    name, _, value = field.partition(": ")
    assert "OSOP501" not in codes_of(document(nodes=node(**{name: value}), edges=""))


@pytest.mark.req("FLO-205")
def test_a_secret_by_its_form_is_one_in_an_output_too() -> None:
    text = document(nodes=node(outputs="[{name: a, description: 'ghp_0123456789abcdefghij0123'}]"), edges="")
    assert "OSOP501" in codes_of(text)


@pytest.mark.req("FLO-107")
def test_a_malformed_reference_in_a_command_is_told_once() -> None:
    text = document(nodes="- {id: a, type: cli, name: A, runtime: {command: 'go ${HOME:-x}'}}", edges="")
    assert "OSOP321" in codes_of(text)
    assert "OSOP506" not in codes_of(text)


@pytest.mark.req("FLO-303")
@pytest.mark.parametrize(
    ("runtime", "told"),
    [
        ("{url: 'https://{{host}}/a'}", "{{host}}"),
        ("{url: 'https://a.test', endpoint: '/orders/{order_id}'}", "{order_id}"),
        ("{url: 'https://a.test', body: {a: 'x {{ shop.name }}'}}", "{{ shop.name }}"),
    ],
)
def test_placeholders_of_other_languages_are_not_filled_in(runtime: str, told: str) -> None:
    finding = only(document(nodes=node(runtime=runtime), edges=""), "OSOP325")
    assert (finding.severity, told in finding.message) == ("warning", True)


@pytest.mark.req("FLO-303")
@pytest.mark.parametrize(
    "runtime",
    [
        "{url: 'https://a.test/${name}', body: {a: '{name}'}}",
        "{url: 'https://a.test', body: '{{.Names}} {{name}}'}",
        "{url: 'https://a.test', body: {a: '{\"b\": {\"c\": 1}}'}}",
    ],
)
def test_other_braces_are_left_alone(runtime: str) -> None:
    assert "OSOP325" not in codes_of(document(nodes=node(runtime=runtime), edges="", head="inputs: [name]"))


@pytest.mark.req("FLO-103", "FLO-104")
def test_the_fields_of_a_mapping_that_is_not_honoured_are_told_where_they_belong() -> None:
    agent = "- {id: ask, type: agent, name: Ask, runtime: {url: https://a.test, config: {temperature: 0, other: 1}}}"
    found = [each for each in findings_of(document(agent, "")) if each.code == "OSOP120"]
    assert [each.hint for each in found] == ["write temperature in nodes.ask.runtime itself"]


@pytest.mark.req("FLO-102")
def test_a_purpose_and_a_description_may_say_different_things() -> None:
    made = read(document(nodes=node(purpose="Why", description="How"), edges=""))
    assert made.nodes["first"].purpose == "Why"


@pytest.mark.req("FLO-102")
@pytest.mark.parametrize("gate", ["{min_approvals: 2}", "{required_approvers: 2}", "{approvers: 2}"])
def test_the_number_of_approvers_has_three_spellings(gate: str) -> None:
    nodes = f"- {{id: ask, type: human, name: Ask, role: clerk, approval_gate: {gate}}}"
    assert read(document(nodes, "")).nodes["ask"].approval.required_approvers == 2


@pytest.mark.parametrize(
    ("runtime", "runs"),
    [
        ("{url: https://a.test, content_type: application/merge-patch+json}", True),
        ("{url: https://a.test, content_type: multipart/form-data}", False),
        ("{url: https://a.test, headers: {content-type: application/x-www-form-urlencoded}}", False),
    ],
)
def test_a_node_that_sends_something_else_than_json_is_named_before_it_runs(runtime: str, runs: bool) -> None:
    assert (executable(read(document(nodes=node(runtime=runtime), edges=""))) == []) is runs
