"""Screening adapts as they are kept: one for an application, a scene and a type, each save a version."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from opsdesk.access import Actor, Scope, audit, require
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements
from opsdesk.review.reference.entries import list_methods, show_scene
from opsdesk.review.reference.errors import SceneUnknown
from opsdesk.review.reference.fields import list_fields
from opsdesk.review.screening import adapt_document
from opsdesk.review.screening.adapt_document import AdaptDocument, read_adapt
from opsdesk.review.screening.difference import Change, difference
from opsdesk.review.screening.errors import (
    AdaptReferenced,
    ConfigurationMoved,
    HardcodedType,
    ScreeningAdaptExists,
    ScreeningAdaptInvalid,
    ScreeningAdaptUnknown,
)
from opsdesk.review.screening.reading import REQUIRED, Problems
from opsdesk.review.screening.sources import Offer
from opsdesk.review.screening.types import Category, ScreeningType, show_type

_SQL = statements(__file__)
_INSERT_ADAPT = _SQL["insert_adapt"]
_ADAPT_OF = _SQL["adapt_of"]
_INSERT_VERSION = _SQL["insert_version"]
_MOVE_HEAD = _SQL["move_head"]
_SHARE_TYPE = _SQL["share_type"]
_LOCK_ADAPT = _SQL["lock_adapt"]
_SHOW_ADAPT = _SQL["show_adapt"]
_SHOW_VERSION = _SQL["show_version"]
_SET_STATUS = _SQL["set_status"]
_INSERT_EVENT = _SQL["insert_event"]


class AdaptStatus(StrEnum):
    """Whether groups can choose it. Tickets of groups that are live are made either way."""

    ACTIVE = "active"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True)
class ScreeningAdapt:
    """A screening adapt in its newest version."""

    adapt_id: int
    type_id: int
    type_name: str
    category: Category
    application: str
    scene: str
    status: AdaptStatus
    version: int
    type_version: int
    """The version of the type that it was composed with."""
    document: AdaptDocument
    changed_at: datetime
    operator: str
    is_auto: bool
    """The newest version came from an edit of the type by the operator."""


@dataclass(frozen=True, slots=True)
class SavedAdapt:
    """What came of saving: `changed` is False where it was saved as it was, which makes no version."""

    adapt: ScreeningAdapt
    changed: bool


class ReferringGroups(Protocol):
    """Tells which groups refer to an adapt, by name. Called while the adapt is locked."""

    async def __call__(self, conn: Connection, *, adapt_id: int) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen for an adapt of this application and scene."""

    methods: tuple[str, ...]
    offer: Offer


async def choices_for(
    conn: Connection, *, application: str, scene: str, methods: Sequence[str] | None = None
) -> Choices:
    """The methods with screening, and the fields that the given ones of them (None: all) lead to."""
    known = await list_methods(conn, application=application, scene=scene)
    screening = [method for method in known if method.with_screening]
    chosen = [method for method in screening if methods is None or method.method in methods]
    return Choices(
        methods=tuple(method.method for method in screening),
        offer=Offer(
            pb_fields=tuple(field.path for field in await list_fields(conn, application=application, scene=scene)),
            verifications=frozenset(each for method in chosen for each in method.verifications),
        ),
    )


async def add_adapt(
    conn: Connection, *, type_id: int, application: str, scene: str, document: Any, actor: Actor, now: datetime
) -> ScreeningAdapt:
    """Make the adapt of a type to an application and a scene: its version 1, active.

    Raises ScopeMissing, ScreeningTypeUnknown, HardcodedType, ScreeningAdaptInvalid, ScreeningAdaptExists.
    """
    require(actor, Scope.SCREENING_WRITE)
    outer = await _shared_type(conn, type_id)
    if outer.category is Category.HARDCODE:
        raise HardcodedType(type_id)
    if problems := await _place_problems(conn, application=application, scene=scene):
        if not (document.get("methods") if isinstance(document, Mapping) else None):
            problems["methods"] = [REQUIRED]
        raise ScreeningAdaptInvalid(problems)
    read = await _read(conn, document, outer, application=application, scene=scene)
    values = {
        "type_id": type_id,
        "application": application,
        "scene": scene,
        "operator": actor.id,
        "now": now,
    }
    row = await (await conn.execute(_INSERT_ADAPT, values)).fetchone()
    if row is None:
        other = await (await conn.execute(_ADAPT_OF, values)).fetchone()
        assert other is not None
        raise ScreeningAdaptExists(other[0])
    await _insert_version(conn, row[0], 1, outer, read, actor=actor, now=now)
    added = await show_adapt(conn, adapt_id=row[0])
    await _record(conn, "add", None, added, actor=actor, now=now)
    return added


