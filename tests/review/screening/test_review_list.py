"""The lists of screening tickets: which tickets are in which, by every filter, in an order that stays."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from opsdesk.access import Actor
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.review import TicketClosing, claim, close_ticket, release
from opsdesk.review.errors import TicketFilterInvalid
from opsdesk.review.model import ScreeningStatus, Verdict
from opsdesk.review.reference.model import Bucket
from opsdesk.review.screening.review_list import (
    PAGE_ROWS,
    ReviewFilter,
    ReviewLine,
    count_for_review,
    list_for_review,
    reviewers,
)
from opsdesk.review.screening.types import ScreeningType
from tests.review.conftest import reviewer
from tests.review.screening.configuring import add, add_adapt
from tests.review.screening.generating import judged, made


@dataclass(frozen=True, slots=True)
class Two:
    """Two types, each with an adapt to both scenes."""

    db: Database
    face: ScreeningType
    card: ScreeningType
    clock: ManualClock

    async def listed(self, conn: Connection, *, bucket: Bucket = Bucket.KYC, **only: Any) -> list[ReviewLine]:
        page = await list_for_review(conn, bucket=bucket, only=ReviewFilter(**only), now=self.clock.now())
        count = await count_for_review(conn, bucket=bucket, only=ReviewFilter(**only), now=self.clock.now())
        assert count == len(page.items), "the count is that of the list"
        return list(page.items)

    async def found(self, conn: Connection, *, bucket: Bucket = Bucket.KYC, **only: Any) -> set[str]:
        return {line.flow_no for line in await self.listed(conn, bucket=bucket, **only)}


@pytest.fixture
def anna() -> Actor:
    return reviewer("anna", roles=("reviewer",))


@pytest_asyncio.fixture
async def two(desk: Database, risk: Actor, clock: ManualClock) -> AsyncIterator[Two]:
    async with desk.transaction() as conn:
        face, card = await add(conn, risk, clock, "Face match"), await add(conn, risk, clock, "Card")
        for each in (face, card):
            for scene in ("activation", "borrow"):
                await add_adapt(conn, each, risk, clock, scene=scene)
    yield Two(desk, face, card, clock)


@pytest.mark.req("REV-Q01", "REV-K02")
async def test_each_stage_has_a_list_of_its_own(two: Two) -> None:
    async with two.db.transaction() as conn:
        await made(conn, two.face, two.clock, flow_no="F-1")
        await made(conn, two.face, two.clock, flow_no="F-2", scene="borrow")
        assert await two.found(conn) == {"F-1"}
        assert await two.found(conn, bucket=Bucket.TRANSACTION) == {"F-2"}


@pytest.mark.req("REV-Q02")
async def test_a_screening_type_is_found_by_its_name_or_a_part_of_it(two: Two) -> None:
    async with two.db.transaction() as conn:
        await made(conn, two.face, two.clock, flow_no="F-1")
        await made(conn, two.card, two.clock, flow_no="F-2")
        assert [line.type_name for line in await two.listed(conn, type_name="ｃＡＲ")] == ["Card"]
        assert await two.found(conn, type_name="c") == {"F-1", "F-2"}
        assert await two.found(conn, type_name="card") == {"F-2"}
        assert await two.found(conn, type_name="none") == set()


@pytest.mark.req("REV-X43")
async def test_tickets_are_found_by_where_they_stand(two: Two, anna: Actor) -> None:
    async with two.db.transaction() as conn:
        tickets = {no: await made(conn, two.face, two.clock, flow_no=no) for no in ("F-1", "F-2", "F-3", "F-4", "F-5")}
        await claim(conn, ticket_id=tickets["F-2"].id, actor=anna, now=two.clock.now())
        await judged(conn, tickets["F-3"], Verdict.PASS, actor=anna, clock=two.clock, version=None)
        for no, reason in (("F-4", TicketClosing.CANCELLED), ("F-5", TicketClosing.EXPIRED)):
            await close_ticket(conn, ticket_id=tickets[no].id, reason=reason, now=two.clock.now())
        found = {status: await two.found(conn, status=status) for status in ScreeningStatus}
        assert found == {
            ScreeningStatus.PENDING: {"F-1"},
            ScreeningStatus.IN_REVIEW: {"F-2"},
            ScreeningStatus.AWAITING_SECOND: set(),
            ScreeningStatus.COMPLETED: {"F-3"},
            ScreeningStatus.CANCELLED: {"F-4"},
            ScreeningStatus.EXPIRED: {"F-5"},
        }
        assert {line.flow_no: line.status for line in await two.listed(conn)} == {
            no: status for status, numbers in found.items() for no in numbers
        }
        two.clock.advance(seconds=301)
        assert await two.found(conn, status=ScreeningStatus.PENDING) == {"F-1", "F-2"}


async def test_tickets_are_found_by_result_reviewer_and_numbers(two: Two, anna: Actor) -> None:
    bo = reviewer("bo", roles=("reviewer",))
    async with two.db.transaction() as conn:
        tickets = {no: await made(conn, two.face, two.clock, flow_no=no) for no in ("F-1", "F-2", "F-3")}
        await judged(conn, tickets["F-1"], Verdict.PASS, actor=anna, clock=two.clock, version=None)
        await claim(conn, ticket_id=tickets["F-2"].id, actor=bo, now=two.clock.now())
        assert await two.found(conn, result=Verdict.PASS) == {"F-1"}
        assert await two.found(conn, result=Verdict.REJECT) == set()
        assert await two.found(conn, reviewer=anna.id) == {"F-1"}
        assert await two.found(conn, reviewer=bo.id) == {"F-2"}
        assert await reviewers(conn, bucket=Bucket.KYC) == [anna.id, bo.id]
        await release(conn, ticket_id=tickets["F-2"].id, actor=bo, now=two.clock.now())
        assert await two.found(conn, reviewer=bo.id) == set()
        assert await two.found(conn, number="F-3") == {"F-3"}
        assert await two.found(conn, number="U-1") == {"F-1", "F-2", "F-3"}
        assert await two.found(conn, number="F-") == set()


async def test_tickets_are_found_by_application_scene_and_the_time_they_were_opened(two: Two) -> None:
    async with two.db.transaction() as conn:
        await made(conn, two.face, two.clock, flow_no="F-1")
        opened = two.clock.now()
        two.clock.advance(seconds=60)
        await made(conn, two.face, two.clock, flow_no="F-2")
        assert await two.found(conn, application="cash_loan", scene="activation") == {"F-1", "F-2"}
        assert await two.found(conn, application="other") == set()
        assert await two.found(conn, scene="borrow") == set()
        assert await two.found(conn, opened_from=opened + timedelta(seconds=1)) == {"F-2"}
        assert await two.found(conn, opened_to=opened + timedelta(seconds=60)) == {"F-1"}
        with pytest.raises(TicketFilterInvalid):
            await two.found(conn, number="F\0")


@pytest.mark.req("REV-X53")
async def test_pages_of_twenty_hold_each_ticket_once_there_and_back(two: Two) -> None:
    async with two.db.transaction() as conn:
        for number in range(PAGE_ROWS * 2 + 3):
            await made(conn, two.face, two.clock, flow_no=f"F-{number}")
        newest = await walk(conn, now=two.clock.now())
        assert [len(page) for page in newest] == [20, 20, 3]
        assert len({each for page in newest for each in page}) == 43
        oldest = await walk(conn, now=two.clock.now(), oldest_first=True)
        assert [each for page in oldest for each in page] == [each for page in newest for each in page][::-1]


async def walk(conn: Connection, *, now: datetime, oldest_first: bool = False) -> list[list[UUID]]:
    """All pages, each looked at again from the one after it."""
    pages: list[list[UUID]] = []
    cursor: str | None = None
    while True:
        at: dict[str, Any] = {"bucket": Bucket.KYC, "oldest_first": oldest_first, "now": now}
        page = await list_for_review(conn, **at, cursor=cursor)
        if page.previous is not None:
            before = await list_for_review(conn, **at, cursor=page.previous)
            assert [line.id for line in before.items] == pages[-1]
        pages.append([line.id for line in page.items])
        if page.next is None:
            return pages
        cursor = page.next
