"""Time limits in working time, clocks that stand while the customer is waited for, and escalations before the end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdesk.flows.clocks import escalated
from opsdesk.flows.engine import Escalate, Expire, Finish, Sleep, apply, decide, fold, next_wake
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.procedure import Procedure
from opsdesk.flows.state import RunStatus, State
from opsdesk.flows.waits import person_asked
from opsdesk.kit.calendars import add_working, working_s
from tests.flows.documents import document, read

MONDAY = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
"""Nine o'clock in Shanghai, where the office opens."""
HEAD = """
timeout_sec: 180000
x-calendars: {office: {time_zone: Asia/Shanghai, hours: {mon-fri: "09:00-18:00"}}}
x-calendar: office
"""
NODES = """
- {id: papers, type: api, name: Papers, runtime: {url: "https://p.test"}, timeout_sec: 999999, x-waits-for: customer}
- {id: file, type: system, name: File, runtime: {operation: log, message: m}}
- id: review
  type: human
  name: Review
  role: officer
  outputs: [decision]
  approval_gate: {timeout_hours: 10}
  x-escalate: [{at: 50%, to: lead, priority: 3}, {before: 1h, event: late}]
"""
PROCEDURE = read(document(NODES, "- {from: papers, to: file}", HEAD))


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


class Run:
    """A run of PROCEDURE, whose review and papers are waited for side by side."""

    def __init__(self, procedure: Procedure = PROCEDURE, *, at: datetime = MONDAY) -> None:
        self.procedure = procedure
        self.facts: list[Fact] = []
        self.state: State = fold(procedure, ())
        self.add(Fact(FactKind.RUN_STARTED, at, payload={"inputs": {}, "actor": "key:portal"}))

    def add(self, fact: Fact) -> None:
        self.facts.append(fact)
        apply(self.procedure, self.state, fact)

    def ask_person(self, at: datetime = MONDAY) -> None:
        self.add(person_asked(self.procedure.nodes["review"], self.state.nodes["review"], "t-1", at)[0])

    def ask_customer(self, at: datetime) -> None:
        payload = {"reason": "callback", "until": (at + timedelta(days=60)).isoformat(), "attempt": 1}
        self.add(Fact(FactKind.NODE_WAITING, at, "papers", 1, payload))

    def customer_answers(self, at: datetime) -> None:
        self.add(Fact(FactKind.NODE_ENDED, at, "papers", 1, {"outputs": {}, "taken": []}))

    def escalate(self, at: datetime) -> None:
        self.add(escalated(self.procedure, "review", self.state.nodes["review"], at))

    @property
    def until(self) -> datetime | None:
        wait = self.state.nodes["review"].wait
        return wait.until if wait else None

    def commands(self, at: datetime) -> list[Any]:
        return decide(self.procedure, self.state, at)


@pytest.mark.req("FLO-313")
def test_the_time_limit_of_a_person_is_of_working_time() -> None:
    run = Run()
    run.ask_person()
    assert run.until == MONDAY + timedelta(days=1) + hours(1)
    assert Expire("review") not in run.commands(MONDAY + hours(24.99))
    assert Expire("review") in run.commands(MONDAY + hours(25))


@pytest.mark.req("FLO-313")
def test_the_time_limit_of_the_run_is_of_working_time() -> None:
    run = Run()
    # 50 hours are five days of nine and five hours of the Monday after.
    end = MONDAY + timedelta(days=7) + hours(5)
    assert run.state.deadline_at == end
    assert run.commands(end) == [Finish(RunStatus.TIMED_OUT, None, "the time limit of 180000 s ran out")]


@pytest.mark.req("FLO-313")
def test_clocks_stand_while_the_customer_is_waited_for() -> None:
    run = Run()
    run.ask_person()
    run.ask_customer(MONDAY + hours(2))
    assert (run.until, run.state.deadline_at, run.state.stopped_since) == (None, None, MONDAY + hours(2))
    assert Expire("review") not in run.commands(MONDAY + timedelta(days=50))
    back = MONDAY + timedelta(days=14) + hours(2)
    run.customer_answers(back)
    assert run.until == MONDAY + timedelta(days=15) + hours(1)
    assert run.state.deadline_at == MONDAY + timedelta(days=21) + hours(5)
    assert run.state.stopped_since is None


@pytest.mark.req("FLO-313")
def test_a_ticket_that_is_opened_while_clocks_stand_has_all_of_its_time_left() -> None:
    run = Run()
    run.ask_customer(MONDAY)
    run.ask_person(MONDAY + hours(5))
    assert run.until is None
    run.customer_answers(MONDAY + timedelta(days=7))
    assert run.until == MONDAY + timedelta(days=8) + hours(1)


