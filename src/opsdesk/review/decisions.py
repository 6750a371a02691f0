"""Decisions: a person's answers to a ticket, and what the answers of enough people add up to."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from opsdesk.access import Actor, Scope, require
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements
from opsdesk.review.agreement import Agreement, agreement
from opsdesk.review.answers import problems_of, text_problem
from opsdesk.review.canonical import canonical
from opsdesk.review.claims import check_may_decide, check_not_claimed_by_other, counting
from opsdesk.review.errors import (
    AnswerKeyInvalid,
    AnswerKeyReused,
    AnswersInvalid,
    DataChanged,
    DecidedWithReasons,
    ReasonCodeInvalid,
)
from opsdesk.review.model import Ticket, TicketAnswer, TicketDecision, TicketEventKind, Verdict
from opsdesk.review.reasons import UNSPECIFIED, reason_codes, reason_problem
from opsdesk.review.tickets import lock_ticket, mark_decided, record_change, record_event, show_ticket, ticket_answers

KEY_CHARS_MAX = 200

OnDecided = Callable[[Connection, Ticket, TicketDecision], Awaitable[None]]
Agree = Callable[[Ticket, Sequence[TicketAnswer]], Agreement | None]
"""What the answers that count add up to, in their order; None: another one is needed."""

_SQL = statements(__file__)
_INSERT_ANSWER = _SQL["insert_answer"]
_MARK_ANSWERED = _SQL["mark_answered"]


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody answers: on which data, why, and under which key."""

    answers: Mapping[str, Any]
    shown_sha256: str | None
    reason_code: str
    key: str


async def decide(
    conn: Connection,
    *,
    ticket_id: UUID,
    actor: Actor,
    answers: Mapping[str, Any],
    key: str,
    now: datetime,
    on_decided: OnDecided,
    shown_sha256: str | None = None,
    reason_code: str | None = None,
) -> Ticket:
    """Record a person's answers, and decide the ticket with them where they are the last ones needed.

    The only function that writes an answer or a decision. `shown_sha256` names the data that the person was shown: it
    is kept with the answer, and where the ticket shows other data by now, nothing is recorded. It may be left out as
    long as the data was never amended, because there is one thing only then that can have been seen. `reason_code` is
    one of those that the ticket declares for this decision; a rejection needs one where there are any, else it is
    UNSPECIFIED.

    Locks the ticket, so that of several people, or of an answer and an amendment, at the same moment each sees what
    came before it. The same `key` of the same person with the same answers changes nothing and returns the ticket as it
    is now. `on_decided` is called once, in this transaction, with the ticket decided; what it raises leaves through
    here and has to end the transaction, so that either all of it happened or nothing.

    Raises TicketUnknown, TicketClaimed, DataChanged, AnswersInvalid, ReasonCodeInvalid, AnswerKeyInvalid,
    AnswerKeyReused, ScopeMissing, DecidedWithReasons, and what `check_may_decide` raises.
    """
    require(actor, Scope.TICKETS_DECIDE)
    check_key(key)
    given = Given(answers, shown_sha256, reason_code or UNSPECIFIED, key)
    ticket = await lock_ticket(conn, ticket_id=ticket_id)
    if ticket.screening is not None:
        raise DecidedWithReasons(ticket_id=str(ticket_id))
    before = await ticket_answers(conn, ticket_id=ticket_id)
    if is_repeated(ticket, before, actor=actor, given=given):
        return ticket
    actor = await check_may_decide(conn, ticket=ticket, actor=actor)
    check_not_claimed_by_other(ticket, actor=actor, now=now)
    await record_answer(conn, ticket=ticket, number=len(before) + 1, actor=actor, given=given, now=now)
    await conclude(conn, ticket=ticket, actor=actor, now=now, agree=_agree, on_decided=on_decided)
    return await show_ticket(conn, ticket_id=ticket_id)


def check_key(key: str) -> None:
    """Raises AnswerKeyInvalid."""
    if not key or text_problem(key, chars_max=KEY_CHARS_MAX) or not key.isprintable():
        raise AnswerKeyInvalid


