"""Calls that wait for an outage to be over: which clocks stand still, by the pure core alone."""

from datetime import timedelta

import pytest

from opsdesk.flows.calls import Done, Failed, Wait
from opsdesk.flows.engine import Execute, decide, next_wake, status
from opsdesk.flows.parking import HeldUp, held_up, parked_calls
from opsdesk.flows.procedure import RetryPolicy
from opsdesk.flows.settle import Arrival, ArrivalKind, settle, take_in
from opsdesk.flows.state import NodePhase, RunStatus
from tests.flows.graphs import START, Journal, node, program

ENDPOINT = "https://a.test:443"
OUT = Failed("Unreachable", "no connection", retryable=True, outage=True)
HOUR = timedelta(hours=1)
NOT_CALLED = HeldUp(ENDPOINT)


def the_execute(journal: Journal) -> Execute:
    commands = decide(journal.program.procedure, journal.state, journal.now)
    (command,) = [command for command in commands if isinstance(command, Execute)]
    return command


def park(journal: Journal, outage: HeldUp = NOT_CALLED) -> None:
    journal.add(*held_up(journal.program, journal.state, the_execute(journal), outage, journal.now))


def release(journal: Journal, *, canary: bool = False, iteration: int = 1) -> None:
    payload = {"outage": ENDPOINT, "canary": canary}
    arrival = Arrival(1, ArrivalKind.RELEASE, "a", iteration, payload, "system:outages", journal.now)
    journal.add(*take_in(journal.program, journal.state, arrival, journal.now))


@pytest.mark.req("FLO-312")
def test_the_time_of_a_node_begins_when_its_call_is_let_through() -> None:
    journal = Journal(program([node("a", timeout_s=60)], []))
    park(journal)
    commands = decide(journal.program.procedure, journal.state, START + timedelta(days=30))
    assert next_wake(commands) == (None, f"outage: {ENDPOINT} (a)")
    assert status(journal.state) is RunStatus.WAITING
    journal.now += 5 * HOUR
    release(journal)
    journal.add(*settle(journal.program, journal.state, the_execute(journal), Wait(), journal.now))
    wait = journal.state.nodes["a"].wait
    assert wait is not None
    assert wait.until == START + 5 * HOUR + timedelta(seconds=60)


@pytest.mark.req("FLO-312")
def test_a_promised_answer_is_waited_for_as_much_longer_as_its_resend_was_parked() -> None:
    made = program([node("a", timeout_s=7200, retry=RetryPolicy(1, backoff_s=3600))], [])
    journal = Journal(made)
    journal.run(lambda _: Wait())
    journal.now += HOUR
    park(journal)
    journal.now += 10 * HOUR
    assert not [each for each in decide(made.procedure, journal.state, journal.now) if isinstance(each, Execute)]
    release(journal)
    wait = journal.state.nodes["a"].wait
    assert wait is not None
    assert (wait.until, wait.resend_at, wait.outage) == (START + 12 * HOUR, journal.now, None)
    assert the_execute(journal).resend
    assert journal.state.nodes["a"].sends == 1, "what was not sent does not count"


@pytest.mark.req("FLO-312")
def test_an_answer_that_comes_while_the_resend_is_parked_counts() -> None:
    journal = Journal(program([node("a", timeout_s=7200, retry=RetryPolicy(1, backoff_s=3600))], []))
    journal.run(lambda _: Wait())
    journal.now += HOUR
    park(journal)
    arrival = Arrival(2, ArrivalKind.CALLBACK, "a", 1, {"answer": {}}, "partner", journal.now)
    journal.add(*take_in(journal.program, journal.state, arrival, journal.now))
    assert journal.state.nodes["a"].phase is NodePhase.DONE
    assert parked_calls(journal.state) == {}


@pytest.mark.req("FLO-312")
def test_an_attempt_that_met_the_outage_is_made_again_as_the_same_attempt() -> None:
    journal = Journal(program([node("a", retry=RetryPolicy(3, backoff_s=10))], []))
    first = the_execute(journal)
    journal.add(*settle(journal.program, journal.state, first, OUT, journal.now))
    journal.now += timedelta(seconds=10)
    assert the_execute(journal).attempt == 2
    park(journal, HeldUp(ENDPOINT, OUT))
    journal.now += HOUR
    release(journal)
    assert the_execute(journal).attempt == 2
    journal.run(lambda _: Done({}))
    assert journal.state.outcome is RunStatus.COMPLETED


@pytest.mark.req("FLO-312")
def test_a_canary_that_failed_keeps_its_place_and_one_let_through_takes_a_new_one() -> None:
    journal = Journal(program([node("a")], []))
    park(journal)
    journal.now += HOUR
    release(journal, canary=True)
    park(journal, HeldUp(ENDPOINT, OUT))
    assert parked_calls(journal.state)["a"].since == START
    journal.now += HOUR
    release(journal)
    park(journal)
    assert parked_calls(journal.state)["a"].since == START + 2 * HOUR


@pytest.mark.req("FLO-312")
def test_a_release_of_an_earlier_iteration_lets_nothing_through() -> None:
    journal = Journal(program([node("a")], []))
    park(journal)
    release(journal, iteration=2)
    assert parked_calls(journal.state).keys() == {"a"}
