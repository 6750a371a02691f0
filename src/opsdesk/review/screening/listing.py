"""Lists of the configuration: types, adapts, their operators, and the history of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from psycopg.rows import dict_row

from opsdesk.kit.db import Connection
from opsdesk.kit.paging import Page, decode_cursor, page_of
from opsdesk.kit.sql import statements
from opsdesk.review.answers import text_problem
from opsdesk.review.screening import adapt_document, adapts, types
from opsdesk.review.screening.adapts import AdaptStatus, ScreeningAdapt, adapt_of_row
from opsdesk.review.screening.difference import Change, difference
from opsdesk.review.screening.errors import (
    ConfigurationFilterInvalid,
    ScreeningAdaptUnknown,
    ScreeningTypeNotCalled,
    ScreeningTypeUnknown,
)
from opsdesk.review.screening.model import read_stored, stored
from opsdesk.review.screening.types import Category, ScreeningType, name_key

PAGE_ROWS = 20
OPTIONS_MAX = 50
FILTER_CHARS_MAX = 200
ID_DIGITS_MAX = 9
_CURSOR_SHAPE = (datetime, int)

_TYPES = statements(types.__file__)
_LIST_TYPES = _TYPES["list_types"]
_TYPE_BY_NAME = _TYPES["type_by_name"]
_TYPE_OPERATORS = _TYPES["list_operators"]
_TYPE_NAMES = _TYPES["type_names"]
_LIST_VERSIONS = _TYPES["list_versions"]
_ADAPTS = statements(adapts.__file__)
_LIST_ADAPTS = _ADAPTS["list_adapts"]
_ADAPT_OPERATORS = _ADAPTS["list_operators"]
_OFFERED_TYPES = _ADAPTS["offered_types"]
_LIST_HISTORY = _ADAPTS["list_history"]


@dataclass(frozen=True, slots=True)
class TypeLine:
    """A screening type as the list shows it."""

    type_id: int
    name: str
    category: Category
    version: int
    description: str
    changed_at: datetime
    operator: str


@dataclass(frozen=True, slots=True)
class TypeVersion:
    """One version of a type, and what it changed."""

    version: int
    description: str
    document: Mapping[str, Any]
    document_sha256: str
    restored_from: int | None
    saved_at: datetime
    operator: str
    changes: Sequence[Change]
    """From the version before; empty for the first."""


class EntryKind(StrEnum):
    """What stands in the history of an adapt: versions, and what was done to it beside them."""

    VERSION = "version"
    ACTIVATED = "activated"
    PAUSED = "paused"
    PAUSE_REFUSED = "pause_refused"


@dataclass(frozen=True, slots=True)
class AdaptEntry:
    """Something in the history of an adapt: a version, or what was done to it beside them."""

    kind: EntryKind
    at: datetime
    operator: str
    is_auto: bool
    version: int | None
    type_version: int | None
    document: Mapping[str, Any] | None
    detail: Mapping[str, Any] | None
    event_id: int
    """0 for a version."""
    changes: Sequence[Change]


async def list_types(
    conn: Connection,
    *,
    category: Category | None = None,
    name: str | None = None,
    operator: str | None = None,
    oldest_first: bool = False,
    rows: int = PAGE_ROWS,
    cursor: str | None = None,
) -> Page[TypeLine]:
    """A page of the types that pass every filter, the last changed first. `name` finds a part of the name.

    Raises ConfigurationFilterInvalid, BadCursor.
    """
    _check_filters(name=name, operator=operator)
    after_at, after_id = decode_cursor(cursor, shape=_CURSOR_SHAPE) if cursor else (None, None)
    values = {
        "category": category,
        "name": name and name_key(name),
        "operator": operator,
        "oldest_first": oldest_first,
        "after_at": after_at,
        "after_id": after_id,
        "rows": rows + 1,
    }
    found = await (await conn.cursor(row_factory=dict_row).execute(_LIST_TYPES, values)).fetchall()
    lines = [TypeLine(**row | {"category": Category(row["category"])}) for row in found]
    return page_of(lines, size=rows, key=lambda line: (line.changed_at, line.type_id))


async def find_type(conn: Connection, called: str) -> ScreeningType:
    """The type of this name, or else of this id. Raises ConfigurationFilterInvalid, ScreeningTypeNotCalled."""
    _check_filters(name=called)
    row = await (await conn.execute(_TYPE_BY_NAME, {"name_key": name_key(called)})).fetchone()
    is_id = called.isascii() and called.isdecimal() and len(called) <= ID_DIGITS_MAX
    try:
        return await types.show_type(conn, type_id=row[0] if row else int(called) if is_id else 0)
    except ScreeningTypeUnknown:
        raise ScreeningTypeNotCalled(called) from None


async def type_operators(conn: Connection) -> list[str]:
    """Who saved a type last, of any of them."""
    return [operator for (operator,) in await (await conn.execute(_TYPE_OPERATORS)).fetchall()]


async def type_names(conn: Connection, *, part: str | None = None, oldest_first: bool = False) -> list[tuple[int, str]]:
    """Ids and names of types whose name has this part, the last changed first, OPTIONS_MAX at most."""
    _check_filters(name=part)
    values = {"part": part and name_key(part), "oldest_first": oldest_first, "rows": OPTIONS_MAX}
    return [(row[0], row[1]) for row in await (await conn.execute(_TYPE_NAMES, values)).fetchall()]


async def type_history(
    conn: Connection, *, type_id: int, rows: int = PAGE_ROWS, cursor: str | None = None
) -> Page[TypeVersion]:
    """A page of the versions of a type, the newest first. Raises BadCursor."""
    (before,) = decode_cursor(cursor, shape=(int,)) if cursor else (None,)
    values = {"type_id": type_id, "before": before, "only": None, "rows": rows + 1}
    found = await (await conn.cursor(row_factory=dict_row).execute(_LIST_VERSIONS, values)).fetchall()
    return page_of(list(map(_type_version, found)), size=rows, key=lambda each: (each.version,))


async def show_type_version(conn: Connection, *, type_id: int, version: int) -> TypeVersion:
    """One version, and what it changed. Raises ScreeningTypeUnknown."""
    values = {"type_id": type_id, "before": None, "only": version, "rows": 1}
    row = await (await conn.cursor(row_factory=dict_row).execute(_LIST_VERSIONS, values)).fetchone()
    if row is None:
        raise ScreeningTypeUnknown(type_id)
    return _type_version(row)


async def list_adapts(
    conn: Connection,
    *,
    type_id: int,
    application: str | None = None,
    scene: str | None = None,
    status: AdaptStatus | None = None,
    operator: str | None = None,
    rows: int = PAGE_ROWS,
    cursor: str | None = None,
) -> Page[ScreeningAdapt]:
    """A page of the adapts of a type that pass every filter, the last changed first.

    Raises ConfigurationFilterInvalid, BadCursor.
    """
    _check_filters(application=application, scene=scene, operator=operator)
    after_at, after_id = decode_cursor(cursor, shape=_CURSOR_SHAPE) if cursor else (None, None)
    values = {
        "type_id": type_id,
        "application": application,
        "scene": scene,
        "status": status,
        "operator": operator,
        "after_at": after_at,
        "after_id": after_id,
        "rows": rows + 1,
    }
    found = await (await conn.cursor(row_factory=dict_row).execute(_LIST_ADAPTS, values)).fetchall()
    return page_of(list(map(adapt_of_row, found)), size=rows, key=lambda adapt: (adapt.changed_at, adapt.adapt_id))


async def adapt_operators(conn: Connection, *, type_id: int) -> list[str]:
    """Who changed an adapt of the type last, of any of them."""
    return [row[0] for row in await (await conn.execute(_ADAPT_OPERATORS, {"type_id": type_id})).fetchall()]


async def offered_types(conn: Connection, *, application: str, scene: str) -> list[tuple[int, str]]:
    """Ids and names of the types that a group of this application and scene can choose: those with an active adapt."""
    values = {"application": application, "scene": scene}
    return [(row[0], row[1]) for row in await (await conn.execute(_OFFERED_TYPES, values)).fetchall()]


async def adapt_history(
    conn: Connection, *, adapt_id: int, rows: int = PAGE_ROWS, cursor: str | None = None
) -> Page[AdaptEntry]:
    """A page of what happened to an adapt, the newest first. Raises BadCursor."""
    before = decode_cursor(cursor, shape=(datetime, int, int)) if cursor else (None, None, None)
    places = dict(zip(("before_at", "before_version", "before_event"), before, strict=True))
    values = {"adapt_id": adapt_id, "only": None, "rows": rows + 1, **places}
    found = await (await conn.cursor(row_factory=dict_row).execute(_LIST_HISTORY, values)).fetchall()
    entries = list(map(_adapt_entry, found))
    return page_of(entries, size=rows, key=lambda each: (each.at, each.version or 0, each.event_id))


async def show_adapt_version(conn: Connection, *, adapt_id: int, version: int) -> AdaptEntry:
    """One version, and what it changed. Raises ScreeningAdaptUnknown."""
    nowhere = dict.fromkeys(("before_at", "before_version", "before_event"))
    values = {"adapt_id": adapt_id, "only": version, "rows": 1, **nowhere}
    row = await (await conn.cursor(row_factory=dict_row).execute(_LIST_HISTORY, values)).fetchone()
    if row is None:
        raise ScreeningAdaptUnknown(adapt_id)
    return _adapt_entry(row)


def _type_version(row: dict[str, Any]) -> TypeVersion:
    # As they would be stored now: what is said of types since, and not said in an old version, is no difference.
    document = stored(read_stored(row.pop("document")))
    earlier, description = row.pop("earlier"), row.pop("earlier_description")
    after = {"description": row["description"], **document}
    before = after if earlier is None else {"description": description, **stored(read_stored(earlier))}
    return TypeVersion(**row, document=document, changes=list(difference(before, after)))


def _adapt_entry(row: dict[str, Any]) -> AdaptEntry:
    earlier, document = _as_stored_now(row.pop("earlier")), _as_stored_now(row["document"])
    before = earlier and {"type_version": row.pop("earlier_type_version"), **earlier}
    row.pop("earlier_type_version", None)
    after = document and {"type_version": row["type_version"], **document}
    row |= {"kind": EntryKind(row["kind"]), "document": document}
    return AdaptEntry(**row, changes=list(difference(before, after)) if before and after else [])


def _as_stored_now(document: dict[str, Any] | None) -> dict[str, Any] | None:
    return document and adapt_document.stored(adapt_document.read_stored(document))


def _check_filters(**texts: str | None) -> None:
    for name, text in texts.items():
        if text is not None and (problem := text_problem(text, chars_max=FILTER_CHARS_MAX)):
            raise ConfigurationFilterInvalid(name, problem)
