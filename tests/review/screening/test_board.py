"""The queue board: what waits, what is late, and who is at it, counted in one snapshot."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from opsdesk.access import Actor
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.review import claim
from opsdesk.review.board import Board, QueueList, business_day, queue_board
from opsdesk.review.errors import TicketFilterInvalid
from opsdesk.review.model import Verdict
from opsdesk.review.screening.types import ScreeningType
from tests.review.conftest import OpenTicket, reviewer
from tests.review.screening.configuring import add, add_adapt
from tests.review.screening.generating import judged, made
from tests.review.screening.samples import given

ANNA, BO = (reviewer(name, roles=("reviewer",)) for name in ("anna", "bo"))


@pytest_asyncio.fixture
async def face(desk: Database, risk: Actor, clock: ManualClock) -> AsyncIterator[ScreeningType]:
    """A type whose tickets are late after an hour, and are all judged twice."""
    async with desk.transaction() as conn:
        rules = {"second": "all", "due_minutes": 60}
        found = await add(conn, risk, clock, document=given() | {"review": rules})
        for scene in ("activation", "borrow"):
            await add_adapt(conn, found, risk, clock, scene=scene)
    yield found


async def board(conn: Connection, clock: ManualClock, **filters: Any) -> Board:
    now = clock.now()
    return await queue_board(conn, now=now, since=filters.pop("since", business_day(now)), **filters)


def numbers(found: Board) -> tuple[int, int, int, int]:
    counts = found.counts
    return counts.waiting, counts.in_review, counts.awaiting_second, counts.late


@pytest.mark.req("REV-B12")
async def test_an_empty_queue_is_all_zeros(desk: Database, clock: ManualClock) -> None:
    async with desk.connection() as conn:
        found = await board(conn, clock)
    assert (numbers(found), found.counts.oldest_at, found.by_type, found.by_reviewer) == ((0, 0, 0, 0), None, [], [])


@pytest.mark.req("REV-B12")
async def test_every_open_ticket_is_counted_once_by_state_type_and_scene(
    desk: Database,
    face: ScreeningType,
    ticket_opener: OpenTicket,
    clock: ManualClock,
) -> None:
    opened = clock.now()
    async with desk.transaction() as conn:
        first = await made(conn, face, clock)
        clock.advance(seconds=1800)
        second = await made(conn, face, clock, flow_no="F-2")
        await made(conn, face, clock, flow_no="F-3", scene="borrow")
        await ticket_opener(conn, role=None)
        await judged(conn, second, Verdict.PASS, actor=ANNA, clock=clock)
        await claim(conn, ticket_id=first.id, actor=BO, now=clock.now())
        found = await board(conn, clock)
        assert numbers(found) == (2, 1, 1, 0)
        assert (found.counts.open, found.counts.oldest_at) == (4, opened)
        assert {each.name: each.counts.open for each in found.by_type} == {"Face": 3, None: 1}
        assert {each.scene: each.counts.open for each in found.by_scene} == {"activation": 2, "borrow": 1, None: 1}
        clock.advance(seconds=1801)
        found = await board(conn, clock)
        assert numbers(found) == (3, 0, 1, 1)
        assert found.by_type[0].counts.late == 1, "what has most late ones comes first"


@pytest.mark.req("REV-B12")
async def test_the_board_is_filtered_by_list_application_and_type(
    desk: Database,
    face: ScreeningType,
    ticket_opener: OpenTicket,
    clock: ManualClock,
) -> None:
    async with desk.transaction() as conn:
        await made(conn, face, clock)
        await made(conn, face, clock, scene="borrow")
        await ticket_opener(conn, role=None)
        kept: list[tuple[dict[str, Any], int]] = [
            ({"bucket": QueueList.KYC}, 1),
            ({"bucket": QueueList.TRANSACTION}, 1),
            ({"bucket": QueueList.PROCEDURES}, 1),
            ({"application": "cash_loan"}, 2),
            ({"application": "other"}, 0),
            ({"type_id": face.type_id}, 2),
            ({"type_id": 4711}, 0),
        ]
        for filters, count in kept:
            assert (await board(conn, clock, **filters)).counts.open == count, filters
        with pytest.raises(TicketFilterInvalid):
            await board(conn, clock, application="\0")


@pytest.mark.req("REV-B12")
async def test_of_a_reviewer_it_tells_todays_verdicts_what_is_in_hand_and_the_median_time(
    desk: Database,
    face: ScreeningType,
    clock: ManualClock,
) -> None:
    async with desk.transaction() as conn:
        tickets = [await made(conn, face, clock, flow_no=f"F-{number}") for number in range(4)]
        for number, ticket in enumerate(tickets[:3]):
            await claim(conn, ticket_id=ticket.id, actor=ANNA, now=clock.now())
            clock.advance(seconds=(10, 20, 90)[number])
            await judged(conn, ticket, Verdict.PASS, actor=ANNA, clock=clock, key=f"k-{number}")
        await claim(conn, ticket_id=tickets[3].id, actor=BO, now=clock.now())
        lines = {each.actor: each for each in (await board(conn, clock)).by_reviewer}
        assert (lines[ANNA.id].decided, lines[ANNA.id].in_hand, lines[ANNA.id].median_s) == (3, 0, 20.0)
        assert (lines[BO.id].decided, lines[BO.id].in_hand, lines[BO.id].median_s) == (0, 1, None)
        later = await board(conn, clock, since=clock.now() - timedelta(seconds=89))
    assert {each.actor: each.decided for each in later.by_reviewer} == {ANNA.id: 1, BO.id: 0}


def test_a_day_of_the_business_begins_at_midnight_in_shanghai() -> None:
    assert business_day(datetime(2026, 1, 5, 15, 59, tzinfo=UTC)) == datetime(2026, 1, 4, 16, 0, tzinfo=UTC)
    assert business_day(datetime(2026, 1, 5, 16, 0, tzinfo=UTC)) == datetime(2026, 1, 5, 16, 0, tzinfo=UTC)
