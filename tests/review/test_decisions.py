import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from opsdesk.access import Actor
from opsdesk.access.errors import ScopeMissing
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.errors import Refused
from opsdesk.review import (
    OnDecided,
    Ticket,
    TicketClosing,
    TicketDecision,
    TicketStatus,
    claim,
    close_ticket,
    decide,
    show_ticket,
    ticket_answers,
    ticket_history,
)
from opsdesk.review.claims import CLAIM_TTL_S
from opsdesk.review.decisions import KEY_CHARS_MAX
from opsdesk.review.errors import (
    AlreadyAnswered,
    AnswerKeyInvalid,
    AnswerKeyReused,
    AnswersInvalid,
    OwnRequest,
    RoleMissing,
    TicketClaimed,
    TicketNotOpen,
    TicketUnknown,
)
from tests.review.conftest import IsWaiting, OpenTicket, nothing_more, reviewer

APPROVED = {"compliance_decision": "approved", "review_notes": "证件清晰"}
REJECTED = {"compliance_decision": "rejected", "review_notes": "forged"}


async def answer(
    conn: Connection,
    clock: ManualClock,
    *,
    ticket: Ticket,
    actor: Actor,
    answers: Mapping[str, Any] = APPROVED,
    key: str = "key-1",
    on_decided: OnDecided = nothing_more,
) -> Ticket:
    return await decide(
        conn, ticket_id=ticket.id, actor=actor, answers=answers, key=key, now=clock.now(), on_decided=on_decided
    )


class Told:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.decisions: list[tuple[Ticket, TicketDecision]] = []

    async def __call__(self, conn: Connection, ticket: Ticket, decision: TicketDecision) -> None:
        self.decisions.append((ticket, decision))


async def run_has_finished(conn: Connection, ticket: Ticket, decision: TicketDecision) -> None:
    raise Refused


