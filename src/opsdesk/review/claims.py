"""Claims: who is working on a ticket now. A lease, so that a ticket never stays with somebody who went home."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from opsdesk import access
from opsdesk.access import Actor, Scope, may, require
from opsdesk.kit.db import Connection
from opsdesk.kit.errors import OpsdeskError
from opsdesk.kit.sql import statements
from opsdesk.review.errors import (
    AlreadyAnswered,
    OwnAmendment,
    OwnRequest,
    RoleMissing,
    TicketClaimed,
    TicketNotOpen,
    TicketTakenBack,
)
from opsdesk.review.model import Ticket, TicketAnswer, TicketEventKind, TicketStatus
from opsdesk.review.tickets import (
    lock_ticket,
    record_change,
    record_event,
    show_ticket,
    ticket_amendments,
    ticket_answers,
    ticket_history,
)

CLAIM_TTL_S = 300

_SQL = statements(__file__)
_SET_CLAIM = _SQL["set_claim"]
_END_CLAIM = _SQL["end_claim"]


async def claim(conn: Connection, *, ticket_id: UUID, actor: Actor, now: datetime) -> Ticket:
    """Take a ticket to work on for CLAIM_TTL_S; whoever holds it already has it for that long again.

    Locks the ticket: of two people at the same moment one gets it, and the other is told who did. A claim that
    ran out may be taken over; what was assigned to the actor stays theirs for as long as it was.

    Raises TicketUnknown, TicketNotOpen, TicketClaimed, and what `check_may_decide` raises.
    """
    require(actor, Scope.TICKETS_DECIDE)
    ticket = await lock_ticket(conn, ticket_id=ticket_id)
    return await _claim(conn, ticket, actor=actor, now=now)


async def keep(conn: Connection, *, ticket_id: UUID, actor: Actor, now: datetime) -> Ticket:
    """Claim a ticket for longer that the actor has held, as a page does by itself while they work on it.

    The same as `claim`, but that it does not undo what a lead of the desk did: who was at work is told of it, with the
    reason, and claims it again only if they mean to. Raises TicketTakenBack, and what `claim` raises.
    """
    require(actor, Scope.TICKETS_DECIDE)
    ticket = await lock_ticket(conn, ticket_id=ticket_id)
    if ticket.claim_at(now) is None:
        await _check_not_taken_back(conn, ticket, actor=actor)
    return await _claim(conn, ticket, actor=actor, now=now)


async def _claim(conn: Connection, ticket: Ticket, *, actor: Actor, now: datetime) -> Ticket:
    """What was assigned to the actor stays theirs for as long as it was."""
    actor = await check_may_decide(conn, ticket=ticket, actor=actor)
    check_not_claimed_by_other(ticket, actor=actor, now=now)
    held = ticket.claim_at(now)
    until = now + timedelta(seconds=CLAIM_TTL_S)
    if held is not None:
        until = max(until, held[1])
    assigned_by = None if held is None else ticket.assigned_by
    await set_claim(conn, ticket_id=ticket.id, holder=actor.id, until=until, assigned_by=assigned_by)
    claimed = await show_ticket(conn, ticket_id=ticket.id)
    before, after = claim_facts(ticket), claim_facts(claimed)
    await record_change(conn, ticket, action="claim", actor=actor, before=before, after=after, now=now)
    if held is None:
        await record_event(conn, ticket_id=ticket.id, kind=TicketEventKind.CLAIMED, actor=actor.id, now=now)
    return claimed


async def release(conn: Connection, *, ticket_id: UUID, actor: Actor, now: datetime) -> Ticket:
    """Give a ticket back. Nothing happens where nobody holds it.

    Raises TicketUnknown, TicketClaimed where somebody else holds it.
    """
    require(actor, Scope.TICKETS_DECIDE)
    ticket = await lock_ticket(conn, ticket_id=ticket_id)
    check_not_claimed_by_other(ticket, actor=actor, now=now)
    if ticket.claim_at(now) is None:
        return ticket
    await end_claim(conn, ticket_id=ticket_id)
    released = await show_ticket(conn, ticket_id=ticket_id)
    before, after = claim_facts(ticket), claim_facts(released)
    await record_change(conn, ticket, action="release", actor=actor, before=before, after=after, now=now)
    await record_event(conn, ticket_id=ticket_id, kind=TicketEventKind.RELEASED, actor=actor.id, now=now)
    return released


def claim_facts(ticket: Ticket) -> dict[str, Any]:
    """Who holds a ticket, as the audit tells it before and after."""
    names = ("claimed_by", "claimed_until", "assigned_by")
    return {name: getattr(ticket, name) for name in names}


async def _check_not_taken_back(conn: Connection, ticket: Ticket, *, actor: Actor) -> None:
    """Raises TicketTakenBack where the ticket is nobody's because a lead released it, which they do with a reason."""
    kinds = (TicketEventKind.CLAIMED, TicketEventKind.ASSIGNED, TicketEventKind.RELEASED, TicketEventKind.SKIPPED)
    history = await ticket_history(conn, ticket_id=ticket.id)
    last = next((event for event in reversed(history) if event.kind in kinds), None)
    if last is not None and last.kind is TicketEventKind.RELEASED and last.reason and last.actor != actor.id:
        raise TicketTakenBack(ticket_id=str(ticket.id), released_by=last.actor, reason=last.reason)


