"""The pure core: runs are paused and resumed, nodes are skipped and run again."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdesk.flows.approval import Approval
from opsdesk.flows.calls import Done, Failed, NodeOutcome, Wait
from opsdesk.flows.engine import Execute, Sleep, decide, fold, next_wake, status
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.parking import parked
from opsdesk.flows.procedure import EdgeMode, NodeType, RetryPolicy
from opsdesk.flows.program import Program
from opsdesk.flows.settle import Arrival, ArrivalKind, settle, take_in
from opsdesk.flows.state import NodePhase, RunStatus
from tests.flows.graphs import START, Journal, fields, node, program
from tests.flows.test_engine import OUTCOMES, phases, programs

REVIEW = node(
    "review", type=NodeType.HUMAN, outputs=fields("decision"), approval=Approval(role="officer", timeout_s=3600)
)


def steer(journal: Journal, kind: ArrivalKind, name: str = "", **payload: Any) -> list[Fact]:
    iteration = journal.state.nodes[name].iteration if name else 1
    arrival = Arrival(1, kind, name, iteration, {"reason": "asked to", **payload}, "ops", journal.now)
    facts = take_in(journal.program, journal.state, arrival, journal.now)
    journal.add(*facts)
    return facts


def decided(journal: Journal) -> None:
    payload = {"answer": {"decision": "approved"}}
    arrival = Arrival(2, ArrivalKind.DECISION, "review", 1, payload, "officer", journal.now)
    journal.add(*take_in(journal.program, journal.state, arrival, journal.now))


@pytest.mark.req("FLO-307")
def test_nothing_begins_in_a_paused_run_and_its_wake_up_says_who_paused_it() -> None:
    journal = Journal(program([node("a"), node("b")], [("a", "b")], timeout_s=60))
    steer(journal, ArrivalKind.PAUSE)
    journal.run(lambda _: pytest.fail("nothing is called during a pause"))
    assert status(journal.state) is RunStatus.PAUSED
    wake = next_wake(decide(journal.program.procedure, journal.state, journal.now))
    assert wake == (None, "operator: paused by ops")


@pytest.mark.req("FLO-307")
def test_a_call_under_way_ends_during_the_pause_and_the_next_node_waits_for_the_resumption() -> None:
    journal = Journal(program([node("a"), node("b")], [("a", "b")]))
    (command,) = decide(journal.program.procedure, journal.state, journal.now)
    assert isinstance(command, Execute)
    steer(journal, ArrivalKind.PAUSE)
    journal.add(*settle(journal.program, journal.state, command, Done({}), journal.now))
    journal.run(lambda _: pytest.fail("nothing is called during a pause"))
    assert phases(journal) == {"a": "done", "b": "active"}
    steer(journal, ArrivalKind.RESUME)
    assert journal.run().outcome is RunStatus.COMPLETED


@pytest.mark.req("FLO-307")
def test_an_answer_after_the_time_ran_out_during_a_pause_counts() -> None:
    journal = Journal(program([REVIEW, node("late")], [("review", "late", None, EdgeMode.TIMEOUT)]))
    journal.run()
    steer(journal, ArrivalKind.PAUSE)
    journal.now += timedelta(days=2)
    decided(journal)
    journal.run()
    assert (phases(journal)["review"], journal.state.outcome) == ("done", None)
    steer(journal, ArrivalKind.RESUME)
    state = journal.run()
    assert (state.outcome, state.nodes["late"].phase) == (RunStatus.COMPLETED, NodePhase.SKIPPED)


@pytest.mark.req("FLO-307")
def test_time_that_runs_out_during_a_pause_has_run_out_when_it_ends() -> None:
    journal = Journal(program([REVIEW, node("late")], [("review", "late", None, EdgeMode.TIMEOUT)]))
    journal.run()
    steer(journal, ArrivalKind.PAUSE)
    journal.now += timedelta(days=2)
    journal.run()
    assert phases(journal)["review"] == "waiting"
    steer(journal, ArrivalKind.RESUME)
    journal.run()
    assert phases(journal) == {"review": "failed", "late": "done"}


@pytest.mark.req("FLO-307")
def test_the_time_limit_of_a_run_takes_effect_when_its_pause_ends() -> None:
    journal = Journal(program([node("a")], [], timeout_s=60))
    journal.run(lambda _: Wait())
    steer(journal, ArrivalKind.PAUSE)
    journal.now += timedelta(hours=1)
    assert journal.run().outcome is None
    steer(journal, ArrivalKind.RESUME)
    assert journal.run().outcome is RunStatus.TIMED_OUT


@pytest.mark.req("FLO-307")
def test_a_cancellation_ends_a_paused_run_at_once() -> None:
    journal = Journal(program([node("a")], []))
    steer(journal, ArrivalKind.PAUSE)
    steer(journal, ArrivalKind.CANCEL)
    assert (journal.state.outcome, status(journal.state)) == (RunStatus.CANCELLED, RunStatus.CANCELLED)


def test_a_turn_that_passes_during_a_pause_is_asked_for_anew() -> None:
    journal = Journal(program([node("a")], []))
    (command,) = decide(journal.program.procedure, journal.state, journal.now)
    assert isinstance(command, Execute)
    journal.add(*parked(journal.state, command, journal.now + timedelta(seconds=30), journal.now))
    steer(journal, ArrivalKind.PAUSE)
    journal.now += timedelta(minutes=1)
    steer(journal, ArrivalKind.RESUME)
    (again,) = decide(journal.program.procedure, journal.state, journal.now)
    assert isinstance(again, Execute)
    assert not again.has_turn


@pytest.mark.parametrize("kind", [ArrivalKind.RESUME, ArrivalKind.SKIP, ArrivalKind.RERUN])
def test_what_has_nothing_to_act_on_is_kept_as_ignored(kind: ArrivalKind) -> None:
    journal = Journal(program([node("a"), node("b")], [("a", "b")]))
    name = "" if kind is ArrivalKind.RESUME else "b"
    assert [fact.kind for fact in steer(journal, kind, name, outputs=None)] == [FactKind.IGNORED]


@pytest.mark.req("FLO-307")
def test_a_skipped_node_ends_with_the_outputs_given_and_its_conditions_are_decided_with_them() -> None:
    nodes = [node("a", outputs=fields("x")), node("b"), node("c")]
    journal = Journal(program(nodes, [("a", "b", "x == 1"), ("a", "c", "x != 1")]))
    steer(journal, ArrivalKind.SKIP, "a", outputs={"x": 1})
    state = journal.run()
    assert phases(journal) == {"a": "done", "b": "done", "c": "skipped"}
    assert state.nodes["a"].skipped_because == "asked to"
    assert "a" not in [name for name, _ in journal.executed]


@pytest.mark.req("FLO-307")
def test_a_node_skipped_without_what_a_condition_needs_blocks_the_run_by_name() -> None:
    journal = Journal(program([node("a", outputs=fields("x")), node("b")], [("a", "b", "x == 1")]))
    steer(journal, ArrivalKind.SKIP, "a", outputs=None)
    assert status(journal.run()) is RunStatus.BLOCKED
    assert journal.facts[-1].payload["expression"] == "x == 1"


def test_the_answer_of_a_call_that_was_skipped_meanwhile_does_not_count() -> None:
    journal = Journal(program([node("a", outputs=fields("x")), node("b")], [("a", "b")]))
    (command,) = decide(journal.program.procedure, journal.state, journal.now)
    assert isinstance(command, Execute)
    steer(journal, ArrivalKind.SKIP, "a", outputs={"x": 1})
    assert settle(journal.program, journal.state, command, Done({"x": 2}), journal.now) == []


@pytest.mark.req("FLO-307")
def test_an_incident_can_be_skipped_and_the_run_goes_on() -> None:
    journal = Journal(program([node("a"), node("b")], [("a", "b")]))
    journal.run(lambda _: Failed("Broken", "broken"))
    steer(journal, ArrivalKind.SKIP, "a", outputs=None)
    assert journal.run().outcome is RunStatus.COMPLETED


@pytest.mark.req("FLO-307")
def test_a_run_goes_its_way_again_from_a_node_and_leaves_what_is_not_behind_it() -> None:
    nodes = [node("a", outputs=fields("x")), node("b", outputs=fields("y")), node("c"), node("d")]
    edges = [("a", "b", None, EdgeMode.PARALLEL), ("a", "c", None, EdgeMode.PARALLEL), ("b", "d"), ("c", "d")]
    journal = Journal(program(nodes, edges))
    answers: dict[str, list[NodeOutcome]] = {"b": [Done({"y": 1}), Done({"y": 2})], "d": [Wait(), Done({})]}
    journal.run(lambda command: answers[command.node].pop(0) if command.node in answers else Done({"x": 0}))
    (fact,) = steer(journal, ArrivalKind.RERUN, "b")
    assert (fact.iteration, fact.payload["nodes"]) == (2, ["b", "d"])
    state = journal.run(lambda command: answers[command.node].pop(0))
    assert {name: each.iteration for name, each in state.nodes.items()} == {"a": 1, "b": 2, "c": 1, "d": 2}
    assert (state.outcome, state.nodes["d"].scope["y"]) == (RunStatus.COMPLETED, 2)


@pytest.mark.req("FLO-307")
def test_a_branch_not_taken_the_first_time_can_be_taken_when_it_is_run_again() -> None:
    nodes = [node("a", outputs=fields("x")), node("b"), node("c")]
    journal = Journal(program(nodes, [("a", "b", "x == 1"), ("a", "c", "x != 1")]))
    journal.run(lambda command: Done({"x": 1}) if command.node == "a" else Wait())
    steer(journal, ArrivalKind.RERUN, "a")
    journal.run(lambda command: Done({"x": 2}) if command.node == "a" else Done({}))
    assert phases(journal) == {"a": "done", "b": "skipped", "c": "done"}
    assert journal.state.nodes["c"].iteration == 1


@pytest.mark.req("FLO-307")
def test_the_open_ticket_of_the_iteration_before_is_named_to_be_closed() -> None:
    journal = Journal(program([node("a"), REVIEW], [("a", "review")]))
    journal.run()
    (fact,) = steer(journal, ArrivalKind.RERUN, "a")
    assert len(fact.payload["tickets"]) == 1
    decided(journal)
    assert journal.facts[-1].kind is FactKind.IGNORED


def test_the_answer_of_a_call_of_the_iteration_before_does_not_count() -> None:
    journal = Journal(program([node("a", outputs=fields("x"), retry=RetryPolicy(max_retries=1))], []))
    (command,) = decide(journal.program.procedure, journal.state, journal.now)
    assert isinstance(command, Execute)
    steer(journal, ArrivalKind.RERUN, "a")
    assert settle(journal.program, journal.state, command, Done({"x": 2}), journal.now) == []
    (again,) = decide(journal.program.procedure, journal.state, journal.now)
    assert isinstance(again, Execute)
    assert again.iteration == 2


@pytest.mark.req("FLO-307")
@settings(max_examples=200, deadline=None)
@given(programs(), st.lists(OUTCOMES, min_size=9, max_size=9), st.sets(st.integers(0, 20)))
def test_pausing_and_resuming_anywhere_never_changes_the_outcome(
    made: Program, outcomes: Sequence[NodeOutcome], pauses: set[int]
) -> None:
    plain, paused = Journal(made), Journal(made)
    for journal, moments in ((plain, set()), (paused, pauses)):
        _run_with_pauses(journal, outcomes, moments)
    assert fold(made.procedure, paused.facts) == paused.state
    assert (plain.state.outcome, phases(plain), plain.state.edges) == (
        paused.state.outcome,
        phases(paused),
        paused.state.edges,
    )


def _run_with_pauses(journal: Journal, outcomes: Sequence[NodeOutcome], moments: set[int]) -> None:
    """One call after the other; before a call's answer, at the moments given, a pause and its end."""
    procedure = journal.program.procedure
    for moment in range(40):
        calls = [each for each in decide(procedure, journal.state, journal.now) if isinstance(each, Execute)]
        if moment in moments and journal.state.outcome is None:
            steer(journal, ArrivalKind.PAUSE)
            assert [type(each) for each in decide(procedure, journal.state, START)] == [Sleep]
        if calls:
            outcome = outcomes[int(calls[0].node[1:])]
            journal.executed.append((calls[0].node, calls[0].attempt))
            journal.add(*settle(journal.program, journal.state, calls[0], outcome, journal.now))
        if journal.state.pause is not None:
            steer(journal, ArrivalKind.RESUME)
    journal.run(lambda command: outcomes[int(command.node[1:])])
