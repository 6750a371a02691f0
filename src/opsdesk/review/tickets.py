"""Tickets: opened and closed by what asks for them, shown to those who answer."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.pq import TransactionStatus
from psycopg.rows import class_row, dict_row

from opsdesk.access import Actor, audit, system_actor
from opsdesk.kit.db import Connection
from opsdesk.kit.ids import new_id
from opsdesk.kit.sql import statements
from opsdesk.review.answers import problem_of_schema
from opsdesk.review.applications.results import record_result
from opsdesk.review.canonical import canonical, digest_of, sha256_of
from opsdesk.review.errors import TicketDiffers, TicketInvalid, TicketUnknown
from opsdesk.review.model import (
    SCREENING,
    NewTicket,
    Screening,
    Ticket,
    TicketAmendment,
    TicketAnswer,
    TicketClosing,
    TicketEvent,
    TicketEventKind,
    TicketField,
    TicketStatus,
    Verdict,
)

APPROVERS_MAX = 20
FIELDS_MAX = 200

_SQL = statements(__file__)
_INSERT_TICKET = _SQL["insert_ticket"]
_INSERT_SCREENING_TICKET = _SQL["insert_screening_ticket"]
_TICKET_BY_NAME = _SQL["ticket_by_name"]
_LOCK_TICKET = _SQL["lock_ticket"]
_SHOW_TICKET = _SQL["show_ticket"]
_CLOSE_TICKET = _SQL["close_ticket"]
_ASK_FOR_PEOPLE = _SQL["ask_for_people"]
_INSERT_EVENT = _SQL["insert_event"]
_EVENTS = _SQL["events"]
_ANSWERS = _SQL["answers"]
_AMENDMENTS = _SQL["amendments"]


async def open_ticket(conn: Connection, ticket: NewTicket, *, now: datetime) -> Ticket:
    """Ask people for something, once: the same source, subject, node, iteration and generation give the same ticket.

    The ticket that is there already is returned in whatever state it is, so look at its status. `due_at` of a repeated
    call may differ and is ignored.

    Raises TicketInvalid; TicketDiffers where the ticket that is there shows or asks something else.
    """
    _check(ticket)
    row = asdict(ticket) | {
        "id": new_id(),
        "shown": canonical(ticket.shown),
        "shown_sha256": digest_of(ticket.shown),
        "shown_personal": sorted(ticket.shown_personal),
        "asked": canonical([asdict(field) for field in ticket.asked]),
        "reasons": canonical(ticket.reasons),
        "content_sha256": _content_sha256(ticket),
        "status": TicketStatus.OPEN,
        "now": now,
    }
    inserted = await (await conn.execute(_INSERT_TICKET, row)).fetchone()
    if inserted is not None:
        await record_event(conn, ticket_id=row["id"], kind=TicketEventKind.OPENED, actor=ticket.source, now=now)
        opened = await show_ticket(conn, ticket_id=row["id"])
        content = {name: row[name] for name in ("content_sha256", "subject", "node", "shown_sha256")}
        await record_change(conn, opened, action="open", actor=system_actor(ticket.source), after=content, now=now)
        return opened
    found = await (await conn.execute(_TICKET_BY_NAME, row)).fetchone()
    assert found is not None, "a ticket that was in the way of an insert is never deleted"
    ticket_id, content_sha256 = found
    if content_sha256 != row["content_sha256"]:
        raise TicketDiffers(ticket_id=str(ticket_id))
    return await show_ticket(conn, ticket_id=ticket_id)


async def insert_screening_ticket(conn: Connection, row: Mapping[str, Any]) -> UUID | None:
    """Write a ticket of a screening type, and that it was opened; None: its name is taken, and nothing was written."""
    inserted = await (await conn.execute(_INSERT_SCREENING_TICKET, row)).fetchone()
    return inserted[0] if inserted else None


async def find_ticket(conn: Connection, name: Mapping[str, Any]) -> Ticket:
    """The one that was in the way of an insert: of this source, subject, node, iteration and generation."""
    found = await (await conn.execute(_TICKET_BY_NAME, name)).fetchone()
    assert found is not None, "a ticket that was in the way of an insert is never deleted"
    return await show_ticket(conn, ticket_id=found[0])


async def close_ticket(conn: Connection, *, ticket_id: UUID, reason: TicketClosing, now: datetime) -> Ticket:
    """End an open ticket without a decision; the answers given so far stay.

    Locks the ticket, so that of a decision and a closing at the same moment the first one counts. A ticket that is
    closed already stays as it is: the status of the ticket returned says what became of it. Lock nothing that the
    function handed to `decide` locks as well before calling this, or the two wait for each other.

    Of the ticket of an application the result goes back: that there is none.

    Raises TicketUnknown.
    """
    ticket = await lock_ticket(conn, ticket_id=ticket_id)
    if ticket.status is not TicketStatus.OPEN:
        return ticket
    values = {"id": ticket_id, "status": TicketStatus(reason), "decision": None, "result": None, "now": now}
    await conn.execute(_CLOSE_TICKET, values)
    await record_event(
        conn, ticket_id=ticket_id, kind=TicketEventKind.CLOSED, actor=ticket.source, now=now, reason=reason
    )
    closed = await show_ticket(conn, ticket_id=ticket_id)
    await record_change(
        conn,
        closed,
        action="close",
        actor=system_actor(ticket.source),
        before={"status": ticket.status},
        after={"status": closed.status},
        now=now,
    )
    if closed.source == SCREENING:
        await record_result(conn, closed, codes=(), now=now)
    return closed


async def show_ticket(conn: Connection, *, ticket_id: UUID) -> Ticket:
    """A ticket with all that is shown and asked, personal values included. Raises TicketUnknown."""
    cursor = conn.cursor(row_factory=dict_row)
    row = await (await cursor.execute(_SHOW_TICKET, {"id": ticket_id})).fetchone()
    if row is None:
        raise TicketUnknown(ticket_id=str(ticket_id))
    return _ticket(row)


async def ticket_answers(conn: Connection, *, ticket_id: UUID) -> tuple[TicketAnswer, ...]:
    """What people answered to a ticket so far, in that order, personal values included."""
    cursor = conn.cursor(row_factory=class_row(TicketAnswer))
    return tuple(await (await cursor.execute(_ANSWERS, {"id": ticket_id})).fetchall())


async def ticket_amendments(conn: Connection, *, ticket_id: UUID) -> tuple[TicketAmendment, ...]:
    """How what a ticket shows was changed, in that order, personal values included."""
    cursor = conn.cursor(row_factory=dict_row)
    rows = await (await cursor.execute(_AMENDMENTS, {"id": ticket_id})).fetchall()
    return tuple(TicketAmendment(**row | {"shown_personal": frozenset(row["shown_personal"])}) for row in rows)


async def ticket_history(conn: Connection, *, ticket_id: UUID) -> tuple[TicketEvent, ...]:
    """What happened to a ticket, in that order."""
    cursor = conn.cursor(row_factory=dict_row)
    rows = await (await cursor.execute(_EVENTS, {"id": ticket_id})).fetchall()
    return tuple(TicketEvent(**row | {"kind": TicketEventKind(row["kind"])}) for row in rows)


async def lock_ticket(conn: Connection, *, ticket_id: UUID) -> Ticket:
    """Lock a ticket until the transaction ends, then read it: whoever waited for the lock sees what the other left.

    Raises TicketUnknown.
    """
    await conn.execute(_LOCK_TICKET, {"id": ticket_id})
    assert conn.info.transaction_status is TransactionStatus.INTRANS, "a lock needs a transaction that holds it"
    return await show_ticket(conn, ticket_id=ticket_id)


async def record_event(
    conn: Connection, *, ticket_id: UUID, kind: TicketEventKind, actor: str, now: datetime, reason: str = ""
) -> None:
    await conn.execute(
        _INSERT_EVENT, {"ticket_id": ticket_id, "kind": kind, "actor": actor, "now": now, "reason": reason}
    )


async def record_change(
    conn: Connection,
    ticket: Ticket,
    *,
    action: str,
    actor: Actor,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    now: datetime,
) -> None:
    """Say in the audit chain what was done to a ticket, and by whom."""
    await audit.record(
        conn,
        actor=actor,
        action=f"ticket.{action}",
        object_kind="ticket",
        object_id=str(ticket.id),
        before=before,
        after=after,
        now=now,
    )


async def mark_decided(
    conn: Connection, *, ticket_id: UUID, answers: Mapping[str, Any], result: Verdict | None, now: datetime
) -> None:
    """Close an open ticket with the answers that decide it; the caller holds its lock."""
    values = {"id": ticket_id, "status": TicketStatus.DECIDED, "decision": canonical(answers), "result": result}
    await conn.execute(_CLOSE_TICKET, values | {"now": now})


async def ask_for_people(conn: Connection, *, ticket_id: UUID, people: int) -> None:
    """Have so many people judge an open screening ticket, which are more than before; the caller holds its lock."""
    await conn.execute(_ASK_FOR_PEOPLE, {"id": ticket_id, "people": people})


def _check(ticket: NewTicket) -> None:
    for name in ("source", "subject", "node", "requested_by"):
        if not getattr(ticket, name):
            raise TicketInvalid(field=name, problem="is empty")
    if not 1 <= ticket.required_approvers <= APPROVERS_MAX:
        raise TicketInvalid(field="required_approvers", problem=f"is not between 1 and {APPROVERS_MAX}")
    if not 1 <= len(ticket.asked) <= FIELDS_MAX:
        raise TicketInvalid(field="asked", problem=f"holds no field, or more than {FIELDS_MAX}")
    names = [field.name for field in ticket.asked]
    for field in ticket.asked:
        if names.count(field.name) > 1:
            raise TicketInvalid(field=field.name, problem="is asked for twice")
        if problem := problem_of_schema(field.schema):
            raise TicketInvalid(field=field.name, problem=problem)


def _content_sha256(ticket: NewTicket) -> str:
    content = asdict(ticket) | {"shown_personal": sorted(ticket.shown_personal)}
    del content["due_at"]
    if not ticket.reasons:  # as before there were any, so that a ticket of then is found again
        del content["reasons"]
    return sha256_of(canonical(content))


_OF_SCREENING = ("application", "scene", "bucket", "user_id", "type_id", "type_version", "adapt_id", "adapt_version")


def screening_of(row: dict[str, Any]) -> Screening | None:
    """What a row tells of a screening type, taken out of it; None where none makes the ticket."""
    more = {name: row.pop(name) for name in _OF_SCREENING}
    result, waiting = row.pop("result"), row.pop("pictures_waiting")
    if more["type_id"] is None:
        return None
    return Screening(**more, result=Verdict(result) if result else None, pictures_waiting=waiting)


def _ticket(row: dict[str, Any]) -> Ticket:
    screening = screening_of(row)
    return Ticket(
        **row
        | {
            "shown_personal": frozenset(row["shown_personal"]),
            "asked": tuple(TicketField(**field) for field in row["asked"]),
            "status": TicketStatus(row["status"]),
            "screening": screening,
        }
    )
