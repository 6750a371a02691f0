"""The two lists of screening tickets, kyc and transaction: filtered, ordered, counted and paged by the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from opsdesk.kit.db import Connection
from opsdesk.kit.paging import Page, decode_place, page_of
from opsdesk.kit.sql import backwards, statements
from opsdesk.review.answers import text_problem
from opsdesk.review.errors import TicketFilterInvalid
from opsdesk.review.model import ScreeningStatus, TicketStatus, Verdict, standing
from opsdesk.review.reference.model import Bucket
from opsdesk.review.screening.types import name_key

PAGE_ROWS = 20
FILTER_CHARS_MAX = 200
COUNTED_MAX = 10_000
"""Counts go no further."""
REVIEWERS_MAX = 200

_SQL = statements(__file__)
_PICK = _SQL["pick"]
_COUNT = _SQL["count"]
_NEWEST = _SQL["newest"]
_OLDEST = _SQL["oldest"]
_NO_FURTHER_THAN = _SQL["no_further_than"]
_TYPE_IDS = _SQL["type_ids"]
_REVIEWERS = _SQL["reviewers"]
_OF_TYPES = _SQL["of_types"]
_TEXTS = {
    "application": _SQL["of_application"],
    "scene": _SQL["of_scene"],
    "result": _SQL["with_result"],
    "reviewer": _SQL["by_reviewer"],
    "number": _SQL["about"],
    "opened_from": _SQL["opened_from"],
    "opened_to": _SQL["opened_to"],
}
_STATUSES = {status: _SQL[status.value] for status in ScreeningStatus}

_CURSOR_SHAPE = (datetime, UUID)
_FIRST = (datetime(1, 1, 1, tzinfo=UTC), UUID(int=0))
_LAST = (datetime(9999, 12, 31, tzinfo=UTC), UUID(int=2**128 - 1))


@dataclass(frozen=True, slots=True)
class ReviewFilter:
    """Which tickets of a list; what is left out does not restrict."""

    type_name: str | None = None
    """The name of a screening type, or a part of the names of several, however it is spelt."""
    application: str | None = None
    scene: str | None = None
    status: ScreeningStatus | None = None
    result: Verdict | None = None
    reviewer: str | None = None
    """The id of who works on it, or was the last to."""
    number: str | None = None
    """A platform user id, or a flow number; whole."""
    opened_from: datetime | None = None
    opened_to: datetime | None = None
    """Not included."""


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """A screening ticket as a line of its list: without values."""

    id: UUID
    flow_no: str
    type_id: int
    type_name: str
    application: str
    scene: str
    user_id: str
    opened_at: datetime
    status: ScreeningStatus
    result: Verdict | None
    holder: str | None
    """Who works on it now."""
    reviewer: str | None
    """Who works on it, or was the last to."""
    due_at: datetime | None
    priority: int
    pictures_waiting: int
    is_assigned: bool
    """Whether a lead gave it to who works on it."""
    is_open: bool
    """Whether it waits for people."""


async def list_for_review(
    conn: Connection,
    *,
    bucket: Bucket,
    only: ReviewFilter = ReviewFilter(),
    oldest_first: bool = False,
    cursor: str | None = None,
    now: datetime,
) -> Page[ReviewLine]:
    """A page of the tickets that pass every filter, by when they were opened, the newest first.

    Raises TicketFilterInvalid, BadCursor.
    """
    conditions, values = await _conditions(conn, bucket, only, now=now)
    place = decode_place(cursor, shape=_CURSOR_SHAPE)
    after_at, after_id = place.key or (_FIRST if oldest_first else _LAST)
    text = b"\n".join([_PICK, *conditions, _OLDEST if oldest_first else _NEWEST])
    text = backwards(text) if place.backwards else text
    values |= {"after_at": after_at, "after_id": after_id, "rows": PAGE_ROWS + 1}
    rows = await (await conn.cursor(row_factory=dict_row).execute(text, values, prepare=False)).fetchall()
    lines = [_line(row, now=now) for row in rows]
    return page_of(lines, size=PAGE_ROWS, key=lambda line: (line.opened_at, line.id), place=place)


async def count_for_review(
    conn: Connection, *, bucket: Bucket, only: ReviewFilter = ReviewFilter(), now: datetime
) -> int:
    """How many tickets pass every filter; COUNTED_MAX stands for that many or more. Raises TicketFilterInvalid."""
    conditions, values = await _conditions(conn, bucket, only, now=now)
    text = b"\n".join([_COUNT, *conditions, _NO_FURTHER_THAN])
    row = await (await conn.execute(text, values | {"limit": COUNTED_MAX}, prepare=False)).fetchone()
    assert row is not None, "a count is a row"
    return int(row[0])


async def reviewers(conn: Connection, *, bucket: Bucket) -> list[str]:
    """The ids of those who have worked on a ticket of the list, in order, REVIEWERS_MAX at most."""
    rows = await (await conn.execute(_REVIEWERS, {"bucket": bucket, "rows": REVIEWERS_MAX})).fetchall()
    return [reviewer for (reviewer,) in rows]


async def _conditions(
    conn: Connection, bucket: Bucket, only: ReviewFilter, *, now: datetime
) -> tuple[list[bytes], dict[str, Any]]:
    values: dict[str, Any] = {"bucket": bucket, "now": now}
    conditions: list[bytes] = []
    given = {name: getattr(only, name) for name in _TEXTS}
    _check_filters(given | {"type_name": only.type_name})
    if only.type_name is not None:
        rows = await (await conn.execute(_TYPE_IDS, {"part": name_key(only.type_name)})).fetchall()
        conditions.append(_OF_TYPES)
        values["type_ids"] = [type_id for (type_id,) in rows]
    if only.status is not None:
        conditions.append(_STATUSES[only.status])
    for name, value in given.items():
        if value is not None:
            conditions.append(_TEXTS[name])
            values[name] = value
    return conditions, values


def _check_filters(given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        if isinstance(value, str) and (problem := text_problem(value, chars_max=FILTER_CHARS_MAX)):
            raise TicketFilterInvalid(filter=name, problem=problem)


def _line(row: dict[str, Any], *, now: datetime) -> ReviewLine:
    claimed_by, until = row.pop("claimed_by"), row.pop("claimed_until")
    holder = claimed_by if until is not None and until > now else None
    is_open = row["status"] == TicketStatus.OPEN
    is_assigned = row.pop("assigned_by") is not None and holder is not None
    status = standing(TicketStatus(row["status"]), is_held=holder is not None, is_answered=row.pop("is_answered"))
    result = Verdict(row["result"]) if row["result"] else None
    told = {"status": status, "result": result, "is_assigned": is_assigned, "is_open": is_open}
    return ReviewLine(**row | told, holder=holder)
