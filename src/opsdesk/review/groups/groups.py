"""Strategy groups as they are kept: a save makes a revision, and applying it makes it the one that counts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from opsdesk.access import Actor, Scope, audit, require
from opsdesk.kit.db import Connection
from opsdesk.kit.ids import new_id
from opsdesk.kit.sql import statements
from opsdesk.review.answers import text_problem
from opsdesk.review.groups.document import (
    Compile,
    GroupDocument,
    Offered,
    read_stored,
    stored,
)
from opsdesk.review.groups.errors import GroupExists, GroupInvalid, GroupMoved, GroupUnknown
from opsdesk.review.groups.reading import NO_ADAPT, read_group
from opsdesk.review.reference.entries import show_scene
from opsdesk.review.screening.adapts import choices_for
from opsdesk.review.screening.difference import difference
from opsdesk.review.screening.listing import offered_types
from opsdesk.review.screening.reading import REQUIRED
from opsdesk.review.screening.types import name_key

NAME_CHARS_MAX = 64
PLACE_MAX = 9999

_SQL = statements(__file__)
_INSERT_GROUP = _SQL["insert_group"]
_GROUP_OF = _SQL["group_of"]
_LOCK_GROUP = _SQL["lock_group"]
_SHOW_GROUP = _SQL["show_group"]
_INSERT_REVISION = _SQL["insert_revision"]
_INSERT_REFERENCES = _SQL["insert_references"]
_LOCK_ADAPTS = _SQL["lock_adapts"]
_MOVE_HEAD = _SQL["move_head"]
_APPLY = _SQL["apply"]
_SET_ACTIVE = _SQL["set_active"]
_SET_PLACE = _SQL["set_place"]
_INSERT_EVENT = _SQL["insert_event"]
_SHOW_REVISION = _SQL["show_revision"]
_LIVE_GROUPS = _SQL["live_groups"]
_REFERRING = _SQL["referring"]


@dataclass(frozen=True, slots=True)
class Group:
    """A strategy group with the document of one of its revisions: the newest, or the live one."""

    group_id: int
    application: str
    scene: str
    name: str
    place: int
    is_active: bool
    revision: int
    live_revision: int | None
    """None: it was never applied, and answers nothing."""
    document: GroupDocument
    changed_at: datetime
    operator: str


@dataclass(frozen=True, slots=True)
class Referring:
    """A group that refers to an adapt: by what is saved, which stands against a pause, or by what is live."""

    name: str
    application: str
    scene: str
    is_saved: bool
    is_live: bool


async def add_group(
    conn: Connection,
    *,
    application: str,
    scene: str,
    name: str,
    document: Any,
    actor: Actor,
    now: datetime,
    compile_condition: Compile,
    place: int = 0,
) -> Group:
    """Make a group: its revision 1, which is not live yet.

    Raises ScopeMissing, SceneUnknown, GroupInvalid, GroupExists.
    """
    require(actor, Scope.SCREENING_WRITE)
    await show_scene(conn, application=application, scene=scene)
    _check(name, place)
    read = await _read(conn, document, application, scene, compile_condition)
    values = {
        "application": application,
        "scene": scene,
        "name": name.strip(),
        "name_key": name_key(name),
        "place": place,
        "operator": actor.id,
        "now": now,
    }
    row = await (await conn.execute(_INSERT_GROUP, values)).fetchone()
    if row is None:
        other = await (await conn.execute(_GROUP_OF, values)).fetchone()
        assert other is not None
        raise GroupExists(other[0])
    await _insert_revision(conn, row[0], 1, read, application, scene, actor=actor, now=now)
    added = await show_group(conn, group_id=row[0])
    await _record(conn, "add", None, added, actor=actor, now=now)
    return added


async def save_group(
    conn: Connection,
    *,
    group_id: int,
    opened_revision: int,
    document: Any,
    actor: Actor,
    now: datetime,
    compile_condition: Compile,
    restored_from: int | None = None,
) -> Group:
    """Save a new revision; what is live stays as it is until it is applied. Saved as it was, it changes nothing.

    Locks the group, and the adapts that its rules choose: of this and a pause of one of them the second sees the first.
    `restored_from` is told in the history.

    Raises ScopeMissing, GroupUnknown, GroupMoved, GroupInvalid.
    """
    require(actor, Scope.SCREENING_WRITE)
    before = await _opened(conn, group_id, opened_revision)
    read = await _read(conn, document, before.application, before.scene, compile_condition)
    if read == before.document:
        return before
    revision = before.revision + 1
    at = (before.application, before.scene)
    await _insert_revision(conn, group_id, revision, read, *at, restored_from=restored_from, actor=actor, now=now)
    values = {"group_id": group_id, "revision": revision, "operator": actor.id, "now": now}
    await conn.execute(_MOVE_HEAD, values)
    return await _changed(conn, "save", before, actor=actor, now=now)


async def apply_group(
    conn: Connection, *, group_id: int, opened_revision: int, actor: Actor, now: datetime, compile_condition: Compile
) -> Group:
    """Make the saved revision the live one. It is checked again: an adapt that it chooses may be paused by now.

    Raises ScopeMissing, GroupUnknown, GroupMoved, GroupInvalid.
    """
    require(actor, Scope.SCREENING_WRITE)
    before = await _opened(conn, group_id, opened_revision)
    await _lock_adapts(conn, before.document, before.application, before.scene)
    await _read(conn, stored(before.document), before.application, before.scene, compile_condition)
    if before.live_revision == before.revision:
        return before
    await conn.execute(_APPLY, {"group_id": group_id, "operator": actor.id, "now": now})
    await _event(conn, group_id, "applied", revision=before.revision, actor=actor, now=now)
    return await _changed(conn, "apply", before, actor=actor, now=now)


async def set_group_active(conn: Connection, *, group_id: int, is_active: bool, actor: Actor, now: datetime) -> Group:
    """Let a group answer, or not. Again, it changes nothing. Raises ScopeMissing, GroupUnknown."""
    require(actor, Scope.SCREENING_WRITE)
    before = await _lock_group(conn, group_id)
    if before.is_active == is_active:
        return before
    values = {"group_id": group_id, "is_active": is_active, "operator": actor.id, "now": now}
    await conn.execute(_SET_ACTIVE, values)
    await _event(conn, group_id, "activated" if is_active else "deactivated", actor=actor, now=now)
    return await _changed(conn, "activate" if is_active else "deactivate", before, actor=actor, now=now)


async def place_group(conn: Connection, *, group_id: int, place: int, actor: Actor, now: datetime) -> Group:
    """Have a group asked earlier or later among those of its scene, from now on. Again, it changes nothing.

    Raises ScopeMissing, GroupUnknown, GroupInvalid.
    """
    require(actor, Scope.SCREENING_WRITE)
    before = await _lock_group(conn, group_id)
    _check(before.name, place)
    if before.place == place:
        return before
    values = {"group_id": group_id, "place": place, "operator": actor.id, "now": now}
    await conn.execute(_SET_PLACE, values)
    await _event(conn, group_id, "placed", places=(before.place, place), actor=actor, now=now)
    return await _changed(conn, "place", before, actor=actor, now=now)


async def show_group(conn: Connection, *, group_id: int) -> Group:
    """With its newest revision. Raises GroupUnknown."""
    row = await (await conn.cursor(row_factory=dict_row).execute(_SHOW_GROUP, {"group_id": group_id})).fetchone()
    if row is None:
        raise GroupUnknown(group_id)
    return group_of_row(row)


async def live_groups(conn: Connection, *, application: str, scene: str) -> list[Group]:
    """The active groups of a scene with their live revisions, in the order in which they are asked."""
    values = {"application": application, "scene": scene}
    rows = await (await conn.cursor(row_factory=dict_row).execute(_LIVE_GROUPS, values)).fetchall()
    return [group_of_row(row) for row in rows]


async def referring_groups(conn: Connection, *, adapt_id: int) -> list[Referring]:
    """The groups, active or not, whose saved or live revision refers to an adapt."""
    rows = conn.cursor(row_factory=class_row(Referring))
    return await (await rows.execute(_REFERRING, {"adapt_id": adapt_id})).fetchall()


async def groups_against_a_pause(conn: Connection, *, adapt_id: int) -> list[str]:
    """The names of those whose saved revision refers to it: what `adapts.pause_adapt` is handed."""
    return [each.name for each in await referring_groups(conn, adapt_id=adapt_id) if each.is_saved]


async def revision_document(conn: Connection, *, group_id: int, revision: int) -> GroupDocument:
    """Raises GroupUnknown."""
    values = {"group_id": group_id, "revision": revision}
    row = await (await conn.cursor(row_factory=dict_row).execute(_SHOW_REVISION, values)).fetchone()
    if row is None:
        raise GroupUnknown(group_id)
    return read_stored(row["document"])


async def _opened(conn: Connection, group_id: int, opened_revision: int) -> Group:
    """The group, locked, if it is as it was when somebody opened it. Raises GroupUnknown, GroupMoved."""
    before = await _lock_group(conn, group_id)
    if before.revision == opened_revision:
        return before
    changes: list[Mapping[str, Any]] = []
    if 1 <= opened_revision < before.revision:
        opened = await revision_document(conn, group_id=group_id, revision=opened_revision)
        changes = [asdict(each) for each in difference(stored(opened), stored(before.document))]
    raise GroupMoved(before.revision, before.operator, changes)


async def _lock_group(conn: Connection, group_id: int) -> Group:
    await conn.execute(_LOCK_GROUP, {"group_id": group_id})
    return await show_group(conn, group_id=group_id)


async def _lock_adapts(
    conn: Connection, document: GroupDocument, application: str, scene: str
) -> dict[int, tuple[int, str]]:
    """By type: the adapt and its status, which stay as they are until this transaction ends."""
    values = {"application": application, "scene": scene, "type_ids": list(document.type_ids)}
    rows = await (await conn.execute(_LOCK_ADAPTS, values)).fetchall()
    return {type_id: (adapt_id, status) for adapt_id, type_id, status in rows}


async def _read(
    conn: Connection, document: Any, application: str, scene: str, compile_condition: Compile
) -> GroupDocument:
    choices = await choices_for(conn, application=application, scene=scene)
    types = await offered_types(conn, application=application, scene=scene)
    offered = Offered(tuple(choices.offer.pb_fields), choices.methods, [type_id for type_id, _ in types])
    read, problems = read_group(
        document, offered=offered, compile_condition=compile_condition, new_id=lambda: new_id().hex
    )
    if read is None:
        raise GroupInvalid(problems, _rule_names(document, problems))
    return read


def _rule_names(document: Any, problems: Mapping[str, Any]) -> dict[str, str]:
    """By place such as `rules.1`; of those that problems are about."""
    rules = document.get("rules") if isinstance(document, Mapping) else None
    names = {f"rules.{place}": each.get("name") for place, each in enumerate(rules or ()) if isinstance(each, Mapping)}
    about = {".".join(place.split(".")[:2]) for place in problems}
    return {place: name[:NAME_CHARS_MAX] for place, name in names.items() if place in about and isinstance(name, str)}


async def _insert_revision(
    conn: Connection,
    group_id: int,
    revision: int,
    document: GroupDocument,
    application: str,
    scene: str,
    *,
    actor: Actor,
    now: datetime,
    restored_from: int | None = None,
) -> None:
    adapts = await _lock_adapts(conn, document, application, scene)
    # Read before the lock, one of them may have been paused meanwhile.
    paused = [
        f"rules.{place}.screening_type"
        for place, rule in enumerate(document.rules)
        if rule.type_id is not None and adapts.get(rule.type_id, (0, ""))[1] != "active"
    ]
    if paused:
        problems = {place: [NO_ADAPT] for place in paused}
        raise GroupInvalid(problems, _rule_names(stored(document), problems))
    values = {
        "group_id": group_id,
        "revision": revision,
        "document": Jsonb(stored(document)),
        "adapt_ids": [adapt_id for adapt_id, _ in adapts.values()],
        "restored_from": restored_from,
        "operator": actor.id,
        "now": now,
    }
    await conn.execute(_INSERT_REVISION, values)
    await conn.execute(_INSERT_REFERENCES, values)


def _check(name: str, place: int) -> None:
    problems = {}
    if not name.strip():
        problems["name"] = [REQUIRED]
    elif problem := text_problem(name.strip(), chars_max=NAME_CHARS_MAX):
        problems["name"] = [problem]
    if not 0 <= place <= PLACE_MAX:
        problems["place"] = [f"is not a number from 0 to {PLACE_MAX}"]
    if problems:
        raise GroupInvalid(problems)


async def _event(
    conn: Connection,
    group_id: int,
    kind: str,
    *,
    actor: Actor,
    now: datetime,
    revision: int | None = None,
    places: tuple[int, int] | None = None,
) -> None:
    detail = {} if places is None else {"from": places[0], "to": places[1]}
    values = {"group_id": group_id, "kind": kind, "revision": revision, "detail": Jsonb(detail), "now": now}
    await conn.execute(_INSERT_EVENT, values | {"operator": actor.id})


async def _changed(conn: Connection, action: str, before: Group, *, actor: Actor, now: datetime) -> Group:
    after = await show_group(conn, group_id=before.group_id)
    await _record(conn, action, before, after, actor=actor, now=now)
    return after


def group_of_row(row: Mapping[str, Any]) -> Group:
    return Group(**{**row, "document": read_stored(row["document"])})


async def _record(
    conn: Connection, action: str, before: Group | None, after: Group, *, actor: Actor, now: datetime
) -> None:
    await audit.record(
        conn,
        actor=actor,
        action=f"strategy_group.{action}",
        object_kind="strategy_group",
        object_id=str(after.group_id),
        before=None if before is None else _told(before),
        after=_told(after),
        now=now,
    )


def _told(group: Group) -> Mapping[str, Any]:
    return {
        "revision": group.revision,
        "live_revision": group.live_revision,
        "is_active": group.is_active,
        "place": group.place,
        "document": stored(group.document),
    }
