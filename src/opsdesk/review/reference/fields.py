"""The protobuf fields of a scene: read from `.proto` files, or given as a list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from opsdesk.access import Actor, Scope, audit, require
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements
from opsdesk.review.answers import text_problem
from opsdesk.review.reference.entries import show_scene
from opsdesk.review.reference.errors import ProtoInvalid, ReferenceDataInvalid
from opsdesk.review.reference.proto_fields import (
    FIELDS_MAX,
    PbField,
    compile_proto,
    decoded,
    fields_of,
    message_descriptor,
)

PATH_CHARS_MAX = 200
TYPE_CHARS_MAX = 100

_SQL = statements(__file__)
_LIST_FIELDS = _SQL["list_fields"]
_DELETE_FIELDS = _SQL["delete_fields"]
_INSERT_FIELDS = _SQL["insert_fields"]
_SET_MESSAGE = _SQL["set_message"]
_READ_DESCRIPTORS = _SQL["read_descriptors"]


@dataclass(frozen=True, slots=True)
class FieldsChanged:
    """What an import did to the fields of a scene."""

    fields: Sequence[PbField]
    added: Sequence[str]
    removed: Sequence[str]


async def list_fields(conn: Connection, *, application: str, scene: str) -> Sequence[PbField]:
    """In the order of the file."""
    return await some_fields(conn, application=application, scene=scene)


async def some_fields(
    conn: Connection, *, application: str, scene: str, skipped: int = 0, limit: int | None = None
) -> Sequence[PbField]:
    """A part of them, in the order of the file."""
    if "\0" in application + scene:
        return []
    rows = conn.cursor(row_factory=class_row(PbField))
    values = {"application": application, "scene": scene, "skipped": skipped, "limit": limit}
    return await (await rows.execute(_LIST_FIELDS, values)).fetchall()


async def import_proto(
    conn: Connection,
    *,
    application: str,
    scene: str,
    files: Mapping[str, str],
    message: str,
    actor: Actor,
    now: datetime,
) -> FieldsChanged:
    """Make the fields of this message those of the scene, and let applications come as it.

    Raises ScopeMissing, SceneUnknown, ProtoInvalid.
    """
    require(actor, Scope.SCREENING_WRITE)
    descriptors = await compile_proto(files)
    found = fields_of(descriptors, message)
    return await _replace(conn, application, scene, found, message, descriptors, actor=actor, now=now)


async def import_list(
    conn: Connection, *, application: str, scene: str, fields: Sequence[PbField], actor: Actor, now: datetime
) -> FieldsChanged:
    """Make these the fields of the scene; applications come as JSON then.

    Raises ScopeMissing, SceneUnknown, ReferenceDataInvalid.
    """
    require(actor, Scope.SCREENING_WRITE)
    _check(fields)
    return await _replace(conn, application, scene, fields, None, None, actor=actor, now=now)


async def decode_message(conn: Connection, *, application: str, scene: str, body: bytes) -> dict[str, Any]:
    """An application that came as protobuf, as the JSON that adapts and rules read: see `decoded`.

    Raises SceneUnknown, ProtoInvalid where the scene has no message, or the bytes are not one.
    """
    await show_scene(conn, application=application, scene=scene)
    row = await (await conn.execute(_READ_DESCRIPTORS, {"application": application, "scene": scene})).fetchone()
    if row is None or row[0] is None:
        raise ProtoInvalid("the scene has no protobuf message; send JSON, or import its .proto file")
    message, descriptors = row
    return decoded(message_descriptor(descriptors, message), body)


async def _replace(
    conn: Connection,
    application: str,
    scene: str,
    fields: Sequence[PbField],
    message: str | None,
    descriptors: bytes | None,
    *,
    actor: Actor,
    now: datetime,
) -> FieldsChanged:
    await show_scene(conn, application=application, scene=scene)
    names = {"application": application, "scene": scene}
    before = [field.path for field in await list_fields(conn, application=application, scene=scene)]
    after = [field.path for field in fields]
    await conn.execute(_SET_MESSAGE, names | {"message": message, "descriptors": descriptors})
    await conn.execute(_DELETE_FIELDS, names)
    columns = {"paths": after, "types": [field.type for field in fields], "places": list(range(len(fields)))}
    await conn.execute(_INSERT_FIELDS, names | columns)
    await audit.record(
        conn,
        actor=actor,
        action="pb_fields.import",
        object_kind="scene",
        object_id=f"{application}/{scene}",
        before={"fields": before},
        after={"fields": after, "message": message},
        now=now,
    )
    return FieldsChanged(fields, [path for path in after if path not in before], [p for p in before if p not in after])


def _check(fields: Sequence[PbField]) -> None:
    problems: dict[str, list[str]] = {}
    if len(fields) > FIELDS_MAX:
        raise ReferenceDataInvalid({"fields": [f"are more than {FIELDS_MAX}"]})
    seen = set()
    for place, field in enumerate(fields):
        names = (("path", field.path, PATH_CHARS_MAX), ("type", field.type, TYPE_CHARS_MAX))
        for name, text, chars_max in names:
            problem = text_problem(text, chars_max=chars_max) or (None if text.isprintable() else "cannot be printed")
            if problem:
                problems.setdefault(f"fields.{place}.{name}", []).append(problem)
        if not field.path or not all(field.path.split(".")):
            problems.setdefault(f"fields.{place}.path", []).append("is no path of names with dots between them")
        if field.path in seen:
            problems.setdefault(f"fields.{place}.path", []).append("is there twice")
        seen.add(field.path)
    if problems:
        raise ReferenceDataInvalid(problems)
