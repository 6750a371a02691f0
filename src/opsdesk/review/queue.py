"""The queue: lists of tickets, what has priority first, then what is due, then what is oldest."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from opsdesk.access import Actor
from opsdesk.kit.db import Connection
from opsdesk.kit.paging import Page, decode_place, page_of, page_rows
from opsdesk.kit.sql import backwards, statements
from opsdesk.review.answers import text_problem
from opsdesk.review.errors import TicketFilterInvalid
from opsdesk.review.model import TicketStatus, TicketSummary
from opsdesk.review.tickets import screening_of

FILTER_CHARS_MAX = 200
FOUND_TICKETS_MAX = 10

_NEVER_DUE = datetime(9999, 12, 31, tzinfo=UTC)
_CURSOR_SHAPE = (int, datetime, datetime, UUID)

_SQL = statements(__file__)
_LIST_TICKETS = _SQL["list_tickets"]
_LIST_BEFORE = backwards(_LIST_TICKETS)
_COUNT_TICKETS = _SQL["count_tickets"]
_COUNT_OPEN = _SQL["count_open"]
_FIND_TICKETS = _SQL["find_tickets"]
_ANSWERED_AMONG = _SQL["answered_among"]


async def list_tickets(
    conn: Connection,
    *,
    now: datetime,
    role: str | None = None,
    status: TicketStatus | None = None,
    claimed_by: str | None = None,
    overdue: bool | None = None,
    due_before: datetime | None = None,
    search: str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Page[TicketSummary]:
    """A page of the tickets that pass every filter given, those that are never due last.

    `role` finds the tickets that a holder of it may answer, also those open to every role. `claimed_by` counts claims
    that have not run out, `overdue` open tickets whose time is up. `search` looks in title, purpose, subject and node,
    in any case of letters, and never in what is shown or answered.

    Raises TicketFilterInvalid, BadPageSize, BadCursor.
    """
    size = page_rows(limit)
    filters = _filters(role=role, claimed_by=claimed_by, overdue=overdue, due_before=due_before, search=search, now=now)
    place = decode_place(cursor, shape=_CURSOR_SHAPE)
    after = place.key or (None, None, None, None)
    values = filters | {
        "status": status,
        "after_priority": after[0],
        "after_due": after[1],
        "after_opened": after[2],
        "after_id": after[3],
        "rows": size + 1,
    }
    found = conn.cursor(row_factory=dict_row)
    statement = _LIST_BEFORE if place.backwards else _LIST_TICKETS
    rows = await (await found.execute(statement, values)).fetchall()
    return page_of([_summary(row) for row in rows], size=size, key=_sort_key, place=place)


async def find_tickets(conn: Connection, part: str) -> list[UUID]:
    """The newest tickets whose identifier begins or ends with these hexadecimal digits, FOUND_TICKETS_MAX at most."""
    values = {"part": part.replace("-", "").lower(), "limit": FOUND_TICKETS_MAX}
    return [ticket_id for (ticket_id,) in await (await conn.execute(_FIND_TICKETS, values)).fetchall()]


async def answered_among(conn: Connection, *, ticket_ids: Sequence[UUID], actor: Actor) -> frozenset[UUID]:
    """Those of these tickets that this actor has answered already, by whatever key: they wait for somebody else."""
    values = {"ids": list(ticket_ids), "people": [actor.id, actor.person]}
    return frozenset(found for (found,) in await (await conn.execute(_ANSWERED_AMONG, values)).fetchall())


async def count_tickets(
    conn: Connection,
    *,
    now: datetime,
    role: str | None = None,
    claimed_by: str | None = None,
    overdue: bool | None = None,
    due_before: datetime | None = None,
    search: str | None = None,
) -> Mapping[TicketStatus, int]:
    """How many tickets of each status pass the filters, which are those of `list_tickets`."""
    filters = _filters(role=role, claimed_by=claimed_by, overdue=overdue, due_before=due_before, search=search, now=now)
    rows = await (await conn.execute(_COUNT_TICKETS, filters)).fetchall()
    return dict.fromkeys(TicketStatus, 0) | {TicketStatus(status): count for status, count in rows}


async def count_open(conn: Connection, *, now: datetime) -> tuple[int, int]:
    """How many tickets are open, and how many of them overdue; unlike `count_tickets` it reads no closed ones."""
    row = await (await conn.execute(_COUNT_OPEN, {"now": now})).fetchone()
    assert row is not None
    return row[0], row[1]


def _filters(
    *,
    role: str | None,
    claimed_by: str | None,
    overdue: bool | None,
    due_before: datetime | None,
    search: str | None,
    now: datetime,
) -> dict[str, Any]:
    texts = {"role": role, "claimed_by": claimed_by, "search": search}
    for name, text in texts.items():
        if text is not None and (problem := text_problem(text, chars_max=FILTER_CHARS_MAX)):
            raise TicketFilterInvalid(filter=name, problem=problem)
    return texts | {"overdue": overdue, "due_before": due_before, "now": now}


def _summary(row: dict[str, Any]) -> TicketSummary:
    screening = screening_of(row)
    return TicketSummary(**row | {"status": TicketStatus(row["status"]), "screening": screening})


def _sort_key(ticket: TicketSummary) -> tuple[int, datetime, datetime, UUID]:
    return -ticket.priority, ticket.due_at or _NEVER_DUE, ticket.opened_at, ticket.id
