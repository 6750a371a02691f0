import asyncio
import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
import rfc8785

from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.review import (
    NewTicket,
    TicketClosing,
    TicketField,
    TicketStatus,
    close_ticket,
    open_ticket,
    show_ticket,
    ticket_history,
)
from opsdesk.review.errors import TicketDiffers, TicketInvalid, TicketUnknown
from opsdesk.review.tickets import APPROVERS_MAX, FIELDS_MAX
from tests.review.conftest import IsWaiting, OpenTicket


@pytest.mark.req("FLO-006")
async def test_a_ticket_shows_and_asks_what_it_was_opened_with(
    conn: Connection, new_ticket: NewTicket, clock: ManualClock
) -> None:
    ticket = await open_ticket(conn, new_ticket, now=clock.now())
    kept = await show_ticket(conn, ticket_id=ticket.id)
    assert kept == ticket
    assert (kept.shown, kept.shown_personal, kept.asked) == (
        new_ticket.shown,
        new_ticket.shown_personal,
        new_ticket.asked,
    )
    assert (kept.status, kept.due_at, kept.opened_at) == (TicketStatus.OPEN, new_ticket.due_at, clock.now())


async def test_opening_again_gives_the_same_ticket_once(
    conn: Connection, new_ticket: NewTicket, clock: ManualClock
) -> None:
    first = await open_ticket(conn, new_ticket, now=clock.now())
    clock.advance(seconds=60)
    second = await open_ticket(conn, replace(new_ticket, due_at=clock.now()), now=clock.now())
    assert second == first
    assert [event.kind for event in await ticket_history(conn, ticket_id=first.id)] == ["opened"]


async def test_two_who_open_at_once_get_one_ticket(
    db: Database, new_ticket: NewTicket, clock: ManualClock, is_waiting: IsWaiting
) -> None:
    async with db.connection() as other:
        async with db.transaction() as conn:
            first = await open_ticket(conn, new_ticket, now=clock.now())
            second = asyncio.create_task(open_ticket(other, new_ticket, now=clock.now()))
            await is_waiting(other, second)
        assert await second == first


@pytest.mark.parametrize(
    "change",
    [{"subject": "another"}, {"node": "another"}, {"iteration": 2}, {"generation": 2}, {"source": "order"}],
)
async def test_another_name_is_another_ticket(
    conn: Connection, ticket_opener: OpenTicket, change: dict[str, object]
) -> None:
    assert (await ticket_opener(conn)).id != (await ticket_opener(conn, **change)).id


@pytest.mark.parametrize("change", [{"shown": {}}, {"role": "other"}, {"required_approvers": 2}, {"title": "other"}])
async def test_other_content_under_one_name_is_refused(
    conn: Connection, ticket_opener: OpenTicket, change: dict[str, object]
) -> None:
    await ticket_opener(conn)
    with pytest.raises(TicketDiffers):
        await ticket_opener(conn, **change)


async def test_the_stored_text_of_what_is_shown_has_the_stored_digest(
    conn: Connection, ticket_opener: OpenTicket
) -> None:
    ticket = await ticket_opener(conn)
    row = await (await conn.execute(b"select shown::text from ticket where id = %(id)s", {"id": ticket.id})).fetchone()
    assert row is not None
    assert hashlib.sha256(rfc8785.dumps(json.loads(row[0]))).hexdigest() == ticket.shown_sha256
    assert row[0] == json.dumps(ticket.shown, sort_keys=True, separators=(",", ":"))


@pytest.mark.parametrize("closing", list(TicketClosing))
async def test_a_closed_ticket_says_why_and_when(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, closing: TicketClosing
) -> None:
    ticket = await ticket_opener(conn)
    closed = await close_ticket(conn, ticket_id=ticket.id, reason=closing, now=clock.now())
    assert (closed.status, closed.closed_at, closed.decision) == (TicketStatus(closing), clock.now(), None)
    last = (await ticket_history(conn, ticket_id=ticket.id))[-1]
    assert (last.kind, last.actor, last.reason) == ("closed", "run", closing)


