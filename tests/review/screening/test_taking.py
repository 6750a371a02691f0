"""The next ticket of a list: for one person only, in the order of the queue, and not what they skipped."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from opsdesk.access import Actor
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from opsdesk.review import Ticket, claim, ticket_history
from opsdesk.review.deadlines import escalate
from opsdesk.review.errors import TicketClaimed
from opsdesk.review.model import ScreeningStatus
from opsdesk.review.reference.model import Bucket
from opsdesk.review.screening.errors import SkipInvalid
from opsdesk.review.screening.taking import REASON_CHARS_MAX, SKIPPED_FOR_S, claim_next, skip
from opsdesk.review.screening.types import ScreeningType
from tests.review.conftest import reviewer
from tests.review.screening.configuring import add, add_adapt
from tests.review.screening.generating import made

TAKERS = 50


@pytest.fixture
def anna() -> Actor:
    return reviewer("anna", roles=("reviewer",))


@pytest.fixture
def bo() -> Actor:
    return reviewer("bo", roles=("reviewer",))


@pytest_asyncio.fixture
async def found(desk: Database, risk: Actor, clock: ManualClock) -> AsyncIterator[ScreeningType]:
    async with desk.transaction() as conn:
        face = await add(conn, risk, clock)
        await add_adapt(conn, face, risk, clock)
    yield face


async def opened(db: Database, found: ScreeningType, clock: ManualClock, count: int) -> list[Ticket]:
    """So many tickets, each a second after the other."""
    tickets = []
    async with db.transaction() as conn:
        for number in range(count):
            tickets.append(await made(conn, found, clock, flow_no=f"F-{number}"))
            clock.advance(seconds=1)
    return tickets


async def taken(db: Database, actor: Actor, clock: ManualClock) -> Ticket | None:
    async with db.transaction() as conn:
        return await claim_next(conn, bucket=Bucket.KYC, actor=actor, now=clock.now())


@pytest.mark.req("REV-B01")
async def test_fifty_who_take_the_next_at_once_get_fifty_tickets(
    desk: Database, found: ScreeningType, clock: ManualClock
) -> None:
    await opened(desk, found, clock, TAKERS)
    people = [reviewer(f"reviewer-{number}", roles=("reviewer",)) for number in range(TAKERS)]
    got = await asyncio.gather(*[taken(desk, person, clock) for person in people])
    holders = {ticket.id: ticket.claimed_by for ticket in got if ticket is not None}
    assert len(holders) == TAKERS
    assert Counter(holders.values()) == Counter(person.id for person in people)


@pytest.mark.req("REV-B02")
async def test_what_has_priority_is_next_and_then_what_is_oldest(
    desk: Database, found: ScreeningType, anna: Actor, bo: Actor, clock: ManualClock
) -> None:
    first, _second, third = await opened(desk, found, clock, 3)
    async with desk.transaction() as conn:
        await escalate(conn, ticket_id=third.id, role=None, priority=4, now=clock.now())
    got = [await taken(desk, each, clock) for each in (anna, bo)]
    assert [ticket.id for ticket in got if ticket] == [third.id, first.id]


async def test_what_somebody_holds_is_theirs_again_until_another_list_is_asked_for(
    desk: Database, found: ScreeningType, anna: Actor, clock: ManualClock
) -> None:
    await opened(desk, found, clock, 2)
    once, again = await taken(desk, anna, clock), await taken(desk, anna, clock)
    assert once is not None
    assert again is not None
    assert once.id == again.id
    async with desk.transaction() as conn:
        assert await claim_next(conn, bucket=Bucket.TRANSACTION, actor=anna, now=clock.now()) is None


@pytest.mark.req("REV-B09")
async def test_what_somebody_skips_goes_to_others_with_the_reason(
    desk: Database, found: ScreeningType, anna: Actor, bo: Actor, clock: ManualClock
) -> None:
    first, second = await opened(desk, found, clock, 2)
    await taken(desk, anna, clock)
    async with desk.transaction() as conn:
        skipped = await skip(conn, ticket_id=first.id, reason=" 看不清 ", actor=anna, now=clock.now())
        history = await ticket_history(conn, ticket_id=first.id)
    assert skipped.screening_status(clock.now()) is ScreeningStatus.PENDING
    assert [(event.kind, event.actor, event.reason) for event in history][-1] == ("skipped", anna.id, "看不清")
    for person, wanted in ((anna, second), (bo, first)):
        got = await taken(desk, person, clock)
        assert got is not None
        assert got.id == wanted.id


@pytest.mark.req("REV-B09")
async def test_what_was_skipped_is_offered_again_after_a_while(
    desk: Database, found: ScreeningType, anna: Actor, clock: ManualClock
) -> None:
    [only] = await opened(desk, found, clock, 1)
    async with desk.transaction() as conn:
        await skip(conn, ticket_id=only.id, reason="unclear", actor=anna, now=clock.now())
    assert await taken(desk, anna, clock) is None
    clock.advance(seconds=SKIPPED_FOR_S + 1)
    again = await taken(desk, anna, clock)
    assert again is not None
    assert again.id == only.id


@pytest.mark.parametrize("reason", ["", "  ", "a" * (REASON_CHARS_MAX + 1), "a\0"])
async def test_nobody_skips_without_a_reason(
    desk: Database, found: ScreeningType, anna: Actor, clock: ManualClock, reason: str
) -> None:
    [only] = await opened(desk, found, clock, 1)
    async with desk.transaction() as conn:
        with pytest.raises(SkipInvalid):
            await skip(conn, ticket_id=only.id, reason=reason, actor=anna, now=clock.now())


async def test_nobody_skips_what_another_one_holds(
    desk: Database, found: ScreeningType, anna: Actor, bo: Actor, clock: ManualClock
) -> None:
    [only] = await opened(desk, found, clock, 1)
    async with desk.transaction() as conn:
        await claim(conn, ticket_id=only.id, actor=bo, now=clock.now())
        with pytest.raises(TicketClaimed):
            await skip(conn, ticket_id=only.id, reason="mine", actor=anna, now=clock.now())
