from datetime import timedelta
from typing import Any

import pytest

from opsdesk.access import Actor
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection
from opsdesk.kit.paging import BadCursor, BadPageSize
from opsdesk.review import Ticket, TicketClosing, TicketStatus, claim, close_ticket, count_tickets, list_tickets
from opsdesk.review.claims import CLAIM_TTL_S
from opsdesk.review.errors import TicketFilterInvalid
from opsdesk.review.queue import FILTER_CHARS_MAX
from tests.review.conftest import OpenTicket


async def open_due(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, *, subject: str, in_s: int | None
) -> Ticket:
    due_at = None if in_s is None else clock.now() + timedelta(seconds=in_s)
    return await ticket_opener(conn, subject=subject, due_at=due_at)


@pytest.mark.req("REV-B02")
async def test_what_is_due_first_comes_first_then_what_is_oldest(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    await open_due(conn, ticket_opener, clock, subject="never", in_s=None)
    await open_due(conn, ticket_opener, clock, subject="late", in_s=100)
    await open_due(conn, ticket_opener, clock, subject="soon and older", in_s=60)
    clock.advance(seconds=10)
    await open_due(conn, ticket_opener, clock, subject="soon and younger", in_s=50)
    page = await list_tickets(conn, now=clock.now())
    assert [ticket.subject for ticket in page.items] == ["soon and older", "soon and younger", "late", "never"]


@pytest.mark.parametrize("size", [1, 2, 3, 5])
async def test_pages_neither_skip_nor_repeat_tickets(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, size: int
) -> None:
    for number, in_s in enumerate([None, 5, 5, None, 1]):
        await open_due(conn, ticket_opener, clock, subject=str(number), in_s=in_s)
    found, cursor = [], None
    while True:
        page = await list_tickets(conn, now=clock.now(), limit=size, cursor=cursor)
        found += [ticket.subject for ticket in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert found == ["4", "1", "2", "0", "3"]


async def test_a_page_has_its_limits_and_its_own_cursors(conn: Connection, clock: ManualClock) -> None:
    with pytest.raises(BadPageSize):
        await list_tickets(conn, now=clock.now(), limit=101)
    with pytest.raises(BadCursor):
        await list_tickets(conn, now=clock.now(), cursor="bm9uZQ")


async def test_tickets_are_found_by_role_and_those_for_everybody_too(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    await ticket_opener(conn, subject="officer", role="compliance_officer")
    await ticket_opener(conn, subject="support", role="support")
    await ticket_opener(conn, subject="all", role=None)
    page = await list_tickets(conn, now=clock.now(), role="support")
    assert {ticket.subject for ticket in page.items} == {"support", "all"}


async def test_tickets_are_found_by_status_and_counted_by_it(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    await ticket_opener(conn, subject="open")
    expired = await ticket_opener(conn, subject="expired")
    await close_ticket(conn, ticket_id=expired.id, reason=TicketClosing.EXPIRED, now=clock.now())
    page = await list_tickets(conn, now=clock.now(), status=TicketStatus.EXPIRED)
    assert [ticket.subject for ticket in page.items] == ["expired"]
    counts = await count_tickets(conn, now=clock.now())
    assert counts == {"open": 1, "expired": 1, "decided": 0, "cancelled": 0, "answered_elsewhere": 0}


async def test_tickets_are_found_by_a_claim_while_it_lasts(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    ticket = await ticket_opener(conn, subject="mine")
    await ticket_opener(conn, subject="nobody's")
    await claim(conn, ticket_id=ticket.id, actor=anna, now=clock.now())
    mine = await list_tickets(conn, now=clock.now(), claimed_by=anna.id)
    assert [found.subject for found in mine.items] == ["mine"]
    clock.advance(seconds=CLAIM_TTL_S)
    assert (await list_tickets(conn, now=clock.now(), claimed_by=anna.id)).items == []


async def test_overdue_tickets_are_open_ones_whose_time_is_up(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    for subject, in_s in (("late", 5), ("closed", 5), ("in time", 6), ("never", None)):
        await open_due(conn, ticket_opener, clock, subject=subject, in_s=in_s)
    closed = (await list_tickets(conn, now=clock.now(), search="closed")).items[0]
    await close_ticket(conn, ticket_id=closed.id, reason=TicketClosing.CANCELLED, now=clock.now())
    clock.advance(seconds=6)
    late = await list_tickets(conn, now=clock.now(), overdue=True)
    others = await list_tickets(conn, now=clock.now(), overdue=False)
    assert [ticket.subject for ticket in late.items] == ["late"]
    assert {ticket.subject for ticket in others.items} == {"closed", "in time", "never"}
    assert (await count_tickets(conn, now=clock.now(), overdue=True))[TicketStatus.OPEN] == 1


async def test_tickets_are_found_by_when_they_are_due(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    for subject, in_s in (("soon", 5), ("later", 10), ("never", None)):
        await open_due(conn, ticket_opener, clock, subject=subject, in_s=in_s)
    page = await list_tickets(conn, now=clock.now(), due_before=clock.now() + timedelta(seconds=10))
    assert [ticket.subject for ticket in page.items] == ["soon"]


@pytest.mark.parametrize("search", ["合规", "FLAGGED", "run_100%", "compliance_rev"])
async def test_a_search_finds_words_of_the_ticket_in_any_case(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, search: str
) -> None:
    await ticket_opener(conn, subject="run_100%")
    await ticket_opener(conn, subject="run 1000", title="", purpose="", node="other")
    page = await list_tickets(conn, now=clock.now(), search=search)
    assert [ticket.subject for ticket in page.items] == ["run_100%"]


@pytest.mark.req("FLO-009")
async def test_a_search_never_looks_at_what_is_shown(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    await ticket_opener(conn, shown={"phone": "13800138000"})
    assert (await list_tickets(conn, now=clock.now(), search="13800138000")).items == []


@pytest.mark.parametrize(
    ("name", "text"), [("search", "a" * (FILTER_CHARS_MAX + 1)), ("role", "a\x00"), ("claimed_by", "\x1b")]
)
async def test_a_filter_text_that_cannot_be_looked_for_is_refused(
    conn: Connection, clock: ManualClock, name: str, text: str
) -> None:
    filters: dict[str, Any] = {name: text}
    with pytest.raises(TicketFilterInvalid, match=name):
        await count_tickets(conn, now=clock.now(), **filters)


async def test_a_filter_text_may_have_its_full_length(conn: Connection, clock: ManualClock) -> None:
    await list_tickets(conn, now=clock.now(), search="a" * FILTER_CHARS_MAX)
