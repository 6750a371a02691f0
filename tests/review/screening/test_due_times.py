"""Tickets are due as their type and adapt say, in the time that is counted, and are escalated before."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from opsdesk.access import Actor, Scope
from opsdesk.access.roles import SCOPES
from opsdesk.app.escalations import escalate_tickets
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.review import Ticket, claim, list_tickets, show_ticket, ticket_history
from opsdesk.review.deadlines import escalate_due
from opsdesk.review.model import Verdict
from opsdesk.review.screening import adapts
from opsdesk.review.screening.adapt_document import stored as adapt_stored
from opsdesk.review.screening.due import Times, times_of
from opsdesk.review.screening.model import (
    Counted,
    DueRules,
    Escalation,
    WorkingHours,
    read_stored,
    stored,
)
from opsdesk.review.screening.reading_due import ESCALATION_ROLES
from opsdesk.review.screening.types import ScreeningType
from tests.review.conftest import reviewer
from tests.review.screening.configuring import add, add_adapt, edit
from tests.review.screening.generating import judged, made
from tests.review.screening.samples import given, read

ANNA = reviewer("anna", roles=("reviewer",))
FRIDAY = datetime(2026, 1, 9, 9, 30, tzinfo=UTC)
"""17:30 in Shanghai."""


async def ruled(conn: Connection, risk: Actor, clock: ManualClock, **rules: Any) -> ScreeningType:
    found = await add(conn, risk, clock, document=given() | {"review": rules})
    await add_adapt(conn, found, risk, clock)
    return found


def due(**rules: Any) -> tuple[Any, dict[str, list[str]]]:
    found, problems = read(given() | {"review": rules})
    return found and found.review.due, problems


@pytest.mark.req("REV-B12")
def test_plain_time_passes_always_and_working_time_while_the_desk_works() -> None:
    plain = times_of(DueRules(60), adapt_minutes=None, opened_at=FRIDAY)
    assert plain == Times(FRIDAY + timedelta(hours=1))
    working = DueRules(60, Counted.WORKING)
    monday = datetime(2026, 1, 12, 1, 30, tzinfo=UTC)
    assert times_of(working, adapt_minutes=None, opened_at=FRIDAY).due_at == monday
    days = WorkingHours(closed_days=(monday.date(),), open_days=((FRIDAY + timedelta(days=1)).date(),))
    assert times_of(DueRules(60, Counted.WORKING, days), adapt_minutes=None, opened_at=FRIDAY).due_at == datetime(
        2026, 1, 10, 1, 30, tzinfo=UTC
    )
    assert times_of(DueRules(), adapt_minutes=None, opened_at=FRIDAY) == Times()


@pytest.mark.req("REV-B12")
@pytest.mark.parametrize(("minutes", "escalated"), [(60, 40), (20, 0), (10, 0)])
def test_escalation_comes_before_the_due_time_and_never_before_the_ticket(minutes: int, escalated: int) -> None:
    rules = DueRules(60, escalation=Escalation(20, 5, None))
    found = times_of(rules, adapt_minutes=minutes, opened_at=FRIDAY)
    assert found == Times(FRIDAY + timedelta(minutes=minutes), FRIDAY + timedelta(minutes=escalated))


@pytest.mark.req("REV-B12")
def test_due_rules_are_read_and_kept() -> None:
    found, problems = due(
        due_minutes="120",
        due_counted="working",
        work_days="1 2 3 6",
        work_opens="08:30",
        work_closes="24:00",
        closed_days="2026-10-01, 2026-10-02",
        open_days=["2026-10-10"],
        escalate_minutes=30,
        escalate_priority="9",
        escalate_role="compliance_officer",
    )
    assert problems == {}
    assert (found.minutes, found.counted, found.hours.days) == (120, Counted.WORKING, (1, 2, 3, 6))
    assert [day.isoformat() for day in found.hours.closed_days] == ["2026-10-01", "2026-10-02"]
    assert found.escalation == Escalation(30, 9, "compliance_officer")
    whole, _ = read(given() | {"review": {"due_minutes": 5, "due_counted": "working", "escalate_minutes": ""}})
    assert whole is not None
    assert read_stored(stored(whole)) == whole


@pytest.mark.req("REV-B12")
@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ({"due_minutes": "0"}, "due_minutes"),
        ({"due_minutes": "525601"}, "due_minutes"),
        ({"due_minutes": "soon"}, "due_minutes"),
        ({"due_counted": "lunar"}, "due_counted"),
        ({"due_counted": "working", "work_days": ""}, "work_days"),
        ({"due_counted": "working", "work_days": "1 8"}, "work_days"),
        ({"due_counted": "working", "work_opens": "9"}, "work_opens"),
        ({"due_counted": "working", "work_opens": "18:00"}, "work_closes"),
        ({"due_counted": "working", "closed_days": "tomorrow"}, "closed_days"),
        ({"due_counted": "working", "closed_days": "2026-10-01", "open_days": "2026-10-01"}, "open_days"),
        ({"escalate_minutes": "10"}, "escalate_priority"),
        ({"escalate_minutes": "10", "escalate_priority": "10"}, "escalate_priority"),
        ({"escalate_minutes": "10", "escalate_role": "auditor"}, "escalate_role"),
        ({"due_minutes": "10", "escalate_minutes": "10", "escalate_priority": "1"}, "escalate_minutes"),
    ],
)
def test_due_rules_that_cannot_be_are_told_at_their_field(rules: dict[str, Any], field: str) -> None:
    found, problems = due(**rules)
    assert (found, list(problems)) == (None, [f"review.{field}"])


@pytest.mark.req("REV-B12")
async def test_a_ticket_is_due_as_its_type_says_or_its_adapt_and_stays_so(
    desk: Database, risk: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        found = await ruled(conn, risk, clock, due_minutes=60)
        other = await add_adapt(conn, found, risk, clock, scene="borrow")
        edited = await adapts.edit_adapt(
            conn,
            adapt_id=other.adapt_id,
            opened_version=1,
            document=adapt_stored(other.document) | {"due_minutes": "15"},
            actor=risk,
            now=clock.now(),
        )
        assert edited.adapt.document.due_minutes == 15
        opened = clock.now()
        by_type, by_adapt = await made(conn, found, clock), await made(conn, found, clock, scene="borrow")
        assert (by_type.due_at, by_adapt.due_at) == (opened + timedelta(hours=1), opened + timedelta(minutes=15))
        # An edit of the type keeps what the adapt says, and moves no ticket.
        await edit(conn, found, stored(found.document) | {"review": {"due_minutes": 5}}, actor=risk, clock=clock)
        assert (await show_ticket(conn, ticket_id=by_type.id)).due_at == opened + timedelta(hours=1)
        later = await made(conn, found, clock, flow_no="F-2")
        assert later.due_at == opened + timedelta(minutes=5)
        again = await made(conn, found, clock, flow_no="F-2", scene="borrow")
        assert again.due_at == opened + timedelta(minutes=15)
        page = await list_tickets(conn, now=clock.now())
    assert [each.id for each in page.items] == [later.id, by_adapt.id, again.id, by_type.id]


@pytest.mark.req("REV-B12")
async def test_a_ticket_is_escalated_once_before_it_is_late_and_operators_are_told(
    desk: Database, risk: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        found = await ruled(
            conn,
            risk,
            clock,
            due_minutes=60,
            escalate_minutes=10,
            escalate_priority=7,
            escalate_role="compliance_officer",
        )
        ticket = await made(conn, found, clock)
        await claim(conn, ticket_id=ticket.id, actor=ANNA, now=clock.now())
    run = escalate_tickets(clock)
    clock.advance(seconds=49 * 60)
    await run(desk, {"due_at": "then"})
    async with desk.connection() as conn:
        assert (await show_ticket(conn, ticket_id=ticket.id)).priority == 0
    clock.advance(seconds=60)
    await run(desk, {"due_at": "then"})
    await run(desk, {"due_at": "then"})
    async with desk.connection() as conn:
        now = await show_ticket(conn, ticket_id=ticket.id)
        history = [(event.kind, event.reason) for event in await ticket_history(conn, ticket_id=ticket.id)]
        rows = await (await conn.execute("select convert_from(payload, 'UTF8') from pgqueuer")).fetchall()
    assert (now.priority, now.role, now.claim_at(clock.now())) == (7, "compliance_officer", None)
    assert [kind for kind, _ in history] == ["opened", "claimed", "escalated"]
    assert sum("ScreeningTicketNearlyLate" in text for (text,) in rows) == 1


@pytest.mark.req("REV-B12")
async def test_a_decided_ticket_is_not_escalated(desk: Database, risk: Actor, clock: ManualClock) -> None:
    async with desk.transaction() as conn:
        found = await ruled(conn, risk, clock, due_minutes=60, escalate_minutes=10, escalate_priority=7)
        ticket = await made(conn, found, clock)
        await judged(conn, ticket, Verdict.PASS, actor=ANNA, clock=clock)
    clock.advance(seconds=3600)
    async with desk.transaction() as conn:
        assert await escalate_due(conn, now=clock.now()) == []


@pytest.mark.req("REV-B12")
async def test_a_decision_and_the_escalation_at_the_same_moment_do_not_wait_for_each_other(
    desk: Database, risk: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        found = await ruled(conn, risk, clock, due_minutes=60, escalate_minutes=10, escalate_priority=7)
        ticket = await made(conn, found, clock)
    clock.advance(seconds=55 * 60)

    async def escalated() -> list[Ticket]:
        async with desk.transaction() as conn:
            return list(await escalate_due(conn, now=clock.now()))

    async with desk.transaction() as conn:
        await judged(conn, ticket, Verdict.PASS, actor=ANNA, clock=clock)
        assert await asyncio.wait_for(escalated(), timeout=10) == []
    assert await escalated() == []


def test_a_ticket_can_be_escalated_to_every_role_that_decides() -> None:
    assert set(ESCALATION_ROLES) == {role for role, scopes in SCOPES.items() if Scope.TICKETS_DECIDE in scopes}
