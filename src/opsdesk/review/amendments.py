"""Amendments: the data of an open ticket is corrected, and whoever answered on the data before is asked again."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from opsdesk.access import Actor, Scope, require
from opsdesk.kit.db import Connection
from opsdesk.kit.masking import is_personal
from opsdesk.kit.sql import statements
from opsdesk.review.answers import text_problem, value_problem
from opsdesk.review.canonical import alike, canonical, digest_of
from opsdesk.review.errors import AmendmentInvalid, TicketFrozen, TicketNotOpen, TicketUnknown
from opsdesk.review.model import Ticket, TicketEventKind, TicketStatus
from opsdesk.review.tickets import lock_ticket, record_change, record_event, show_ticket

REASON_CHARS_MAX = 2000
SNAPSHOTS_MAX = 100
REFUSALS = (TicketUnknown, TicketNotOpen, TicketFrozen, AmendmentInvalid)

OnAmended = Callable[[Connection, Ticket, Mapping[str, Any], Actor, str, datetime], Awaitable[None]]
"""Told of a ticket as it is amended, of the values by name, by whom, why and when; in the same transaction."""

_SQL = statements(__file__)
_INSERT_AMENDMENT = _SQL["insert_amendment"]
_SET_SNAPSHOT = _SQL["set_snapshot"]


async def amend(
    conn: Connection,
    *,
    ticket_id: UUID,
    actor: Actor,
    values: Mapping[str, Any],
    reason: str,
    now: datetime,
    on_amended: OnAmended,
) -> Ticket:
    """Change what an open ticket shows, by name; answers given before are void, and their authors are asked again.

    Locks the ticket as `decide` does: of an amendment and the last answer at the same moment the first counts, and the
    other is refused. Values that are as they were change nothing. The claim of whoever works on it stays. What is not
    shown cannot be amended.

    Raises ScopeMissing, TicketUnknown, TicketNotOpen, TicketFrozen, AmendmentInvalid, and what `on_amended` raises.
    """
    require(actor, Scope.RUNS_WRITE)
    ticket = await lock_ticket(conn, ticket_id=ticket_id)
    if ticket.status is not TicketStatus.OPEN:
        raise TicketNotOpen(ticket_id=str(ticket_id), state=ticket.status)
    if ticket.screening is not None:
        raise TicketFrozen(ticket_id=str(ticket_id))
    if problems := _problems(ticket, values, reason):
        raise AmendmentInvalid(ticket_id=str(ticket_id), problems=problems)
    changed = {name: value for name, value in values.items() if not alike(value, ticket.shown[name])}
    if not changed:
        return ticket
    shown = {**ticket.shown, **changed}
    row = {
        "ticket_id": ticket_id,
        "snapshot": ticket.snapshot + 1,
        "shown": canonical(shown),
        "shown_sha256": digest_of(shown),
        "shown_personal": sorted(
            ticket.shown_personal | {name for name in changed if is_personal(name, changed[name])}
        ),
        "changed": sorted(changed),
        "actor": actor.id,
        "person": actor.person,
        "roles": sorted(actor.roles),
        "reason": reason,
        "now": now,
    }
    await conn.execute(_INSERT_AMENDMENT, row)
    await conn.execute(_SET_SNAPSHOT, {"id": ticket_id, "snapshot": row["snapshot"]})
    await record_event(conn, ticket_id=ticket_id, kind=TicketEventKind.AMENDED, actor=actor.id, now=now, reason=reason)
    names = ("snapshot", "shown_sha256", "changed", "person", "roles", "reason")
    before = {"snapshot": ticket.snapshot, "shown_sha256": ticket.shown_sha256}
    after = {name: row[name] for name in names}
    await record_change(conn, ticket, action="amend", actor=actor, before=before, after=after, now=now)
    amended = await show_ticket(conn, ticket_id=ticket_id)
    await on_amended(conn, amended, changed, actor, reason, now)
    return amended


def _problems(ticket: Ticket, values: Mapping[str, Any], reason: str) -> dict[str, str]:
    problems = {name[:64]: "is not shown" for name in values if name not in ticket.shown}
    if not values:
        problems["values"] = "are none"
    if not reason.strip() or text_problem(reason, chars_max=REASON_CHARS_MAX):
        problems["reason"] = f"has to be 1 to {REASON_CHARS_MAX} characters that can be read"
    if ticket.snapshot >= SNAPSHOTS_MAX:
        problems["values"] = f"were amended {SNAPSHOTS_MAX - 1} times, which is the limit"
    for name, value in values.items():
        if name not in problems and (problem := value_problem(value)):
            problems[name] = problem
    return problems
