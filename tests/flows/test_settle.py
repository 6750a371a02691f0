"""What comes back, at moments when it does not fit what the run has become meanwhile."""

from datetime import timedelta

import pytest

from opsdesk.flows.calls import Done, Wait
from opsdesk.flows.engine import Execute, decide, status
from opsdesk.flows.parking import parked
from opsdesk.flows.procedure import RateLimit, RetryPolicy, Security
from opsdesk.flows.settle import Arrival, ArrivalKind, settle, take_in
from opsdesk.flows.state import NodePhase, RunStatus
from tests.flows.graphs import START, Journal, fields, node, program

LIMITED = Security(rate_limit=RateLimit(1, 60))


def the_execute(journal: Journal) -> Execute:
    (command,) = [
        command
        for command in decide(journal.program.procedure, journal.state, journal.now)
        if isinstance(command, Execute)
    ]
    return command


@pytest.mark.req("FLO-002", "FLO-003")
def test_a_resend_that_waited_for_its_turn_is_sent_when_its_turn_comes() -> None:
    made = program([node("a", timeout_s=86_400, retry=RetryPolicy(1, backoff_s=3600), security=LIMITED)], [])
    journal = Journal(made)
    journal.run(lambda _: Wait())
    journal.now += timedelta(hours=1)
    command = the_execute(journal)
    assert (command.resend, command.has_turn) == (True, False)
    journal.add(*parked(journal.state, command, journal.now + timedelta(minutes=1), journal.now))
    journal.now += timedelta(minutes=1)
    command = the_execute(journal)
    assert (command.resend, command.has_turn) == (True, True)
    journal.add(*settle(made, journal.state, command, Wait(), journal.now))
    assert journal.state.nodes["a"].sends == 2
    assert status(journal.state) is RunStatus.WAITING


@pytest.mark.req("FLO-002", "FLO-003")
def test_the_queue_before_a_rate_limit_takes_nothing_from_the_partners_time() -> None:
    made = program([node("a", timeout_s=3600, security=LIMITED)], [])
    journal = Journal(made)
    turn = START + timedelta(hours=2)
    journal.add(*parked(journal.state, the_execute(journal), turn, journal.now))
    journal.now = turn
    journal.run(lambda _: Wait())
    wait = journal.state.nodes["a"].wait
    assert journal.state.outcome is None
    assert wait is not None
    assert wait.until == turn + timedelta(hours=1)


def test_what_came_of_a_call_before_a_persons_retry_does_not_count_after_it() -> None:
    made = program([node("a", outputs=fields("x")), node("b")], [("a", "b", "x >= 1")])
    journal = Journal(made)
    first = the_execute(journal)
    for kind, payload in (
        (ArrivalKind.CALLBACK, {"answer": {"x": "no number"}}),
        (ArrivalKind.RETRY, {"new_key": True}),
    ):
        journal.add(*take_in(made, journal.state, Arrival(1, kind, "a", 1, payload, "ops", START), START))
    assert journal.state.nodes["a"].phase is NodePhase.ACTIVE
    assert settle(made, journal.state, first, Done({"x": 7}), START) == []
    assert parked(journal.state, first, START, START) == []
    journal.add(*settle(made, journal.state, the_execute(journal), Done({"x": 8}), START))
    assert journal.state.nodes["a"].outputs == {"x": 8}
