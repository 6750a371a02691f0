"""Screening tickets are taken one after the other: the next of a list, and another one instead of it."""

from datetime import datetime, timedelta
from uuid import UUID

from opsdesk.access import Actor, Scope, require
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements
from opsdesk.review.answers import text_problem
from opsdesk.review.claims import check_not_claimed_by_other, claim, end_claim
from opsdesk.review.errors import CLAIM_REFUSALS
from opsdesk.review.model import Ticket, TicketEventKind, TicketStatus
from opsdesk.review.reference.model import Bucket
from opsdesk.review.screening.errors import SkipInvalid
from opsdesk.review.tickets import lock_ticket, record_change, record_event, show_ticket

SKIPPED_FOR_S = 3600
"""How long a ticket is not offered to somebody who has skipped it."""
REASON_CHARS_MAX = 500
WAITING_MAX = 1000
"""How far into the queue is looked for one that is for the actor."""
REFUSED_MAX = 20
"""Of the tickets that are tried; more than a few are refused to nobody."""

_SQL = statements(__file__)
_NEXT_ASSIGNED = _SQL["next_assigned"]
_NEXT_TICKET = _SQL["next_ticket"]


async def claim_next(conn: Connection, *, bucket: Bucket, actor: Actor, now: datetime) -> Ticket | None:
    """Claim what has priority, then what is due, then what is oldest in a list; None: nothing there is for this actor.

    What a lead assigned to the actor comes before all others. Two who ask at the same moment get two tickets, and
    neither waits. What the actor holds already is theirs again; what they have answered, asked for, or skipped within
    SKIPPED_FOR_S is left to others, and so is what still waits for pictures. Raises ScopeMissing.
    """
    require(actor, Scope.TICKETS_DECIDE)
    refused: list[UUID] = []
    while len(refused) < REFUSED_MAX:
        values = {
            "bucket": bucket,
            "now": now,
            "actor": actor.id,
            "person": actor.person,
            "roles": sorted(actor.roles),
            "refused": refused,
            "skipped_since": now - timedelta(seconds=SKIPPED_FOR_S),
            "waiting": WAITING_MAX,
        }
        row = await (await conn.execute(_NEXT_ASSIGNED, values)).fetchone()
        row = row or await (await conn.execute(_NEXT_TICKET, values)).fetchone()
        if row is None:
            return None
        try:
            return await claim(conn, ticket_id=row[0], actor=actor, now=now)
        except CLAIM_REFUSALS:  # such as what somebody asked for by another key of theirs
            refused.append(row[0])
    return None


async def skip(conn: Connection, *, ticket_id: UUID, reason: str, actor: Actor, now: datetime) -> Ticket:
    """Leave a ticket to others, and say why: it is nobody's then, and not offered to the actor for a while.

    Nothing happens where it is closed. Raises TicketUnknown, TicketClaimed where somebody else holds it, SkipInvalid,
    ScopeMissing.
    """
    require(actor, Scope.TICKETS_DECIDE)
    reason = reason.strip()
    if problem := (None if reason else "is required") or text_problem(reason, chars_max=REASON_CHARS_MAX):
        raise SkipInvalid(ticket_id=str(ticket_id), problem=problem)
    ticket = await lock_ticket(conn, ticket_id=ticket_id)
    if ticket.status is not TicketStatus.OPEN:
        return ticket
    check_not_claimed_by_other(ticket, actor=actor, now=now)
    await end_claim(conn, ticket_id=ticket_id)
    after = {"claimed_by": None, "reason": reason}
    await record_change(
        conn, ticket, action="skip", actor=actor, before={"claimed_by": ticket.claimed_by}, after=after, now=now
    )
    await record_event(conn, ticket_id=ticket_id, kind=TicketEventKind.SKIPPED, actor=actor.id, now=now, reason=reason)
    return await show_ticket(conn, ticket_id=ticket_id)
