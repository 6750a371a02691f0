"""Screening types as they are kept: every save is a version, which applies to the tickets made from then on."""

import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from opsdesk.access import Actor, Scope, audit, require
from opsdesk.kit.db import Connection
from opsdesk.kit.ids import new_id
from opsdesk.kit.sql import statements
from opsdesk.review.answers import text_problem
from opsdesk.review.canonical import canonical, sha256_of
from opsdesk.review.reference.entries import held_codes_for_tickets
from opsdesk.review.screening import adapt_document
from opsdesk.review.screening.difference import Change, difference
from opsdesk.review.screening.errors import (
    ConfigurationMoved,
    HardcodedType,
    ScreeningTypeExists,
    ScreeningTypeInvalid,
    ScreeningTypeUnknown,
)
from opsdesk.review.screening.model import TypeDocument, read_stored, stored
from opsdesk.review.screening.reading import REQUIRED, Problems, read_document

NAME_CHARS_MAX = 64
DESCRIPTION_CHARS_MAX = 500

_SQL = statements(__file__)
_INSERT_TYPE = _SQL["insert_type"]
_TYPE_BY_NAME = _SQL["type_by_name"]
_INSERT_VERSION = _SQL["insert_version"]
_MOVE_HEAD = _SQL["move_head"]
_LOCK_TYPE = _SQL["lock_type"]
_SHOW_TYPE = _SQL["show_type"]
_SHOW_VERSION = _SQL["show_version"]
_EVERY_KEY = _SQL["every_key"]
_LOCK_ADAPTS = _SQL["lock_adapts"]
_INSERT_ADAPT_VERSIONS = _SQL["insert_adapt_versions"]
_MOVE_ADAPTS = _SQL["move_adapts"]


class Category(StrEnum):
    """Who makes the tickets of a type: what is configured here, or code."""

    DEFAULT = "default"
    HARDCODE = "hardcode"


@dataclass(frozen=True, slots=True)
class ScreeningType:
    """A screening type in its newest version."""

    type_id: int
    name: str
    category: Category
    version: int
    description: str
    document: TypeDocument
    document_sha256: str
    changed_at: datetime
    operator: str
    """The actor who saved it."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What came of saving: `changed` is False where it was saved as it was, which makes no version."""

    type: ScreeningType
    changed: bool
    adapts: int = 0
    """How many adapts went up a version with it."""


async def add_type(
    conn: Connection,
    *,
    name: str,
    description: str,
    document: Any,
    actor: Actor,
    now: datetime,
    category: Category = Category.DEFAULT,
    with_ids: bool = False,
) -> ScreeningType:
    """Make a screening type: its version 1. `document` is JSON as `read_document` takes it.

    `with_ids`: it comes from a file, and keys and reasons keep the ids that they have there.

    Raises ScopeMissing, ScreeningTypeInvalid, ScreeningTypeExists.
    """
    require(actor, Scope.SCREENING_WRITE)
    problems = _text_problems(name=name, description=description)
    read, found = read_document(
        document,
        previous=None,
        codes=await held_codes_for_tickets(conn),
        new_id=lambda: new_id().hex,
        earlier={} if with_ids else None,
    )
    if read is None or problems:
        raise ScreeningTypeInvalid(problems | found)
    values = {
        "name": name.strip(),
        "name_key": name_key(name),
        "category": category,
        "operator": actor.id,
        "now": now,
    }
    row = await (await conn.execute(_INSERT_TYPE, values)).fetchone()
    if row is None:
        other = await (await conn.execute(_TYPE_BY_NAME, values)).fetchone()
        assert other is not None
        raise ScreeningTypeExists(other[0])
    await _insert_version(conn, row[0], 1, description.strip(), read, actor=actor, now=now)
    added = await show_type(conn, type_id=row[0])
    await _record(conn, "add", None, added, actor=actor, now=now)
    return added