@pytest.mark.req("FLO-006")
async def test_a_decision_closes_the_ticket_and_is_handed_on(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    told = Told()
    ticket = await ticket_opener(conn)
    decided = await answer(conn, clock, ticket=ticket, actor=anna, on_decided=told)
    assert (decided.status, decided.decision, decided.closed_at) == (TicketStatus.DECIDED, APPROVED, clock.now())
    expected = TicketDecision(answers=APPROVED, decided_by=("key:anna",), decided_at=clock.now(), concluded_by=anna)
    assert told.decisions == [(decided, expected)]


@pytest.mark.req("FLO-006")
async def test_two_required_approvers_are_two_people(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, bo: Actor
) -> None:
    told = Told()
    ticket = await ticket_opener(conn, required_approvers=2)
    waiting = await answer(conn, clock, ticket=ticket, actor=anna, on_decided=told)
    assert (waiting.status, waiting.answers_given, told.decisions) == (TicketStatus.OPEN, 1, [])
    with pytest.raises(AlreadyAnswered):
        await answer(conn, clock, ticket=ticket, actor=anna, key="key-2", on_decided=told)
    decided = await answer(conn, clock, ticket=ticket, actor=bo, on_decided=told)
    assert decided.status is TicketStatus.DECIDED
    assert [decision.decided_by for _, decision in told.decisions] == [("key:anna", "key:bo")]


@pytest.mark.req("REV-B03")
async def test_the_history_names_everybody_in_order(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, bo: Actor
) -> None:
    ticket = await ticket_opener(conn, required_approvers=2)
    await claim(conn, ticket_id=ticket.id, actor=anna, now=clock.now())
    await answer(conn, clock, ticket=ticket, actor=anna)
    await answer(conn, clock, ticket=ticket, actor=bo)
    assert [(event.kind, event.actor) for event in await ticket_history(conn, ticket_id=ticket.id)] == [
        ("opened", "run"),
        ("claimed", "key:anna"),
        ("answered", "key:anna"),
        ("answered", "key:bo"),
        ("decided", "key:bo"),
    ]


async def test_each_answer_keeps_its_roles_and_what_was_seen(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    ticket = await ticket_opener(conn)
    await answer(conn, clock, ticket=ticket, actor=anna)
    (kept,) = await ticket_answers(conn, ticket_id=ticket.id)
    assert (kept.actor, kept.roles, kept.answers) == ("key:anna", ["compliance_officer"], APPROVED)
    assert kept.shown_sha256 == ticket.shown_sha256


@pytest.mark.req("FLO-006", "REV-B05")
async def test_the_same_key_with_the_same_answers_decides_once(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    told = Told()
    ticket = await ticket_opener(conn)
    first = await answer(conn, clock, ticket=ticket, actor=anna, on_decided=told)
    clock.advance(seconds=1)
    reordered = dict(reversed(APPROVED.items()))
    assert await answer(conn, clock, ticket=ticket, actor=anna, answers=reordered, on_decided=told) == first
    assert len(told.decisions) == 1


async def test_the_same_key_with_other_answers_is_refused(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    ticket = await ticket_opener(conn)
    await answer(conn, clock, ticket=ticket, actor=anna)
    for other in (REJECTED, {"compliance_decision": float("nan")}):
        with pytest.raises(AnswerKeyReused):
            await answer(conn, clock, ticket=ticket, actor=anna, answers=other)


async def test_a_key_that_came_with_another_ticket_is_refused(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    await answer(conn, clock, ticket=await ticket_opener(conn), actor=anna)
    with pytest.raises(AnswerKeyReused):
        await answer(conn, clock, ticket=await ticket_opener(conn, iteration=2), actor=anna)


async def test_two_people_may_use_the_same_key(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, bo: Actor
) -> None:
    ticket = await ticket_opener(conn, required_approvers=2)
    await answer(conn, clock, ticket=ticket, actor=anna, key="same")
    assert (await answer(conn, clock, ticket=ticket, actor=bo, key="same")).status is TicketStatus.DECIDED


@pytest.mark.parametrize("key", ["", "a\x00b", "a\nb", "k" * (KEY_CHARS_MAX + 1)])
async def test_a_key_that_cannot_be_kept_is_refused(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, key: str
) -> None:
    ticket = await ticket_opener(conn)
    with pytest.raises(AnswerKeyInvalid):
        await answer(conn, clock, ticket=ticket, actor=anna, key=key)


async def test_a_key_may_have_its_full_length(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    ticket = await ticket_opener(conn)
    await answer(conn, clock, ticket=ticket, actor=anna, key="k" * KEY_CHARS_MAX)


@pytest.mark.req("FLO-006")
async def test_a_person_without_the_role_decides_nothing(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    ticket = await ticket_opener(conn)
    with pytest.raises(RoleMissing):
        await answer(conn, clock, ticket=ticket, actor=reviewer("bo", roles=("support", "Compliance_Officer")))


async def test_a_ticket_for_every_role_takes_an_answer_of_any(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    ticket = await ticket_opener(conn, role=None)
    decided = await answer(conn, clock, ticket=ticket, actor=reviewer("bo", roles=()))
    assert decided.status is TicketStatus.DECIDED


async def test_nobody_decides_what_they_requested(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    ticket = await ticket_opener(conn)
    with pytest.raises(OwnRequest):
        await answer(conn, clock, ticket=ticket, actor=reviewer("requester"))


async def test_deciding_needs_its_scope(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    ticket = await ticket_opener(conn)
    without = Actor(id=anna.id, name=anna.name, roles=anna.roles, scopes=frozenset({"tickets:read"}))
    with pytest.raises(ScopeMissing):
        await answer(conn, clock, ticket=ticket, actor=without)


async def test_wrong_answers_are_refused_with_all_problems(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    ticket = await ticket_opener(conn)
    with pytest.raises(AnswersInvalid) as refused:
        await answer(conn, clock, ticket=ticket, actor=anna, answers={"compliance_decision": 1, "review_notes": "\x00"})
    assert refused.value.problems == {
        "compliance_decision": ["has to be one of approved, rejected, escalated"],
        "review_notes": ["holds control characters"],
    }
    assert (await show_ticket(conn, ticket_id=ticket.id)).answers_given == 0


async def test_a_ticket_that_never_was_is_not_decided(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    with pytest.raises(TicketUnknown):
        await decide(conn, ticket_id=uuid4(), actor=anna, answers={}, key="1", now=clock.now(), on_decided=nothing_more)


async def test_a_closed_ticket_takes_no_answer_and_says_its_state(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    ticket = await ticket_opener(conn)
    await close_ticket(conn, ticket_id=ticket.id, reason=TicketClosing.CANCELLED, now=clock.now())
    with pytest.raises(TicketNotOpen) as refused:
        await answer(conn, clock, ticket=ticket, actor=anna)
    assert (refused.value.status, refused.value.state) == (409, "cancelled")


async def test_answers_stay_when_the_ticket_expires_before_the_last(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    ticket = await ticket_opener(conn, required_approvers=2)
    await answer(conn, clock, ticket=ticket, actor=anna)
    closed = await close_ticket(conn, ticket_id=ticket.id, reason=TicketClosing.EXPIRED, now=clock.now())
    assert (closed.status, closed.answers_given) == (TicketStatus.EXPIRED, 1)


@pytest.mark.req("REV-B01")
async def test_who_does_not_hold_a_claimed_ticket_does_not_decide_it(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, bo: Actor
) -> None:
    ticket = await ticket_opener(conn)
    await claim(conn, ticket_id=ticket.id, actor=anna, now=clock.now())
    with pytest.raises(TicketClaimed):
        await answer(conn, clock, ticket=ticket, actor=bo)
    clock.advance(seconds=CLAIM_TTL_S)
    assert (await answer(conn, clock, ticket=ticket, actor=bo)).status is TicketStatus.DECIDED


async def test_an_answer_that_does_not_decide_gives_the_ticket_back(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, bo: Actor
) -> None:
    ticket = await ticket_opener(conn, required_approvers=2)
    await claim(conn, ticket_id=ticket.id, actor=anna, now=clock.now())
    assert (await answer(conn, clock, ticket=ticket, actor=anna)).claimed_by is None
    await claim(conn, ticket_id=ticket.id, actor=bo, now=clock.now())


@pytest.mark.req("FLO-006")
async def test_a_decision_that_the_run_refuses_leaves_no_trace(
    db: Database, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    async with db.transaction() as conn:
        ticket = await ticket_opener(conn)
    async with db.connection() as conn:
        with pytest.raises(Refused):
            async with db.transaction() as deciding:
                await answer(deciding, clock, ticket=ticket, actor=anna, on_decided=run_has_finished)
        assert await show_ticket(conn, ticket_id=ticket.id) == ticket
        assert [event.kind for event in await ticket_history(conn, ticket_id=ticket.id)] == ["opened"]


@pytest.mark.req("FLO-006")
async def test_two_approvers_at_once_decide_exactly_once(
    db: Database, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, bo: Actor, is_waiting: IsWaiting
) -> None:
    told = Told()
    async with db.transaction() as conn:
        ticket = await ticket_opener(conn, required_approvers=2)
    async with db.transaction() as second:
        async with db.transaction() as first:
            await answer(first, clock, ticket=ticket, actor=anna, on_decided=told)
            other = asyncio.create_task(answer(second, clock, ticket=ticket, actor=bo, on_decided=told))
            await is_waiting(second, other)
        assert (await other).status is TicketStatus.DECIDED
    assert [decision.decided_by for _, decision in told.decisions] == [("key:anna", "key:bo")]


@pytest.mark.req("REV-B05")
async def test_one_answer_sent_twice_at_once_counts_once(
    db: Database, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, is_waiting: IsWaiting
) -> None:
    told = Told()
    async with db.transaction() as conn:
        ticket = await ticket_opener(conn)
    async with db.transaction() as second:
        async with db.transaction() as first:
            decided = await answer(first, clock, ticket=ticket, actor=anna, on_decided=told)
            again = asyncio.create_task(answer(second, clock, ticket=ticket, actor=anna, on_decided=told))
            await is_waiting(second, again)
        assert await again == decided
    assert len(told.decisions) == 1


async def test_one_key_on_two_tickets_at_once_is_refused_once(
    db: Database, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, is_waiting: IsWaiting
) -> None:
    async with db.transaction() as conn:
        tickets = [await ticket_opener(conn, iteration=1), await ticket_opener(conn, iteration=2)]
    async with db.transaction() as second:
        async with db.transaction() as first:
            await answer(first, clock, ticket=tickets[0], actor=anna)
            other = asyncio.create_task(answer(second, clock, ticket=tickets[1], actor=anna))
            await is_waiting(second, other)
        with pytest.raises(AnswerKeyReused):
            await other


async def test_a_decision_that_comes_just_before_the_closing_stays(
    db: Database, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, is_waiting: IsWaiting
) -> None:
    async with db.transaction() as conn:
        ticket = await ticket_opener(conn)
    async with db.transaction() as run_side:
        async with db.transaction() as desk:
            decided = await answer(desk, clock, ticket=ticket, actor=anna)
            closing = asyncio.create_task(
                close_ticket(run_side, ticket_id=ticket.id, reason=TicketClosing.EXPIRED, now=clock.now())
            )
            await is_waiting(run_side, closing)
        assert await closing == decided


async def test_a_decision_that_comes_just_after_the_closing_is_refused(
    db: Database, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, is_waiting: IsWaiting
) -> None:
    told = Told()
    async with db.transaction() as conn:
        ticket = await ticket_opener(conn)
    async with db.transaction() as desk:
        async with db.transaction() as run_side:
            await close_ticket(run_side, ticket_id=ticket.id, reason=TicketClosing.EXPIRED, now=clock.now())
            deciding = asyncio.create_task(answer(desk, clock, ticket=ticket, actor=anna, on_decided=told))
            await is_waiting(desk, deciding)
        with pytest.raises(TicketNotOpen):
            await deciding
    assert told.decisions == []


async def test_the_schema_takes_one_answer_of_a_person_to_a_ticket(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    ticket = await ticket_opener(conn, required_approvers=2)
    await answer(conn, clock, ticket=ticket, actor=anna)
    copy = b"""insert into ticket_answer
        select ticket_id, number + 1, 'key:other', roles, answers, shown_sha256, 'other', answered_at, snapshot, actor,
                reason_code from ticket_answer"""
    with pytest.raises(psycopg.errors.UniqueViolation, match="ticket_answer_once_per_person"):
        await conn.execute(copy)
