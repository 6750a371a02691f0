"""Files of screening types taken out of the installation, and put into it by the functions that pages use too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from opsdesk.access import Actor, Scope, require
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements
from opsdesk.review.canonical import canonical, sha256_of
from opsdesk.review.screening import adapt_document, adapts, files, model, types
from opsdesk.review.screening.adapts import ScreeningAdapt, adapt_of_row
from opsdesk.review.screening.difference import Change, difference
from opsdesk.review.screening.errors import (
    ScreeningAdaptInvalid,
    ScreeningFileInvalid,
    ScreeningFileStale,
    ScreeningTypeInvalid,
)
from opsdesk.review.screening.files import AdaptInFile, TypeInFile
from opsdesk.review.screening.types import Category, ScreeningType

STATE_NEW = "new"
_STATE_CHARS = 16

_SQL = statements(__file__)
_LOCK_TYPE = _SQL["lock_type"]
_SHARE_TYPE = _SQL["share_type"]
_EVERY_ADAPT = _SQL["every_adapt"]


@dataclass(frozen=True, slots=True)
class ImportedAdapt:
    """What a file did to an adapt."""

    application: str
    scene: str
    is_new: bool
    version: int
    changes: Sequence[Change]
    """By the ids of the keys."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file did, or would do."""

    type: ScreeningType
    is_new: bool
    changed: bool
    changes: Sequence[Change]
    """Of the type; empty for a new one."""
    keys_removed: Sequence[str]
    """Their names. What adapts say of them goes with them."""
    adapts: Sequence[ImportedAdapt]
    left: Sequence[tuple[str, str]]
    """Application and scene of the adapts that the file does not name: they stay, and go up a version with the type."""
    names: Mapping[str, str]
    """Of keys, by their ids."""
    state: str
    """Names what was there before: what to say when the file is put in, so that it is still that."""

    @property
    def does_something(self) -> bool:
        return self.is_new or self.changed or any(each.is_new or each.changes for each in self.adapts)


async def export_type(conn: Connection, *, type_id: int) -> str:
    """The file of a type with all of its adapts. Raises ScreeningTypeUnknown."""
    await conn.execute(_SHARE_TYPE, {"type_id": type_id})
    return files.written(await types.show_type(conn, type_id=type_id), await _every_adapt(conn, type_id))


async def import_file(
    conn: Connection, *, file: TypeInFile, over: str | None, actor: Actor, now: datetime, dry_run: bool
) -> Imported:
    """Put a file in: the type as a new version, and each of its adapts as one. A dry run takes all of it back.

    Without `over`, the file has to have been taken from what counts here now, by its versions and their digest. With
    it, what counts here has to be what a dry run was told the difference to, which is its `state`. Locks the type.

    Raises ScopeMissing, ScreeningFileInvalid, ScreeningFileStale, HardcodedType.
    """
    require(actor, Scope.SCREENING_WRITE)
    async with conn.transaction(force_rollback=dry_run):
        row = await (await conn.execute(_LOCK_TYPE, {"name_key": types.name_key(file.name)})).fetchone()
        if row is None:
            return await _add(conn, file, over, actor=actor, now=now)
        before = await types.show_type(conn, type_id=row[0])
        known = await _every_adapt(conn, before.type_id)
        _check_state(file, before, known, over=over, dry_run=dry_run)
        return await _edit(conn, file, before, known, actor=actor, now=now)


async def _add(conn: Connection, file: TypeInFile, over: str | None, *, actor: Actor, now: datetime) -> Imported:
    if file.category != Category.DEFAULT:
        raise ScreeningFileInvalid({"category": ["is of types that code makes: a file cannot add one"]})
    if over not in (None, STATE_NEW):
        raise ScreeningFileStale(0, "", STATE_NEW)
    try:
        added = await types.add_type(
            conn,
            name=file.name,
            description=file.description,
            document=file.document,
            actor=actor,
            now=now,
            with_ids=True,
        )
    except ScreeningTypeInvalid as error:
        raise ScreeningFileInvalid(error.problems) from None
    put = [await _put_adapt(conn, number, each, added, None, actor, now) for number, each in enumerate(file.adapts)]
    names = await types.key_names(conn, type_id=added.type_id)
    return Imported(added, True, True, (), (), put, (), names, STATE_NEW)


