"""A second person judges what the first one has judged: where the rules say so, never the same person, and unseen."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import psycopg
import pytest
import pytest_asyncio

from opsdesk.access import Actor
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.review import Ticket, TicketDecision, claim, show_ticket, ticket_answers, ticket_history
from opsdesk.review.errors import AlreadyAnswered
from opsdesk.review.evidence import ticket_evidence
from opsdesk.review.model import ScreeningStatus, TicketStatus, Verdict
from opsdesk.review.screening.deciding import screening_decisions
from opsdesk.review.screening.errors import VerdictInvalid
from opsdesk.review.screening.model import ReviewRules, SecondReview, stored
from opsdesk.review.screening.second_review import DRAWN_OF, alike, asks_for_another, draw
from opsdesk.review.screening.types import ScreeningType
from opsdesk.review.views import TicketView
from opsdesk.review.views_evidence import EvidenceView
from tests.review.conftest import reviewer
from tests.review.screening.configuring import add, add_adapt, edit
from tests.review.screening.generating import judged, made
from tests.review.screening.samples import given

PASS, REJECT, RESUBMIT = Verdict.PASS, Verdict.REJECT, Verdict.RESUBMIT
KEY = b"k" * 32
ANNA, BO, CY = (reviewer(name, roles=("reviewer",)) for name in ("anna", "bo", "cy"))


@pytest_asyncio.fixture
async def face(desk: Database, risk: Actor, clock: ManualClock) -> AsyncIterator[ScreeningType]:
    """A type all of whose tickets two people judge."""
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock, document=given() | {"review": {"second": "all"}})
        await add_adapt(conn, found, risk, clock)
    yield found


async def ruled(conn: Connection, found: ScreeningType, risk: Actor, clock: ManualClock, **rules: Any) -> ScreeningType:
    return (await edit(conn, found, stored(found.document) | {"review": rules}, actor=risk, clock=clock)).type


def reasons(found: ScreeningType) -> list[str]:
    return [each.id for each in found.document.rejection.reasons]


@pytest.mark.req("REV-B10")
@pytest.mark.parametrize(
    ("rules", "verdict", "why"),
    [
        (ReviewRules(), REJECT, None),
        (ReviewRules(SecondReview.REJECT), REJECT, "rejection"),
        (ReviewRules(SecondReview.REJECT), PASS, None),
        (ReviewRules(SecondReview.REJECT), RESUBMIT, None),
        (ReviewRules(SecondReview.ALL), PASS, "every ticket"),
    ],
)
def test_the_rules_say_of_which_verdicts_a_second_is_needed(
    rules: ReviewRules, verdict: Verdict, why: str | None
) -> None:
    asked = asks_for_another(rules, [verdict], needed=1, ticket_id=UUID(int=7), key=KEY)
    assert (asked and asked.why) == why


@pytest.mark.req("REV-B10")
def test_a_lot_depends_on_the_ticket_and_a_key_and_its_share_is_kept() -> None:
    ids = [UUID(int=number) for number in range(4_000)]
    lots = [draw(each, key=KEY) for each in ids]
    assert lots == [draw(each, key=KEY) for each in ids]
    assert lots != [draw(each, key=b"x" * 32) for each in ids]
    rules = ReviewRules(SecondReview.RANDOM, share=20)
    drawn = [each for each in ids if asks_for_another(rules, [PASS], needed=1, ticket_id=each, key=KEY)]
    assert drawn == [each for each, lot in zip(ids, lots, strict=True) if lot < DRAWN_OF // 5]
    assert 700 < len(drawn) < 900


@pytest.mark.req("REV-B10")
@pytest.mark.parametrize(
    ("verdicts", "needed", "places"),
    [
        ([PASS], 1, (0,)),
        ([PASS], 2, None),
        ([PASS, PASS], 2, (0, 1)),
        ([PASS, REJECT], 3, None),
        ([PASS, REJECT, PASS], 3, (0, 2)),
        ([PASS, REJECT, REJECT], 3, (1, 2)),
        ([PASS, REJECT, RESUBMIT], 3, (2,)),
    ],
)
def test_two_alike_decide_and_else_the_third(
    verdicts: list[Verdict], needed: int, places: tuple[int, ...] | None
) -> None:
    assert alike(verdicts, needed=needed) == places


@pytest.mark.req("REV-B10", "REV-X43")
async def test_a_ticket_awaits_a_second_person_and_is_decided_with_what_that_one_says_in_full(
    desk: Database, face: ScreeningType, clock: ManualClock
) -> None:
    told: list[TicketDecision] = []

    async def hear(_conn: Connection, _ticket: Ticket, decision: TicketDecision) -> None:
        told.append(decision)

    first, second = reasons(face)
    async with desk.transaction() as conn:
        ticket = await made(conn, face, clock)
        waiting = await judged(conn, ticket, REJECT, first, actor=ANNA, clock=clock, on_decided=hear)
        assert (waiting.status, waiting.required_approvers, told) == (TicketStatus.OPEN, 2, [])
        assert waiting.screening_status(clock.now()) is ScreeningStatus.AWAITING_SECOND
        decided = await judged(conn, ticket, REJECT, second, actor=BO, clock=clock, on_decided=hear)
        kept = await screening_decisions(conn, ticket_id=ticket.id)
        history = [(event.kind, event.reason) for event in await ticket_history(conn, ticket_id=ticket.id)]
        evidence = await ticket_evidence(conn, ticket_id=ticket.id)
    assert decided.screening is not None
    assert decided.screening.result is REJECT
    assert [each.decided_by for each in told] == [(ANNA.id, BO.id)]
    assert told[0].answers["reasons"] == [second]
    assert [each.codes for each in kept] == [["AF-1001"], ["AF-1002"]]
    assert ("second_asked", "every ticket") in history
    assert evidence.holds
    assert [each.standing for each in evidence.answers] == ["decides", "decides"]


@pytest.mark.req("REV-B10")
async def test_where_two_differ_a_third_person_decides(desk: Database, face: ScreeningType, clock: ManualClock) -> None:
    async with desk.transaction() as conn:
        ticket = await made(conn, face, clock)
        await judged(conn, ticket, REJECT, reasons(face)[0], actor=ANNA, clock=clock)
        differing = await judged(conn, ticket, PASS, actor=BO, clock=clock)
        assert (differing.status, differing.required_approvers) == (TicketStatus.OPEN, 3)
        for before in (ANNA, BO):
            with pytest.raises(AlreadyAnswered):
                await claim(conn, ticket_id=ticket.id, actor=before, now=clock.now())
        decided = await judged(conn, ticket, PASS, actor=CY, clock=clock)
        history = [event.reason for event in await ticket_history(conn, ticket_id=ticket.id) if event.reason]
        evidence = await ticket_evidence(conn, ticket_id=ticket.id)
    assert decided.screening is not None
    assert decided.screening.result is PASS
    assert history == ["every ticket", "verdicts differ"]
    assert [each.standing for each in evidence.answers] == ["differs", "decides", "decides"]


@pytest.mark.req("REV-B10")
async def test_the_second_is_never_the_first_nor_a_key_of_theirs(
    desk: Database, face: ScreeningType, clock: ManualClock
) -> None:
    own_key = replace(reviewer("script", roles=("reviewer",)), id="key:script", made_by=ANNA.id)
    async with desk.transaction() as conn:
        ticket = await made(conn, face, clock)
        await judged(conn, ticket, PASS, actor=ANNA, clock=clock)
        for again in (ANNA, own_key):
            with pytest.raises(AlreadyAnswered):
                await judged(conn, ticket, PASS, actor=again, clock=clock, key="k-2")
        assert len(await ticket_answers(conn, ticket_id=ticket.id)) == 1


@pytest.mark.req("REV-B10")
async def test_of_two_second_reviewers_at_once_one_is_and_the_other_is_told(
    desk: Database, face: ScreeningType, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        ticket = await made(conn, face, clock)
        await judged(conn, ticket, PASS, actor=ANNA, clock=clock)

    async def passed(by: Actor) -> Ticket:
        async with desk.transaction() as conn:
            return await judged(conn, ticket, PASS, actor=by, clock=clock)

    came = await asyncio.gather(passed(BO), passed(CY), return_exceptions=True)
    assert sum(isinstance(each, Ticket) for each in came) == 1, came
    async with desk.connection() as conn:
        assert len(await ticket_answers(conn, ticket_id=ticket.id)) == 2
        assert (await show_ticket(conn, ticket_id=ticket.id)).status is TicketStatus.DECIDED


@pytest.mark.req("REV-B10")
async def test_the_newest_rules_count_and_what_was_asked_for_stays(
    desk: Database, face: ScreeningType, risk: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        old, later = await made(conn, face, clock), await made(conn, face, clock, flow_no="F-2")
        await judged(conn, old, PASS, actor=ANNA, clock=clock)
        await ruled(conn, face, risk, clock, second="off")
        # Made while every ticket had two, judged when none has.
        assert (await judged(conn, later, PASS, actor=ANNA, clock=clock, key="k-2")).status is TicketStatus.DECIDED
        waiting = await show_ticket(conn, ticket_id=old.id)
        assert (waiting.status, waiting.required_approvers) == (TicketStatus.OPEN, 2)
        assert (await judged(conn, old, PASS, actor=BO, clock=clock)).status is TicketStatus.DECIDED


@pytest.mark.req("REV-B10")
async def test_while_it_is_open_nobody_is_told_what_another_said_of_it(
    desk: Database, face: ScreeningType, clock: ManualClock
) -> None:
    async def answers_seen(conn: Connection, by: Actor) -> list[int]:
        ticket = await show_ticket(conn, ticket_id=made_one.id)
        answers = await ticket_answers(conn, ticket_id=ticket.id)
        whole = TicketView.whole(ticket, answers, (), actor=by, now=clock.now())
        evidence = EvidenceView.of(await ticket_evidence(conn, ticket_id=ticket.id), actor=by)
        return [len(whole.answers), len(evidence.answers)]

    async with desk.transaction() as conn:
        made_one = await made(conn, face, clock)
        await judged(conn, made_one, PASS, actor=ANNA, clock=clock)
        assert [await answers_seen(conn, by) for by in (ANNA, BO)] == [[1, 1], [0, 0]]
        await judged(conn, made_one, PASS, actor=BO, clock=clock)
        assert [await answers_seen(conn, by) for by in (ANNA, BO, CY)] == [[2, 2]] * 3


@pytest.mark.req("REV-X45")
async def test_a_type_may_require_a_remark_of_whoever_rejects(
    desk: Database, face: ScreeningType, risk: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        strict = await ruled(conn, face, risk, clock, remark_required="Y")
        ticket = await made(conn, strict, clock)
        with pytest.raises(VerdictInvalid) as refused:
            await judged(conn, ticket, REJECT, reasons(face)[0], actor=ANNA, clock=clock, version=2, remark="  ")
        assert list(refused.value.problems) == ["remark"]
        await judged(conn, ticket, REJECT, reasons(face)[0], actor=ANNA, clock=clock, version=2, remark="翻拍")
        passed = await made(conn, strict, clock, flow_no="F-2")
        assert (await judged(conn, passed, PASS, actor=ANNA, clock=clock, key="k-2")).status is TicketStatus.DECIDED


async def test_the_key_of_the_draw_never_changes(desk: Database) -> None:
    with pytest.raises(psycopg.errors.RestrictViolation):
        async with desk.transaction() as conn:
            await conn.execute(b"update review_draw_key set key = sha256('x')")