def is_repeated(ticket: Ticket, before: Sequence[TicketAnswer], *, actor: Actor, given: Given) -> bool:
    """Whether this person gave this answer under this key before. Raises AnswerKeyReused, DataChanged."""
    earlier = next((answer for answer in before if answer.actor == actor.id and answer.key == given.key), None)
    if earlier is None:
        return False
    same = not problems_of(ticket.asked, given.answers) and canonical(given.answers) == canonical(earlier.answers)
    if not same or given.reason_code != earlier.reason_code or given.shown_sha256 not in (None, earlier.shown_sha256):
        raise AnswerKeyReused(ticket_id=str(ticket.id), actor=actor.id)
    if earlier.snapshot != ticket.snapshot:
        raise _data_changed(ticket)
    return True


def _check(ticket: Ticket, given: Given) -> None:
    """Raises DataChanged, AnswersInvalid, ReasonCodeInvalid."""
    unnamed = given.shown_sha256 is None and ticket.snapshot > 1
    if unnamed or given.shown_sha256 not in (None, ticket.shown_sha256):
        raise _data_changed(ticket)
    if problems := problems_of(ticket.asked, given.answers):
        raise AnswersInvalid(ticket_id=str(ticket.id), problems=problems)
    if problem := reason_problem(ticket.reasons, ticket.asked, given.answers, given.reason_code):
        codes = list(reason_codes(ticket.reasons, ticket.asked, given.answers))
        raise ReasonCodeInvalid(ticket_id=str(ticket.id), problem=problem, reason_codes=codes)


def _data_changed(ticket: Ticket) -> DataChanged:
    return DataChanged(ticket_id=str(ticket.id), snapshot=ticket.snapshot, shown_sha256=ticket.shown_sha256)


async def record_answer(
    conn: Connection, *, ticket: Ticket, number: int, actor: Actor, given: Given, now: datetime
) -> None:
    """Keep an answer, and give the ticket back; whoever calls this has made sure that the actor may answer.

    Raises DataChanged, AnswersInvalid, ReasonCodeInvalid, AnswerKeyReused.
    """
    _check(ticket, given)
    row = {
        "ticket_id": ticket.id,
        "number": number,
        "actor": actor.id,
        "person": actor.person,
        "roles": sorted(actor.roles),
        "answers": canonical(given.answers),
        "reason_code": given.reason_code,
        "snapshot": ticket.snapshot,
        "shown_sha256": ticket.shown_sha256,
        "key": given.key,
        "now": now,
    }
    if await (await conn.execute(_INSERT_ANSWER, row)).fetchone() is None:
        raise AnswerKeyReused(ticket_id=str(ticket.id), actor=actor.id)
    await record_event(conn, ticket_id=ticket.id, kind=TicketEventKind.ANSWERED, actor=actor.id, now=now)
    names = ("number", "person", "roles", "reason_code", "snapshot", "shown_sha256")
    answered = {name: row[name] for name in names} | {"answers": given.answers}
    await record_change(conn, ticket, action="decide", actor=actor, after=answered, now=now)
    await conn.execute(_MARK_ANSWERED, {"id": ticket.id, "actor": actor.id})


async def conclude(
    conn: Connection, *, ticket: Ticket, actor: Actor, now: datetime, agree: Agree, on_decided: OnDecided
) -> None:
    """Decide the ticket, if the answers given so far are enough, and tell `on_decided`."""
    given = counting(ticket, await ticket_answers(conn, ticket_id=ticket.id))
    agreed = agree(ticket, given)
    if agreed is None:
        return
    result = Verdict(agreed.answers["decision"]) if ticket.screening else None
    await mark_decided(conn, ticket_id=ticket.id, answers=agreed.answers, result=result, now=now)
    await record_event(conn, ticket_id=ticket.id, kind=TicketEventKind.DECIDED, actor=given[-1].actor, now=now)
    decision = TicketDecision(
        answers=agreed.answers,
        decided_by=tuple(given[place].actor for place in agreed.places),
        decided_at=now,
        concluded_by=actor,
    )
    await on_decided(conn, await show_ticket(conn, ticket_id=ticket.id), decision)


def _agree(ticket: Ticket, given: Sequence[TicketAnswer]) -> Agreement | None:
    return agreement(ticket.asked, [answer.answers for answer in given], required_approvers=ticket.required_approvers)
