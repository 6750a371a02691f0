"""What is said of `x-compensate` before anything runs."""

import pytest

from opsdesk.flows.checks import program_of
from opsdesk.flows.document import load
from opsdesk.flows.draw import svg
from opsdesk.flows.findings import Severity
from opsdesk.flows.mermaid import mermaid
from opsdesk.flows.procedure import UNDONE_ON, Undo
from opsdesk.flows.rehearsal.simulation import simulate
from opsdesk.flows.rehearsal.telling import tell_simulation
from opsdesk.flows.text_view import describe
from tests.flows.documents import codes_of, document, findings_of, only, read

ORDER = """
- {id: reserve, type: api, name: R, runtime: {url: https://r.test}, outputs: [reservation], x-compensate: %s}
- {id: review, type: human, name: Review, outputs: [{name: ok, schema: {type: boolean}}]}
- {id: ship, type: api, name: S, runtime: {url: https://s.test}, outputs: [parcel]}
- {id: unreserve, type: api, name: U, runtime: {url: "https://u.test/%s"}}
"""
EDGES = "- {from: reserve, to: review}\n- {from: review, to: ship, when: ok == true}"


def order(compensate: str = "unreserve", reference: str = "${reservation}", more: str = "") -> str:
    return document(nodes=ORDER % (compensate, reference), edges=f"{EDGES}\n{more}")


@pytest.mark.req("FLO-311")
@pytest.mark.parametrize(
    ("written", "undo"),
    [
        ("unreserve", Undo("unreserve", frozenset(UNDONE_ON))),
        ("{node: unreserve}", Undo("unreserve", frozenset(UNDONE_ON))),
        ("{node: unreserve, on: [cancelled]}", Undo("unreserve", frozenset(["cancelled"]))),
    ],
)
def test_a_node_names_what_undoes_it_in_short_or_with_the_outcomes(written: str, undo: Undo) -> None:
    procedure = read(order(written))
    assert procedure.nodes["reserve"].undo == undo
    assert procedure.undo_nodes == {"unreserve": ("reserve",)}
    assert [node.id for node in procedure.entries] == ["reserve"]
    assert {code for code in codes_of(order(written)) if code[:5] in ("OSOP1", "OSOP2", "OSOP3")} == set()


@pytest.mark.req("FLO-311")
@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("unreserv", "OSOP201"),
        ("reserve", "OSOP221"),
        ("review", "OSOP220"),
        ("{on: [cancelled]}", "OSOP111"),
        ("{node: unreserve, on: [completed]}", "OSOP112"),
        ("{node: unreserve, on: []}", "OSOP112"),
        ("{node: unreserve, after: [cancelled]}", "OSOP110"),
        ("7", "OSOP112"),
    ],
)
def test_an_undo_that_cannot_be_is_an_error_that_says_why(written: str, code: str) -> None:
    errors = {finding.code for finding in findings_of(order(written)) if finding.severity is Severity.ERROR}
    assert code in errors


@pytest.mark.req("FLO-311")
def test_a_misspelt_undo_is_told_with_the_nearest_node() -> None:
    assert only(order("unreserv"), "OSOP201").hint == "did you mean unreserve?"


@pytest.mark.req("FLO-311", "FLO-202")
@pytest.mark.parametrize(
    ("reference", "codes"),
    [
        ("${outputs.reserve.reservation}", set()),
        ("${parcel}", {"OSOP322"}),
        ("${reservations}", {"OSOP322"}),
    ],
)
def test_an_undo_sees_what_its_node_saw_and_gave_and_nothing_else(reference: str, codes: set[str]) -> None:
    assert {code for code in codes_of(order(reference=reference)) if code.startswith("OSOP32")} == codes


@pytest.mark.req("FLO-311", "FLO-202")
def test_a_name_that_only_one_of_two_undone_nodes_has_may_be_missing() -> None:
    nodes = ORDER % ("unreserve", "${reservation}") + (
        "- {id: first, type: api, name: F, runtime: {url: https://f.test}, x-compensate: unreserve}"
    )
    found = codes_of(document(nodes=nodes, edges=f"{EDGES}\n- {{from: first, to: reserve}}"))
    assert {code for code in found if code.startswith("OSOP32")} == {"OSOP323"}


@pytest.mark.req("FLO-311", "FLO-206")
def test_a_simulation_walks_the_undoing_and_says_what_a_cancellation_undoes() -> None:
    program = program_of(load(order(), name="order.osop.yaml"), file_name="order.osop.yaml")
    simulation = simulate(program)
    assert {path.outcome: [step.node for step in path.steps] for path in simulation.paths} == {
        "completed": ["reserve", "review", "ship"],
        "stopped": ["reserve", "review", "unreserve"],
    }
    told = tell_simulation(program.procedure, simulation)
    assert "unreserve [undoes reserve]" in told
    assert "Where a run is cancelled after reserve: unreserve undoes it." in told


@pytest.mark.req("FLO-311", "FLO-206")
def test_an_undo_that_only_a_cancellation_needs_is_not_said_never_to_run() -> None:
    text = order("{node: unreserve, on: [cancelled]}")
    simulation = simulate(program_of(load(text, name="o.osop.yaml"), file_name="o.osop.yaml"))
    assert simulation.nodes_never_run == ()


@pytest.mark.req("FLO-311", "FLO-402")
@pytest.mark.parametrize(("language", "word"), [("en", "undone by"), ("zh", "撤销节点")])
def test_the_picture_shows_what_undoes_what_by_a_line_of_its_own(language: str, word: str) -> None:
    picture = svg(read(order()), language=language)
    assert picture.count('class="edge edge-undo"') == 1
    assert f"<title>reserve → unreserve · {word}</title>" in picture
    assert picture.count('<g class="end ') == 1, "a run does not end at what undoes"
    assert picture.count('<g class="start ') == 1


@pytest.mark.req("FLO-311", "FLO-402")
def test_mermaid_and_the_description_show_it_too() -> None:
    procedure = read(order())
    assert 'n0 -.-o|"undone by"| n3' in mermaid(procedure)
    assert "undone by unreserve" in describe(procedure)
    assert "undoes reserve" in describe(procedure)
