"""Reference data of the review desk: applications, scenes, methods, pb fields and reject codes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from starlette.datastructures import FormData, UploadFile

from opsdesk import access, review
from opsdesk.app.console import screening_words
from opsdesk.app.console.frame import done, page, see_other, translate
from opsdesk.app.console.problems import said
from opsdesk.app.console.screening_types import may_write
from opsdesk.app.console.viewer import ScreeningReader, ScreeningWriter, Visitor
from opsdesk.app.console.words import N_
from opsdesk.kit.db import Connection
from opsdesk.kit.http_errors import RouteUnknown
from opsdesk.kit.http_requests import Conn, Now

PATH = "/screening/reference"
FIELDS = f"{PATH}/fields"
PROBLEMS_SHOWN = 10

lists = review.reference.lists
errors_of = review.reference.errors

KEYS: Mapping[str, Sequence[str]] = {
    lists.Kind.APPLICATIONS: ("application",),
    lists.Kind.SCENES: ("application", "scene"),
    lists.Kind.METHODS: ("application", "scene", "method"),
    lists.Kind.REJECT_CODES: ("code",),
}
"""The columns that name an entry, and that are not changed."""
YES_OR_NO = "Y, N"
ALLOWED: Mapping[str, str] = {
    "bucket": ", ".join(screening_words.BUCKETS),
    "category": ", ".join(screening_words.CODE_CATEGORIES),
    "verifications": " ".join(review.screening.sources.Verification),
    "with_screening": YES_OR_NO,
    "is_active": YES_OR_NO,
}
"""What a list may say in the columns that do not take any text."""

routes = APIRouter(include_in_schema=False)
Asked = Annotated[str, Query(max_length=200)]


@routes.get(PATH)
async def show_reference(request: Request, visitor: ScreeningReader, conn: Conn, show: Asked = "") -> Response:
    """One kind of it, with a row for each entry; the form holds the entry that the address names, to be changed."""
    kind = lists.Kind(show) if show in list(lists.Kind) else lists.Kind.APPLICATIONS
    named = {key: request.query_params.get(key, "") for key in KEYS[kind]}
    return await _shown(request, visitor, conn, kind, changed=named if all(named.values()) else None)


@routes.get(FIELDS)
async def show_fields(
    request: Request, visitor: ScreeningReader, conn: Conn, application: Asked = "", scene: Asked = ""
) -> Response:
    """The pb fields of a scene, and where they are imported."""
    return await _fields_shown(request, visitor, conn, application, scene)


@routes.post(FIELDS)
async def import_fields(request: Request, visitor: ScreeningWriter, conn: Conn, now: Now) -> Response:
    """Make the fields of `.proto` files, or those of a list, the ones of the scene."""
    posted = await request.form(max_fields=access.guard.FORM_FIELDS_MAX)
    application, scene, message = (_text(posted, name) for name in ("application", "scene", "message"))
    about: dict[str, Any] = {"application": application, "scene": scene, "actor": visitor.actor, "now": now}
    _ = translate(request, visitor)
    try:
        files = await _files(posted)
        if any(name.endswith(".proto") for name in files):
            changed = await review.reference.fields.import_proto(conn, **about, files=files, message=message)
        else:
            text = next(iter(files.values()), _text(posted, "text"))
            changed = await review.reference.fields.import_list(conn, **about, fields=lists.read_fields(text))
    except errors_of.ProtoInvalid as error:
        problem, typed = said(error.problem, _), {"message": message}
        return await _fields_shown(request, visitor, conn, application, scene, problem=problem, typed=typed)
    except errors_of.ReferenceDataInvalid as error:
        problem = "\n".join(_problems_told(error.problems, _, is_list=True))
        typed = {"message": message, "text": _text(posted, "text")}
        return await _fields_shown(request, visitor, conn, application, scene, problem=problem, typed=typed)
    words = _(N_("%(all)s fields: %(added)s new, %(removed)s gone."))
    counts = {"all": len(changed.fields), "added": len(changed.added), "removed": len(changed.removed)}
    return see_other(request, _fields_address(application, scene), done(words % counts))


@routes.post(f"{PATH}/{{kind}}")
async def put_entries(request: Request, visitor: ScreeningWriter, conn: Conn, now: Now, kind: str) -> Response:
    """Add or change one entry, or those of a list."""
    if kind not in list(lists.Kind):
        raise RouteUnknown
    which = lists.Kind(kind)
    posted = await request.form(max_fields=access.guard.FORM_FIELDS_MAX)
    _ = translate(request, visitor)
    given: dict[str, Any] = {column: _text(posted, column) for column in lists.COLUMNS[which]}
    if which is lists.Kind.METHODS:
        given["verifications"] = [each for each in posted.getlist("verifications") if isinstance(each, str)]
        given["with_screening"] = given["with_screening"] or "N"
    is_list, text = posted.get("op") == "import", _text(posted, "text")
    try:
        files = await _files(posted)
        text = next(iter(files.values()), text)
        rows = lists.read_rows(text, columns=lists.COLUMNS[which]) if is_list else [given]
        count = await lists.put_rows(conn, which, rows, actor=visitor.actor, now=now)
    except errors_of.ReferenceDataInvalid as error:
        problems = _problems_told(error.problems, _, is_list=is_list)
        return await _shown(request, visitor, conn, which, problems=problems, given=given, text=text)
    words = _(N_("%(num)s entries are saved."))
    return see_other(request, f"{PATH}?show={which.value}", done(words % {"num": count}))


async def _shown(
    request: Request,
    visitor: Visitor,
    conn: Connection,
    kind: "review.reference.lists.Kind",
    *,
    problems: Sequence[str] = (),
    given: Mapping[str, Any] | None = None,
    text: str = "",
    changed: Mapping[str, str] | None = None,
) -> Response:
    _ = translate(request, visitor)
    entries = review.reference.entries
    listed: Any = {
        lists.Kind.APPLICATIONS: entries.list_applications,
        lists.Kind.SCENES: entries.list_scenes,
        lists.Kind.METHODS: entries.list_methods,
        lists.Kind.REJECT_CODES: entries.list_reject_codes,
    }[kind]
    rows = [asdict(row) for row in await listed(conn)]
    found = [row for row in rows if changed and changed.items() <= row.items()]
    return page(
        request,
        visitor,
        "reference/list.html",
        status=422 if problems else 200,
        kind=kind.value,
        kinds=_kinds(_),
        rows=rows,
        columns=lists.COLUMNS[kind],
        keys=KEYS[kind],
        allowed={column: ALLOWED[column] for column in lists.COLUMNS[kind] if column in ALLOWED},
        applications=await entries.list_applications(conn),
        scenes=await entries.list_scenes(conn),
        buckets={bucket: _(text) for bucket, text in screening_words.BUCKETS.items()},
        categories={category: _(text) for category, text in screening_words.CODE_CATEGORIES.items()},
        verifications=[each.value for each in review.screening.sources.Verification],
        problems=problems,
        given=_typed(found[0]) if found else given or {},
        is_change=bool(found),
        text=text,
        may_write=may_write(visitor),
    )


async def _fields_shown(
    request: Request,
    visitor: Visitor,
    conn: Connection,
    application: str,
    scene: str,
    *,
    problem: str = "",
    typed: Mapping[str, str] | None = None,
) -> Response:
    entries = review.reference.entries
    scenes = await entries.list_scenes(conn)
    found = next((each for each in scenes if (each.application, each.scene) == (application, scene)), None)
    known = review.reference.fields.list_fields
    fields = await known(conn, application=application, scene=scene) if found is not None else ()
    return page(
        request,
        visitor,
        "reference/fields.html",
        status=422 if problem else 200,
        kinds=_kinds(translate(request, visitor)),
        scenes=scenes,
        found=found,
        fields=fields,
        problem=problem,
        message=(typed or {}).get("message") or (found.message if found else None) or "",
        text=(typed or {}).get("text", ""),
        may_write=may_write(visitor),
    )


def _typed(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """An entry as the form has it."""
    return {name: ("Y" if value else "N") if isinstance(value, bool) else value for name, value in row.items()}


def _kinds(translate: Any) -> Mapping[str, str]:
    return {kind: translate(text) for kind, text in screening_words.REFERENCE_KINDS.items()}


def _fields_address(application: str, scene: str) -> str:
    return f"{FIELDS}?{urlencode({'application': application, 'scene': scene})}"


def _text(posted: FormData, name: str) -> str:
    value = posted.get(name)
    return value if isinstance(value, str) else ""


async def _files(posted: FormData) -> dict[str, str]:
    """The files that were chosen, by name. Raises ReferenceDataInvalid."""
    given = {}
    for each in posted.getlist("file"):
        if isinstance(each, UploadFile):
            given[each.filename or ""] = await each.read()
            await each.close()
    try:
        return {name: content.decode() for name, content in given.items() if name}
    except UnicodeDecodeError:
        raise errors_of.ReferenceDataInvalid({"list": ["is no text in UTF-8"]}) from None


def _problems_told(problems: Mapping[str, Sequence[str]], translate: Any, *, is_list: bool) -> list[str]:
    """Each with its place: the column, and in a list the row, that of the names not counted."""
    told = []
    for place, texts in problems.items():
        number, _, column = place.partition(".") if place[:1].isdecimal() else ("", "", place)
        where = column.partition(".")[0].replace("_", " ")
        if is_list and number:
            where = translate(N_("row %(number)s, %(column)s")) % {"number": number, "column": where}
        words = {"where": where, "problem": screening_words.problem_told(texts, translate)}
        told.append(words["problem"] if column == "list" else translate(N_("%(where)s: %(problem)s")) % words)
    if len(told) > PROBLEMS_SHOWN:
        more = translate(N_("and %(count)s more")) % {"count": len(told) - PROBLEMS_SHOWN}
        return [*told[:PROBLEMS_SHOWN], more]
    return told
