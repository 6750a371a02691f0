"""The pure core: what a run has done is undone when it ends otherwise than it should."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from opsdesk.flows.approval import Approval
from opsdesk.flows.calls import Done, Failed, NodeOutcome, Wait
from opsdesk.flows.engine import Execute, decide, fold, next_wake, status
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.parking import parked
from opsdesk.flows.procedure import UNDONE_ON, EdgeMode, Node, NodeType, RetryPolicy, Undo
from opsdesk.flows.program import Program
from opsdesk.flows.settle import Arrival, ArrivalKind, settle, take_in
from opsdesk.flows.state import NodePhase, RunStatus
from tests.flows.graphs import START, Journal, fields, node, program
from tests.flows.test_engine import phases
from tests.flows.test_engine_steering import steer

LOOP, PARALLEL = EdgeMode.LOOP, EdgeMode.PARALLEL


def undone_by(name: str, *on: str, **more: Any) -> Node:
    """A node that `un<name>` undoes."""
    return node(name, undo=Undo(f"un{name}", frozenset(on or UNDONE_ON)), **more)


def undos(journal: Journal) -> list[tuple[str, int]]:
    """Which node was undone, and of which iteration, in order."""
    found = [fact.payload["undoes"] for fact in journal.facts if "undoes" in fact.payload and fact.kind == "node_ended"]
    return [(each["node"], each["iteration"]) for each in found]


def cancel(journal: Journal, *under_way: str) -> Fact:
    arrival = Arrival(9, ArrivalKind.CANCEL, "", 1, {"reason": "no more"}, "ops", journal.now)
    (fact,) = take_in(journal.program, journal.state, arrival, journal.now, under_way=under_way)
    journal.add(fact)
    return fact


def order(**last: Any) -> Program:
    """reserve → charge → ship; the first two can be undone."""
    nodes = [
        undone_by("reserve", inputs=fields("order"), outputs=fields("reservation")),
        undone_by("charge", outputs=fields("payment")),
        node("ship", **last),
        node("unreserve", inputs=fields("order", "reservation")),
        node("uncharge", retry=RetryPolicy(max_retries=1, backoff_s=5)),
    ]
    return program(nodes, [("reserve", "charge"), ("charge", "ship")])


OUTPUTS = {"reserve": {"reservation": "r-1"}, "charge": {"payment": "p-1"}}


def does(**others: NodeOutcome) -> Callable[[Execute], NodeOutcome]:
    return lambda call: others.get(call.node, Done(OUTPUTS.get(call.node, {})))


def blocked_order() -> Journal:
    journal = Journal(order(), {"order": "o-1"})
    journal.run(does(ship=Failed("NoStock", "sold out")))
    return journal


@pytest.mark.req("FLO-311")
def test_what_was_completed_is_undone_the_last_first_before_the_run_ends() -> None:
    journal = blocked_order()
    assert cancel(journal).kind is FactKind.UNDO_BEGUN
    assert status(journal.state) is RunStatus.COMPENSATING
    state = journal.run(does())
    assert undos(journal) == [("charge", 1), ("reserve", 1)]
    assert (state.outcome, state.outcome_reason) == (RunStatus.CANCELLED, "no more")
    assert journal.facts[-1].payload["actor"] == "ops"
    assert fold(journal.program.procedure, journal.facts) == state


@pytest.mark.req("FLO-311")
def test_a_run_that_completes_undoes_nothing_and_undo_nodes_are_not_where_it_begins() -> None:
    journal = Journal(order(), {"order": "o-1"})
    assert journal.run(does()).outcome is RunStatus.COMPLETED
    assert [name for name, _ in journal.executed] == ["reserve", "charge", "ship"]
    assert [entry.id for entry in journal.program.procedure.entries] == ["reserve"]


@pytest.mark.req("FLO-311")
def test_an_undo_sees_what_the_node_saw_and_gave_and_nothing_of_later() -> None:
    journal = blocked_order()
    cancel(journal)
    undo = journal.state.nodes["uncharge"]
    assert undo.scope == {"order": "o-1", "reservation": "r-1", "payment": "p-1"}
    journal.run(does())
    assert journal.state.nodes["unreserve"].scope == {"order": "o-1", "reservation": "r-1"}
    assert journal.state.nodes["unreserve"].earlier == {"reserve": {"reservation": "r-1"}}


@pytest.mark.req("FLO-311")
@pytest.mark.parametrize(
    ("on", "undone"), [(UNDONE_ON, [("a", 1)]), (("cancelled", "timed_out"), []), (("stopped",), [("a", 1)])]
)
def test_a_rejection_that_stops_the_run_undoes_what_says_so(on: Sequence[str], undone: list[tuple[str, int]]) -> None:
    nodes = [undone_by("a", *on), node("review", outputs=fields("decision")), node("b"), node("una")]
    journal = Journal(program(nodes, [("a", "review"), ("review", "b", "decision == 'approved'")]))
    state = journal.run(lambda call: Done({"decision": "rejected"}))
    assert undos(journal) == undone
    assert (state.outcome, state.outcome_node) == (RunStatus.STOPPED, "review")


@pytest.mark.req("FLO-311")
def test_a_wait_that_runs_out_has_the_run_undone_and_its_ticket_is_closed_as_expired() -> None:
    review = node("review", type=NodeType.HUMAN, approval=Approval(role="officer", timeout_s=60))
    other = node("other", type=NodeType.HUMAN)
    edges = [("a", "review", None, PARALLEL), ("a", "other", None, PARALLEL)]
    journal = Journal(program([undone_by("a"), review, other, node("una")], edges))
    journal.run()
    journal.now += timedelta(seconds=60)
    journal.run()
    begun = next(fact for fact in journal.facts if fact.kind is FactKind.UNDO_BEGUN)
    assert begun.payload["tickets"] == ["t-1"], "of the other node alone: the one of the expired node has expired"
    assert (journal.state.outcome, undos(journal)) == (RunStatus.TIMED_OUT, [("a", 1)])
    assert phases(journal) == {"a": "done", "review": "failed", "other": "skipped", "una": "done"}


@pytest.mark.req("FLO-311")
def test_the_time_limit_of_the_run_does_not_count_while_it_is_undone() -> None:
    nodes = [undone_by("a"), node("b"), node("una", retry=RetryPolicy(max_retries=1, backoff_s=600))]
    journal = Journal(program(nodes, [("a", "b")], timeout_s=60))
    journal.run(lambda call: Wait() if call.node == "b" else Done({}))
    journal.now += timedelta(seconds=60)
    journal.run(lambda call: Failed("Busy", "busy", retryable=True))
    assert next_wake(decide(journal.program.procedure, journal.state, journal.now)) == (
        journal.now + timedelta(seconds=600),
        "timer: attempt 2 of una",
    )
    journal.now += timedelta(seconds=600)
    assert journal.run().outcome is RunStatus.TIMED_OUT
    assert undos(journal) == [("a", 1)]


@pytest.mark.req("FLO-311")
def test_an_undo_that_fails_for_good_is_an_incident_and_the_run_ends_when_it_is_retried() -> None:
    journal = blocked_order()
    cancel(journal)
    journal.run(does(uncharge=Failed("Gone", "no such payment")))
    assert status(journal.state) is RunStatus.BLOCKED
    assert undos(journal) == []
    steer(journal, ArrivalKind.RETRY, "uncharge", new_key=False)
    journal.run(does())
    assert (journal.state.outcome, undos(journal)) == (RunStatus.CANCELLED, [("charge", 1), ("reserve", 1)])


@pytest.mark.req("FLO-311")
def test_an_undo_that_a_person_skips_is_passed_over_with_the_reason() -> None:
    journal = blocked_order()
    cancel(journal)
    journal.run(does(uncharge=Failed("Gone", "no such payment")))
    steer(journal, ArrivalKind.SKIP, "uncharge", outputs=None)
    journal.run(does())
    assert journal.state.outcome is RunStatus.CANCELLED
    assert journal.state.nodes["uncharge"].skipped_because == "asked to"
    assert undos(journal) == [("charge", 1), ("reserve", 1)]


@pytest.mark.req("FLO-311")
@pytest.mark.parametrize("kind", [ArrivalKind.CANCEL, ArrivalKind.RERUN])
def test_a_run_that_is_undone_is_not_cancelled_again_and_nothing_of_it_runs_again(kind: ArrivalKind) -> None:
    journal = blocked_order()
    cancel(journal)
    (fact,) = steer(journal, kind, "" if kind is ArrivalKind.CANCEL else "reserve")
    assert (fact.kind, fact.payload["reason"]) == (FactKind.IGNORED, "the run is being undone")


@pytest.mark.req("FLO-311")
def test_every_iteration_that_was_completed_is_undone_in_its_own_names() -> None:
    nodes = [node("list", outputs=fields("items")), undone_by("each"), node("last"), node("uneach")]
    edges = [("list", "each", None, LOOP, {"for_each": "items"}), ("each", "last", "loop.last")]
    journal = Journal(program(nodes, edges))
    journal.run(lambda call: Done({"items": ["x", "y"]}) if call.node == "list" else Failed("E", "e"))
    steer(journal, ArrivalKind.RETRY, "each", new_key=False)
    journal.run(lambda call: Failed("E", "e") if call.node == "last" else Done({}))
    cancel(journal)
    seen = []

    def undo(call: Execute) -> NodeOutcome:
        seen.append((call.iteration, journal.state.nodes["uneach"].scope["loop.item"]))
        return Done({})

    journal.run(undo)
    assert undos(journal) == [("each", 2), ("each", 1)]
    assert seen == [(1, "y"), (2, "x")], "each undo is an iteration of its own, with a key of its own"


@pytest.mark.req("FLO-311")
def test_what_ran_before_a_rerun_is_undone_too() -> None:
    journal = blocked_order()
    steer(journal, ArrivalKind.RERUN, "charge")
    journal.run(does(ship=Failed("NoStock", "sold out")))
    cancel(journal)
    journal.run(does())
    assert undos(journal) == [("charge", 2), ("charge", 1), ("reserve", 1)]


@pytest.mark.req("FLO-311")
def test_a_node_that_a_person_skipped_has_done_nothing_that_could_be_undone() -> None:
    journal = Journal(order(), {"order": "o-1"})
    journal.run(does(charge=Failed("E", "e")))
    steer(journal, ArrivalKind.SKIP, "charge", outputs={"payment": "by hand"})
    journal.run(does(ship=Failed("NoStock", "sold out")))
    cancel(journal)
    journal.run(does())
    assert undos(journal) == [("reserve", 1)]


@pytest.mark.req("FLO-311")
def test_a_node_that_answered_and_nobody_could_tell_how_to_go_on_is_undone() -> None:
    nodes = [undone_by("a", outputs=fields("x")), node("b"), node("una")]
    journal = Journal(program(nodes, [("a", "b", "x > 1")]))
    journal.run(lambda _: Done({"x": "a text"}))
    assert status(journal.state) is RunStatus.BLOCKED
    cancel(journal)
    journal.run()
    assert (undos(journal), journal.state.nodes["una"].scope) == ([("a", 1)], {"x": "a text"})


@pytest.mark.req("FLO-311")
def test_a_node_whose_loop_was_refused_is_undone_with_what_it_gave() -> None:
    nodes = [undone_by("a", outputs=fields("x")), node("una")]
    journal = Journal(program(nodes, [("a", "a", "x == 1", LOOP, {"rounds_max": 1})]))
    journal.run(lambda _: Done({"x": 1}))
    cancel(journal)
    journal.run()
    assert (undos(journal), journal.state.nodes["una"].scope["x"]) == ([("a", 1)], 1)


def two_branches() -> tuple[Journal, Execute]:
    """`a` has ended, and the call of `b`, which can be undone too, is under way."""
    nodes = [node("start"), undone_by("a"), undone_by("b"), node("after"), node("una"), node("unb")]
    edges = [("start", "a", None, PARALLEL), ("start", "b", None, PARALLEL), ("b", "after")]
    journal = Journal(program(nodes, edges))
    journal.run(stop=lambda: journal.state.nodes["a"].phase is NodePhase.DONE)
    commands = decide(journal.program.procedure, journal.state, START)
    return journal, next(command for command in commands if isinstance(command, Execute) and command.node == "b")


@pytest.mark.req("FLO-311")
def test_a_call_under_way_is_waited_for_and_undone_first() -> None:
    journal, call = two_branches()
    assert cancel(journal, "b").payload["finishing"] == ["b"]
    again = decide(journal.program.procedure, journal.state, START)
    assert again == [call], "another worker makes the call again, with the same key, and undoes nothing before it ended"
    journal.add(*settle(journal.program, journal.state, call, Done({}), START))
    assert journal.run().outcome is RunStatus.CANCELLED
    assert undos(journal) == [("b", 1), ("a", 1)]
    assert phases(journal)["after"] == "pending"


@pytest.mark.req("FLO-311")
@pytest.mark.parametrize("outcome", [Failed("E", "e"), Failed("Busy", "busy", retryable=True), Wait()])
def test_a_call_under_way_that_brings_nothing_is_not_undone_nor_waited_for_longer(outcome: NodeOutcome) -> None:
    journal, call = two_branches()
    cancel(journal, "b")
    journal.add(*settle(journal.program, journal.state, call, outcome, START))
    assert journal.state.nodes["b"].phase is NodePhase.FAILED
    assert journal.run().outcome is RunStatus.CANCELLED
    assert undos(journal) == [("a", 1)]


@pytest.mark.req("FLO-311")
def test_a_call_that_would_have_to_wait_for_its_turn_is_not_made_any_more() -> None:
    journal, call = two_branches()
    cancel(journal, "b")
    journal.add(*parked(journal.state, call, START + timedelta(minutes=1), START))
    assert journal.run().outcome is RunStatus.CANCELLED
    assert undos(journal) == [("a", 1)]


@pytest.mark.req("FLO-311")
def test_a_call_that_was_not_under_way_is_not_made_any_more() -> None:
    journal, _call = two_branches()
    cancel(journal)
    journal.run()
    assert undos(journal) == [("a", 1)]
    assert phases(journal)["b"] == "skipped"


@pytest.mark.req("FLO-311", "FLO-307")
def test_a_cancellation_of_a_paused_run_undoes_it_and_a_pause_meanwhile_holds_it() -> None:
    journal = blocked_order()
    steer(journal, ArrivalKind.PAUSE)
    cancel(journal)
    assert status(journal.state) is RunStatus.COMPENSATING
    steer(journal, ArrivalKind.PAUSE)
    journal.run(lambda _: pytest.fail("nothing is called during a pause"))
    assert status(journal.state) is RunStatus.PAUSED
    steer(journal, ArrivalKind.RESUME)
    assert journal.run(does()).outcome is RunStatus.CANCELLED


@pytest.mark.req("FLO-311")
def test_a_person_can_be_what_undoes_and_their_wait_never_ends_the_run() -> None:
    person = node("una", type=NodeType.HUMAN, approval=Approval(role="agent", timeout_s=60))
    journal = Journal(program([undone_by("a"), node("b"), person], [("a", "b")]))
    journal.run(lambda call: Failed("E", "e") if call.node == "b" else Done({}))
    cancel(journal)
    journal.run()
    wake = next_wake(decide(journal.program.procedure, journal.state, journal.now))
    assert wake == (journal.now + timedelta(seconds=60), "person: agent (una)")
    journal.now += timedelta(seconds=60)
    journal.run()
    assert (status(journal.state), journal.state.nodes["una"].phase) == (RunStatus.BLOCKED, NodePhase.BLOCKED)


@pytest.mark.req("FLO-311")
def test_the_same_work_answered_twice_is_undone_once_and_work_under_a_new_key_again() -> None:
    nodes = [undone_by("a", outputs=fields("x")), node("b"), node("una")]
    for new_key, undone in ((False, [("a", 1)]), (True, [("a", 1), ("a", 1)])):
        journal = Journal(program(nodes, [("a", "b", "x > 1")]))
        journal.run(lambda _: Done({"x": "a text"}))
        steer(journal, ArrivalKind.RETRY, "a", new_key=new_key)
        journal.run(lambda call: Done({"x": 2}) if call.node == "a" else Failed("E", "e"))
        cancel(journal)
        journal.run()
        assert undos(journal) == undone


@pytest.mark.req("FLO-311", "FLO-309")
def test_an_undo_sees_the_data_that_was_amended_before_its_node() -> None:
    review = node("review", type=NodeType.HUMAN, inputs=fields("amount"))
    journal = Journal(program([review, undone_by("pay"), node("b"), node("unpay")], [("review", "pay"), ("pay", "b")]))
    journal.run()
    journal.add(Fact(FactKind.NODE_AMENDED, START, "review", payload={"values": {"amount": 7}, "actor": "ops"}))
    arrival = Arrival(2, ArrivalKind.DECISION, "review", 1, {"answer": {}}, "officer", START)
    journal.add(*take_in(journal.program, journal.state, arrival, START))
    journal.run(lambda call: Failed("E", "e") if call.node == "b" else Done({}))
    cancel(journal)
    paid, undo = journal.state.nodes["pay"], journal.state.nodes["unpay"]
    assert (undo.scope["amount"], undo.amended) == (7, paid.amended)
