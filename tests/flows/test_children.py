"""Children in the pure core: what they change of a run, in whatever order they end."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.flows.calls import Done, Failed, NodeOutcome
from opsdesk.flows.children import no_longer_wanted
from opsdesk.flows.draw import svg
from opsdesk.flows.engine import StartChildren, apply, decide, fold, next_wake
from opsdesk.flows.expressions import compile_conditions
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.findings import Severity
from opsdesk.flows.mermaid import mermaid
from opsdesk.flows.procedure import Children, OnChildFailure
from opsdesk.flows.program import Program
from opsdesk.flows.record import osop_log
from opsdesk.flows.rehearsal.choices import Given
from opsdesk.flows.rehearsal.document_tests import run_tests
from opsdesk.flows.rehearsal.simulation import simulate
from opsdesk.flows.run_report import report_of
from opsdesk.flows.settle import Arrival, ArrivalKind, take_in
from opsdesk.flows.state import NodePhase, RunStatus
from opsdesk.flows.text_view import describe
from tests.flows.documents import codes_of, document, error_in, findings_of, read
from tests.flows.graphs import START, Journal, any_graph, fields, node, program
from tests.flows.test_engine import OUTCOMES, programs


def carried(made: Program, **children: Children) -> Program:
    """The same, with nodes that runs of their own carry out."""
    nodes = {name: replace(each, children=children.get(name)) for name, each in made.procedure.nodes.items()}
    procedure = replace(made.procedure, nodes=nodes)
    return Program(procedure, compile_conditions(procedure))


def three() -> Journal:
    made = program([node("a"), node("b", outputs=fields("y")), node("c")], [("a", "b"), ("b", "c")])
    return Journal(carried(made, b=Children(count=3, outputs=fields("y"))))


@pytest.mark.req("FLO-310")
def test_a_node_that_others_carry_out_waits_under_a_name_that_counts_them() -> None:
    journal = three()
    journal.run(stop=lambda: bool(journal.open_children))
    commands = decide(journal.program.procedure, journal.state, START)
    assert next_wake(commands) == (None, "children: 3 of 3 (b)")
    child = journal.state.children["b-1-0-1-1"]
    assert (child.node, child.iteration, child.end) == ("b", 1, None)


@pytest.mark.req("FLO-310")
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_the_outputs_stand_in_the_order_of_the_children_in_whatever_order_they_end(order: tuple[int, ...]) -> None:
    journal = three()
    journal.run(stop=lambda: bool(journal.open_children))
    for index in order:
        journal.end_run(f"b-1-0-1-{index}", Done({"y": index}))
    journal.run()
    assert journal.state.nodes["b"].outputs == {"y": [0, 1, 2]}
    assert journal.state.outcome is RunStatus.COMPLETED


@pytest.mark.req("FLO-310")
def test_what_ends_the_waiting_leaves_children_that_nobody_wants() -> None:
    journal = three()
    journal.run(stop=lambda: bool(journal.open_children))
    skip = {"outputs": {"y": []}, "reason": "done by hand"}
    arrival = Arrival(1, ArrivalKind.SKIP, "b", 1, skip, "ops", START)
    journal.end_run("b-1-0-1-0", Done({"y": 1}))
    journal.add(*take_in(journal.program, journal.state, arrival, START))
    assert [run for run, _ in no_longer_wanted(journal.state)] == ["b-1-0-1-1", "b-1-0-1-2"]
    journal.end_run("b-1-0-1-1", Done({"y": 1}))
    assert journal.facts[-1].kind is FactKind.CHILD_ENDED
    assert [run for run, _ in no_longer_wanted(journal.state)] == ["b-1-0-1-2"]


@pytest.mark.req("FLO-310")
def test_a_node_that_is_begun_again_has_children_of_its_own_and_leaves_the_old_ones() -> None:
    journal = three()
    journal.run(stop=lambda: bool(journal.open_children))
    arrival = Arrival(1, ArrivalKind.RERUN, "b", 1, {"reason": "wrong"}, "ops", START)
    journal.add(*take_in(journal.program, journal.state, arrival, START))
    assert len(list(no_longer_wanted(journal.state))) == 3
    (command,) = decide(journal.program.procedure, journal.state, START)
    assert isinstance(command, StartChildren)
    assert command.iteration == 2
    journal.run(lambda _: Done({"y": 1}))
    assert journal.state.outcome is RunStatus.COMPLETED


@pytest.mark.req("FLO-310")
@pytest.mark.parametrize(
    ("how", "ends", "phase"),
    [
        (OnChildFailure.WAIT, 1, NodePhase.WAITING),
        (OnChildFailure.WAIT, 3, NodePhase.BLOCKED),
        (OnChildFailure.CANCEL, 1, NodePhase.BLOCKED),
        (OnChildFailure.IGNORE, 1, NodePhase.WAITING),
        (OnChildFailure.IGNORE, 3, NodePhase.DONE),
    ],
)
def test_a_failure_is_handled_as_the_document_says(how: OnChildFailure, ends: int, phase: NodePhase) -> None:
    made = program([node("b", outputs=fields("y"))], [])
    journal = Journal(carried(made, b=Children(count=3, outputs=fields("y"), on_failure=how)))
    journal.run(stop=lambda: bool(journal.open_children))
    for index in range(ends):
        journal.end_run(f"b-1-0-1-{index}", Failed("E", "e") if index == 0 else Done({"y": index}))
    assert journal.state.nodes["b"].phase is phase
    if phase is NodePhase.DONE:
        assert journal.state.nodes["b"].outputs == {"y": [None, 1, 2]}


@st.composite
def with_children(draw: st.DrawFn) -> Program:
    made = draw(programs())
    chosen = {
        name: Children(draw(st.integers(1, 3)), on_failure=draw(st.sampled_from(OnChildFailure)), outputs=fields("x"))
        for name in made.procedure.nodes
        if draw(st.booleans())
    }
    return carried(made, **chosen)


@pytest.mark.req("FLO-301", "FLO-310")
@any_graph
@given(with_children(), st.lists(OUTCOMES, min_size=9, max_size=9), st.data())
def test_runs_with_children_end_or_wait_for_something_named_and_start_each_once(
    made: Program, outcomes: list[NodeOutcome], data: st.DataObject
) -> None:
    names = list(made.procedure.nodes)
    journal = Journal(made)
    state = journal.run(
        lambda command: outcomes[names.index(command.node)],
        pick=lambda calls: data.draw(st.integers(0, len(calls) - 1)),
    )
    if state.outcome is None:
        until, name = next_wake(decide(made.procedure, state, START))
        assert until is not None or name
    assert len(journal.iterations) == len(set(zip(journal.iterations, journal.executed, strict=True)))
    again = fold(made.procedure, journal.facts)
    assert again == state
    in_order = Journal(made).run(lambda command: outcomes[names.index(command.node)])
    policies = [each.children.on_failure for each in made.procedure.nodes.values() if each.children is not None]
    if OnChildFailure.CANCEL not in policies:
        assert {name: each.phase for name, each in in_order.nodes.items()} == {
            name: each.phase for name, each in state.nodes.items()
        }
        assert in_order.outcome == state.outcome


def test_a_run_of_before_folds_as_it_did() -> None:
    made = program([node("a")], [])
    facts = [
        Fact(FactKind.RUN_STARTED, START, payload={"inputs": {}, "actor": "x"}),
        Fact(FactKind.NODE_WAITING, START, "a", payload={"reason": "callback", "attempt": 1}),
    ]
    state = fold(made.procedure, facts)
    assert (state.parent, state.children, state.nodes["a"].wait and state.nodes["a"].wait.runs) == (None, {}, ())
    apply(made.procedure, state, Fact(FactKind.CHILD_ENDED, START, "a", payload={"run": "none"}))
    assert state.children == {}


SPAWNING = """
- {id: lead, type: human, name: Lead, role: r, outputs: [x], spawn_policy: {max_children: 3}}
- id: helper
  type: api
  name: Helper
  parent: lead
  runtime: {url: "https://helper.test/${spawn.index}"}
  outputs: {score: {type: integer}}
