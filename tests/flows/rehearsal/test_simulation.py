"""Every path is walked, by the same core that runs a procedure."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdesk.flows.checks import Given, Program, program_of, simulate, tell_simulation, walkable
from opsdesk.flows.document import load, load_file
from opsdesk.flows.errors import ProcedureRefused, RehearsalInvalid
from opsdesk.flows.procedure import EdgeMode
from tests.flows.documents import document
from tests.flows.graphs import fields, node, program

PROCEDURE = Path(__file__).parents[3] / "procedures" / "customer-onboarding.osop.yaml"

CHECKED = """
- id: check
  type: api
  name: Check
  runtime: {url: https://check.test}
  outputs:
    - {name: score, required: true, schema: {type: number, minimum: 0, maximum: 1}}
    - {name: listed, required: true, schema: {type: boolean}}
- {id: open, type: api, name: Open, runtime: {url: https://open.test}}
- {id: review, type: human, name: Review, role: reviewer, timeout_sec: 60, outputs: [decision]}
"""
EDGES = """
- {from: check, to: open, when: score >= 0.7 && listed == false}
- {from: check, to: review, when: score < 0.7 || listed == true}
- {from: review, to: open, when: decision == 'approved'}
"""


def made(nodes: str = CHECKED, edges: str = EDGES) -> Program:
    return program_of(load(document(nodes, edges), name="small.osop.yaml"), file_name="small.osop.yaml")


@pytest.mark.req("FLO-206")
def test_every_path_of_the_shipped_procedure_is_walked_to_its_end() -> None:
    simulation = simulate(program_of(load_file(PROCEDURE), file_name=PROCEDURE.name))
    assert (simulation.complete, simulation.nodes_never_run, simulation.edges_never_taken) == (True, (), ())
    ends = sorted(tuple(step.node for step in path.steps)[-1] for path in simulation.paths)
    told = ["tell_address_not_verified", "tell_address_not_verified", "tell_review_overdue", "tell_review_rejected"]
    assert ends == ["assign_csm", "assign_csm", *told]
    assert simulation.outcomes == {"completed": 6}
    assert simulation.notes == ()


@pytest.mark.req("FLO-206")
def test_each_path_tells_how_it_ends_and_what_led_there() -> None:
    simulation = simulate(made())
    assert simulation.outcomes == {"completed": 2, "stopped": 1, "timed_out": 1}
    stopped = next(path for path in simulation.paths if path.outcome == "stopped")
    assert (stopped.node, "no condition held" in stopped.reason) == ("review", True)
    assert [(step.node, step.told) for step in stopped.steps] == [
        ("check", "score = 0, listed = true"),
        ("review", 'decision = "something else"'),
    ]
    assert stopped.edges == (1,)


@pytest.mark.req("FLO-206")
def test_given_answers_are_taken_instead_of_invented_ones() -> None:
    simulation = simulate(made(), given=Given(answers={"check": {"score": 0.7, "listed": False}}))
    assert [path.outcome for path in simulation.paths] == ["completed"]
    assert simulation.nodes_never_run == ("review",)
    assert [edge.index for edge in simulation.edges_never_taken] == [1, 2]
    partly = simulate(made(), given=Given(answers={"check": {"score": 0.7}}))
    assert {step.told for path in partly.paths for step in path.steps if step.node == "check"} == {
        "listed = true",
        "listed = false",
    }


def test_a_node_can_be_told_to_fail_or_to_stay_silent() -> None:
    failed = simulate(made(), given=Given(failures={"check": "HttpError"}))
    assert [(path.outcome, path.node) for path in failed.paths] == [("blocked", "check")]
    assert "HttpError" in failed.paths[0].reason
    silent = simulate(made(), given=Given(silent=frozenset({"review"})))
    assert silent.outcomes == {"timed_out": 1, "completed": 1}


@pytest.mark.parametrize(
    "given_",
    [
        Given(inputs={"name": "x"}),
        Given(answers={"none": {}}),
        Given(answers={"check": {"points": 1}}),
        Given(answers={"check": {"score": 2, "listed": True}}),
        Given(failures={"none": "x"}),
        Given(silent=frozenset({"none"})),
    ],
)
def test_what_is_given_has_to_fit_the_procedure(given_: Given) -> None:
    with pytest.raises(RehearsalInvalid) as refused:
        simulate(made(), given=given_)
    assert len(refused.value.problems) == 1


def test_failure_edges_are_taken_by_failures_with_the_codes_that_conditions_ask_for() -> None:
    edges = """
    - {from: check, to: open}
    - {from: check, to: review, mode: error, when: error.code == 'HttpError'}
    - {from: check, to: late, mode: timeout}
    """
    nodes = CHECKED.replace("  outputs:", "  timeout_sec: 10\n  outputs:", 1)
    nodes += "- {id: late, type: api, name: Late, runtime: {url: https://late.test}}"
    simulation = simulate(made(nodes, edges))
    assert [edge.target for edge in simulation.edges_never_taken] == []
    told = {path.steps[0].told for path in simulation.paths}
    assert {"fails with HttpError", "fails with Failed", "nobody answers in time"} <= told


def test_values_inside_answers_lengths_and_presence_are_told_apart() -> None:
    nodes = """
    - id: scan
      type: api
      name: Scan
      runtime: {url: https://scan.test}
      outputs:
        - {name: found, schema: {type: object}}
        - {name: items, schema: {type: array}}
        - {name: note, required: false}
    - {id: a, type: api, name: A, runtime: {url: https://a.test}}
    - {id: b, type: api, name: B, runtime: {url: https://b.test}}
    - {id: c, type: api, name: C, runtime: {url: https://c.test}}
    """
    edges = """
    - {from: scan, to: a, when: found.critical == 0}
    - {from: scan, to: b, when: size(items) > 2}
    - {from: scan, to: c, when: has(outputs.scan.note)}
    """
    simulation = simulate(made(nodes, edges))
    assert (simulation.complete, simulation.edges_never_taken) == (True, ())
    assert len(simulation.paths) == 8


@pytest.mark.req("FLO-206")
def test_the_limit_of_walks_is_kept_and_told() -> None:
    at_limit, under = simulate(made(), walks_max=4), simulate(made(), walks_max=3)
    assert (at_limit.complete, at_limit.walks) == (True, 4)
    assert (under.complete, under.walks) == (False, 3)
    assert "Stopped after 3 walks" in tell_simulation(made().procedure, under)


def test_a_document_with_errors_is_not_rehearsed() -> None:
    with pytest.raises(ProcedureRefused) as refused:
        program_of(load(document(edges="- {from: first, to: away}"), name="x.osop"), file_name="x.osop")
    assert [finding["code"] for finding in refused.value.findings] == ["OSOP201"]


def test_a_personal_value_is_not_told() -> None:
    nodes = CHECKED.replace("maximum: 1}}", "maximum: 1}, x-personal: true}")
    told = tell_simulation(made(nodes).procedure, simulate(made(nodes)))
    assert "score is given" in told
    assert "score = " not in told


def test_the_text_names_what_no_path_came_to() -> None:
    simulation = simulate(made(), given=Given(answers={"check": {"score": 1, "listed": False}}))
    told = tell_simulation(made().procedure, simulation)
    assert "1 path: 1 completed. There are no others" in told
    assert "Runs on no path: review" in told
    assert "Taken on no path: review → open (conditional: decision == 'approved') at line " in told


@pytest.mark.req("FLO-206")
@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.booleans()), max_size=14))
def test_every_path_of_any_graph_ends(edges: list[tuple[int, int, bool]]) -> None:
    forward = {(min(one, other), max(one, other)): asked for one, other, asked in edges if one != other}
    listed = [(f"n{one}", f"n{other}", "flag" if asked else None) for (one, other), asked in forward.items()]
    nodes = [node(f"n{number}", outputs=fields("flag")) for number in range(8)]
    simulation = simulate(program(nodes, listed), walks_max=50)
    assert {path.outcome for path in simulation.paths} <= {"completed", "stopped", "blocked"}
    assert simulation.paths


@pytest.mark.req("FLO-206")
def test_a_loop_is_gone_round_a_few_times_and_then_left() -> None:
    nodes = """
    - id: draft
      type: api
      name: Draft
      runtime: {url: https://draft.test}
      outputs: [{name: good, required: true, schema: {type: boolean}}]
    - {id: send, type: api, name: Send, runtime: {url: https://send.test}}
    """
    edges = """
    - {from: draft, to: draft, mode: loop, when: good == false}
    - {from: draft, to: send, when: good == true}
    """
    simulation = simulate(made(nodes, edges))
    assert (simulation.complete, simulation.edges_never_taken) == (True, ())
    assert [len(path.steps) for path in simulation.paths] == [2, 3, 4]
    assert simulation.notes == ("loops are gone round 2 times, and not to their limits",)


@pytest.mark.req("FLO-206")
def test_of_a_condition_that_cannot_be_read_both_ways_are_walked() -> None:
    edges = """
    - {from: check, to: open, when: verdict === good}
    - {from: check, to: review, when: nobody.knows > 1}
    """
    loaded = load(document(CHECKED, edges), name="small.osop.yaml")
    assert loaded.procedure is not None
    simulation = simulate(walkable(loaded, file_name="small.osop.yaml"))
    assert (simulation.complete, simulation.edges_never_taken) == (True, ())
    assert len({path.edges for path in simulation.paths}) == 4
    assert "`verdict === good` cannot be read, so that both ways are walked" in simulation.notes


def test_a_graph_that_cannot_be_walked_is_refused_with_the_reason() -> None:
    loaded = load(document(edges="- {from: first, to: away}"), name="x.osop")
    with pytest.raises(ProcedureRefused) as refused:
        walkable(loaded, file_name="x.osop")
    assert [finding["code"] for finding in refused.value.findings] == ["OSOP201"]


@pytest.mark.req("FLO-206", "FLO-301")
def test_each_event_that_a_node_waits_for_is_a_path_and_so_is_that_none_comes() -> None:
    names = {"ship": "paid", "close": "declined"}
    waits = [("offer", target, f"event.name == '{name}'", EdgeMode.EVENT) for target, name in names.items()]
    simulation = simulate(program([node("offer"), node("ship"), node("close")], waits))
    assert (simulation.complete, simulation.nodes_never_run, simulation.edges_never_taken) == (True, (), ())
    assert sorted(tuple(step.node for step in path.steps) for path in simulation.paths) == [
        ("offer",),
        ("offer", "close"),
        ("offer", "ship"),
    ]
    [resting] = [path for path in simulation.paths if path.outcome == "waiting"]
    assert resting.reason == "it waits for an event that does not come"


@pytest.mark.req("FLO-206", "FLO-301")
def test_an_event_that_a_timer_ends_the_wait_for_comes_before_it_and_not_at_all() -> None:
    nodes = """
    - {id: label, type: human, name: Label, role: agent}
    - {id: wait, type: system, subtype: timer, name: Wait, runtime: {duration: 14d}}
    - {id: arrived, type: human, name: Arrived, role: agent}
    - {id: look, type: human, name: Look, role: agent}
    """
    edges = """
    - {from: label, to: arrived, mode: event, when: event.name == 'arrived'}
    - {from: label, to: wait}
    - {from: arrived, to: look, join_mode: wait_any}
    - {from: wait, to: look}
    """
    simulation = simulate(made(nodes, edges))
    assert (simulation.complete, simulation.edges_never_taken, simulation.notes) == (True, (), ())
    assert [[step.node for step in path.steps] for path in simulation.paths] == [
        ["label", "arrived", "look"],
        ["label", "wait", "look"],
    ]


@pytest.mark.req("FLO-206", "FLO-301")
@pytest.mark.parametrize("expression", ["lines", "outputs.look.lines", "listed ? lines : []"])
def test_a_list_of_a_loop_is_walked_with_items_and_without(expression: str) -> None:
    nodes = """
    - {id: look, type: human, name: Look, role: agent, outputs: {lines: {type: array}, listed: {type: boolean}}}
    - {id: send, type: human, name: Send, role: agent}
    """
    simulation = simulate(made(nodes, f"- {{from: look, to: send, mode: loop, for_each: '{expression}'}}"))
    assert (simulation.complete, simulation.edges_never_taken, simulation.nodes_never_run) == (True, (), ())
    assert sorted([step.node for step in path.steps] for path in simulation.paths) == [["look"], ["look", "send"]]


@pytest.mark.req("FLO-206", "FLO-301")
def test_a_loop_is_walked_until_its_condition_fails_and_until_its_limit() -> None:
    again = ("check", "check", "ok == false", EdgeMode.LOOP, {"rounds_max": 2})
    simulation = simulate(program([node("check", outputs=fields("ok")), node("end")], [again, ("check", "end")]))
    assert simulation.complete
    paths = {tuple(step.node for step in path.steps): path.outcome for path in simulation.paths}
    assert paths[("check", "end")] == "completed"
    assert paths[("check", "check", "end")] == "completed"
    assert paths[("check", "check")] == "blocked"
