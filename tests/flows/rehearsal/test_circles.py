"""A document whose edges go in circles is refused by lint, and can be simulated all the same."""

import pytest

from opsdesk.flows.checks import Given, Simulation, simulate, tell_simulation, walkable
from opsdesk.flows.document import load
from opsdesk.flows.procedure import EdgeMode
from tests.flows.documents import document
from tests.flows.graphs import fields, node, program

BAKING = """
- {id: mix, type: cli, name: Mix, runtime: {command: mix}}
- {id: bake, type: cli, name: Bake, runtime: {command: bake}, outputs: [colour]}
- {id: serve, type: human, name: Serve, role: waiter}
"""


def walked(edges: str, nodes: str = BAKING) -> Simulation:
    loaded = load(document(nodes, edges), name="small.osop.yaml")
    return simulate(walkable(loaded, file_name="small.osop.yaml"))


def ways(simulation: Simulation) -> dict[str, str]:
    return {" ".join(step.node for step in path.steps): path.outcome for path in simulation.paths}


@pytest.mark.req("FLO-206")
def test_a_failure_that_leads_back_is_walked_round_and_out_again() -> None:
    edges = """
    - {from: mix, to: bake}
    - {from: bake, to: serve}
    - {from: bake, to: mix, mode: fallback}
    """
    simulation = walked(edges)
    assert (simulation.complete, simulation.nodes_never_run, simulation.edges_never_taken) == (True, (), ())
    assert ways(simulation) == {
        "mix bake serve": "completed",
        "mix bake mix bake serve": "completed",
        "mix bake mix bake mix bake serve": "completed",
    }
    assert {index for path in simulation.paths for index in path.edges} == {0, 1, 2}
    assert simulation.notes[0].startswith("bake → mix (fallback) leads back and is no loop")


@pytest.mark.req("FLO-206")
def test_a_condition_that_leads_back_is_walked_as_the_loop_that_it_should_be() -> None:
    edges = """
    - {from: mix, to: bake}
    - {from: bake, to: serve, when: colour == 'brown'}
    - {from: bake, to: mix, when: colour == 'pale'}
    """
    simulation = walked(edges)
    assert (simulation.nodes_never_run, simulation.edges_never_taken) == ((), ())
    assert simulation.outcomes["completed"] == 3
    assert ways(simulation)["mix bake mix bake serve"] == "completed"


@pytest.mark.req("FLO-206")
def test_a_circle_that_is_never_left_is_endless_and_says_where() -> None:
    edges = """
    - {from: mix, to: bake}
    - {from: bake, to: mix}
    - {from: mix, to: serve, mode: fallback}
    """
    simulation = walked(edges)
    endless = [path for path in simulation.paths if path.outcome == "endless"]
    assert endless
    assert {path.reason for path in endless} == {"from bake on it goes in a circle that it never leaves"}
    assert max(len(path.steps) for path in endless) < 10
    assert (simulation.nodes_never_run, simulation.edges_never_taken) == ((), ())


@pytest.mark.req("FLO-206")
def test_two_values_that_are_compared_are_numbers_of_which_either_is_the_smaller() -> None:
    nodes = [node("count", outputs=fields("wanted", "found")), node("enough"), node("more")]
    edges = [("count", "enough", "found >= wanted / 2"), ("count", "more", "found < wanted / 2")]
    simulation = simulate(program(nodes, edges))
    assert (simulation.nodes_never_run, simulation.edges_never_taken) == ((), ())


@pytest.mark.req("FLO-206")
def test_of_what_a_failure_is_asked_and_cannot_be_read_both_ways_are_walked() -> None:
    edges = """
    - {from: mix, to: bake}
    - {from: mix, to: serve, mode: error, when: lumps.length > 3}
    """
    simulation = walked(edges)
    assert (simulation.nodes_never_run, simulation.edges_never_taken) == ((), ())
    assert ways(simulation) == {"mix bake": "completed", "mix serve": "completed", "mix": "blocked"}


@pytest.mark.req("FLO-206")
def test_of_a_condition_that_is_not_written_both_ways_are_walked() -> None:
    simulation = walked("- {from: mix, to: bake, mode: conditional}\n- {from: bake, to: serve}")
    assert ways(simulation) == {"mix bake serve": "completed", "mix": "stopped"}


@pytest.mark.req("FLO-206")
def test_a_node_that_a_join_does_not_wait_for_has_run_and_what_follows_it_is_not_told() -> None:
    nodes = [node(name) for name in ("ask", "one", "other", "end")]
    first = {"join_count": 1}
    edges = [("ask", "one"), ("ask", "other"), ("one", "end", None, EdgeMode.SEQUENTIAL, first), ("other", "end")]
    simulation = simulate(program(nodes, edges))
    assert (simulation.nodes_never_run, simulation.edges_never_taken) == ((), ())
    assert simulation.notes == ("other does not end first, so that it is not told what follows if it does",)


@pytest.mark.req("FLO-206")
def test_rounds_that_are_all_alike_are_told_once_with_their_number() -> None:
    nodes = [node("draft"), node("check"), node("send")]
    edges = [("draft", "check"), ("check", "send"), ("check", "draft", "true", EdgeMode.LOOP, {"rounds_max": 30})]
    made = program(nodes, edges)
    told = tell_simulation(made.procedure, simulate(made))
    assert "draft → check (these 2 30 times)" in told
    assert "  1. blocked: incident LoopLimit" in told


def test_where_a_run_is_blocked_is_told_in_words_that_stand_apart() -> None:
    made = program([node("mix", outputs=fields("lumps")), node("serve")], [("mix", "serve", "lumps > 3")])
    simulation = simulate(made, given=Given(answers={"mix": {"lumps": "many"}}))
    assert "blocked at mix: incident ConditionFailed" in tell_simulation(made.procedure, simulation)
