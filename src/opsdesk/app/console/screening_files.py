"""Files of screening types on pages: downloaded, and put in after a look at what that changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData, UploadFile

from opsdesk import access, review
from opsdesk.app.console import screening_words
from opsdesk.app.console.frame import done, frame_of, page, see_other, translate, warning
from opsdesk.app.console.row_forms import posted_text
from opsdesk.app.console.screening_types import NO_CHANGE, ONE, PATH, address, kinds
from opsdesk.app.console.viewer import ScreeningReader, ScreeningWriter, Visitor
from opsdesk.app.console.words import N_
from opsdesk.kit.db import Connection
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import CountedId

IMPORT = f"{PATH}/import"
FILE = "file"
"""The place of a problem with the file as a whole."""
errors_of = review.screening.errors
importing = review.screening.importing

routes = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Previewed:
    """What putting a file in would do, in the words of pages."""

    done: review.screening.importing.Imported
    before: review.screening.types.ScreeningType | None
    impact: review.screening.impact.Impact | None
    """On tickets and adapts; None where the type stays as it is, or is new."""
    changes: Sequence[screening_words.ChangeTold]
    adapts: Sequence[tuple[review.screening.importing.ImportedAdapt, Sequence[screening_words.ChangeTold]]]
    """Those that the file changes or adds."""
    warnings: Sequence[str]


@routes.get(f"{ONE}/export")
async def download_type(request: Request, visitor: ScreeningReader, conn: Conn, type_id: CountedId) -> Response:
    """The type with its adapts as one file of YAML."""
    found = await review.screening.types.show_type(conn, type_id=type_id)
    text = await importing.export_type(conn, type_id=type_id)
    name = f"filename=\"screening-type-{type_id}.yaml\"; filename*=UTF-8''{quote(found.name, safe='')}.yaml"
    headers = {**frame_of(request).headers, "Content-Disposition": f"attachment; {name}"}
    return Response(text, media_type="application/yaml", headers=headers)


@routes.get(IMPORT)
async def upload_form(request: Request, visitor: ScreeningWriter, conn: Conn) -> Response:
    """Where a file is chosen."""
    return await _shown(request, visitor, conn)


@routes.post(IMPORT)
async def upload_file(request: Request, visitor: ScreeningWriter, conn: Conn, now: Now) -> Response:
    """Tell what the file would change; or put it in, where that was told before and is so still."""
    posted = await request.form(max_fields=access.guard.FORM_FIELDS_MAX)
    try:
        text = await _text_of(posted)
        file = review.screening.files.read(text)
    except errors_of.ScreeningFileInvalid as error:
        return await _shown(request, visitor, conn, text=posted_text(posted, "text"), problems=error.problems)
    try:
        if posted.get("op") != "import":
            previewed = await _preview(request, visitor, conn, file, now=now)
            return await _shown(request, visitor, conn, text=text, previewed=previewed)
        over = posted_text(posted, "over") or None
        put = await importing.import_file(conn, file=file, over=over, actor=visitor.actor, now=now, dry_run=False)
    except errors_of.ScreeningFileInvalid as error:
        return await _shown(request, visitor, conn, text=text, problems=error.problems)
    except errors_of.HardcodedType as error:
        problems = {FILE: [translate(request, visitor)(error.message)]}
        return await _shown(request, visitor, conn, text=text, problems=problems)
    except errors_of.ScreeningFileStale:
        previewed = await _preview(request, visitor, conn, file, now=now)
        return await _shown(request, visitor, conn, text=text, previewed=previewed, is_stale=True)
    return see_other(request, address(put.type.type_id), _said(request, visitor, put))


async def _preview(
    request: Request, visitor: Visitor, conn: Connection, file: review.screening.files.TypeInFile, *, now: datetime
) -> Previewed:
    """Raises ScreeningFileInvalid, HardcodedType."""
    _ = translate(request, visitor)
    found = await importing.import_file(conn, file=file, over=None, actor=visitor.actor, now=now, dry_run=True)
    before, impact = None, None
    if not found.is_new:
        before = await review.screening.types.show_type(conn, type_id=found.type.type_id)
    if before is not None and found.changed:
        impact = await review.screening.impact.impact_of(conn, before=before, document=found.type.document)
    told = screening_words.changes_told
    return Previewed(
        done=found,
        before=before,
        impact=impact,
        changes=told(found.changes, found.names),
        adapts=[(each, told(each.changes, found.names)) for each in found.adapts if each.is_new or each.changes],
        warnings=[
            screening_words.problem_told([problem], _)
            for _place, problem in review.screening.reading.warnings_of(found.type.document)
        ],
    )


async def _shown(
    request: Request,
    visitor: Visitor,
    conn: Connection,
    *,
    text: str = "",
    problems: Mapping[str, Sequence[str]] | None = None,
    previewed: Previewed | None = None,
    is_stale: bool = False,
) -> Response:
    _ = translate(request, visitor)
    document = previewed and previewed.done.is_new and review.screening.model.stored(previewed.done.type.document)
    return page(
        request,
        visitor,
        "screening/import.html",
        status=409 if is_stale else 422 if problems else 200,
        text=text,
        problems=[
            ("" if place == FILE else place, screening_words.problem_told(texts, _))
            for place, texts in (problems or {}).items()
        ],
        previewed=previewed,
        is_stale=is_stale,
        document=document,
        kinds=kinds(request, visitor),
        modules=screening_words.MODULES,
        fields=screening_words.FIELDS,
        seconds={value: _(words) for value, words in screening_words.SECOND_REVIEWS.items()},
        counteds={value: _(words) for value, words in screening_words.COUNTED.items()},
    )


async def _text_of(posted: FormData) -> str:
    """The file that was chosen, or else the text. Raises ScreeningFileInvalid."""
    given = posted.get("file")
    if not isinstance(given, UploadFile) or not given.filename:
        text = posted_text(posted, "text")
    else:
        content = await given.read()
        await given.close()
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise errors_of.ScreeningFileInvalid({FILE: ["is no text in UTF-8"]}) from None
    if not text.strip():
        raise errors_of.ScreeningFileInvalid({FILE: [review.screening.reading.REQUIRED]})
    return text


def _said(request: Request, visitor: Visitor, put: review.screening.importing.Imported) -> Any:
    _ = translate(request, visitor)
    if not put.does_something:
        return warning(_(NO_CHANGE))
    if put.is_new:
        words = _(N_("%(name)s is a new type, with %(adapts)s adapts."))
        return done(words % {"name": put.type.name, "adapts": len(put.adapts)})
    if not put.changed:
        return done(_(N_("The adapts of the file are saved; the type is as it was.")))
    return done(_(N_("The file is put in: version %(version)s counts from now on.")) % {"version": put.type.version})