@pytest.mark.req("FLO-313")
def test_time_that_had_run_out_before_a_clock_stopped_has_run_out() -> None:
    run = Run()
    run.ask_person()
    run.ask_customer(MONDAY + hours(26))
    assert run.until == MONDAY + hours(25)
    assert Expire("review") in run.commands(MONDAY + hours(26))


@pytest.mark.req("FLO-313")
def test_escalations_come_in_order_before_the_end_and_each_once() -> None:
    run = Run()
    run.ask_person()
    assert Sleep(MONDAY + hours(5), "timer: escalation of review") in run.commands(MONDAY)
    assert Escalate("review") in run.commands(MONDAY + hours(5))
    run.escalate(MONDAY + hours(5))
    assert Escalate("review") not in run.commands(MONDAY + hours(6))
    assert run.state.nodes["review"].wait is not None
    assert run.state.nodes["review"].wait.role == "lead"
    # Nine hours of ten are over at closing time.
    assert Escalate("review") in run.commands(MONDAY + hours(9))
    run.escalate(MONDAY + hours(9))
    assert Escalate("review") not in run.commands(MONDAY + hours(24.5))
    assert [fact.payload["step"] for fact in run.facts if fact.kind is FactKind.NODE_ESCALATED] == [1, 2]


@pytest.mark.req("FLO-313")
def test_nothing_escalates_while_the_clock_stands_and_it_does_later_instead() -> None:
    run = Run()
    run.ask_person()
    run.ask_customer(MONDAY + hours(4))
    assert Escalate("review") not in run.commands(MONDAY + timedelta(days=30))
    run.customer_answers(MONDAY + timedelta(days=1))
    assert Escalate("review") in run.commands(MONDAY + timedelta(days=1) + hours(1))
    assert Escalate("review") not in run.commands(MONDAY + timedelta(days=1) + hours(0.9))


@pytest.mark.req("FLO-313")
def test_the_run_wakes_for_its_next_escalation_and_names_whom_it_waits_for() -> None:
    run = Run()
    run.ask_person()
    run.customer_answers(MONDAY)
    assert next_wake(run.commands(MONDAY)) == (MONDAY + hours(5), "person: officer (review)")


@pytest.mark.req("FLO-313")
def test_a_run_whose_clocks_stand_waits_for_what_ends_that() -> None:
    run = Run()
    run.ask_person()
    run.ask_customer(MONDAY)
    wake_at, name = next_wake(run.commands(MONDAY))
    assert (wake_at, name) == (MONDAY + timedelta(days=60), "event: partner's answer (papers)")


@pytest.mark.req("FLO-313")
def test_an_event_that_the_customer_owes_stops_clocks_as_well() -> None:
    nodes = """
    - {id: offer, type: system, name: Offer, runtime: {operation: log, message: m}}
    - {id: sign, type: system, name: Sign, runtime: {operation: log, message: m}}
    - {id: review, type: human, name: Review, role: officer, outputs: [decision], timeout_sec: 3600}
    """
    edges = "- {from: offer, to: sign, mode: event, when: event.name == 'signed', x-waits-for: customer}"
    run = Run(read(document(nodes, edges)))
    run.ask_person()
    run.add(Fact(FactKind.NODE_ENDED, MONDAY, "offer", 1, {"outputs": {}, "taken": []}))
    assert run.until is None
    came = {"event": {"name": "signed", "data": {}, "key": ""}, "taken": [0], "actor": "key:portal"}
    run.add(Fact(FactKind.EVENT_CAME, MONDAY + hours(30), "offer", 1, came))
    assert run.until == MONDAY + hours(31)


@pytest.mark.req("FLO-313")
@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 30 * 3600), min_size=2, max_size=12))
def test_working_time_that_passes_while_clocks_go_is_never_more_than_the_limit(steps: list[int]) -> None:
    """The customer is asked and answers in turn; what passes between is what counts, however often it is cut up."""
    run, now, counted, asked = Run(), MONDAY, 0.0, False
    run.ask_person()
    calendar = PROCEDURE.calendar
    for step in steps:
        then = now + timedelta(seconds=step)
        if not asked:
            counted += working_s(calendar, now, then)
        now = then
        if counted >= 10 * 3600:
            break
        if asked:
            run.customer_answers(now)
            run.state.nodes["papers"].phase = fold(PROCEDURE, run.facts[:1]).nodes["papers"].phase
        else:
            run.ask_customer(now)
        asked = not asked
    if counted >= 10 * 3600:
        assert run.until is not None
        assert run.until <= now
    elif asked:
        assert run.until is None
    else:
        assert run.until == add_working(calendar, now, 10 * 3600 - counted)


def test_folding_the_journal_gives_the_same_clocks() -> None:
    run = Run()
    run.ask_person()
    run.ask_customer(MONDAY + hours(2))
    run.customer_answers(MONDAY + hours(3))
    run.escalate(MONDAY + hours(6))
    assert fold(PROCEDURE, run.facts) == run.state
