"""What a ticket proves: who decided what on which data, and that the audit chain says the same."""

import pytest

from opsdesk.access import Actor
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection
from opsdesk.review import TicketClosing, close_ticket
from opsdesk.review.evidence import ticket_evidence
from opsdesk.review.tickets import record_change
from tests.review.conftest import OpenTicket
from tests.review.test_amendments import amended, answer


@pytest.mark.req("FLO-309")
async def test_the_evidence_tells_each_answer_and_the_data_that_it_was_given_on(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, bo: Actor
) -> None:
    ticket = await ticket_opener(conn, required_approvers=2)
    await answer(conn, clock, ticket, anna)
    after = await amended(conn, clock, ticket)
    await answer(conn, clock, ticket, bo, seen=after.shown_sha256)
    await answer(conn, clock, ticket, anna, seen=after.shown_sha256, key="2")
    found = await ticket_evidence(conn, ticket_id=ticket.id)
    assert found.holds
    assert [(each.amendment.snapshot, each.amendment.changed) for each in found.snapshots] == [
        (1, []),
        (2, ["kyc_score"]),
    ]
    assert [(each.answer.actor, each.answer.shown_sha256, each.standing) for each in found.answers] == [
        ("key:anna", ticket.shown_sha256, "void_amended"),
        ("key:bo", after.shown_sha256, "decides"),
        ("key:anna", after.shown_sha256, "decides"),
    ]
    assert all(each.saw and each.proof.entry_id for each in found.answers)


@pytest.mark.req("FLO-309")
@pytest.mark.parametrize(
    "tampering",
    [
        "alter table ticket_answer disable trigger all; update ticket_answer set answers = '{\"a\": 1}'",
        "alter table ticket_answer disable trigger all; update ticket_answer set actor = 'key:eve'",
        "alter table ticket_answer disable trigger all; update ticket_answer set roles = '{admin}'",
        "alter table ticket_answer disable trigger all; update ticket_answer set reason_code = 'x'",
        "alter table ticket_answer disable trigger all; update ticket_answer set shown_sha256 = repeat('0', 64)",
        "alter table ticket_amendment disable trigger all; update ticket_amendment set shown = '{\"kyc_score\": 1}'",
        "alter table ticket_amendment disable trigger all; update ticket_amendment set reason = 'x'",
        "alter table ticket disable trigger all; update ticket set shown = '{\"kyc_score\": 1}'",
    ],
)
async def test_evidence_that_somebody_changed_does_not_hold(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, tampering: str
) -> None:
    ticket = await ticket_opener(conn, required_approvers=2)
    after = await amended(conn, clock, ticket)
    await answer(conn, clock, ticket, anna, seen=after.shown_sha256)
    assert (await ticket_evidence(conn, ticket_id=ticket.id)).holds
    for statement in tampering.split("; "):
        await conn.execute(statement.encode())
    assert not (await ticket_evidence(conn, ticket_id=ticket.id)).holds


async def test_answers_to_a_ticket_that_was_closed_are_void(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    ticket = await ticket_opener(conn, required_approvers=2)
    await answer(conn, clock, ticket, anna)
    await close_ticket(conn, ticket_id=ticket.id, reason=TicketClosing.CANCELLED, now=clock.now())
    again = await ticket_opener(conn, required_approvers=2, iteration=2)
    assert [each.standing for each in (await ticket_evidence(conn, ticket_id=ticket.id)).answers] == ["void_closed"]
    (earlier,) = (await ticket_evidence(conn, ticket_id=again.id)).earlier
    assert (earlier.id, earlier.status, earlier.answers_given) == (ticket.id, "cancelled", 1)


async def test_evidence_from_before_people_and_codes_were_kept_holds(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    """As an answer was written, and as the chain was told of it, by the version before."""
    ticket = await ticket_opener(conn)
    insert = b"""insert into ticket_answer (ticket_id, number, actor, roles, answers, shown_sha256, key, answered_at)
        values (%(id)s, 1, %(actor)s, %(roles)s, '{"a":1}', %(digest)s, 'k', %(now)s)"""
    values = {"id": ticket.id, "actor": anna.id, "roles": sorted(anna.roles), "now": clock.now()}
    await conn.execute(insert, values | {"digest": ticket.shown_sha256})
    told = {"answers": {"a": 1}, "shown_sha256": ticket.shown_sha256, "number": 1}
    await record_change(conn, ticket, action="decide", actor=anna, after=told, now=clock.now())
    found = await ticket_evidence(conn, ticket_id=ticket.id)
    assert found.holds
    assert (found.answers[0].answer.person, found.answers[0].answer.reason_code) == (anna.id, "unspecified")
