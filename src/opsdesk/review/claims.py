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
)
from opsdesk.review.model import Ticket, TicketAnswer, TicketEventKind, TicketStatus
from opsdesk.review.tickets import (
    lock_ticket,
    record_change,
    record_event,
    show_ticket,
    ticket_amendments,
    ticket_answers,
)

CLAIM_TTL_S = 300

_SQL = statements(__file__)
_SET_CLAIM = _SQL["set_claim"]
_END_CLAIM = _SQL["end_claim"]


async def claim(conn: Connection, *, ticket_id: UUID, actor: Actor, now: datetime) -> Ticket:
    """Take a ticket to work on for CLAIM_TTL_S; whoever holds it already has it for that long again.

    Locks the ticket: of two people at the same moment one gets it, and the other is told who did. A claim that
    ran out may be taken over.

    Raises TicketUnknown, TicketNotOpen, TicketClaimed, and what `check_may_decide` raises.
    """
    require(actor, Scope.TICKETS_DECIDE)
    ticket = await lock_ticket(conn, ticket_id=ticket_id)
    actor = await check_may_decide(conn, ticket=ticket, actor=actor)
    check_not_claimed_by_other(ticket, actor=actor, now=now)
    until = now + timedelta(seconds=CLAIM_TTL_S)
    await conn.execute(_SET_CLAIM, {"id": ticket_id, "actor": actor.id, "until": until})
    claimed = {"claimed_by": actor.id, "claimed_until": until}
    await record_change(conn, ticket, action="claim", actor=actor, before=_claim(ticket), after=claimed, now=now)
    if ticket.claim_at(now) is None:
        await record_event(conn, ticket_id=ticket_id, kind=TicketEventKind.CLAIMED, actor=actor.id, now=now)
    return await show_ticket(conn, ticket_id=ticket_id)


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
    nobody = {"claimed_by": None, "claimed_until": None}
    await record_change(conn, ticket, action="release", actor=actor, before=_claim(ticket), after=nobody, now=now)
    await record_event(conn, ticket_id=ticket_id, kind=TicketEventKind.RELEASED, actor=actor.id, now=now)
    return await show_ticket(conn, ticket_id=ticket_id)


def _claim(ticket: Ticket) -> dict[str, Any]:
    return {"claimed_by": ticket.claimed_by, "claimed_until": ticket.claimed_until}


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
    answers = counting(ticket, await ticket_answers(conn, ticket_id=ticket.id))
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