async def _edit(
    conn: Connection,
    file: TypeInFile,
    before: ScreeningType,
    known: Sequence[ScreeningAdapt],
    *,
    actor: Actor,
    now: datetime,
) -> Imported:
    if file.category != before.category:
        raise ScreeningFileInvalid({"category": [f"cannot be changed: it is {before.category}"]})
    try:
        saved = await types.edit_type(
            conn,
            type_id=before.type_id,
            opened_version=before.version,
            description=file.description,
            document=file.document,
            actor=actor,
            now=now,
            with_ids=True,
        )
    except ScreeningTypeInvalid as error:
        raise ScreeningFileInvalid(error.problems) from None
    after = saved.type
    there = {(each.application, each.scene): each for each in known}
    put = [
        await _put_adapt(conn, number, each, after, there.pop((each.application, each.scene), None), actor, now)
        for number, each in enumerate(file.adapts)
    ]
    kept = {key.id for key in after.document.every_key}
    return Imported(
        type=after,
        is_new=False,
        changed=saved.changed,
        changes=list(difference(_compared(before), _compared(after))),
        keys_removed=[key.name for key in before.document.every_key if key.id not in kept],
        adapts=put,
        left=sorted(there),
        names=await types.key_names(conn, type_id=after.type_id),
        state=_state(before, known),
    )


async def _put_adapt(
    conn: Connection,
    number: int,
    given: AdaptInFile,
    outer: ScreeningType,
    known: ScreeningAdapt | None,
    actor: Actor,
    now: datetime,
) -> ImportedAdapt:
    places: dict[str, int] = {}
    try:
        document, places = given.document(outer.document)
        by: dict[str, Any] = {"document": document, "actor": actor, "now": now}
        if known is None:
            after = await adapts.add_adapt(
                conn, type_id=outer.type_id, application=given.application, scene=given.scene, **by
            )
        else:
            # It went up a version with its type, in this transaction, which holds the lock.
            newest = await adapts.show_adapt(conn, adapt_id=known.adapt_id)
            saved = await adapts.edit_adapt(conn, adapt_id=known.adapt_id, opened_version=newest.version, **by)
            after = saved.adapt
    except (ScreeningAdaptInvalid, ScreeningFileInvalid) as error:
        found = {f"adapts.{number}.{_in_file(place, places)}": texts for place, texts in error.problems.items()}
        raise ScreeningFileInvalid(found) from None
    earlier = {"methods": [], "mapped": {}} if known is None else adapt_document.stored(known.document)
    changes = list(difference(earlier, adapt_document.stored(after.document)))
    return ImportedAdapt(given.application, given.scene, known is None, after.version, changes)


def _in_file(place: str, places: Mapping[str, int]) -> str:
    """`mapped.<id>.value` as the file has it: by number."""
    kind, _, rest = place.partition(".")
    key, _, field = rest.partition(".")
    return f"mapped.{places[key]}.{field}".rstrip(".") if kind == "mapped" and key in places else place


def _check_state(
    file: TypeInFile, before: ScreeningType, known: Sequence[ScreeningAdapt], *, over: str | None, dry_run: bool
) -> None:
    versions = {(each.application, each.scene): each.version for each in known}
    is_own = (file.version, file.document_sha256) == (before.version, before.document_sha256)
    is_newest = is_own and all(each.version == versions.get((each.application, each.scene)) for each in file.adapts)
    state = _state(before, known)
    if over != state and (over is not None or not (is_newest or dry_run)):
        raise ScreeningFileStale(before.version, before.operator, state)


async def _every_adapt(conn: Connection, type_id: int) -> list[ScreeningAdapt]:
    rows = conn.cursor(row_factory=dict_row)
    return [adapt_of_row(row) for row in await (await rows.execute(_EVERY_ADAPT, {"type_id": type_id})).fetchall()]


def _state(found: ScreeningType, known: Sequence[ScreeningAdapt]) -> str:
    told = {"type": [found.type_id, found.version], "adapts": [[each.adapt_id, each.version] for each in known]}
    return sha256_of(canonical(told))[:_STATE_CHARS]


def _compared(found: ScreeningType) -> Mapping[str, Any]:
    return {"description": found.description, **model.stored(found.document)}