async def edit_adapt(
    conn: Connection, *, adapt_id: int, opened_version: int, document: Any, actor: Actor, now: datetime
) -> SavedAdapt:
    """Save a new version of the adapt; the type stays as it is. `opened_version` is the one that was looked at.

    Raises ScopeMissing, ScreeningAdaptUnknown, ConfigurationMoved, ScreeningAdaptInvalid.
    """
    require(actor, Scope.SCREENING_WRITE)
    outer = await _shared_type(conn, (await show_adapt(conn, adapt_id=adapt_id)).type_id)
    before = await lock_adapt(conn, adapt_id=adapt_id)
    if before.version != opened_version:
        found = await difference_of(conn, adapt_id=adapt_id, before=opened_version, after=before.version)
        raise ConfigurationMoved(before.version, before.operator, [asdict(change) for change in found])
    read = await _read(conn, document, outer, application=before.application, scene=before.scene)
    if read == before.document:
        return SavedAdapt(before, changed=False)
    version = before.version + 1
    await _insert_version(conn, adapt_id, version, outer, read, actor=actor, now=now)
    values = {"adapt_id": adapt_id, "version": version, "operator": actor.id, "now": now}
    await conn.execute(_MOVE_HEAD, values)
    after = await show_adapt(conn, adapt_id=adapt_id)
    await _record(conn, "edit", before, after, actor=actor, now=now)
    return SavedAdapt(after, changed=True)


async def restore_adapt_version(
    conn: Connection, *, adapt_id: int, version: int, opened_version: int, actor: Actor, now: datetime
) -> SavedAdapt:
    """Save an earlier version again, as the newest one, for the keys that the type has now.

    Raises ScopeMissing, ScreeningAdaptUnknown, ConfigurationMoved, ScreeningAdaptInvalid (what it names may be gone).
    """
    require(actor, Scope.SCREENING_WRITE)
    outer = await _shared_type(conn, (await show_adapt(conn, adapt_id=adapt_id)).type_id)
    earlier = await version_document(conn, adapt_id=adapt_id, version=version)
    document = adapt_document.stored(adapt_document.carried_over(earlier, outer.document))
    return await edit_adapt(
        conn, adapt_id=adapt_id, opened_version=opened_version, document=document, actor=actor, now=now
    )


async def activate_adapt(conn: Connection, *, adapt_id: int, actor: Actor, now: datetime) -> ScreeningAdapt:
    """Offer the adapt to groups. Again, it changes nothing. Raises ScopeMissing, ScreeningAdaptUnknown."""
    require(actor, Scope.SCREENING_WRITE)
    before = await lock_adapt(conn, adapt_id=adapt_id)
    return await _set_status(conn, before, AdaptStatus.ACTIVE, "activated", actor=actor, now=now)


async def pause_adapt(
    conn: Connection, *, adapt_id: int, actor: Actor, now: datetime, referring: ReferringGroups
) -> ScreeningAdapt:
    """Offer the adapt no more. Again, it changes nothing.

    Locks the adapt, as saving a group does, so that of a pause and a save that refers to it the second sees the first.

    Raises ScopeMissing, ScreeningAdaptUnknown, AdaptReferenced.
    """
    require(actor, Scope.SCREENING_WRITE)
    before = await lock_adapt(conn, adapt_id=adapt_id)
    if before.status is AdaptStatus.ACTIVE and (groups := await referring(conn, adapt_id=adapt_id)):
        raise AdaptReferenced(groups)
    return await _set_status(conn, before, AdaptStatus.PAUSE, "paused", actor=actor, now=now)


async def try_to_pause_adapt(
    conn: Connection, *, adapt_id: int, actor: Actor, now: datetime, referring: ReferringGroups
) -> ScreeningAdapt | AdaptReferenced:
    """Pause the adapt, or say which groups refer to it; the history keeps the refusal, so it is no exception here.

    Raises ScopeMissing, ScreeningAdaptUnknown.
    """
    try:
        return await pause_adapt(conn, adapt_id=adapt_id, actor=actor, now=now, referring=referring)
    except AdaptReferenced as refused:
        await _event(conn, adapt_id, "pause_refused", {"groups": list(refused.groups)}, actor=actor, now=now)
        return refused


async def show_adapt(conn: Connection, *, adapt_id: int) -> ScreeningAdapt:
    """In its newest version. Raises ScreeningAdaptUnknown."""
    row = await (await conn.cursor(row_factory=dict_row).execute(_SHOW_ADAPT, {"adapt_id": adapt_id})).fetchone()
    if row is None:
        raise ScreeningAdaptUnknown(adapt_id)
    return adapt_of_row(row)


async def version_document(conn: Connection, *, adapt_id: int, version: int) -> AdaptDocument:
    """Raises ScreeningAdaptUnknown."""
    return adapt_document.read_stored(await _version(conn, adapt_id, version))


