"""Reference data of the review desk: applications, scenes, methods, pb fields and reject codes."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from starlette.datastructures import FormData, UploadFile

from opsdesk import access, review
from opsdesk.app.console import screening_words
from opsdesk.app.console.frame import done, page, see_other, translate
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

routes = APIRouter(include_in_schema=False)
Asked = Annotated[str, Query(max_length=200)]


@routes.get(PATH)
async def show_reference(request: Request, visitor: ScreeningReader, conn: Conn, show: Asked = "") -> Response:
    """One kind of it, with a row for each entry."""
    kinds = list(lists.Kind)
    return await _shown(request, visitor, conn, lists.Kind(show) if show in kinds else lists.Kind.APPLICATIONS)


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
        return await _fields_shown(request, visitor, conn, application, scene, problem=error.problem, message=message)
    except errors_of.ReferenceDataInvalid as error:
        problem = _problems_told(error.problems, _)
        return await _fields_shown(request, visitor, conn, application, scene, problem=problem, message=message)
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
    try:
        files = await _files(posted)
        text = next(iter(files.values()), _text(posted, "text"))
        rows = lists.read_rows(text, columns=lists.COLUMNS[which]) if posted.get("op") == "import" else [given]
        count = await lists.put_rows(conn, which, rows, actor=visitor.actor, now=now)
    except errors_of.ReferenceDataInvalid as error:
        problem = _problems_told(error.problems, _)
        return await _shown(request, visitor, conn, which, problem=problem, given=given)
    words = _(N_("%(num)s entries are saved."))
    return see_other(request, f"{PATH}?show={which.value}", done(words % {"num": count}))


async def _shown(
    request: Request,
    visitor: Visitor,
    conn: Connection,
    kind: "review.reference.lists.Kind",
    *,
    problem: str = "",
    given: Mapping[str, Any] | None = None,
) -> Response:
    _ = translate(request, visitor)
    entries = review.reference.entries
    listed: Any = {
        lists.Kind.APPLICATIONS: entries.list_applications,
        lists.Kind.SCENES: entries.list_scenes,
        lists.Kind.METHODS: entries.list_methods,
        lists.Kind.REJECT_CODES: entries.list_reject_codes,
    }[kind]
    return page(
        request,
        visitor,
        "reference/list.html",
        status=422 if problem else 200,
        kind=kind.value,
        kinds=_kinds(_),
        rows=await listed(conn),
        columns=lists.COLUMNS[kind],
        applications=await entries.list_applications(conn),
        scenes=await entries.list_scenes(conn),
        buckets={bucket: _(text) for bucket, text in screening_words.BUCKETS.items()},
        categories={category: _(text) for category, text in screening_words.CODE_CATEGORIES.items()},
        verifications=[each.value for each in review.screening.sources.Verification],
        problem=problem,
        given=given or {},
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
    message: str = "",
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
        message=message or (found.message if found else None) or "",
        may_write=may_write(visitor),
    )


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


def _problems_told(problems: Mapping[str, Sequence[str]], translate: Any) -> str:
    told = [f"{place}: {screening_words.problem_told(texts, translate)}" for place, texts in problems.items()]
    return " · ".join(told[:PROBLEMS_SHOWN])
