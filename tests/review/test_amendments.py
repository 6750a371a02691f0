"""The data of a ticket is amended while people answer it: what they answered on other data does not count."""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import psycopg
import pytest
import rfc8785

from opsdesk import access, review
from opsdesk.access import Actor, Scope
from opsdesk.access.errors import ScopeMissing
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database, DatabaseUnavailable
from opsdesk.kit.errors import Refused
from opsdesk.review import Ticket, TicketClosing, TicketStatus, claim, close_ticket, decide, show_ticket
from opsdesk.review.amendments import REASON_CHARS_MAX, amend
from opsdesk.review.errors import (
    AlreadyAnswered,
    AmendmentInvalid,
    AnswerKeyReused,
    DataChanged,
    OwnAmendment,
    TicketNotOpen,
)
from tests.review.conftest import IsWaiting, OpenTicket, nothing_more, reviewer

APPROVED = {"compliance_decision": "approved"}
OPERATOR = Actor("key:operator", "operator", frozenset(), frozenset({Scope.RUNS_WRITE}))
BETTER = {"kyc_score": 0.82}


async def not_told(
    conn: Connection, ticket: Ticket, values: Mapping[str, Any], actor: Actor, reason: str, now: datetime
) -> None:
    """What a ticket's owner does who has nothing to do."""


async def amended(
    conn: Connection,
    clock: ManualClock,
    ticket: Ticket,
    values: Mapping[str, Any] = BETTER,
    *,
    actor: Actor = OPERATOR,
    reason: str = "a better picture came",
) -> Ticket:
    return await amend(
        conn, ticket_id=ticket.id, actor=actor, values=values, reason=reason, now=clock.now(), on_amended=not_told
    )


async def answer(
    conn: Connection, clock: ManualClock, ticket: Ticket, actor: Actor, *, seen: str | None = None, key: str = "1"
) -> Ticket:
    return await decide(
        conn,
        ticket_id=ticket.id,
        actor=actor,
        answers=APPROVED,
        key=key,
        now=clock.now(),
        on_decided=nothing_more,
        shown_sha256=seen,
    )