async def difference_of(
    conn: Connection, *, adapt_id: int, before: int | None = None, after: int | None = None
) -> list[Change]:
    """What changed between two versions: without them, between the newest and the one before it.

    Raises ScreeningAdaptUnknown.
    """
    after = after or (await show_adapt(conn, adapt_id=adapt_id)).version
    before = before or max(after - 1, 1)
    return list(difference(await _version(conn, adapt_id, before), await _version(conn, adapt_id, after)))


async def lock_adapt(conn: Connection, *, adapt_id: int) -> ScreeningAdapt:
    """Lock an adapt until the transaction ends, then read it. Raises ScreeningAdaptUnknown."""
    await conn.execute(_LOCK_ADAPT, {"adapt_id": adapt_id})
    return await show_adapt(conn, adapt_id=adapt_id)


async def _version(conn: Connection, adapt_id: int, version: int) -> Mapping[str, Any]:
    """A document as it is kept, with the version of the type that it was composed with."""
    values = {"adapt_id": adapt_id, "version": version}
    row = await (await conn.cursor(row_factory=dict_row).execute(_SHOW_VERSION, values)).fetchone()
    if row is None:
        raise ScreeningAdaptUnknown(adapt_id)
    return {"type_version": row["type_version"], **row["document"]}


def adapt_of_row(row: Mapping[str, Any]) -> ScreeningAdapt:
    return ScreeningAdapt(
        **{
            **row,
            "category": Category(row["category"]),
            "status": AdaptStatus(row["status"]),
            "document": adapt_document.read_stored(row["document"]),
        }
    )


async def _shared_type(conn: Connection, type_id: int) -> ScreeningType:
    """The type, which nobody edits before this transaction ends. Locked before its adapts, as an edit of it does."""
    await conn.execute(_SHARE_TYPE, {"type_id": type_id})
    return await show_type(conn, type_id=type_id)


async def _place_problems(conn: Connection, *, application: str, scene: str) -> Problems:
    """Whether there is such an application, with such a scene."""
    blank = {name: [REQUIRED] for name, given in (("application", application), ("scene", scene)) if not given}
    if blank:
        return blank
    try:
        await show_scene(conn, application=application, scene=scene)
    except SceneUnknown:
        return {"scene": ["is no scene of the application"]}
    return {}


async def _read(
    conn: Connection, document: Any, outer: ScreeningType, *, application: str, scene: str
) -> AdaptDocument:
    choices = await choices_for(conn, application=application, scene=scene)
    read, problems = read_adapt(document, outer=outer.document, methods=choices.methods, offer=choices.offer)
    if read is None:
        raise ScreeningAdaptInvalid(problems)
    return read


async def _insert_version(
    conn: Connection,
    adapt_id: int,
    version: int,
    outer: ScreeningType,
    document: AdaptDocument,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    values = {
        "adapt_id": adapt_id,
        "version": version,
        "type_id": outer.type_id,
        "type_version": outer.version,
        "document": Jsonb(adapt_document.stored(document)),
        "operator": actor.id,
        "now": now,
    }
    await conn.execute(_INSERT_VERSION, values)


async def _set_status(
    conn: Connection, before: ScreeningAdapt, status: AdaptStatus, kind: str, *, actor: Actor, now: datetime
) -> ScreeningAdapt:
    if before.status is status:
        return before
    values = {"adapt_id": before.adapt_id, "status": status, "operator": actor.id, "now": now}
    await conn.execute(_SET_STATUS, values)
    await _event(conn, before.adapt_id, kind, {}, actor=actor, now=now)
    after = await show_adapt(conn, adapt_id=before.adapt_id)
    await _record(conn, kind, before, after, actor=actor, now=now)
    return after


async def _event(
    conn: Connection, adapt_id: int, kind: str, detail: Mapping[str, Any], *, actor: Actor, now: datetime
) -> None:
    values = {"adapt_id": adapt_id, "kind": kind, "detail": Jsonb(detail), "operator": actor.id, "now": now}
    await conn.execute(_INSERT_EVENT, values)


async def _record(
    conn: Connection,
    action: str,
    before: ScreeningAdapt | None,
    after: ScreeningAdapt,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    await audit.record(
        conn,
        actor=actor,
        action=f"screening_adapt.{action}",
        object_kind="screening_adapt",
        object_id=str(after.adapt_id),
        before=None if before is None else _told(before),
        after=_told(after),
        now=now,
    )


def _told(found: ScreeningAdapt) -> Mapping[str, Any]:
    return {
        "version": found.version,
        "type_version": found.type_version,
        "status": found.status,
        "document": adapt_document.stored(found.document),
    }