- {id: sum, type: human, name: Sum, role: r}
"""
SPAWN_EDGES = """
- {from: lead, to: helper, mode: spawn, spawn_count: 3}
- {from: helper, to: sum, mode: conditional, when: "score.all(each, each > 1)"}
"""
CALLS = "{id: a, type: system, name: A, workflow_ref: other, workflow_inputs: %s, outputs: [y]}"


@pytest.mark.req("FLO-310")
def test_lint_knows_that_several_children_give_lists_and_what_a_child_sees() -> None:
    assert [each for each in findings_of(document(SPAWNING, SPAWN_EDGES)) if each.severity is Severity.ERROR] == []
    assert "OSOP305" in codes_of(document(SPAWNING, SPAWN_EDGES.replace("score.all(each, each > 1)", "score > 1")))
    alone = SPAWN_EDGES.replace(", spawn_count: 3", "").replace("score.all(each, each > 1)", "score > 1")
    assert "OSOP305" not in codes_of(document(SPAWNING, alone))
    assert "OSOP322" in codes_of(
        document(SPAWNING.replace("name: Sum", 'name: Sum, runtime: {prompt: "${spawn.index}"}'))
    )


@pytest.mark.req("FLO-310")
@pytest.mark.parametrize(
    ("nodes", "edges"),
    [
        (SPAWNING.replace("max_children: 3", "max_children: 2"), SPAWN_EDGES),
        (SPAWNING.replace("parent: lead", "parent: sum"), SPAWN_EDGES),
        (SPAWNING, SPAWN_EDGES + "- {from: lead, to: sum, mode: spawn}\n- {from: helper, to: sum, mode: spawn}"),
        (SPAWNING, SPAWN_EDGES + "- {from: helper, to: sum, mode: spawn}"),
        (
            SPAWNING.replace("max_children: 3", "child_tools: [look]")
            .replace("type: api", "type: agent")
            .replace('url: "https://helper.test/${spawn.index}"', "tools: [{name: buy}]"),
            SPAWN_EDGES,
        ),
    ],
    ids=["max_children", "parent", "two-edges", "can_spawn_children", "child_tools"],
)
def test_what_contradicts_a_spawn_policy_is_refused_by_name(nodes: str, edges: str) -> None:
    assert "OSOP125" in codes_of(document(nodes, edges))


@pytest.mark.req("FLO-310")
@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ('{k: "${secrets.KEY}"}', "OSOP501"),
        ('{k: "${env.HOME}"}', "OSOP324"),
        ('{k: "${nothing}"}', "OSOP322"),
        ('{k: "${outputs.a.y}"}', "OSOP322"),
    ],
)
def test_what_a_procedure_is_started_with_is_checked_like_any_reference(inputs: str, code: str) -> None:
    assert code in codes_of(document(f"- {CALLS % inputs}", ""))


@pytest.mark.req("FLO-310")
def test_a_procedure_that_runs_itself_is_refused() -> None:
    assert error_in(document(f"- {CALLS % '{}'}".replace("other", "small"), ""))[0] == "OSOP211"


@pytest.mark.req("FLO-206", "FLO-310")
def test_a_simulation_takes_children_for_one_answer_of_lists() -> None:
    made = read(document(SPAWNING, SPAWN_EDGES.replace("score.all(each, each > 1)", "size(score) == 3")))
    simulation = simulate(Program(made, compile_conditions(made)), given=Given(), walks_max=200)
    assert {path.outcome for path in simulation.paths} == {"completed"}


@pytest.mark.req("FLO-207", "FLO-310")
def test_a_test_in_a_document_mocks_the_outputs_of_children_as_lists() -> None:
    tests = """
    tests:
      - id: all_high
        type: integration
        mocks: {lead: {x: 1}, helper: {score: [2, 3, 4]}, sum: {}}
        expect: {outcome: completed, path: [lead, helper, sum]}
      - id: one_low
        type: integration
        mocks: {lead: {x: 1}, helper: {score: [2, 0, 4]}}
        expect: {outcome: stopped, node: helper}
    """
    made = read(document(SPAWNING, SPAWN_EDGES, tests))
    results = run_tests(Program(made, compile_conditions(made)))
    assert [(each.case.id, each.verdict.value, each.problems) for each in results] == [
        ("all_high", "passed", ()),
        ("one_low", "passed", ()),
    ]


@pytest.mark.req("FLO-310", "FLO-401")
def test_the_log_has_a_record_of_each_child_with_its_run_and_its_place() -> None:
    journal = three()
    journal.run(lambda _: Done({"y": 1}))
    log = osop_log(journal.program.procedure, "r", journal.facts)
    records = [each for each in log["node_records"] if "child_run_id" in each]
    assert [(each["node_id"], each["spawn_index"], each["status"], each["outputs"]) for each in records] == [
        ("b", index, "COMPLETED", {"y": 1}) for index in (2, 1, 0)
    ]


@pytest.mark.req("FLO-310", "FLO-404")
def test_a_report_tells_of_each_child_and_counts_the_nodes_alone() -> None:
    journal = three()
    journal.run(lambda _: Done({"y": 1}))
    report = report_of(journal.program.procedure, osop_log(journal.program.procedure, "r", journal.facts), now=START)
    assert sorted(entry.name for entry in report.entries) == ["a", "b", "b, run 1", "b, run 2", "b, run 3", "c"]
    assert report.counts == "3 total, 3 passed, 0 failed, 0 skipped"


@pytest.mark.req("FLO-310", "FLO-402")
@pytest.mark.parametrize(("language", "said"), [("en", "3 runs"), ("zh-CN", "3 个子运行")])
def test_a_picture_says_how_many_runs_carry_a_node_out(language: str, said: str) -> None:
    made = read(document(SPAWNING, SPAWN_EDGES))
    assert said in svg(made, language=language)
    assert "3 runs" in mermaid(made)
    assert "3 runs" in describe(made)
    journal = three()
    journal.run(stop=lambda: bool(journal.open_children))
    assert "Waiting for its runs" in svg(journal.program.procedure, journal.state)
