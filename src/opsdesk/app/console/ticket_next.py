"""The next ticket for somebody: the first in the queue that they may decide and that nobody else is at."""

from datetime import datetime

from opsdesk import access, review
from opsdesk.kit.db import Connection
from opsdesk.kit.errors import OpsdeskError

ROWS_MAX = 50
"""How many tickets of each role are looked at."""


async def waiting_for(conn: Connection, *, actor: access.Actor, now: datetime) -> list[review.TicketSummary]:
    """The open tickets that this actor may decide and that nobody else has claimed, as the queue has them."""
    found: dict[object, review.TicketSummary] = {}
    for role in sorted(actor.roles):
        rows = await review.list_tickets(conn, role=role, status=review.TicketStatus.OPEN, limit=ROWS_MAX, now=now)
        found.update({ticket.id: ticket for ticket in rows.items if is_free(ticket, actor=actor, now=now)})
    return sorted(found.values(), key=_place)


def _place(ticket: review.TicketSummary) -> tuple[int, bool, datetime, datetime]:
    """As the queue has them."""
    return -ticket.priority, ticket.due_at is None, ticket.due_at or ticket.opened_at, ticket.opened_at


def is_free(ticket: review.TicketSummary, *, actor: access.Actor, now: datetime) -> bool:
    """Whether the actor may decide it, and nobody else is at it."""
    held = ticket.claimed_by if ticket.claimed_until is not None and ticket.claimed_until > now else None
    return held in (None, actor.id) and access.may(actor, access.Scope.TICKETS_DECIDE, ticket)


async def claim_next(conn: Connection, *, actor: access.Actor, now: datetime) -> review.Ticket | None:
    """Claim the first of them that can be had: meanwhile others may have been faster, or the actor has answered it."""
    for ticket in await waiting_for(conn, actor=actor, now=now):
        try:
            return await review.claim(conn, ticket_id=ticket.id, actor=actor, now=now)
        except OpsdeskError:
            continue
    return None