async def edit_type(
    conn: Connection,
    *,
    type_id: int,
    opened_version: int,
    description: str,
    document: Any,
    actor: Actor,
    now: datetime,
    with_ids: bool = False,
) -> Saved:
    """Save a new version of the type, and with it one of every adapt of it, in this transaction.

    `opened_version` is the version that whoever saves has looked at; `with_ids` is as in `add_type`. Locks the type and
    then its adapts, by their ids.

    Raises ScopeMissing, ScreeningTypeUnknown, ConfigurationMoved, HardcodedType, ScreeningTypeInvalid.
    """
    require(actor, Scope.SCREENING_WRITE)
    before = await _lock_type(conn, type_id=type_id, opened_version=opened_version)
    problems = _text_problems(name=before.name, description=description)
    read, found = read_document(
        document,
        previous=before.document,
        codes=await held_codes_for_tickets(conn),
        new_id=lambda: new_id().hex,
        earlier=await key_names(conn, type_id=type_id) if with_ids else None,
    )
    if read is None or problems:
        raise ScreeningTypeInvalid(problems | found)
    if before.category is Category.HARDCODE and (
        read.modules != before.document.modules or description.strip() != before.description
    ):
        raise HardcodedType(type_id)
    return await _save(conn, before, read, description.strip(), actor=actor, now=now)


async def restore_version(
    conn: Connection, *, type_id: int, version: int, opened_version: int, actor: Actor, now: datetime
) -> Saved:
    """Save an earlier version again, as the newest one. Keys come back as those that they were, not mapped.

    Raises ScopeMissing, ScreeningTypeUnknown, ConfigurationMoved, HardcodedType, ScreeningTypeInvalid (a reject code
    of that version may not be active any more).
    """
    require(actor, Scope.SCREENING_WRITE)
    before = await _lock_type(conn, type_id=type_id, opened_version=opened_version)
    description, earlier = await version_document(conn, type_id=type_id, version=version)
    codes = await held_codes_for_tickets(conn)
    read, found = read_document(stored(earlier), previous=earlier, codes=codes, new_id=lambda: new_id().hex)
    if read is None:
        raise ScreeningTypeInvalid(found)
    if before.category is Category.HARDCODE and read.modules != before.document.modules:
        raise HardcodedType(type_id)
    return await _save(conn, before, read, description, actor=actor, now=now, restored_from=version)


async def show_type(conn: Connection, *, type_id: int) -> ScreeningType:
    """In its newest version. Raises ScreeningTypeUnknown."""
    row = await (await conn.cursor(row_factory=dict_row).execute(_SHOW_TYPE, {"type_id": type_id})).fetchone()
    if row is None:
        raise ScreeningTypeUnknown(type_id)
    return ScreeningType(**row | {"category": Category(row["category"]), "document": read_stored(row["document"])})


async def find_type(conn: Connection, *, name: str) -> int | None:
    """The id of the type of this name, as names are compared; None: there is none."""
    row = await (await conn.execute(_TYPE_BY_NAME, {"name_key": name_key(name)})).fetchone()
    return None if row is None else int(row[0])


async def version_document(conn: Connection, *, type_id: int, version: int) -> tuple[str, TypeDocument]:
    """The description and the document of a version. Raises ScreeningTypeUnknown."""
    values = {"type_id": type_id, "version": version}
    row = await (await conn.cursor(row_factory=dict_row).execute(_SHOW_VERSION, values)).fetchone()
    if row is None:
        raise ScreeningTypeUnknown(type_id)
    return row["description"], read_stored(row["document"])


async def difference_of(
    conn: Connection, *, type_id: int, before: int | None = None, after: int | None = None
) -> list[Change]:
    """What changed between two versions, also of the description: without them, between the newest and that before it.

    Raises ScreeningTypeUnknown.
    """
    after = after or (await show_type(conn, type_id=type_id)).version
    before = before or max(after - 1, 1)
    one, other = [
        {"description": description, **stored(document)}
        for description, document in [
            await version_document(conn, type_id=type_id, version=version) for version in (before, after)
        ]
    ]
    return list(difference(one, other))


async def key_names(conn: Connection, *, type_id: int) -> dict[str, str]:
    """The names of all keys that any version of the type has had, by their ids."""
    return {row[0]: row[1] for row in await (await conn.execute(_EVERY_KEY, {"type_id": type_id})).fetchall()}


