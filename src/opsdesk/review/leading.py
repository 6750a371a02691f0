"""Leading the desk: waiting tickets are given to a person, and claimed ones taken back, several at a time.

Nothing here says what becomes of a ticket: whoever passes or rejects one does so with that one in front of them.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from opsdesk import access
from opsdesk.access import Actor, Scope, require
from opsdesk.kit.db import Connection
from opsdesk.kit.errors import OpsdeskError
from opsdesk.kit.sql import statements
from opsdesk.review.answers import text_problem
from opsdesk.review.claims import check_may_decide, check_not_claimed_by_other, claim_facts, end_claim, set_claim
from opsdesk.review.errors import (
    CLAIM_REFUSALS,
    LeadInvalid,
    NoReviewer,
    OwnRequestLed,
    TicketNotHeld,
    TicketNotOpen,
    TicketUnknown,
)
from opsdesk.review.model import Ticket, TicketEventKind, TicketStatus
from opsdesk.review.tickets import record_change, record_event, show_ticket

ASSIGNED_FOR_S = 8 * 3600
"""A working day. Somebody is given more than they do at once, so five minutes would give it back before they come to
it; and what they have not come to by the end of the day must not wait for them over night."""
TICKETS_MAX = 100
"""In one request: five pages of a list; each is locked until all are done."""
REASON_CHARS_MAX = 500

_SQL = statements(__file__)
_LOCK_TICKETS = _SQL["lock_tickets"]
_REFUSALS = (*CLAIM_REFUSALS, access.errors.ScopeMissing, OwnRequestLed, TicketNotHeld)


class Led(StrEnum):
    """What became of one of several tickets."""

    ASSIGNED = "assigned"
    RELEASED = "released"
    REFUSED = "refused"
    """It stays as it was; why is told beside it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one ticket, as it is now."""

    ticket_id: UUID
    led: Led
    ticket: Ticket | None
    """None: there is none with this id."""
    held_by: str | None = None
    """Of one that was released: who held it until then."""
    refusal: OpsdeskError | None = None


_Act = Callable[[Ticket], Awaitable[Outcome]]


async def assign_tickets(
    conn: Connection, *, ticket_ids: Sequence[UUID], email: str, actor: Actor, now: datetime
) -> list[Outcome]:
    """Claim waiting tickets in the name of a person for ASSIGNED_FOR_S; what each came to, in the order given.

    Locks the tickets in the order of ids. What can be done is done: a ticket that is closed, that somebody else holds,
    or that this person may not decide, by the same rules as if they claimed it themselves, stays as it is. One that
    they hold already is theirs for longer.

    Raises ScopeMissing, LeadInvalid, PersonUnknown, NoReviewer.
    """
    require(actor, Scope.DESK_LEAD)
    _check_count(ticket_ids)
    person = (await access.people.find_person(conn, email=email)).actor
    if Scope.TICKETS_DECIDE not in person.scopes:
        raise NoReviewer(person=person.id)

    async def assign(ticket: Ticket) -> Outcome:
        await _check_not_own(conn, ticket, actor=actor)
        await check_may_decide(conn, ticket=ticket, actor=person)
        check_not_claimed_by_other(ticket, actor=person, now=now)
        return await _assign(conn, ticket, person=person, actor=actor, now=now)

    return await _each(conn, ticket_ids, assign)


async def release_tickets(
    conn: Connection, *, ticket_ids: Sequence[UUID], reason: str, actor: Actor, now: datetime
) -> list[Outcome]:
    """Take claimed tickets back from whoever holds them; what each came to, in the order given.

    The history of each says who did it and why: whoever held it may have been in the midst of it. Locks the tickets in
    the order of ids. One that is closed, or that nobody holds, stays as it is.

    Raises ScopeMissing, LeadInvalid.
    """
    require(actor, Scope.DESK_LEAD)
    _check_count(ticket_ids)
    reason = reason.strip()
    if problem := (None if reason else "is required") or text_problem(reason, chars_max=REASON_CHARS_MAX):
        raise LeadInvalid(field="reason", problem=problem)

    async def release(ticket: Ticket) -> Outcome:
        await _check_not_own(conn, ticket, actor=actor)
        if ticket.status is not TicketStatus.OPEN:
            raise TicketNotOpen(ticket_id=str(ticket.id), state=ticket.status)
        return await _release(conn, ticket, reason=reason, actor=actor, now=now)

    return await _each(conn, ticket_ids, release)


async def _each(conn: Connection, ticket_ids: Sequence[UUID], act: _Act) -> list[Outcome]:
    """Do it to each ticket once, all of them locked before. What is refused was refused before anything was written."""
    wanted = list(dict.fromkeys(ticket_ids))
    known = {found for (found,) in await (await conn.execute(_LOCK_TICKETS, {"ids": wanted})).fetchall()}
    outcomes = []
    for ticket_id in wanted:
        if ticket_id not in known:
            unknown = TicketUnknown(ticket_id=str(ticket_id))
            outcomes.append(Outcome(ticket_id, Led.REFUSED, None, refusal=unknown))
            continue
        ticket = await show_ticket(conn, ticket_id=ticket_id)
        try:
            outcomes.append(await act(ticket))
        except _REFUSALS as refusal:
            outcomes.append(Outcome(ticket_id, Led.REFUSED, ticket, refusal=refusal))
    return outcomes


async def _assign(conn: Connection, ticket: Ticket, *, person: Actor, actor: Actor, now: datetime) -> Outcome:
    until = now + timedelta(seconds=ASSIGNED_FOR_S)
    await set_claim(conn, ticket_id=ticket.id, holder=person.id, until=until, assigned_by=actor.id)
    assigned = await show_ticket(conn, ticket_id=ticket.id)
    before, after = claim_facts(ticket), claim_facts(assigned)
    await record_change(conn, ticket, action="assign", actor=actor, before=before, after=after, now=now)
    kind = TicketEventKind.ASSIGNED
    await record_event(conn, ticket_id=ticket.id, kind=kind, actor=actor.id, now=now, reason=person.id)
    return Outcome(ticket.id, Led.ASSIGNED, assigned)


async def _release(conn: Connection, ticket: Ticket, *, reason: str, actor: Actor, now: datetime) -> Outcome:
    """Raises TicketNotHeld."""
    held = ticket.claim_at(now)
    if held is None:
        raise TicketNotHeld(ticket_id=str(ticket.id))
    await end_claim(conn, ticket_id=ticket.id)
    released = await show_ticket(conn, ticket_id=ticket.id)
    before, after = claim_facts(ticket), claim_facts(released) | {"reason": reason}
    await record_change(conn, ticket, action="release", actor=actor, before=before, after=after, now=now)
    kind = TicketEventKind.RELEASED
    await record_event(conn, ticket_id=ticket.id, kind=kind, actor=actor.id, now=now, reason=reason)
    return Outcome(ticket.id, Led.RELEASED, released, held_by=held[0])


async def _check_not_own(conn: Connection, ticket: Ticket, *, actor: Actor) -> None:
    """Raises OwnRequestLed: to choose who decides what one asked for oneself is half of deciding it."""
    asked_by = await access.standing.people_behind(conn, ticket.requested_by)
    if not asked_by.isdisjoint((actor.id, actor.person)):
        raise OwnRequestLed(ticket_id=str(ticket.id), actor=actor.id)


def _check_count(ticket_ids: Sequence[UUID]) -> None:
    if not 1 <= len(ticket_ids) <= TICKETS_MAX:
        raise LeadInvalid(field="ticket_ids", problem=f"holds none, or more than {TICKETS_MAX}")