async def set_claim(
    conn: Connection, *, ticket_id: UUID, holder: str, until: datetime, assigned_by: str | None
) -> None:
    """Make the ticket somebody's until then; the caller holds its lock, and has made sure that they may decide it."""
    values = {"id": ticket_id, "actor": holder, "until": until, "assigned_by": assigned_by}
    await conn.execute(_SET_CLAIM, values)


async def end_claim(conn: Connection, *, ticket_id: UUID) -> None:
    """Make the ticket nobody's; the caller holds its lock."""
    await conn.execute(_END_CLAIM, {"id": ticket_id})


async def check_may_decide(conn: Connection, *, ticket: Ticket, actor: Actor) -> Actor:
    """The actor as they are now, if they are one of those whose answer this ticket waits for.

    The caller holds the ticket's lock. Roles are read again behind it, and the people count who stand behind the actor,
    behind the request, behind an amendment and behind the answers: a second session, role or key makes nobody another.

    Raises TicketNotOpen, ScopeMissing, RoleMissing, OwnRequest, OwnAmendment, AlreadyAnswered.
    """
    if ticket.status is not TicketStatus.OPEN:
        raise TicketNotOpen(ticket_id=str(ticket.id), state=ticket.status)
    answers = counting(ticket, await ticket_answers(conn, ticket_id=ticket.id))
    return await check_is_apart(conn, ticket=ticket, answers=answers, actor=actor)


async def check_is_apart(conn: Connection, *, ticket: Ticket, answers: Sequence[TicketAnswer], actor: Actor) -> Actor:
    """The actor as they are now, if they may judge tickets like this one and had no part in it, nor in these answers.

    Raises ScopeMissing, RoleMissing, OwnRequest, OwnAmendment, AlreadyAnswered.
    """
    require(actor, Scope.TICKETS_DECIDE)
    actor = await access.standing.as_of_now(conn, actor)
    if not may(actor, Scope.TICKETS_DECIDE, ticket):
        raise _why_not(ticket, actor)
    asked_by = await access.standing.people_behind(conn, ticket.requested_by)
    if not asked_by.isdisjoint((actor.id, actor.person)):
        raise OwnRequest(ticket_id=str(ticket.id), actor=actor.id)
    amendments = await ticket_amendments(conn, ticket_id=ticket.id)
    if any(is_of(amendment.actor, amendment.person, actor) for amendment in amendments):
        raise OwnAmendment(ticket_id=str(ticket.id), actor=actor.id)
    if any(is_of(answer.actor, answer.person, actor) for answer in answers):
        raise AlreadyAnswered(ticket_id=str(ticket.id), actor=actor.id)
    return actor


def counting(ticket: Ticket, answers: Sequence[TicketAnswer]) -> tuple[TicketAnswer, ...]:
    """The answers that were given on what the ticket shows now; those on what it showed before are void."""
    return tuple(answer for answer in answers if answer.snapshot == ticket.snapshot)


def is_of(actor_id: str, person: str, actor: Actor) -> bool:
    """Whether one person stands behind both."""
    return not {actor_id, person}.isdisjoint((actor.id, actor.person))


def _why_not(ticket: Ticket, actor: Actor) -> OpsdeskError:
    """What to tell an actor who may not decide the ticket."""
    require(actor, Scope.TICKETS_DECIDE)
    if ticket.role is not None and ticket.role not in actor.roles:
        return RoleMissing(ticket_id=str(ticket.id), role=ticket.role)
    return OwnRequest(ticket_id=str(ticket.id), actor=actor.id)


def check_not_claimed_by_other(ticket: Ticket, *, actor: Actor, now: datetime) -> None:
    """Raises TicketClaimed."""
    held = ticket.claim_at(now)
    if held is not None and held[0] != actor.id:
        raise TicketClaimed(ticket_id=str(ticket.id), claimed_by=held[0], claimed_until=held[1])
