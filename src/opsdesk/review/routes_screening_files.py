"""Screening types as files over HTTP: taken out, and put in after a look at what that changes."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic.json_schema import SkipJsonSchema

from opsdesk import access
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BodyUnreadable, ContentTypeRefused, check_content_type
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import text_schema
from opsdesk.review.routes_screening import LIST, ONE, TypeId
from opsdesk.review.screening import files, importing
from opsdesk.review.screening.errors import (
    HardcodedType,
    ScreeningFileInvalid,
    ScreeningFileStale,
    ScreeningTypeUnknown,
)
from opsdesk.review.views_configuration import ImportView

YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
STATE_CHARS_MAX = 64
_EXAMPLE = """\
opsdesk_screening_type: 1
name: Face comparison
modules:
  - {code: personal, keys: [{name: full name}]}
rejection:
  {choice: single, with_code: false, with_label: false, reasons: [{detail: the face is another one}]}
"""
_FILE = {
    "requestBody": {
        "required": True,
        "description": "The file, as the export has it.",
        "content": {kind: {"schema": {"type": "string"}, "example": _EXAMPLE} for kind in YAML_TYPES},
    }
}
_EXPORTED = {
    "type": "object",
    "properties": {
        files.FORMAT: {"const": files.FORMAT_VERSION},
        "name": {"type": "string"},
        "category": {"type": "string"},
        "taken_from": {"type": "object"},
        "description": {"type": "string"},
        "modules": {"type": "array"},
        "rejection": {"type": "object"},
        "review": {"type": "object"},
        "adapts": {"type": "array"},
    },
    "required": [files.FORMAT, "name", "modules", "rejection", "adapts"],
}
_REFUSALS = (
    *access.guard.REFUSALS,
    ContentTypeRefused,
    BodyUnreadable,
    ScreeningFileInvalid,
    ScreeningFileStale,
    HardcodedType,
)

file_routes = APIRouter(prefix="/v1", tags=["screening types"])


async def _file_text(request: Request) -> str:
    """Routes name it before their guard, so that no connection waits for somebody who sends slowly."""
    check_content_type(request, YAML_TYPES)
    try:
        return (await request.body()).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BodyUnreadable("is not UTF-8") from None


FileText = Annotated[str, Depends(_file_text)]
_Over = Annotated[
    str | SkipJsonSchema[None],
    Query(
        description="`state` of the preview that was looked at. Left out: the file has to be of what counts here now.",
        max_length=STATE_CHARS_MAX,
        json_schema_extra=text_schema(),
    ),
]


@file_routes.get(
    f"{ONE}/export",
    summary="Take a screening type out as a file",
    response_class=Response,
    responses=documented(*access.guard.REFUSALS, ScreeningTypeUnknown)
    | {200: {"content": {"application/yaml": {"schema": _EXPORTED}}, "description": "The file."}},
)
async def export_screening_type(_: access.guard.ScreeningReader, type_id: TypeId, conn: Conn) -> Response:
    """YAML with its adapts; keys and reasons have their ids, so that it can be changed in git and put in again."""
    return Response(await importing.export_type(conn, type_id=type_id), media_type="application/yaml")


@file_routes.post(
    f"{LIST}/import-previews",
    summary="Tell what putting a file in would change",
    responses=documented(*_REFUSALS),
    openapi_extra=_FILE,
)
async def preview_import(text: FileText, actor: access.guard.ScreeningWriter, conn: Conn, now: Now) -> ImportView:
    """Everything is done as it would be, and taken back: what would be refused is refused here too."""
    file = files.read(text)
    done = await importing.import_file(conn, file=file, over=None, actor=actor, now=now, dry_run=True)
    return ImportView.of(done)


@file_routes.post(
    f"{LIST}/imports",
    status_code=201,
    summary="Put a file of a screening type in",
    responses=documented(*_REFUSALS),
    openapi_extra=_FILE,
)
async def import_screening_type(
    text: FileText, actor: access.guard.ScreeningWriter, conn: Conn, now: Now, over: _Over = None
) -> ImportView:
    """As new versions of the type, which its name tells, and of the adapts in the file; or as a new type."""
    file = files.read(text)
    done = await importing.import_file(conn, file=file, over=over, actor=actor, now=now, dry_run=False)
    return ImportView.of(done)