async def test_the_first_closing_of_a_ticket_counts(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    ticket = await ticket_opener(conn)
    first = await close_ticket(conn, ticket_id=ticket.id, reason=TicketClosing.CANCELLED, now=clock.now())
    clock.advance(seconds=1)
    assert await close_ticket(conn, ticket_id=ticket.id, reason=TicketClosing.EXPIRED, now=clock.now()) == first
    assert [event.kind for event in await ticket_history(conn, ticket_id=ticket.id)] == ["opened", "closed"]


async def test_a_ticket_that_never_was_is_unknown(conn: Connection, clock: ManualClock) -> None:
    with pytest.raises(TicketUnknown):
        await show_ticket(conn, ticket_id=uuid4())
    with pytest.raises(TicketUnknown):
        await close_ticket(conn, ticket_id=uuid4(), reason=TicketClosing.EXPIRED, now=clock.now())


async def test_a_lock_outside_a_transaction_is_a_bug_that_shows(
    db: Database, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    async with db.transaction() as conn:
        ticket = await ticket_opener(conn)
    async with db.connection() as conn:
        with pytest.raises(AssertionError, match="needs a transaction"):
            await close_ticket(conn, ticket_id=ticket.id, reason=TicketClosing.EXPIRED, now=clock.now())


@pytest.mark.parametrize("approvers", [0, -1, APPROVERS_MAX + 1])
async def test_the_number_of_approvers_has_limits(conn: Connection, ticket_opener: OpenTicket, approvers: int) -> None:
    with pytest.raises(TicketInvalid, match="required_approvers"):
        await ticket_opener(conn, required_approvers=approvers)


async def test_a_ticket_may_take_the_most_approvers(conn: Connection, ticket_opener: OpenTicket) -> None:
    assert (await ticket_opener(conn, required_approvers=APPROVERS_MAX)).required_approvers == APPROVERS_MAX


async def test_a_ticket_asks_for_something_and_not_for_too_much(conn: Connection, ticket_opener: OpenTicket) -> None:
    fields = [TicketField(str(number), "", {}, required=True, personal=False) for number in range(FIELDS_MAX + 1)]
    await ticket_opener(conn, asked=tuple(fields[:-1]))
    for asked in ((), tuple(fields)):
        with pytest.raises(TicketInvalid, match="asked"):
            await ticket_opener(conn, asked=asked, iteration=2)


async def test_a_name_that_is_asked_for_twice_is_refused(
    conn: Connection, new_ticket: NewTicket, ticket_opener: OpenTicket
) -> None:
    with pytest.raises(TicketInvalid, match="compliance_decision"):
        await ticket_opener(conn, asked=(*new_ticket.asked, new_ticket.asked[0]))


async def test_a_schema_that_nobody_could_answer_opens_no_ticket(conn: Connection, ticket_opener: OpenTicket) -> None:
    asked = (TicketField("odd", "Odd", {"$ref": "https://example.com"}, required=True, personal=False),)
    with pytest.raises(TicketInvalid, match="odd"):
        await ticket_opener(conn, asked=asked)


@pytest.mark.parametrize("name", ["source", "subject", "node", "requested_by"])
async def test_a_ticket_without_who_asks_is_refused(conn: Connection, ticket_opener: OpenTicket, name: str) -> None:
    with pytest.raises(TicketInvalid, match=name):
        await ticket_opener(conn, **{name: ""})


@pytest.mark.parametrize(
    "statement",
    [
        "update ticket set shown = '{}'",
        "update ticket set required_approvers = 1",
        "update ticket set asked = '[]'",
        "delete from ticket",
        "truncate ticket cascade",
        "update ticket_event set actor = 'somebody else'",
        "delete from ticket_event",
        "truncate ticket_event",
        "update ticket_answer set answers = '{}'",
        "delete from ticket_answer",
        "truncate ticket_answer cascade",
    ],
)
async def test_evidence_cannot_be_changed_even_by_hand(
    conn: Connection, ticket_opener: OpenTicket, statement: str
) -> None:
    await ticket_opener(conn)
    with pytest.raises(psycopg.errors.RestrictViolation):
        await conn.execute(statement.encode())


@pytest.mark.parametrize(
    "statement",
    [
        "update ticket set status = 'lost'",
        "update ticket set status = 'decided', closed_at = now()",
        "update ticket set decision = '{}'",
        "update ticket set status = 'expired'",
        "update ticket set claimed_by = 'key:anna'",
        "update ticket set status = 'expired', closed_at = now(), claimed_by = 'key:anna', claimed_until = now()",
    ],
)
async def test_a_ticket_is_never_in_a_state_that_makes_no_sense(
    conn: Connection, ticket_opener: OpenTicket, statement: str
) -> None:
    await ticket_opener(conn)
    with pytest.raises(psycopg.errors.CheckViolation):
        await conn.execute(statement.encode())


async def test_a_ticket_without_a_time_limit_is_never_due(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    clock.advance(seconds=timedelta(days=365).total_seconds())
    assert (await ticket_opener(conn, due_at=None)).due_at is None
