"""The pure core: dead paths, joins, failures, waits, ends."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdesk.flows.approval import Approval
from opsdesk.flows.calls import Done, Failed, NodeOutcome, Wait
from opsdesk.flows.engine import Execute, Sleep, decide, fold, next_wake, status
from opsdesk.flows.facts import FactKind
from opsdesk.flows.procedure import Backoff, EdgeMode, NodeType, RetryPolicy
from opsdesk.flows.program import Program
from opsdesk.flows.settle import Arrival, ArrivalKind, take_in
from opsdesk.flows.state import NodePhase, RunStatus
from tests.flows.graphs import START, Journal, fields, node, program


def phases(journal: Journal) -> dict[str, str]:
    return {name: state.phase.value for name, state in journal.state.nodes.items()}


def test_a_chain_runs_in_order_and_completes() -> None:
    journal = Journal(program([node("a"), node("b"), node("c")], [("a", "b"), ("b", "c")]))
    state = journal.run()
    assert journal.executed == [("a", 1), ("b", 1), ("c", 1)]
    assert (state.outcome, state.outcome_reason) == (RunStatus.COMPLETED, "ended at c")


@pytest.mark.req("FLO-008")
def test_parallel_branches_run_at_once_and_the_join_waits_for_both() -> None:
    edges = [("a", "b", None, EdgeMode.PARALLEL), ("a", "c", None, EdgeMode.PARALLEL), ("b", "d"), ("c", "d")]
    journal = Journal(program([node("a"), node("b"), node("c"), node("d")], edges))
    commands = list(decide(journal.program.procedure, journal.state, START))
    assert [command.node for command in commands if isinstance(command, Execute)] == ["a"]
    journal.run(pick=lambda executes: len(executes) - 1)
    assert journal.executed == [("a", 1), ("c", 1), ("b", 1), ("d", 1)]


def test_a_branch_that_no_condition_takes_is_skipped_with_everything_behind_it() -> None:
    nodes = [node("a", outputs=fields("x")), node("b"), node("c"), node("d")]
    edges = [("a", "b", "x == 1"), ("a", "c", "x != 1"), ("b", "d"), ("c", "d")]
    journal = Journal(program(nodes, edges))
    journal.run(lambda command: Done({"x": 2}) if command.node == "a" else Done({}))
    assert phases(journal) == {"a": "done", "b": "skipped", "c": "done", "d": "done"}


def test_a_run_that_no_condition_leads_on_is_stopped_and_names_the_node() -> None:
    nodes = [node("a", outputs=fields("x")), node("b")]
    journal = Journal(program(nodes, [("a", "b", "x == 1")]))
    state = journal.run(lambda _: Done({"x": 2}))
    assert (state.outcome, state.outcome_node) == (RunStatus.STOPPED, "a")
    assert state.outcome_reason == "no condition held after a: `x == 1`"


def test_a_condition_that_cannot_be_decided_blocks_the_run_and_keeps_the_answer() -> None:
    nodes = [node("a", outputs=fields("x")), node("b")]
    journal = Journal(program(nodes, [("a", "b", "x >= 1")]))
    state = journal.run(lambda _: Done({"x": "one"}))
    assert (status(state), state.outcome) == (RunStatus.BLOCKED, None)
    blocked = journal.facts[-1]
    assert (blocked.kind, blocked.payload["outputs"]) == (FactKind.NODE_BLOCKED, {"x": "one"})
    assert next_wake(decide(journal.program.procedure, state, START)) == (None, "operator: incident at a")


@pytest.mark.parametrize(
    ("failure", "taken"),
    [
        (Failed("Broken", "broken"), "error"),
        (Failed("TimedOut", "late", timeout=True), "timeout"),
        (Failed("Other", "other"), "fallback"),
    ],
)
def test_a_failure_takes_the_edge_that_fits_it(failure: Failed, taken: str) -> None:
    nodes = [node("a"), node("next"), node("error"), node("timeout"), node("fallback")]
    edges = [
        ("a", "next"),
        ("a", "error", "error.code == 'Broken'", EdgeMode.ERROR),
        ("a", "timeout", None, EdgeMode.TIMEOUT),
        ("a", "fallback", None, EdgeMode.FALLBACK),
    ]
    journal = Journal(program(nodes, edges))
    state = journal.run(lambda command: failure if command.node == "a" else Done({}))
    assert [name for name, node_state in state.nodes.items() if node_state.phase is NodePhase.DONE] == [taken]
    assert state.outcome is RunStatus.COMPLETED


def test_a_failure_that_no_edge_takes_is_an_incident_that_can_be_retried() -> None:
    journal = Journal(program([node("a"), node("b")], [("a", "b")]))
    answers: list[NodeOutcome] = [Failed("Broken", "broken"), Done({})]
    journal.run(lambda command: answers.pop(0) if command.node == "a" else Done({}))
    assert status(journal.state) is RunStatus.BLOCKED
    arrival = Arrival(1, ArrivalKind.RETRY, "a", 1, {"new_key": False}, "ops", START)
    journal.add(*take_in(journal.program, journal.state, arrival, START))
    state = journal.run(lambda command: answers.pop(0) if command.node == "a" else Done({}))
    assert state.outcome is RunStatus.COMPLETED
    assert state.nodes["a"].key_generation == 1


def test_retries_are_made_as_often_as_the_policy_says_and_not_before_their_time() -> None:
    retry = RetryPolicy(max_retries=3, backoff_s=10)
    journal = Journal(program([node("a", retry=retry)], []))
    for attempt in (1, 2, 3):
        journal.run(lambda _: Failed("Down", "down", retryable=True))
        assert journal.executed[-1] == ("a", attempt)
        assert journal.state.nodes["a"].phase is NodePhase.RETRYING
        journal.now += timedelta(seconds=9.999)
        assert not [c for c in decide(journal.program.procedure, journal.state, journal.now) if isinstance(c, Execute)]
        journal.now += timedelta(seconds=0.001)
    journal.run(lambda _: Failed("Down", "down", retryable=True))
    assert journal.executed[-1] == ("a", 4)
    assert status(journal.state) is RunStatus.BLOCKED


def test_a_partner_that_asks_for_a_later_retry_is_left_alone_until_then() -> None:
    journal = Journal(program([node("a", retry=RetryPolicy(max_retries=1, backoff_s=1))], []))
    journal.run(lambda _: Failed("Busy", "busy", retryable=True, retry_after_s=120))
    assert journal.state.nodes["a"].retry_at == START + timedelta(seconds=120)


@pytest.mark.req("FLO-305")
def test_exponential_backoff_doubles_with_bounded_jitter_that_replay_repeats() -> None:
    retry = RetryPolicy(max_retries=4, backoff=Backoff.EXPONENTIAL, backoff_s=2, max_backoff_s=9)
    made = program([node("a", retry=retry)], [])
    delays = []
    for _ in range(2):
        journal = Journal(made)
        seen = []
        for _ in range(4):
            journal.run(lambda _: Failed("Down", "down", retryable=True))
            retry_at = journal.state.nodes["a"].retry_at
            assert retry_at is not None
            seen.append((retry_at - journal.now).total_seconds())
            journal.now = retry_at
        delays.append(seen)
    assert delays[0] == delays[1]
    for delay, base in zip(delays[0], (2, 4, 8, 9), strict=True):
        assert base <= delay <= base * 1.1


@pytest.mark.req("FLO-003")
def test_a_promised_answer_is_asked_for_again_twice_and_expires_after_a_day() -> None:
    verify = node("verify", timeout_s=86_400, retry=RetryPolicy(max_retries=2, backoff_s=3600))
    journal = Journal(program([verify], []))
    for hours, sends in ((0, 1), (1, 2), (2, 3)):
        journal.now = START + timedelta(hours=hours)
        journal.run(lambda _: Wait())
        assert journal.state.nodes["verify"].sends == sends
    journal.now = START + timedelta(hours=23, minutes=59)
    journal.run(lambda _: pytest.fail("there are only two re-sends"))
    assert status(journal.state) is RunStatus.WAITING
    journal.now = START + timedelta(hours=24)
    state = journal.run()
    assert (state.outcome, state.outcome_node) == (RunStatus.TIMED_OUT, "verify")


@pytest.mark.req("FLO-003")
def test_an_answer_after_any_of_the_sends_counts_once() -> None:
    verify = node("verify", outputs=fields("ok"), timeout_s=86_400, retry=RetryPolicy(max_retries=2, backoff_s=3600))
    journal = Journal(program([verify, node("next")], [("verify", "next", "ok == true")]))
    journal.run(lambda _: Wait())
    journal.now += timedelta(hours=1)
    journal.run(lambda _: Wait())
    answer = Arrival(1, ArrivalKind.CALLBACK, "verify", 1, {"answer": {"ok": True}}, "partner", journal.now)
    journal.add(*take_in(journal.program, journal.state, answer, journal.now))
    again = take_in(journal.program, journal.state, answer, journal.now)
    assert [fact.kind for fact in again] == [FactKind.IGNORED]
    journal.add(*again)
    assert journal.run().outcome is RunStatus.COMPLETED
    assert journal.executed[-1] == ("next", 1)


def test_a_resend_that_fails_leaves_the_first_request_standing() -> None:
    verify = node("verify", timeout_s=86_400, retry=RetryPolicy(max_retries=1, backoff_s=3600))
    journal = Journal(program([verify], []))
    journal.run(lambda _: Wait())
    journal.now += timedelta(hours=1)
    journal.run(lambda _: Failed("Down", "down", retryable=True))
    waiting = journal.state.nodes["verify"]
    assert (waiting.phase, waiting.wait and waiting.wait.until) == (NodePhase.WAITING, START + timedelta(hours=24))


@pytest.mark.req("FLO-006")
def test_a_human_node_waits_for_its_role_until_it_is_due_and_then_takes_the_timeout_edge() -> None:
    review = node("review", type=NodeType.HUMAN, approval=Approval(role="officer", timeout_s=60))
    journal = Journal(program([review, node("tell")], [("review", "tell", None, EdgeMode.TIMEOUT)]))
    journal.run()
    wake = next_wake(decide(journal.program.procedure, journal.state, journal.now))
    assert wake == (START + timedelta(seconds=60), "person: officer (review)")
    journal.now += timedelta(seconds=60)
    assert journal.run().outcome is RunStatus.COMPLETED
    assert journal.executed == [("tell", 1)]


@pytest.mark.req("FLO-305")
def test_the_time_limit_of_the_procedure_ends_the_run_as_timed_out() -> None:
    journal = Journal(program([node("a")], [], timeout_s=60))
    journal.run(lambda _: Wait())
    assert Sleep(START + timedelta(seconds=60), "time limit of the run") in decide(
        journal.program.procedure, journal.state, journal.now
    )
    journal.now += timedelta(seconds=60)
    assert journal.run().outcome is RunStatus.TIMED_OUT


def test_a_node_sees_only_what_the_taken_paths_to_it_produced() -> None:
    nodes = [node("a", outputs=fields("x")), node("b", outputs=fields("x")), node("c", outputs=fields("y")), node("d")]
    edges = [("a", "b", None, EdgeMode.PARALLEL), ("a", "c", None, EdgeMode.PARALLEL), ("b", "d"), ("c", "d")]
    outputs = {"a": {"x": 1}, "b": {"x": 2}, "c": {"y": 3}, "d": {}}
    for pick in (lambda executes: 0, lambda executes: len(executes) - 1):
        journal = Journal(program(nodes, edges), {"start": 0})
        journal.run(lambda command: Done(outputs[command.node]), pick)
        assert journal.state.nodes["c"].scope == {"start": 0, "x": 1}
        assert journal.state.nodes["d"].scope == {"start": 0, "x": 2, "y": 3}


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Acyclic procedures of up to nine nodes: forks, joins, conditions, failure edges."""
    size = draw(st.integers(1, 9))
    nodes = [
        node(f"n{index}", outputs=fields("x"), retry=RetryPolicy(max_retries=draw(st.integers(0, 1))))
        for index in range(size)
    ]
    pairs = [(source, target) for source in range(size) for target in range(source + 1, size)]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=14)) if pairs else []
    modes = st.sampled_from([None, "x == 1", "x != 1", EdgeMode.FALLBACK, EdgeMode.ERROR, EdgeMode.TIMEOUT])
    edges: list[tuple[object, ...]] = []
    for source, target in chosen:
        mode = draw(modes)
        pair = (f"n{source}", f"n{target}")
        edges.append((*pair, None, mode) if isinstance(mode, EdgeMode) else (*pair, mode))
    return program(nodes, edges)


OUTCOMES = st.sampled_from(
    [Done({"x": 1}), Done({"x": 2}), Failed("E", "e"), Failed("T", "t", timeout=True), Failed("R", "r", retryable=True)]
)


@settings(max_examples=300, deadline=None)
@given(programs(), st.lists(OUTCOMES, min_size=9, max_size=9), st.randoms(use_true_random=False))
def test_any_run_ends_or_waits_for_something_named_whatever_the_order(
    made: Program, outcomes: Sequence[NodeOutcome], random: object
) -> None:
    def answer(command: Execute) -> NodeOutcome:
        return outcomes[int(command.node[1:])]

    ends = []
    for pick in (lambda executes: 0, lambda executes: len(executes) - 1):
        journal = Journal(made)
        state = journal.run(answer, pick)
        assert len(set(journal.executed)) == len(journal.executed), "a node was executed twice in one attempt"
        refolded = fold(made.procedure, journal.facts)
        assert refolded == state
        if state.outcome is None:
            assert next_wake(decide(made.procedure, state, journal.now))[1]
        ends.append((state.outcome, phases(journal), state.edges))
    assert ends[0] == ends[1], "the outcome depends on the order in which branches end"
