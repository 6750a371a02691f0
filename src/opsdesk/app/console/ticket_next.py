"""The next ticket for somebody: what was assigned to them, then the first in the queue that nobody else is at."""

from datetime import datetime
from typing import Any

from opsdesk import access, review
from opsdesk.kit.db import Connection
from opsdesk.kit.errors import OpsdeskError

ROWS_MAX = 50
"""How many tickets of each role are looked at."""


async def waiting_for(conn: Connection, *, actor: access.Actor, now: datetime) -> list[review.TicketSummary]:
    """The open tickets that this actor may decide, has not answered, and that nobody else has claimed, in order.

    What a lead assigned to the actor is first, however far back in the queue it is.
    """
    open_ones: dict[str, Any] = {"status": review.TicketStatus.OPEN, "limit": ROWS_MAX, "now": now}
    pages = [await review.list_tickets(conn, claimed_by=actor.id, **open_ones)]
    pages += [await review.list_tickets(conn, role=role, **open_ones) for role in sorted(actor.roles)]
    tickets = [ticket for each in pages for ticket in each.items]
    found = {ticket.id: ticket for ticket in tickets if is_free(ticket, actor=actor, now=now)}
    for answered in await review.queue.answered_among(conn, ticket_ids=list(found), actor=actor):
        del found[answered]
    return sorted(found.values(), key=lambda ticket: _place(ticket, now=now))


def _place(ticket: review.TicketSummary, *, now: datetime) -> tuple[bool, int, bool, datetime, datetime]:
    """As the queue has them. Whoever holds one of them is the actor."""
    is_assigned = ticket.assigned_by is not None and review.model.claim_at(ticket, now) is not None
    due_at = ticket.due_at or ticket.opened_at
    return not is_assigned, -ticket.priority, ticket.due_at is None, due_at, ticket.opened_at


def is_free(ticket: review.TicketSummary, *, actor: access.Actor, now: datetime) -> bool:
    """Whether the actor may decide it, and nobody else is at it."""
    held = ticket.claimed_by if ticket.claimed_until is not None and ticket.claimed_until > now else None
    return held in (None, actor.id) and access.may(actor, access.Scope.TICKETS_DECIDE, ticket)


async def claim_next(conn: Connection, *, actor: access.Actor, now: datetime) -> review.Ticket | None:
    """Claim the first of them that can be had: meanwhile others may have been faster, or the actor has answered it."""
    for ticket in await waiting_for(conn, actor=actor, now=now):
        try:
            async with conn.transaction():  # which gives back the lock on a ticket that is not for this actor
                return await review.claim(conn, ticket_id=ticket.id, actor=actor, now=now)
        except OpsdeskError:
            continue
    return None
