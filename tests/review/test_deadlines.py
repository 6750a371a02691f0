"""Tickets whose time is running out, and those for which none passes."""

from datetime import timedelta

import psycopg
import pytest

from opsdesk.access import Actor
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection
from opsdesk.review import TicketClosing, claim, close_ticket, list_tickets, show_ticket, ticket_history
from opsdesk.review.deadlines import escalate, move_clock
from tests.review.conftest import OpenTicket


@pytest.mark.req("FLO-313")
async def test_what_has_priority_comes_first_in_the_queue_page_by_page(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    tickets = [await ticket_opener(conn, iteration=number) for number in range(1, 5)]
    await escalate(conn, ticket_id=tickets[2].id, role=None, priority=5, now=clock.now())
    await escalate(conn, ticket_id=tickets[1].id, role=None, priority=9, now=clock.now())
    found, cursor = [], None
    for _ in range(4):
        page = await list_tickets(conn, now=clock.now(), limit=1, cursor=cursor)
        found += [ticket.id for ticket in page.items]
        cursor = page.next
    assert found == [tickets[number].id for number in (1, 2, 0, 3)]
    assert cursor is None


@pytest.mark.req("FLO-313")
async def test_an_escalation_never_lowers_a_priority(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    ticket = await ticket_opener(conn)
    await escalate(conn, ticket_id=ticket.id, role=None, priority=5, now=clock.now())
    again = await escalate(conn, ticket_id=ticket.id, role=None, priority=2, now=clock.now(), told="late")
    assert (again.priority, again.role) == (5, "compliance_officer")
    assert [event.reason for event in await ticket_history(conn, ticket_id=ticket.id)][1:] == [
        "priority 5",
        "priority 2, event late",
    ]


async def test_whoever_holds_a_ticket_keeps_it_where_only_its_priority_rises(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    ticket = await ticket_opener(conn)
    await claim(conn, ticket_id=ticket.id, actor=anna, now=clock.now())
    assert (await escalate(conn, ticket_id=ticket.id, role=None, priority=5, now=clock.now())).claimed_by == anna.id
    assert (await escalate(conn, ticket_id=ticket.id, role="lead", priority=None, now=clock.now())).claimed_by is None


async def test_a_closed_ticket_is_neither_escalated_nor_moved(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    ticket = await ticket_opener(conn)
    closed = await close_ticket(conn, ticket_id=ticket.id, reason=TicketClosing.CANCELLED, now=clock.now())
    assert await escalate(conn, ticket_id=ticket.id, role="lead", priority=5, now=clock.now()) == closed
    moved = await move_clock(conn, ticket_id=ticket.id, due_at=None, stands_since=clock.now(), now=clock.now())
    assert moved == closed


@pytest.mark.req("FLO-313")
async def test_a_clock_that_is_told_twice_is_moved_once(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    ticket = await ticket_opener(conn)
    for _ in range(2):
        await move_clock(conn, ticket_id=ticket.id, due_at=None, stands_since=clock.now(), now=clock.now())
    later = clock.now() + timedelta(days=3)
    await move_clock(conn, ticket_id=ticket.id, due_at=later, stands_since=None, now=clock.now())
    assert (await show_ticket(conn, ticket_id=ticket.id)).due_at == later
    history = await ticket_history(conn, ticket_id=ticket.id)
    assert [event.kind for event in history] == ["opened", "clock_stopped", "clock_started"]


async def test_a_ticket_that_stands_is_due_at_no_time(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    ticket = await ticket_opener(conn)
    with pytest.raises(psycopg.errors.CheckViolation):
        await move_clock(conn, ticket_id=ticket.id, due_at=clock.now(), stands_since=clock.now(), now=clock.now())
