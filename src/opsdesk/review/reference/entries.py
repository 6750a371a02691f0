"""Applications, their scenes and methods, and reject codes: put in and listed, and never taken out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row, dict_row

from opsdesk.access import Actor, Scope, audit, require
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements
from opsdesk.review.answers import text_problem
from opsdesk.review.reference.errors import ApplicationUnknown, ReferenceDataInvalid, SceneUnknown
from opsdesk.review.reference.model import Application, Bucket, CodeCategory, Method, RejectCode, Scene
from opsdesk.review.screening.reasonless import tell_of_types_without_reason
from opsdesk.review.screening.sources import Verification

NAME_CHARS_MAX = 64
DESCRIPTION_CHARS_MAX = 200

_SQL = statements(__file__)
_PUT_APPLICATION = _SQL["put_application"]
_LIST_APPLICATIONS = _SQL["list_applications"]
_PUT_SCENE = _SQL["put_scene"]
_LIST_SCENES = _SQL["list_scenes"]
_SHOW_SCENE = _SQL["show_scene"]
_LOCK_SCENE = _SQL["lock_scene"]
_PUT_METHOD = _SQL["put_method"]
_LIST_METHODS = _SQL["list_methods"]
_PUT_REJECT_CODE = _SQL["put_reject_code"]
_LIST_REJECT_CODES = _SQL["list_reject_codes"]
_SHOW_REJECT_CODE = _SQL["show_reject_code"]
_HOLD_REJECT_CODES = _SQL["hold_reject_codes"]
_LOCK_REJECT_CODES = _SQL["lock_reject_codes"]


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a list: what comes behind the entry with this key, and how much of it."""

    after: Sequence[str] | None = None
    rows: int | None = None


EVERYTHING = Window()


async def put_application(conn: Connection, *, application: str, name: str, actor: Actor, now: datetime) -> Application:
    """Add an application, or call it otherwise. Raises ScopeMissing, ReferenceDataInvalid."""
    require(actor, Scope.SCREENING_WRITE)
    entry = Application(application.strip(), name.strip() or application.strip())
    _check(asdict(entry))
    before = next((each for each in await list_applications(conn) if each.application == entry.application), None)
    await conn.execute(_PUT_APPLICATION, asdict(entry) | {"now": now})
    await _record(conn, "application", entry.application, before, entry, actor=actor, now=now)
    return entry


async def list_applications(conn: Connection, *, window: Window = EVERYTHING) -> Sequence[Application]:
    rows = conn.cursor(row_factory=class_row(Application))
    return await (await rows.execute(_LIST_APPLICATIONS, asdict(window))).fetchall()


async def put_scene(
    conn: Connection, *, application: str, scene: str, name: str, bucket: str, actor: Actor, now: datetime
) -> Scene:
    """Add a scene to an application, or change how it is called and where its tickets are reviewed from now on.

    Raises ScopeMissing, ReferenceDataInvalid, ApplicationUnknown.
    """
    require(actor, Scope.SCREENING_WRITE)
    values = {"application": application, "scene": scene.strip(), "name": name.strip() or scene.strip()}
    _check(values, bucket=(bucket, Bucket))
    if application not in [each.application for each in await list_applications(conn)]:
        raise ApplicationUnknown(application)
    before = await _find_scene(conn, _LOCK_SCENE, application, values["scene"])
    entry = Scene(**values, bucket=Bucket(bucket), message=None if before is None else before.message)
    await conn.execute(_PUT_SCENE, asdict(entry))
    await _record(conn, "scene", f"{application}/{entry.scene}", before, entry, actor=actor, now=now)
    return entry


async def list_scenes(
    conn: Connection, *, application: str | None = None, window: Window = EVERYTHING
) -> Sequence[Scene]:
    if application is not None and "\0" in application:
        return []
    values = {"application": application, **asdict(window)}
    rows = await (await conn.cursor(row_factory=dict_row).execute(_LIST_SCENES, values)).fetchall()
    return [_scene(row) for row in rows]


async def show_scene(conn: Connection, *, application: str, scene: str) -> Scene:
    """Raises SceneUnknown."""
    found = await _find_scene(conn, _SHOW_SCENE, application, scene)
    if found is None:
        raise SceneUnknown(application, scene)
    return found


async def put_method(
    conn: Connection,
    *,
    application: str,
    scene: str,
    method: str,
    name: str,
    with_screening: bool,
    verifications: Sequence[str],
    actor: Actor,
    now: datetime,
) -> Method:
    """Add a method to a scene, or change it. Raises ScopeMissing, ReferenceDataInvalid, SceneUnknown."""
    require(actor, Scope.SCREENING_WRITE)
    values = {"method": method.strip(), "name": name.strip() or method.strip()}
    _check(values, **{f"verifications.{place}": (each, Verification) for place, each in enumerate(verifications)})
    await show_scene(conn, application=application, scene=scene)
    chosen = [each for each in Verification if each in verifications]
    entry = Method(application, scene, **values, with_screening=with_screening, verifications=chosen)
    known = await list_methods(conn, application=application, scene=scene)
    before = next((each for each in known if each.method == entry.method), None)
    await conn.execute(_PUT_METHOD, asdict(entry))
    name_of_it = f"{application}/{scene}/{entry.method}"
    await _record(conn, "screening_method", name_of_it, before, entry, actor=actor, now=now)
    return entry


