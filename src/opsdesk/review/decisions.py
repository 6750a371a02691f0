"""Decisions: a person's answers to a ticket, and what the answers of enough people add up to."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from opsdesk.access import Actor, Scope, require
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements
from opsdesk.review.agreement import agreement
from opsdesk.review.answers import problems_of, text_problem
from opsdesk.review.canonical import canonical
from opsdesk.review.claims import check_may_decide, check_not_claimed_by_other, end_claim
from opsdesk.review.errors import AnswerKeyInvalid, AnswerKeyReused, AnswersInvalid
from opsdesk.review.model import Ticket, TicketAnswer, TicketDecision, TicketEventKind
from opsdesk.review.tickets import lock_ticket, mark_decided, record_change, record_event, show_ticket, ticket_answers

KEY_CHARS_MAX = 200

OnDecided = Callable[[Connection, Ticket, TicketDecision], Awaitable[None]]

_SQL = statements(__file__)
_INSERT_ANSWER = _SQL["insert_answer"]


async def decide(
    conn: Connection,
    *,
    ticket_id: UUID,
    actor: Actor,
    answers: Mapping[str, Any],
    key: str,
    now: datetime,
    on_decided: OnDecided,
) -> Ticket:
    """Record a person's answers, and decide the ticket with them where they are the last ones needed.

    Locks the ticket, so that of several people at the same moment each sees the answers before theirs. The same `key`
    of the same person with the same answers changes nothing and returns the ticket as it is now. `on_decided` is called
    once, in this transaction, with the ticket decided; what it raises leaves through here and has to end the
    transaction, so that either all of it happened or nothing.

    Raises TicketUnknown, TicketClaimed, AnswersInvalid, AnswerKeyInvalid, AnswerKeyReused, ScopeMissing, and what
    `check_may_decide` raises.
    """
    require(actor, Scope.TICKETS_DECIDE)
    if not key or text_problem(key, chars_max=KEY_CHARS_MAX) or not key.isprintable():
        raise AnswerKeyInvalid
    ticket = await lock_ticket(conn, ticket_id=ticket_id)
    given = await ticket_answers(conn, ticket_id=ticket_id)
    if _is_repeated(ticket, given, actor=actor, answers=answers, key=key):
        return ticket
    await check_may_decide(conn, ticket=ticket, actor=actor)
    check_not_claimed_by_other(ticket, actor=actor, now=now)
    if problems := problems_of(ticket.asked, answers):
        raise AnswersInvalid(ticket_id=str(ticket_id), problems=problems)
    await _record_answer(conn, ticket=ticket, number=len(given) + 1, actor=actor, answers=answers, key=key, now=now)
    await end_claim(conn, ticket_id=ticket_id)
    await _conclude(conn, ticket=ticket, actor=actor, now=now, on_decided=on_decided)
    return await show_ticket(conn, ticket_id=ticket_id)


def _is_repeated(
    ticket: Ticket, given: tuple[TicketAnswer, ...], *, actor: Actor, answers: Mapping[str, Any], key: str
) -> bool:
    earlier = next((answer for answer in given if answer.actor == actor.id and answer.key == key), None)
    if earlier is None:
        return False
    if problems_of(ticket.asked, answers) or canonical(answers) != canonical(earlier.answers):
        raise AnswerKeyReused(ticket_id=str(ticket.id), actor=actor.id)
    return True


async def _record_answer(
    conn: Connection, *, ticket: Ticket, number: int, actor: Actor, answers: Mapping[str, Any], key: str, now: datetime
) -> None:
    row = {
        "ticket_id": ticket.id,
        "number": number,
        "actor": actor.id,
        "roles": sorted(actor.roles),
        "answers": canonical(answers),
        "shown_sha256": ticket.shown_sha256,
        "key": key,
        "now": now,
    }
    if await (await conn.execute(_INSERT_ANSWER, row)).fetchone() is None:
        raise AnswerKeyReused(ticket_id=str(ticket.id), actor=actor.id)
    await record_event(conn, ticket_id=ticket.id, kind=TicketEventKind.ANSWERED, actor=actor.id, now=now)
    answered = {"answers": answers, "shown_sha256": ticket.shown_sha256, "number": number}
    await record_change(conn, ticket, action="decide", actor=actor, after=answered, now=now)


async def _conclude(conn: Connection, *, ticket: Ticket, actor: Actor, now: datetime, on_decided: OnDecided) -> None:
    given = await ticket_answers(conn, ticket_id=ticket.id)
    agreed = agreement(ticket.asked, [answer.answers for answer in given], required_approvers=ticket.required_approvers)
    if agreed is None:
        return
    await mark_decided(conn, ticket_id=ticket.id, answers=agreed.answers, now=now)
    await record_event(conn, ticket_id=ticket.id, kind=TicketEventKind.DECIDED, actor=given[-1].actor, now=now)
    decision = TicketDecision(
        answers=agreed.answers,
        decided_by=tuple(given[place].actor for place in agreed.places),
        decided_at=now,
        concluded_by=actor,
    )
    await on_decided(conn, await show_ticket(conn, ticket_id=ticket.id), decision)
