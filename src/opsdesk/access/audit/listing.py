"""Entries as they are read: listed newest first, page by page, by whatever tells them apart."""

from dataclasses import asdict, dataclass
from datetime import datetime

from psycopg.rows import class_row

from opsdesk.access.audit.entries import Entry
from opsdesk.access.audit.errors import EntryUnknown, FilterInvalid
from opsdesk.kit.db import Connection
from opsdesk.kit.paging import Page, decode_place, page_of, page_rows
from opsdesk.kit.sql import backwards, statements

FILTER_CHARS_MAX = 200

_SQL = statements(__file__)
_LIST_ENTRIES = _SQL["list_entries"]
_LIST_BEFORE = backwards(_LIST_ENTRIES)
_SHOW_ENTRY = _SQL["show_entry"]


@dataclass(frozen=True, slots=True)
class ListedEntry(Entry):
    """An entry with its place in the chain; None where it is still to be sealed."""

    seq: int | None
    hash: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter:
    """Which entries; what is None says nothing about them. Raises FilterInvalid where it is made."""

    since: datetime | None = None
    until: datetime | None = None
    """Up to, but not at this time."""
    actor: str | None = None
    action: str | None = None
    """An action such as `run.start`, or the noun before the point, for all of its actions."""
    object_kind: str | None = None
    object_id: str | None = None
    request_id: str | None = None

    def __post_init__(self) -> None:
        # Here, and not where it is used: an export has begun to answer by then.
        for field, value in asdict(self).items():
            if isinstance(value, str) and (len(value) > FILTER_CHARS_MAX or "\0" in value):
                raise FilterInvalid(field=field, problem=f"has more than {FILTER_CHARS_MAX} characters, or a NUL")


async def list_entries(
    conn: Connection, wanted: EntryFilter, *, limit: int | None = None, cursor: str | None = None
) -> Page[ListedEntry]:
    """A page of the entries that pass the filter, newest first. Raises BadPageSize, BadCursor."""
    size = page_rows(limit)
    place = decode_place(cursor, shape=(int,))
    (after,) = place.key or (None,)
    values = {**asdict(wanted), "after": after, "limit": size + 1}
    statement = _LIST_BEFORE if place.backwards else _LIST_ENTRIES
    async with conn.cursor(row_factory=class_row(ListedEntry)) as rows:
        # Planned each time, by the filters that are given: one plan for all of them would read the whole table.
        found = await (await rows.execute(statement, values, prepare=False)).fetchall()
    return page_of(found, size=size, key=lambda entry: (entry.entry_id,), place=place)


async def show_entry(conn: Connection, entry_id: int) -> ListedEntry:
    """Raises EntryUnknown."""
    async with conn.cursor(row_factory=class_row(ListedEntry)) as rows:
        found = await (await rows.execute(_SHOW_ENTRY, {"entry_id": entry_id})).fetchone()
    if found is None:
        raise EntryUnknown(entry_id)
    return found
