"""Deadlines of tickets: moved while the customer is waited for, and escalated before they are reached."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from opsdesk.access import system_actor
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements
from opsdesk.review.alerts import Alert, tell
from opsdesk.review.claims import end_claim
from opsdesk.review.model import Ticket, TicketEventKind, TicketStatus
from opsdesk.review.tickets import lock_ticket, record_change, record_event, show_ticket

ESCALATED_MAX = 100

_SQL = statements(__file__)
_ESCALATE = _SQL["escalate"]
_ESCALATION_DUE = _SQL["escalation_due"]
_ESCALATED = _SQL["escalated"]
_MOVE_CLOCK = _SQL["move_clock"]


async def escalate(
    conn: Connection, *, ticket_id: UUID, role: str | None, priority: int | None, now: datetime, told: str | None = None
) -> Ticket:
    """Give an open ticket to another role, or a higher priority; `told` is the event that operators are told of.

    Locks the ticket. One that is closed stays as it is: the status of the ticket returned says what became of it.
    Whoever holds it gives it back where it goes to another role. Raises TicketUnknown.
    """
    ticket = await lock_ticket(conn, ticket_id=ticket_id)
    if ticket.status is not TicketStatus.OPEN:
        return ticket
    after = {"role": role or ticket.role, "priority": max(priority or 0, ticket.priority)}
    before = {"role": ticket.role, "priority": ticket.priority}
    await conn.execute(_ESCALATE, {"id": ticket_id, **after})
    if after["role"] != ticket.role:
        await end_claim(conn, ticket_id=ticket_id)
    by = system_actor(ticket.source)
    said = {"role": role, "priority": priority, "event": told}
    reason = ", ".join(f"{name} {value}" for name, value in said.items() if value is not None)
    await record_event(
        conn, ticket_id=ticket_id, kind=TicketEventKind.ESCALATED, actor=ticket.source, now=now, reason=reason
    )
    await record_change(
        conn, ticket, action="escalate", actor=by, before=before, after={**after, "event": told}, now=now
    )
    return await show_ticket(conn, ticket_id=ticket_id)


async def escalate_due(conn: Connection, *, now: datetime) -> Sequence[Ticket]:
    """Escalate screening tickets that will soon be late, as their type said when they were made; ESCALATED_MAX at most.

    Locks them; those that somebody else locks are left for the next time. Each is escalated once, and operators are
    told. What is left to be done is escalated by calling this again, in another transaction.
    """
    rows = await (await conn.execute(_ESCALATION_DUE, {"now": now, "rows": ESCALATED_MAX})).fetchall()
    escalated = []
    for ticket_id, priority, role in rows:
        await conn.execute(_ESCALATED, {"id": ticket_id})
        ticket = await escalate(conn, ticket_id=ticket_id, role=role, priority=priority, now=now)
        assert ticket.screening is not None, "only screening tickets say when they are escalated"
        facts = {"ticket_id": str(ticket_id), "type_id": ticket.screening.type_id, "role": ticket.role}
        due_at = ticket.due_at and ticket.due_at.isoformat()
        await tell(conn, Alert.NEARLY_LATE, facts | {"priority": ticket.priority, "due_at": due_at}, now=now)
        escalated.append(ticket)
    return escalated


async def move_clock(
    conn: Connection, *, ticket_id: UUID, due_at: datetime | None, stands_since: datetime | None, now: datetime
) -> Ticket:
    """Say when an open ticket is due now, or since when its clock stands. Nothing happens where it says so already.

    Locks the ticket; one that is closed stays as it is. Raises TicketUnknown.
    """
    ticket = await lock_ticket(conn, ticket_id=ticket_id)
    before = {"due_at": ticket.due_at, "stands_since": ticket.stands_since}
    after = {"due_at": due_at, "stands_since": stands_since}
    if ticket.status is not TicketStatus.OPEN or before == after:
        return ticket
    await conn.execute(_MOVE_CLOCK, {"id": ticket_id, **after})
    kind = TicketEventKind.CLOCK_STARTED if stands_since is None else TicketEventKind.CLOCK_STOPPED
    await record_event(conn, ticket_id=ticket_id, kind=kind, actor=ticket.source, now=now)
    by = system_actor(ticket.source)
    await record_change(conn, ticket, action="move_clock", actor=by, before=before, after=after, now=now)
    return await show_ticket(conn, ticket_id=ticket_id)
