import asyncio

import pytest

from opsdesk.access import Actor
from opsdesk.access.errors import ScopeMissing
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.review import TicketClosing, claim, close_ticket, decide, release, ticket_history
from opsdesk.review.claims import CLAIM_TTL_S
from opsdesk.review.errors import AlreadyAnswered, OwnRequest, RoleMissing, TicketClaimed, TicketNotOpen
from tests.review.conftest import IsWaiting, OpenTicket, nothing_more, reviewer


@pytest.mark.req("REV-B01")
async def test_of_two_who_claim_at_once_exactly_one_wins(
    db: Database, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, bo: Actor, is_waiting: IsWaiting
) -> None:
    async with db.transaction() as conn:
        ticket = await ticket_opener(conn)
    async with db.transaction() as second:
        async with db.transaction() as first:
            held = await claim(first, ticket_id=ticket.id, actor=anna, now=clock.now())
            attempt = asyncio.create_task(claim(second, ticket_id=ticket.id, actor=bo, now=clock.now()))
            await is_waiting(second, attempt)
        with pytest.raises(TicketClaimed) as told:
            await attempt
    assert (told.value.claimed_by, told.value.claimed_until) == ("key:anna", held.claimed_until)
    assert told.value.claimed_until is not None


@pytest.mark.req("REV-B01")
async def test_a_claim_holds_to_its_last_second_and_not_longer(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, bo: Actor
) -> None:
    ticket = await ticket_opener(conn)
    await claim(conn, ticket_id=ticket.id, actor=anna, now=clock.now())
    clock.advance(seconds=CLAIM_TTL_S - 1)
    with pytest.raises(TicketClaimed):
        await claim(conn, ticket_id=ticket.id, actor=bo, now=clock.now())
    clock.advance(seconds=1)
    taken_over = await claim(conn, ticket_id=ticket.id, actor=bo, now=clock.now())
    assert taken_over.claim_at(clock.now()) is not None
    assert taken_over.claimed_by == "key:bo"


async def test_claiming_again_extends_the_claim(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, bo: Actor
) -> None:
    ticket = await ticket_opener(conn)
    await claim(conn, ticket_id=ticket.id, actor=anna, now=clock.now())
    clock.advance(seconds=CLAIM_TTL_S - 1)
    await claim(conn, ticket_id=ticket.id, actor=anna, now=clock.now())
    clock.advance(seconds=CLAIM_TTL_S - 1)
    with pytest.raises(TicketClaimed):
        await claim(conn, ticket_id=ticket.id, actor=bo, now=clock.now())


@pytest.mark.req("REV-B03")
async def test_claims_and_releases_are_in_the_history_once_each(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    ticket = await ticket_opener(conn)
    await claim(conn, ticket_id=ticket.id, actor=anna, now=clock.now())
    await claim(conn, ticket_id=ticket.id, actor=anna, now=clock.now())
    await release(conn, ticket_id=ticket.id, actor=anna, now=clock.now())
    await release(conn, ticket_id=ticket.id, actor=anna, now=clock.now())
    events = [(event.kind, event.actor) for event in await ticket_history(conn, ticket_id=ticket.id)]
    assert events == [("opened", "run"), ("claimed", "key:anna"), ("released", "key:anna")]


async def test_a_released_ticket_can_be_claimed_at_once(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, bo: Actor
) -> None:
    ticket = await ticket_opener(conn)
    await claim(conn, ticket_id=ticket.id, actor=anna, now=clock.now())
    await release(conn, ticket_id=ticket.id, actor=anna, now=clock.now())
    assert (await claim(conn, ticket_id=ticket.id, actor=bo, now=clock.now())).claimed_by == "key:bo"


async def test_nobody_releases_the_claim_of_another(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, bo: Actor
) -> None:
    ticket = await ticket_opener(conn)
    await claim(conn, ticket_id=ticket.id, actor=anna, now=clock.now())
    with pytest.raises(TicketClaimed):
        await release(conn, ticket_id=ticket.id, actor=bo, now=clock.now())


async def test_a_person_without_the_role_cannot_claim(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    ticket = await ticket_opener(conn)
    with pytest.raises(RoleMissing) as refused:
        await claim(conn, ticket_id=ticket.id, actor=reviewer("bo", roles=("support",)), now=clock.now())
    assert (refused.value.status, refused.value.role) == (403, "compliance_officer")


async def test_who_requested_the_ticket_cannot_claim_it(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    ticket = await ticket_opener(conn)
    with pytest.raises(OwnRequest):
        await claim(conn, ticket_id=ticket.id, actor=reviewer("requester"), now=clock.now())


async def test_who_has_answered_cannot_keep_others_from_answering(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    ticket = await ticket_opener(conn, required_approvers=2)
    answers = {"compliance_decision": "approved"}
    await decide(
        conn, ticket_id=ticket.id, actor=anna, answers=answers, key="1", now=clock.now(), on_decided=nothing_more
    )
    with pytest.raises(AlreadyAnswered):
        await claim(conn, ticket_id=ticket.id, actor=anna, now=clock.now())


async def test_a_closed_ticket_cannot_be_claimed(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    ticket = await ticket_opener(conn)
    await claim(conn, ticket_id=ticket.id, actor=anna, now=clock.now())
    await close_ticket(conn, ticket_id=ticket.id, reason=TicketClosing.EXPIRED, now=clock.now())
    with pytest.raises(TicketNotOpen) as refused:
        await claim(conn, ticket_id=ticket.id, actor=anna, now=clock.now())
    assert refused.value.state == "expired"


async def test_claiming_and_releasing_need_their_scope(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    ticket = await ticket_opener(conn)
    without = Actor(id=anna.id, name=anna.name, roles=anna.roles, scopes=frozenset())
    for act in (claim, release):
        with pytest.raises(ScopeMissing):
            await act(conn, ticket_id=ticket.id, actor=without, now=clock.now())
