"""Lists of strategy groups: the groups themselves, their histories, and which adapts they refer to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row, dict_row

from opsdesk.kit.db import Connection
from opsdesk.kit.paging import Page, decode_cursor, page_of
from opsdesk.kit.sql import statements
from opsdesk.review.answers import text_problem
from opsdesk.review.groups.document import GroupDocument, stored
from opsdesk.review.groups.errors import GroupFilterInvalid
from opsdesk.review.groups.groups import Group, group_of_row, revision_document, show_group
from opsdesk.review.screening.difference import Change, difference
from opsdesk.review.screening.listing import FILTER_CHARS_MAX, PAGE_ROWS
from opsdesk.review.screening.types import name_key

ENTRIES_MAX = 200
ANSWERS_COUNTED_MAX = 1000
"""Of the applications that a group answered, the last ones are counted."""

_SQL = statements(__file__)
_LIST_GROUPS = _SQL["list_groups"]
_LIST_OPERATORS = _SQL["list_operators"]
_LIST_HISTORY = _SQL["list_history"]
_ADAPTS_OF = _SQL["adapts_of"]
_TYPE_NAMES = _SQL["type_names"]
_COUNT_ANSWERS = _SQL["count_answers"]


@dataclass(frozen=True, slots=True)
class GroupEntry:
    """Something in the history of a group: a revision, or what was done to it beside them."""

    kind: str
    """`saved`, `applied`, `activated`, `deactivated` or `placed`."""
    at: datetime
    operator: str
    revision: int | None
    """The one that was saved, or made live."""
    restored_from: int | None
    document: Mapping[str, Any] | None
    detail: Mapping[str, Any] | None
    changes: Sequence[Change]
    """From the revision before; empty for the first."""


@dataclass(frozen=True, slots=True)
class AdaptUsed:
    """An adapt that a group refers to."""

    adapt_id: int
    type_id: int
    type_name: str
    status: str
    version: int
    is_saved: bool
    is_live: bool


@dataclass(frozen=True, slots=True)
class RuleAnswers:
    """How often a rule answered of late."""

    rule: str
    answer: str
    applications: int


async def list_groups(
    conn: Connection,
    *,
    application: str | None = None,
    scene: str | None = None,
    is_active: bool | None = None,
    operator: str | None = None,
    name: str | None = None,
    adapt_id: int | None = None,
    limit: int = PAGE_ROWS,
    cursor: str | None = None,
) -> Page[Group]:
    """A page of the groups that pass every filter, with their newest revisions, the last changed first.

    `name` finds a part of the name; `adapt_id` those whose saved or live revision refers to the adapt.

    Raises GroupFilterInvalid, BadCursor.
    """
    for field, text in {"application": application, "scene": scene, "operator": operator, "name": name}.items():
        if text is not None and (problem := text_problem(text, chars_max=FILTER_CHARS_MAX)):
            raise GroupFilterInvalid(field, problem)
    after_at, after_id = decode_cursor(cursor, shape=(datetime, int)) if cursor else (None, None)
    values = {
        "application": application,
        "scene": scene,
        "is_active": is_active,
        "operator": operator,
        "name": name and name_key(name),
        "adapt_id": adapt_id,
        "after_at": after_at,
        "after_id": after_id,
        "rows": limit + 1,
    }
    rows = await (await conn.cursor(row_factory=dict_row).execute(_LIST_GROUPS, values)).fetchall()
    return page_of([group_of_row(row) for row in rows], size=limit, key=lambda each: (each.changed_at, each.group_id))


async def group_operators(conn: Connection) -> list[str]:
    """Who changed a group last, of any of them."""
    return [row[0] for row in await (await conn.execute(_LIST_OPERATORS)).fetchall()]


async def group_history(conn: Connection, *, group_id: int, type_names: Mapping[int, str]) -> list[GroupEntry]:
    """What happened to a group, the newest first, ENTRIES_MAX at most. Types are told by their names in changes."""
    rows = conn.cursor(row_factory=dict_row)
    found = await (await rows.execute(_LIST_HISTORY, {"group_id": group_id, "rows": ENTRIES_MAX + 1})).fetchall()
    entries: list[GroupEntry] = []
    before: Mapping[str, Any] | None = None
    for row in reversed(found):
        after = row["document"] and told(row["document"], type_names)
        changes = list(difference(before, after)) if before and after else []
        before = after or before
        entries.append(GroupEntry(**row, changes=changes))
    return entries[::-1][:ENTRIES_MAX]


async def group_difference(
    conn: Connection, *, group_id: int, before: int | None = None, after: int | None = None
) -> list[Change]:
    """What changes from one revision to another; else from the live one (which may be none) to the saved one.

    Raises GroupUnknown.
    """
    group = await show_group(conn, group_id=group_id)
    before = group.live_revision if before is None else before
    names = await type_names(conn)

    async def document_of(revision: int | None) -> Mapping[str, Any]:
        if revision is None:
            return stored(GroupDocument((), ()))
        return told(stored(await revision_document(conn, group_id=group_id, revision=revision)), names)

    return list(difference(await document_of(before), await document_of(after or group.revision)))


async def adapts_of(conn: Connection, *, group_id: int) -> list[AdaptUsed]:
    """The adapts that its saved or its live revision refers to."""
    rows = conn.cursor(row_factory=class_row(AdaptUsed))
    return await (await rows.execute(_ADAPTS_OF, {"group_id": group_id})).fetchall()


async def type_names(conn: Connection) -> dict[int, str]:
    """The names of all screening types."""
    return dict(await (await conn.execute(_TYPE_NAMES)).fetchall())


async def recent_answers(conn: Connection, *, group_id: int) -> list[RuleAnswers]:
    """Which of its rules answered how often, of its last ANSWERS_COUNTED_MAX applications; the most often first."""
    rows = conn.cursor(row_factory=class_row(RuleAnswers))
    return await (await rows.execute(_COUNT_ANSWERS, {"group_id": group_id, "rows": ANSWERS_COUNTED_MAX})).fetchall()


def told(document: Mapping[str, Any], type_names: Mapping[int, str]) -> Mapping[str, Any]:
    """A stored document with the names of screening types beside their ids, for people to read."""

    def named(rule: Mapping[str, Any]) -> Mapping[str, Any]:
        type_id = rule["screening_type"]
        name = None if type_id is None else f"{type_names.get(type_id, '?')} (#{type_id})"
        return {**rule, "screening_type": name}

    return {**document, "rules": [named(rule) for rule in document["rules"]]}
