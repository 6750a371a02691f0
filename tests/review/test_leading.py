"""A lead gives tickets to people and takes them back, several at a time, and decides none of them by it."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from opsdesk.access import Actor, Scope, people
from opsdesk.access.errors import PersonUnknown, ScopeMissing
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.review import Ticket, TicketStatus, claim, decide, release, show_ticket, ticket_history
from opsdesk.review.claims import CLAIM_TTL_S, keep
from opsdesk.review.errors import LeadInvalid, NoReviewer, TicketClaimed, TicketTakenBack
from opsdesk.review.leading import (
    ASSIGNED_FOR_S,
    REASON_CHARS_MAX,
    TICKETS_MAX,
    Led,
    Outcome,
    assign_tickets,
    release_tickets,
)
from tests.access.staff import KEEPER, person
from tests.review.conftest import IsWaiting, OpenTicket, nothing_more

LEAD = Actor("person:lead@example.com", "Lead", frozenset({"compliance_officer"}), frozenset({Scope.DESK_LEAD}))
EMAIL = "officer@example.com"
APPROVED = {"compliance_decision": "approved"}
NO_TICKET = UUID("0197a3c0-0000-7000-8000-00000000ffff")


async def officer(conn: Connection, clock: ManualClock, email: str = EMAIL) -> Actor:
    return (await person(conn, clock, "compliance_officer", email=email)).actor


async def assign(
    conn: Connection, clock: ManualClock, *tickets: Ticket, to: str = EMAIL, by: Actor = LEAD
) -> list[Outcome]:
    return await assign_tickets(conn, ticket_ids=[each.id for each in tickets], email=to, actor=by, now=clock.now())


async def take_back(conn: Connection, clock: ManualClock, *tickets: Ticket, by: Actor = LEAD) -> list[Outcome]:
    return await release_tickets(
        conn, ticket_ids=[each.id for each in tickets], reason=" is ill ", actor=by, now=clock.now()
    )


async def decided(conn: Connection, clock: ManualClock, ticket: Ticket, actor: Actor) -> Ticket:
    return await decide(
        conn,
        ticket_id=ticket.id,
        actor=actor,
        answers=APPROVED,
        key="1",
        now=clock.now(),
        on_decided=nothing_more,
    )


def told(outcomes: list[Outcome]) -> list[str]:
    """Each outcome in a word: what was done, or why not."""
    return [each.refusal.code if each.refusal else each.led.value for each in outcomes]


@pytest.mark.req("REV-B13")
async def test_assigned_tickets_are_the_persons_for_a_working_day_and_nobody_elses(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, bo: Actor
) -> None:
    await officer(conn, clock)
    tickets = [await ticket_opener(conn, node=f"n{number}") for number in range(3)]
    assert told(await assign(conn, clock, *tickets)) == ["assigned"] * 3
    clock.advance(seconds=ASSIGNED_FOR_S - 1)
    for ticket in tickets:
        with pytest.raises(TicketClaimed) as refused:
            await claim(conn, ticket_id=ticket.id, actor=bo, now=clock.now())
        assert refused.value.claimed_by == f"person:{EMAIL}"
    clock.advance(seconds=1)
    assert (await claim(conn, ticket_id=tickets[0].id, actor=bo, now=clock.now())).claimed_by == bo.id


@pytest.mark.req("REV-B13")
async def test_who_claims_what_was_assigned_to_them_keeps_it_for_as_long(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    assigned_to = await officer(conn, clock)
    ticket = await ticket_opener(conn)
    [outcome] = await assign(conn, clock, ticket)
    assert outcome.ticket is not None
    clock.advance(seconds=60)
    for take in (claim, keep):
        taken = await take(conn, ticket_id=ticket.id, actor=assigned_to, now=clock.now())
        assert (taken.claimed_until, taken.assigned_by) == (outcome.ticket.claimed_until, LEAD.id)
    clock.advance(seconds=ASSIGNED_FOR_S - 61)
    longer = await claim(conn, ticket_id=ticket.id, actor=assigned_to, now=clock.now())
    clock.advance(seconds=CLAIM_TTL_S - 1)
    assert longer.claim_at(clock.now()) is not None


@pytest.mark.req("REV-B13")
async def test_each_ticket_that_cannot_be_assigned_says_why_and_the_others_are(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, bo: Actor
) -> None:
    """By the rules of whoever claims one themselves: nothing else decides who may."""
    assigned_to = await officer(conn, clock)
    changes: list[dict[str, Any]] = [
        *({}, {}, {}),
        {"role": "another_role"},
        {"requested_by": assigned_to.id},
        {"required_approvers": 2},
        {"requested_by": LEAD.id},
    ]
    tickets = [await ticket_opener(conn, node=f"n{number}", **each) for number, each in enumerate(changes)]
    free, held, closed, other_role, own, answered, of_lead = tickets
    await claim(conn, ticket_id=held.id, actor=bo, now=clock.now())
    await decided(conn, clock, closed, anna)
    await decided(conn, clock, answered, assigned_to)
    outcomes = await assign(conn, clock, free, held, closed, other_role, own, answered, of_lead, free)
    assert told(outcomes) == [
        "assigned",
        "TicketClaimed",
        "TicketNotOpen",
        "RoleMissing",
        "OwnRequest",
        "AlreadyAnswered",
        "OwnRequestLed",
    ]
    unknown = await assign_tickets(conn, ticket_ids=[NO_TICKET], email=EMAIL, actor=LEAD, now=clock.now())
    assert told(unknown) == ["TicketUnknown"]
    assert (await show_ticket(conn, ticket_id=held.id)).claimed_by == bo.id
    assert (await show_ticket(conn, ticket_id=closed.id)).status is TicketStatus.DECIDED


@pytest.mark.req("REV-B13")
async def test_what_is_taken_back_is_nobodys_and_its_history_says_who_did_it_and_why(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, bo: Actor
) -> None:
    await officer(conn, clock)
    assigned, claimed, free, closed, of_lead = [
        await ticket_opener(conn, node=f"n{number}", requested_by=LEAD.id if number == 4 else "key:requester")
        for number in range(5)
    ]
    await assign(conn, clock, assigned)
    for ticket in (claimed, of_lead):
        await claim(conn, ticket_id=ticket.id, actor=bo, now=clock.now())
    await decided(conn, clock, closed, anna)
    outcomes = await take_back(conn, clock, assigned, claimed, free, closed, of_lead)
    assert told(outcomes) == ["released", "released", "TicketNotHeld", "TicketNotOpen", "OwnRequestLed"]
    assert [each.held_by for each in outcomes[:2]] == [f"person:{EMAIL}", bo.id]
    history = await ticket_history(conn, ticket_id=assigned.id)
    assert [(event.kind, event.actor, event.reason) for event in history] == [
        ("opened", "run", ""),
        ("assigned", LEAD.id, f"person:{EMAIL}"),
        ("released", LEAD.id, "is ill"),
    ]
    again = await claim(conn, ticket_id=assigned.id, actor=bo, now=clock.now())
    assert (again.claimed_by, again.assigned_by) == (bo.id, None)


@pytest.mark.req("REV-B13")
async def test_who_was_at_work_when_it_was_taken_back_is_told_and_may_claim_it_again(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, bo: Actor
) -> None:
    """Their page keeps the claim by itself while they type: that does not undo what the lead did."""
    ticket = await ticket_opener(conn)
    await claim(conn, ticket_id=ticket.id, actor=bo, now=clock.now())
    await take_back(conn, clock, ticket)
    with pytest.raises(TicketTakenBack) as refused:
        await keep(conn, ticket_id=ticket.id, actor=bo, now=clock.now())
    assert (refused.value.released_by, refused.value.reason) == (LEAD.id, "is ill")
    await claim(conn, ticket_id=ticket.id, actor=bo, now=clock.now())
    assert (await keep(conn, ticket_id=ticket.id, actor=bo, now=clock.now())).claimed_by == bo.id
    clock.advance(seconds=CLAIM_TTL_S)
    await keep(conn, ticket_id=ticket.id, actor=bo, now=clock.now())
    await release(conn, ticket_id=ticket.id, actor=bo, now=clock.now())
    assert (await keep(conn, ticket_id=ticket.id, actor=anna, now=clock.now())).claimed_by == anna.id


async def test_only_a_lead_assigns_and_takes_back(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    await officer(conn, clock)
    ticket = await ticket_opener(conn)
    for act in (assign, take_back):
        with pytest.raises(ScopeMissing):
            await act(conn, clock, ticket, by=anna)


async def test_nothing_is_assigned_to_who_may_decide_nothing(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    ticket = await ticket_opener(conn, role=None)
    auditor = await person(conn, clock, "auditor", email="auditor@example.com")
    gone = await person(conn, clock, "reviewer", email="gone@example.com")
    await people.disable_person(conn, person_id=gone.id, actor=KEEPER, now=clock.now())
    for email in (auditor.email, gone.email):
        with pytest.raises(NoReviewer):
            await assign(conn, clock, ticket, to=email)
    with pytest.raises(PersonUnknown):
        await assign(conn, clock, ticket, to="nobody@example.com")


@pytest.mark.parametrize("count", [0, TICKETS_MAX + 1])
async def test_no_request_takes_none_or_more_than_the_most(conn: Connection, clock: ManualClock, count: int) -> None:
    await officer(conn, clock)
    given: dict[str, Any] = {"ticket_ids": [NO_TICKET] * count, "actor": LEAD, "now": clock.now()}
    with pytest.raises(LeadInvalid):
        await assign_tickets(conn, email=EMAIL, **given)
    with pytest.raises(LeadInvalid):
        await release_tickets(conn, reason="is ill", **given)


async def test_one_request_takes_as_many_as_the_most(conn: Connection, clock: ManualClock) -> None:
    await officer(conn, clock)
    ids = [UUID(int=number) for number in range(TICKETS_MAX)]
    outcomes = await assign_tickets(conn, ticket_ids=ids, email=EMAIL, actor=LEAD, now=clock.now())
    assert [each.ticket_id for each in outcomes] == ids
    assert {each.led for each in outcomes} == {Led.REFUSED}


@pytest.mark.parametrize("reason", ["", "  ", "a" * (REASON_CHARS_MAX + 1), "a\0"])
async def test_nobody_takes_tickets_back_without_a_reason(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, bo: Actor, reason: str
) -> None:
    ticket = await ticket_opener(conn)
    await claim(conn, ticket_id=ticket.id, actor=bo, now=clock.now())
    with pytest.raises(LeadInvalid):
        await release_tickets(conn, ticket_ids=[ticket.id], reason=reason, actor=LEAD, now=clock.now())
    assert (await show_ticket(conn, ticket_id=ticket.id)).claimed_by == bo.id


@pytest.mark.req("REV-B13")
async def test_what_is_decided_just_then_is_not_assigned(
    db: Database, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, is_waiting: IsWaiting
) -> None:
    async with db.transaction() as conn:
        await officer(conn, clock)
        ticket = await ticket_opener(conn)
    async with db.transaction() as leading:
        async with db.transaction() as deciding:
            before = await decided(deciding, clock, ticket, anna)
            late = asyncio.create_task(assign(leading, clock, ticket))
            await is_waiting(leading, late)
        assert told(await late) == ["TicketNotOpen"]
    async with db.connection() as conn:
        after = await show_ticket(conn, ticket_id=ticket.id)
    assert (after.status, after.claimed_by, after.row_version) == (TicketStatus.DECIDED, None, before.row_version)


@pytest.mark.req("REV-B13")
async def test_what_is_assigned_just_then_is_not_decided_by_another(
    db: Database, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, is_waiting: IsWaiting
) -> None:
    async with db.transaction() as conn:
        await officer(conn, clock)
        ticket = await ticket_opener(conn)
    async with db.transaction() as deciding:
        async with db.transaction() as leading:
            assert told(await assign(leading, clock, ticket)) == ["assigned"]
            late = asyncio.create_task(decided(deciding, clock, ticket, anna))
            await is_waiting(deciding, late)
        with pytest.raises(TicketClaimed):
            await late


@pytest.mark.req("REV-B13")
async def test_two_leads_with_the_same_tickets_in_other_orders_wait_in_a_line(
    db: Database, ticket_opener: OpenTicket, clock: ManualClock, is_waiting: IsWaiting
) -> None:
    """The second waits for its first lock until the first request is through, having locked nothing in its way."""
    async with db.transaction() as conn:
        await officer(conn, clock)
        await officer(conn, clock, "another@example.com")
        tickets = [await ticket_opener(conn, node=f"n{number}") for number in range(8)]
    async with db.transaction() as second:
        async with db.transaction() as first:
            await lock(first, tickets[0])
            late = asyncio.create_task(assign(second, clock, *reversed(tickets), to="another@example.com"))
            await is_waiting(second, late)
            assert told(await assign(first, clock, *tickets)) == ["assigned"] * 8
        assert told(await late) == ["TicketClaimed"] * 8


async def lock(conn: Connection, ticket: Ticket) -> None:
    await conn.execute(b"select from ticket where id = %(id)s for update", {"id": ticket.id})
