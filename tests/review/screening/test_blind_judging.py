"""Sampled tickets are judged again: once, by somebody who had no part in them, and without any effect on them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from opsdesk.access import Actor
from opsdesk.access.errors import ScopeMissing
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.review import Ticket, show_ticket, ticket_answers, ticket_history
from opsdesk.review.errors import AlreadyAnswered, AnswerKeyReused
from opsdesk.review.model import Verdict
from opsdesk.review.sampling import figures as counting
from opsdesk.review.sampling.comparing import compare, list_judged
from opsdesk.review.sampling.errors import AlreadyJudged, JudgedElsewhere, NotJudgedYet, NotTaken
from opsdesk.review.sampling.figures import FiguresBy
from opsdesk.review.sampling.judging import TAKE_TTL_S, count_waiting, judge, take_next
from opsdesk.review.screening.deciding import Judgement
from opsdesk.review.screening.errors import VerdictInvalid
from opsdesk.review.screening.types import ScreeningType
from tests.review.conftest import IsWaiting
from tests.review.screening.configuring import add, add_adapt
from tests.review.screening.sampling import ANNA, BO, CY, KEEPER, decided, drawn, rejudged, reviewing, taken

PASS, REJECT = Verdict.PASS, Verdict.REJECT


@pytest_asyncio.fixture
async def face(desk: Database, risk: Actor, clock: ManualClock) -> AsyncIterator[ScreeningType]:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        await add_adapt(conn, found, risk, clock)
    yield found


async def judged_as(conn: Connection, sampled_id: int, actor: Actor, clock: ManualClock, key: str = "j-1") -> Ticket:
    await judge(conn, sampled_id=sampled_id, judgement=Judgement(PASS), actor=actor, key=key, now=clock.now())
    both = await compare(conn, sampled_id=sampled_id, actor=actor)
    return await show_ticket(conn, ticket_id=both.ticket_id)


@pytest.mark.req("REV-B11")
async def test_a_blind_judgement_changes_nothing_of_the_ticket(
    desk: Database, face: ScreeningType, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        [ticket] = await decided(conn, face, PASS, clock=clock)
        await drawn(conn, clock)
        before = (await ticket_answers(conn, ticket_id=ticket.id), await ticket_history(conn, ticket_id=ticket.id))
        sampled_id = await rejudged(conn, face, REJECT, actor=BO, clock=clock, remark="翻拍")
        both = await compare(conn, sampled_id=sampled_id, actor=BO)
        assert await show_ticket(conn, ticket_id=ticket.id) == ticket
        after = (await ticket_answers(conn, ticket_id=ticket.id), await ticket_history(conn, ticket_id=ticket.id))
    assert after == before
    assert (both.first.verdict, both.second.verdict, both.is_agreed) == (PASS, REJECT, False)
    assert (both.second.remark, both.second.codes) == ("翻拍", ["AF-1001"])


@pytest.mark.req("REV-B11")
async def test_nobody_judges_again_what_they_decided_or_a_key_of_theirs_did(
    desk: Database, face: ScreeningType, clock: ManualClock
) -> None:
    own_key = reviewing("script", made_by=ANNA.id)
    async with desk.transaction() as conn:
        await decided(conn, face, PASS, clock=clock)
        await drawn(conn, clock)
        for by in (ANNA, own_key):
            assert await take_next(conn, actor=by, now=clock.now()) is None
            assert await count_waiting(conn, actor=by, now=clock.now()) == 0
        assert await count_waiting(conn, actor=BO, now=clock.now()) == 1
        sampled_id = (await taken(conn, BO, clock)).sampled_id
        with pytest.raises(AlreadyAnswered):
            await judged_as(conn, sampled_id, ANNA, clock)
        with pytest.raises(ScopeMissing):
            await judged_as(conn, sampled_id, KEEPER, clock)


@pytest.mark.req("REV-B11")
async def test_nobody_judges_what_they_were_not_given(desk: Database, face: ScreeningType, clock: ManualClock) -> None:
    async with desk.transaction() as conn:
        await decided(conn, face, PASS, clock=clock)
        await drawn(conn, clock)
        sampled_id = (await taken(conn, BO, clock)).sampled_id
        assert await take_next(conn, actor=CY, now=clock.now()) is None
        with pytest.raises(NotTaken):
            await judged_as(conn, sampled_id, CY, clock)
        assert (await taken(conn, BO, clock)).sampled_id == sampled_id
        clock.advance(seconds=TAKE_TTL_S)
        assert (await taken(conn, CY, clock)).sampled_id == sampled_id
        with pytest.raises(NotTaken):
            await judged_as(conn, sampled_id, BO, clock)


@pytest.mark.req("REV-B11")
async def test_whoever_judged_a_ticket_in_one_sample_does_not_in_another(
    desk: Database, face: ScreeningType, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        await decided(conn, face, PASS, clock=clock)
        await drawn(conn, clock, key="s-1")
        await drawn(conn, clock, key="s-2")
        first = (await taken(conn, BO, clock)).sampled_id
        second = (await taken(conn, CY, clock)).sampled_id
        await judged_as(conn, first, BO, clock)
        assert await take_next(conn, actor=BO, now=clock.now()) is None
        with pytest.raises(JudgedElsewhere):
            await judged_as(conn, second, BO, clock, key="j-2")


@pytest.mark.req("REV-B11")
async def test_a_rejection_needs_its_reasons_as_a_first_one_does(
    desk: Database, face: ScreeningType, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        await decided(conn, face, PASS, clock=clock)
        await drawn(conn, clock)
        sampled_id = (await taken(conn, BO, clock)).sampled_id
        with pytest.raises(VerdictInvalid) as refused:
            await judge(
                conn,
                sampled_id=sampled_id,
                judgement=Judgement(REJECT, rejection_version=1),
                actor=BO,
                key="j-1",
                now=clock.now(),
            )
    assert list(refused.value.problems) == ["reasons"]


@pytest.mark.req("REV-B11")
async def test_the_same_key_judges_once_and_another_one_is_refused(
    desk: Database, face: ScreeningType, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        await decided(conn, face, PASS, PASS, clock=clock)
        sample = await drawn(conn, clock)
        first = await rejudged(conn, face, PASS, actor=BO, clock=clock, key="j-1")
        await judged_as(conn, first, BO, clock, key="j-1")
        with pytest.raises(AlreadyJudged):
            await judged_as(conn, first, BO, clock, key="j-2")
        with pytest.raises(AnswerKeyReused):
            await rejudged(conn, face, PASS, actor=BO, clock=clock, key="j-1")
        page = await list_judged(conn, sample_id=sample.sample_id, actor=KEEPER)
    assert [line.sampled_id for line in page.items] == [first]


@pytest.mark.req("REV-B11")
async def test_of_two_people_at_once_one_judges_and_the_other_is_told(
    desk: Database, face: ScreeningType, clock: ManualClock, is_waiting: IsWaiting
) -> None:
    async with desk.transaction() as conn:
        await decided(conn, face, PASS, clock=clock)
        await drawn(conn, clock)
        sampled_id = (await taken(conn, BO, clock)).sampled_id
        # Somebody else was given it since, and both send what they think of it.
        clock.advance(seconds=TAKE_TTL_S)
        assert (await taken(conn, CY, clock)).sampled_id == sampled_id
    async with desk.transaction() as second:
        async with desk.transaction() as first:
            await judged_as(first, sampled_id, CY, clock)
            late = asyncio.create_task(judged_as(second, sampled_id, BO, clock, key="j-2"))
            await is_waiting(second, late)
        [came] = await asyncio.gather(late, return_exceptions=True)
    assert isinstance(came, AlreadyJudged)
    async with desk.connection() as conn:
        row = await (await conn.execute(b"select count(*) from blind_judgement")).fetchone()
    assert row == (1,)


@pytest.mark.req("REV-B11")
async def test_people_who_take_at_the_same_moment_get_different_ones(
    desk: Database, face: ScreeningType, clock: ManualClock
) -> None:
    people = [reviewing(f"judge-{number}") for number in range(6)]
    async with desk.transaction() as conn:
        await decided(conn, face, *[PASS] * 6, clock=clock)
        await drawn(conn, clock)

    async def took(by: Actor) -> int:
        async with desk.transaction() as conn:
            return (await taken(conn, by, clock)).sampled_id

    assert len(set(await asyncio.gather(*map(took, people)))) == len(people)


@pytest.mark.req("REV-B11")
async def test_both_judgements_are_told_once_there_are_both_and_not_to_everybody(
    desk: Database, face: ScreeningType, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        await decided(conn, face, REJECT, clock=clock)
        await drawn(conn, clock)
        sampled_id = (await taken(conn, BO, clock)).sampled_id
        with pytest.raises(NotJudgedYet):
            await compare(conn, sampled_id=sampled_id, actor=KEEPER)
        with pytest.raises(ScopeMissing):
            await compare(conn, sampled_id=sampled_id, actor=BO)
        await judged_as(conn, sampled_id, BO, clock)
        told = [await compare(conn, sampled_id=sampled_id, actor=by) for by in (KEEPER, BO)]
        assert [both.first.by for both in told] == [ANNA.id, None]
        for by in (ANNA, CY):
            with pytest.raises(ScopeMissing):
                await compare(conn, sampled_id=sampled_id, actor=by)


@pytest.mark.req("REV-B11")
async def test_figures_count_by_reviewer_and_by_type_and_a_reviewer_sees_their_own(
    desk: Database, face: ScreeningType, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        await decided(conn, face, PASS, PASS, REJECT, by=ANNA, clock=clock)
        await decided(conn, face, PASS, by=BO, clock=clock, prefix="B")
        await drawn(conn, clock)
        for number in range(4):
            await rejudged(conn, face, PASS, actor=CY, clock=clock, key=f"j-{number}")
        seen = {
            (by.name, kind): [
                (each.name, each.judged, each.agreed, each.overturned)
                for each in (await counting.figures(conn, by=kind, actor=by)).items
            ]
            for by in (KEEPER, ANNA, CY)
            for kind in FiguresBy
        }
    assert seen["keeper", FiguresBy.REVIEWER] == [(ANNA.id, 3, 2, 1), (BO.id, 1, 1, 0)]
    assert seen["keeper", FiguresBy.TYPE] == [("Face", 4, 3, 1)]
    assert seen["anna", FiguresBy.REVIEWER] == [(ANNA.id, 3, 2, 1)]
    assert seen["anna", FiguresBy.TYPE] == [("Face", 3, 2, 1)]
    assert seen["cy", FiguresBy.REVIEWER] == []


@pytest.mark.req("REV-B11")
async def test_figures_come_in_pages_and_say_when_there_are_too_few(
    desk: Database, face: ScreeningType, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        await decided(conn, face, PASS, by=ANNA, clock=clock)
        await decided(conn, face, PASS, by=BO, clock=clock, prefix="B")
        await drawn(conn, clock)
        for number in range(2):
            await rejudged(conn, face, PASS, actor=CY, clock=clock, key=f"j-{number}")
        first = await counting.figures(conn, by=FiguresBy.REVIEWER, actor=KEEPER, limit=1)
        then = await counting.figures(conn, by=FiguresBy.REVIEWER, actor=KEEPER, limit=1, cursor=first.next)
    assert [each.name for each in (*first.items, *then.items)] == [ANNA.id, BO.id]
    assert then.next is None
    assert not first.items[0].is_enough
    assert first.items[0].interval == pytest.approx((0.0, 0.7935), abs=1e-4)