async def list_methods(
    conn: Connection, *, application: str | None = None, scene: str | None = None, window: Window = EVERYTHING
) -> Sequence[Method]:
    if "\0" in f"{application}{scene}":
        return []
    values = {"application": application, "scene": scene, **asdict(window)}
    rows = await (await conn.cursor(row_factory=dict_row).execute(_LIST_METHODS, values)).fetchall()
    return [Method(**row | {"verifications": [Verification(each) for each in row["verifications"]]}) for row in rows]


async def put_reject_code(
    conn: Connection,
    *,
    code: str,
    category: str,
    description: str,
    is_active: bool,
    actor: Actor,
    now: datetime,
    alerting: bool = True,
) -> RejectCode:
    """Add a reject code, or change it: one that is not active any more stays where it is, and is offered no more.

    Screening types which nobody can reject with any more are told to operators; with `alerting` False, by whoever
    puts in several and does so behind the last of them.

    Raises ScopeMissing, ReferenceDataInvalid.
    """
    require(actor, Scope.SCREENING_WRITE)
    _check({"code": code.strip()}, category=(category, CodeCategory))
    if problem := text_problem(description, chars_max=DESCRIPTION_CHARS_MAX):
        raise ReferenceDataInvalid({"description": [problem]})
    entry = RejectCode(code.strip(), CodeCategory(category), description.strip(), is_active)
    rows = conn.cursor(row_factory=dict_row)
    row = await (await rows.execute(_SHOW_REJECT_CODE, {"code": entry.code})).fetchone()
    await conn.execute(_PUT_REJECT_CODE, asdict(entry) | {"now": now})
    await _record(
        conn, "reject_code", entry.code, None if row is None else _reject_code(row), entry, actor=actor, now=now
    )
    if alerting and not entry.for_tickets:
        await tell_of_types_without_reason(conn, codes=[entry.code], now=now)
    return entry


async def lock_reject_codes(conn: Connection) -> None:
    """All that there are, in their order: for whoever puts in several, in any other order."""
    await conn.execute(_LOCK_REJECT_CODES)


async def list_reject_codes(
    conn: Connection,
    *,
    category: CodeCategory | None = None,
    active: bool | None = None,
    window: Window = EVERYTHING,
) -> Sequence[RejectCode]:
    values = {"category": category, "active": active, **asdict(window)}
    rows = await (await conn.cursor(row_factory=dict_row).execute(_LIST_REJECT_CODES, values)).fetchall()
    return [_reject_code(row) for row in rows]


async def codes_for_tickets(conn: Connection) -> dict[str, bool]:
    """Every reject code; True: a reason to reject may have it."""
    return {each.code: each.for_tickets for each in await list_reject_codes(conn)}


async def held_codes_for_tickets(conn: Connection) -> dict[str, bool]:
    """The same, and they stay so until this transaction ends: what is saved with a code has it while it is active."""
    rows = await (await conn.cursor(row_factory=dict_row).execute(_HOLD_REJECT_CODES)).fetchall()
    return {each.code: each.for_tickets for each in map(_reject_code, rows)}


async def _find_scene(conn: Connection, statement: bytes, application: str, scene: str) -> Scene | None:
    if "\0" in application + scene:
        return None
    values = {"application": application, "scene": scene}
    row = await (await conn.cursor(row_factory=dict_row).execute(statement, values)).fetchone()
    return None if row is None else _scene(row)


def _scene(row: Mapping[str, Any]) -> Scene:
    return Scene(**{**row, "bucket": Bucket(row["bucket"])})


def _reject_code(row: Mapping[str, Any]) -> RejectCode:
    return RejectCode(**{**row, "category": CodeCategory(row["category"])})


def _check(names: Mapping[str, Any], **choices: tuple[str, Any]) -> None:
    problems = {}
    for field, text in names.items():
        if not text:
            problems[field] = ["is required"]
        elif problem := text_problem(text, chars_max=NAME_CHARS_MAX):
            problems[field] = [problem]
        elif not text.isprintable():
            problems[field] = ["holds characters that cannot be printed"]
    for field, (given, options) in choices.items():
        if given not in list(options):
            problems[field] = [f"is none of {', '.join(options)}"]
    if problems:
        raise ReferenceDataInvalid(problems)


async def _record(
    conn: Connection, kind: str, entry_id: str, before: Any, after: Any, *, actor: Actor, now: datetime
) -> None:
    if before == after:
        return
    await audit.record(
        conn,
        actor=actor,
        action=f"{kind}.put",
        object_kind=kind,
        object_id=entry_id,
        before=None if before is None else asdict(before),
        after=asdict(after),
        now=now,
    )