def name_key(name: str) -> str:
    """The name as it is compared: two that a reader takes for one are one."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).strip().casefold())


async def _lock_type(conn: Connection, *, type_id: int, opened_version: int) -> ScreeningType:
    await conn.execute(_LOCK_TYPE, {"type_id": type_id})
    found = await show_type(conn, type_id=type_id)
    if found.version != opened_version:
        changes = await difference_of(conn, type_id=type_id, before=opened_version, after=found.version)
        raise ConfigurationMoved(found.version, found.operator, [asdict(change) for change in changes])
    return found


async def _save(
    conn: Connection,
    before: ScreeningType,
    document: TypeDocument,
    description: str,
    *,
    actor: Actor,
    now: datetime,
    restored_from: int | None = None,
) -> Saved:
    if document == before.document and description == before.description:
        return Saved(before, changed=False)
    version = before.version + 1
    await _insert_version(
        conn, before.type_id, version, description, document, actor=actor, now=now, restored_from=restored_from
    )
    values = {"type_id": before.type_id, "version": version, "operator": actor.id, "now": now}
    await conn.execute(_MOVE_HEAD, values)
    adapts = await _carry_adapts(conn, before.type_id, version, document, actor=actor, now=now)
    after = await show_type(conn, type_id=before.type_id)
    await _record(conn, "edit", before, after, actor=actor, now=now)
    return Saved(after, changed=True, adapts=adapts)


async def _carry_adapts(
    conn: Connection, type_id: int, version: int, document: TypeDocument, *, actor: Actor, now: datetime
) -> int:
    """Compose every adapt of the type, paused ones as well, with its new version."""
    found = await (await conn.cursor(row_factory=dict_row).execute(_LOCK_ADAPTS, {"type_id": type_id})).fetchall()
    if not found:
        return 0
    carried = [adapt_document.carried_over(adapt_document.read_stored(row["document"]), document) for row in found]
    values = {
        "type_id": type_id,
        "type_version": version,
        "operator": actor.id,
        "now": now,
        "adapt_ids": [row["adapt_id"] for row in found],
        "versions": [row["version"] + 1 for row in found],
        "documents": [Jsonb(adapt_document.stored(each)) for each in carried],
    }
    await conn.execute(_INSERT_ADAPT_VERSIONS, values)
    await conn.execute(_MOVE_ADAPTS, values)
    return len(found)


async def _insert_version(
    conn: Connection,
    type_id: int,
    version: int,
    description: str,
    document: TypeDocument,
    *,
    actor: Actor,
    now: datetime,
    restored_from: int | None = None,
) -> None:
    kept = stored(document)
    values = {
        "type_id": type_id,
        "version": version,
        "description": description,
        "document": Jsonb(kept),
        "document_sha256": sha256_of(canonical(kept)),
        "restored_from": restored_from,
        "operator": actor.id,
        "now": now,
    }
    await conn.execute(_INSERT_VERSION, values)


def _text_problems(*, name: str, description: str) -> Problems:
    problems: Problems = {}
    if not name.strip():
        problems["name"] = [REQUIRED]
    elif problem := text_problem(name.strip(), chars_max=NAME_CHARS_MAX):
        problems["name"] = [problem]
    elif not name.strip().isprintable():
        problems["name"] = ["holds characters that cannot be printed"]
    if problem := text_problem(description, chars_max=DESCRIPTION_CHARS_MAX):
        problems["description"] = [problem]
    return problems


async def _record(
    conn: Connection,
    action: str,
    before: ScreeningType | None,
    after: ScreeningType,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    await audit.record(
        conn,
        actor=actor,
        action=f"screening_type.{action}",
        object_kind="screening_type",
        object_id=str(after.type_id),
        before=None if before is None else _told(before),
        after=_told(after),
        now=now,
    )


def _told(found: ScreeningType) -> Mapping[str, Any]:
    return {"version": found.version, "description": found.description, "document_sha256": found.document_sha256}