@pytest.mark.req("FLO-309")
async def test_an_amended_ticket_shows_other_data_under_another_digest(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    ticket = await ticket_opener(conn)
    after = await amended(conn, clock, ticket)
    assert (ticket.snapshot, after.snapshot, after.shown) == (1, 2, {**ticket.shown, **BETTER})
    assert after.shown_sha256 == hashlib.sha256(rfc8785.dumps(dict(after.shown))).hexdigest() != ticket.shown_sha256
    last = (await review.ticket_history(conn, ticket_id=ticket.id))[-1]
    assert (last.kind, last.actor, last.reason) == ("amended", OPERATOR.id, "a better picture came")


@pytest.mark.req("FLO-309")
async def test_an_amendment_voids_the_approvals_before_and_everybody_is_asked_again(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, bo: Actor
) -> None:
    ticket = await ticket_opener(conn, required_approvers=2)
    assert (await answer(conn, clock, ticket, anna)).answers_given == 1
    after = await amended(conn, clock, ticket)
    assert (after.status, after.answers_given) == (TicketStatus.OPEN, 0)
    one = await answer(conn, clock, ticket, bo, seen=after.shown_sha256)
    assert (one.status, one.answers_given) == (TicketStatus.OPEN, 1)
    with pytest.raises(AlreadyAnswered):
        await answer(conn, clock, ticket, bo, seen=after.shown_sha256, key="2")
    both = await answer(conn, clock, ticket, anna, seen=after.shown_sha256, key="2")
    assert both.status is TicketStatus.DECIDED


@pytest.mark.req("FLO-309")
async def test_an_answer_on_other_data_is_refused_with_the_digest_of_what_is_shown(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    ticket = await ticket_opener(conn)
    for wrong in ("0" * 64, ticket.shown_sha256.upper()):
        with pytest.raises(DataChanged):
            await answer(conn, clock, ticket, anna, seen=wrong)
    after = await amended(conn, clock, ticket)
    for seen in (ticket.shown_sha256, None):
        with pytest.raises(DataChanged) as refused:
            await answer(conn, clock, ticket, anna, seen=seen)
        assert (refused.value.status, refused.value.shown_sha256) == (409, after.shown_sha256)
    assert (await show_ticket(conn, ticket_id=ticket.id)).answers_given == 0


@pytest.mark.req("FLO-309")
async def test_an_answer_that_is_void_does_not_come_back_under_its_key(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    ticket = await ticket_opener(conn, required_approvers=2)
    await answer(conn, clock, ticket, anna)
    after = await amended(conn, clock, ticket)
    with pytest.raises(DataChanged):
        await answer(conn, clock, ticket, anna)
    with pytest.raises(AnswerKeyReused):
        await answer(conn, clock, ticket, anna, seen=after.shown_sha256)


@pytest.mark.req("FLO-309")
async def test_nobody_decides_on_data_that_they_amended(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    both = Actor(anna.id, anna.name, anna.roles, frozenset({Scope.RUNS_WRITE, Scope.TICKETS_DECIDE}))
    ticket = await ticket_opener(conn)
    after = await amended(conn, clock, ticket, actor=both)
    by_another_key = Actor("key:robot", "robot", anna.roles, both.scopes, made_by=both.id)
    for who in (both, by_another_key):
        with pytest.raises(OwnAmendment):
            await answer(conn, clock, ticket, who, seen=after.shown_sha256)
        with pytest.raises(OwnAmendment):
            await claim(conn, ticket_id=ticket.id, actor=who, now=clock.now())


@pytest.mark.req("FLO-309")
async def test_the_last_approval_waits_for_an_amendment_and_is_refused(
    db: Database, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, is_waiting: IsWaiting
) -> None:
    async with db.transaction() as conn:
        ticket = await ticket_opener(conn)
    with pytest.raises(DataChanged):
        async with db.transaction() as second:
            async with db.transaction() as first:
                await amended(first, clock, ticket)
                late = asyncio.create_task(answer(second, clock, ticket, anna, seen=ticket.shown_sha256))
                await is_waiting(second, late)
            await late
    async with db.connection() as conn:
        assert (await show_ticket(conn, ticket_id=ticket.id)).status is TicketStatus.OPEN


@pytest.mark.req("FLO-309")
async def test_an_amendment_waits_for_the_last_approval_and_is_refused(
    db: Database, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, is_waiting: IsWaiting
) -> None:
    async with db.transaction() as conn:
        ticket = await ticket_opener(conn)
    with pytest.raises(TicketNotOpen):
        async with db.transaction() as second:
            async with db.transaction() as first:
                await answer(first, clock, ticket, anna, seen=ticket.shown_sha256)
                late = asyncio.create_task(amended(second, clock, ticket))
                await is_waiting(second, late)
            await late
    async with db.connection() as conn:
        decided = await show_ticket(conn, ticket_id=ticket.id)
        assert (decided.status, decided.snapshot) == (TicketStatus.DECIDED, 1)


@pytest.mark.req("FLO-309")
async def test_a_server_killed_between_amendment_and_commit_leaves_the_approvals(
    db: Database, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    async with db.transaction() as conn:
        ticket = await ticket_opener(conn, required_approvers=2)
        await answer(conn, clock, ticket, anna)
    with pytest.raises(DatabaseUnavailable):
        async with db.transaction() as conn:
            await amended(conn, clock, ticket)
            async with db.connection() as other:
                await other.execute("select pg_terminate_backend(%s)", (conn.info.backend_pid,))
            await conn.execute("select 1")
    async with db.connection() as conn:
        kept = await show_ticket(conn, ticket_id=ticket.id)
        assert (kept.snapshot, kept.answers_given, kept.shown) == (1, 1, ticket.shown)


async def test_a_run_that_refuses_an_amendment_leaves_no_trace_of_it(
    db: Database, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    async def run_has_ended(*_: Any) -> None:
        raise Refused

    async with db.transaction() as conn:
        ticket = await ticket_opener(conn)
    with pytest.raises(Refused):
        async with db.transaction() as conn:
            await amend(
                conn,
                ticket_id=ticket.id,
                actor=OPERATOR,
                values=BETTER,
                reason="r",
                now=clock.now(),
                on_amended=run_has_ended,
            )
    async with db.connection() as conn:
        assert await show_ticket(conn, ticket_id=ticket.id) == ticket


async def test_values_that_are_as_they_were_amend_nothing(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    ticket = await ticket_opener(conn)
    assert await amended(conn, clock, ticket, {"kyc_score": 0.65, "customer_id": "c-1"}) == ticket


async def test_amending_needs_its_scope(conn: Connection, ticket_opener: OpenTicket, clock: ManualClock) -> None:
    ticket = await ticket_opener(conn)
    with pytest.raises(ScopeMissing):
        await amended(conn, clock, ticket, actor=reviewer("cui"))


async def test_a_closed_ticket_is_not_amended(conn: Connection, ticket_opener: OpenTicket, clock: ManualClock) -> None:
    ticket = await ticket_opener(conn)
    await close_ticket(conn, ticket_id=ticket.id, reason=TicketClosing.CANCELLED, now=clock.now())
    with pytest.raises(TicketNotOpen):
        await amended(conn, clock, ticket)


@pytest.mark.parametrize(
    ("values", "reason", "field"),
    [
        ({"unknown": 1}, "r", "unknown"),
        ({}, "r", "values"),
        (BETTER, "", "reason"),
        (BETTER, "r" * (REASON_CHARS_MAX + 1), "reason"),
        (BETTER, "\u202ereason", "reason"),
        ({"name": "\x00"}, "r", "name"),
        ({"kyc_score": float("nan")}, "r", "kyc_score"),
    ],
)
async def test_an_amendment_that_makes_no_sense_is_refused_by_field(
    conn: Connection,
    ticket_opener: OpenTicket,
    clock: ManualClock,
    values: Mapping[str, Any],
    reason: str,
    field: str,
) -> None:
    ticket = await ticket_opener(conn)
    with pytest.raises(AmendmentInvalid) as refused:
        await amended(conn, clock, ticket, values, reason=reason)
    assert list(refused.value.problems) == [field]


async def test_a_reason_may_have_its_full_length(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    ticket = await ticket_opener(conn)
    assert (await amended(conn, clock, ticket, reason="r" * REASON_CHARS_MAX)).snapshot == 2


async def test_whoever_works_on_a_ticket_keeps_it_through_an_amendment(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    ticket = await ticket_opener(conn)
    await claim(conn, ticket_id=ticket.id, actor=anna, now=clock.now())
    assert (await amended(conn, clock, ticket)).claimed_by == anna.id


@pytest.mark.req("FLO-309")
@pytest.mark.parametrize("change", ["update ticket_amendment set reason = 'x'", "delete from ticket_amendment"])
async def test_an_amendment_is_evidence_that_stays(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, change: str
) -> None:
    ticket = await ticket_opener(conn)
    await amended(conn, clock, ticket)
    with pytest.raises(psycopg.errors.RestrictViolation):
        await conn.execute(change.encode())


async def test_what_looks_personal_once_amended_is_personal(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    ticket = await ticket_opener(conn)
    after = await amended(conn, clock, ticket, {"kyc_score": "li@example.com"})
    assert after.shown_personal == {"name", "kyc_score"}


async def test_the_audit_chain_knows_of_each_amendment(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    ticket = await ticket_opener(conn)
    await amended(conn, clock, ticket)
    wanted = access.audit.EntryFilter(object_kind="ticket", object_id=str(ticket.id))
    entry = (await access.audit.list_entries(conn, wanted)).items[0]
    assert (entry.action, entry.actor) == ("ticket.amend", OPERATOR.id)
