"""The reference data of the review desk over HTTP: listed, put in one by one, and imported as lists."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from opsdesk import access
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, JSON_TYPES, BodyUnreadable, ContentTypeRefused, StrictRoute
from opsdesk.kit.http_json import check_content_type as checked
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import Body, Cursor, Limit, Text, text_schema
from opsdesk.kit.paging import BadCursor, BadPageSize, decode_cursor, page_of, page_rows
from opsdesk.review.reference import entries, fields, lists
from opsdesk.review.reference.entries import Window
from opsdesk.review.reference.errors import ApplicationUnknown, ProtoInvalid, ReferenceDataInvalid, SceneUnknown
from opsdesk.review.reference.model import CodeCategory
from opsdesk.review.reference.proto_fields import PbField
from opsdesk.review.views_reference import (
    ApplicationPage,
    ApplicationView,
    FieldPage,
    FieldsView,
    FieldView,
    ImportedView,
    MethodPage,
    MethodView,
    RejectCodePage,
    RejectCodeView,
    ScenePage,
    SceneView,
    shown,
)

PATH = "/screening-reference"
CSV_TYPES = ("text/csv",)
_PAGE_REFUSALS = (*access.guard.REFUSALS, BadCursor, BadPageSize)
_PUT_REFUSALS = (*access.guard.REFUSALS, *BODY_REFUSALS, ReferenceDataInvalid)

reference_routes = APIRouter(prefix="/v1", tags=["screening reference"], route_class=StrictRoute)
list_routes = APIRouter(prefix="/v1", tags=["screening reference"])
"""What takes a whole list, in the form that it has."""


def _named(description: str) -> Any:
    return Query(description=description, json_schema_extra=text_schema(maxLength=entries.NAME_CHARS_MAX))


Application = Annotated[str | SkipJsonSchema[None], _named("Only those of this application.")]
Scene = Annotated[str | SkipJsonSchema[None], _named("Only those of scenes of this name.")]


class ApplicationEntry(Body):
    """An application."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"application": "cash_loan", "name": "Cash loan"}]})

    application: Text
    """What names it."""
    name: Text = ""
    """What it is called; left out: as it is named."""


class SceneEntry(Body):
    """A scene of an application."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"application": "cash_loan", "scene": "activation", "bucket": "kyc"}]}
    )

    application: Text
    """An application that is there."""
    scene: Text
    """What names it among the scenes of the application."""
    name: Text = ""
    """What it is called; left out: as it is named."""
    bucket: Text
    """`kyc` or `transaction`: the list that its tickets stand in."""


class MethodEntry(Body):
    """A step-up verification of a scene."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "application": "cash_loan",
                    "scene": "activation",
                    "method": "face",
                    "with_screening": True,
                    "verifications": ["lc"],
                }
            ]
        }
    )

    application: Text
    """An application that is there."""
    scene: Text
    """A scene of it."""
    method: Text
    """What names it among the methods of the scene."""
    name: Text = ""
    """What it is called; left out: as it is named."""
    with_screening: bool
    """Whether a person looks at its outcome."""
    verifications: list[Text] = Field(default_factory=list)
    """`lc`, `fm`."""


class RejectCodeEntry(Body):
    """A reject code."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "AF-1001", "category": "anti-fraud"}]})

    code: Text
    """What names it."""
    category: Text
    """`anti-fraud`, `system error`, `credit` or `other`."""
    description: Text = ""
    """What it means."""
    is_active: bool = True
    """Whether reasons may have it from now on."""


class FieldEntry(Body):
    """A protobuf field."""

    path: Text
    """Names with dots between them."""
    type: Text = "string"
    """In words."""


class FieldList(Body):
    """The fields that a scene is to have."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"application": "cash_loan", "scene": "activation", "fields": [{"path": "customer.name"}]}]
        }
    )

    application: Text
    """An application that is there."""
    scene: Text
    """A scene of it."""
    fields: list[FieldEntry]
    """All of them; what is not among them is gone."""


class ProtoFiles(Body):
    """Protobuf files whose message is to be that of a scene."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "application": "cash_loan",
                    "scene": "activation",
                    "message": "loan.Request",
                    "files": {
                        "loan.proto": 'syntax = "proto3"; package loan; message Request { string name = 1; }',
                    },
                }
            ]
        }
    )

    application: Text
    """An application that is there."""
    scene: Text
    """A scene of it."""
    message: Text
    """The full name of the message, such as `loan.Request`."""
    files: Annotated[dict[str, Text], Field(json_schema_extra={"propertyNames": text_schema()})]
    """The text of each file by its name, with everything that they import; the well-known types are there."""


@reference_routes.get(f"{PATH}/applications", summary="List the applications", responses=documented(*_PAGE_REFUSALS))
async def list_applications(
    _: access.guard.ScreeningReader, conn: Conn, limit: Limit = None, cursor: Cursor = None
) -> ApplicationPage:
    """By name."""
    window, rows = _window(cursor, limit, parts=1)
    page = page_of(
        await entries.list_applications(conn, window=window), size=rows, key=lambda each: (each.application,)
    )
    return ApplicationPage(items=shown(ApplicationView, page.items), next=page.next)


@reference_routes.put(
    f"{PATH}/applications", summary="Add or change an application", responses=documented(*_PUT_REFUSALS)
)
async def put_application(
    entry: ApplicationEntry, actor: access.guard.ScreeningWriter, conn: Conn, now: Now
) -> ApplicationView:
    """By what names it. Nothing of the reference data is ever taken out."""
    put = await entries.put_application(conn, **entry.model_dump(), actor=actor, now=now)
    return shown(ApplicationView, [put])[0]


@reference_routes.get(f"{PATH}/scenes", summary="List the scenes", responses=documented(*_PAGE_REFUSALS))
async def list_scenes(
    _: access.guard.ScreeningReader,
    conn: Conn,
    application: Application = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> ScenePage:
    """By application and name."""
    window, rows = _window(cursor, limit, parts=2)
    found = await entries.list_scenes(conn, application=application, window=window)
    page = page_of(found, size=rows, key=lambda each: (each.application, each.scene))
    return ScenePage(items=shown(SceneView, page.items), next=page.next)


@reference_routes.put(
    f"{PATH}/scenes", summary="Add or change a scene", responses=documented(*_PUT_REFUSALS, ApplicationUnknown)
)
async def put_scene(entry: SceneEntry, actor: access.guard.ScreeningWriter, conn: Conn, now: Now) -> SceneView:
    """By application and what names it."""
    put = await entries.put_scene(conn, **entry.model_dump(), actor=actor, now=now)
    return shown(SceneView, [put])[0]


@reference_routes.get(f"{PATH}/methods", summary="List the methods", responses=documented(*_PAGE_REFUSALS))
async def list_methods(
    _: access.guard.ScreeningReader,
    conn: Conn,
    application: Application = None,
    scene: Scene = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> MethodPage:
    """By application, scene and name."""
    window, rows = _window(cursor, limit, parts=3)
    found = await entries.list_methods(conn, application=application, scene=scene, window=window)
    page = page_of(found, size=rows, key=lambda each: (each.application, each.scene, each.method))
    return MethodPage(items=shown(MethodView, page.items), next=page.next)


@reference_routes.put(
    f"{PATH}/methods", summary="Add or change a method", responses=documented(*_PUT_REFUSALS, SceneUnknown)
)
async def put_method(entry: MethodEntry, actor: access.guard.ScreeningWriter, conn: Conn, now: Now) -> MethodView:
    """By application, scene and what names it."""
    put = await entries.put_method(conn, **entry.model_dump(), actor=actor, now=now)
    return shown(MethodView, [put])[0]


@reference_routes.get(f"{PATH}/reject-codes", summary="List the reject codes", responses=documented(*_PAGE_REFUSALS))
async def list_reject_codes(
    _: access.guard.ScreeningReader,
    conn: Conn,
    category: Annotated[CodeCategory | SkipJsonSchema[None], Query(description="Only those of this category.")] = None,
    active: Annotated[bool | SkipJsonSchema[None], Query(description="Whether reasons may still have it.")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> RejectCodePage:
    """By code."""
    window, rows = _window(cursor, limit, parts=1)
    found = await entries.list_reject_codes(conn, category=category, active=active, window=window)
    page = page_of(found, size=rows, key=lambda each: (each.code,))
    return RejectCodePage(items=shown(RejectCodeView, page.items), next=page.next)


@reference_routes.put(
    f"{PATH}/reject-codes", summary="Add or change a reject code", responses=documented(*_PUT_REFUSALS)
)
async def put_reject_code(
    entry: RejectCodeEntry, actor: access.guard.ScreeningWriter, conn: Conn, now: Now
) -> RejectCodeView:
    """One that is not active any more stays with the reasons that have it, and is offered no more."""
    put = await entries.put_reject_code(conn, **entry.model_dump(), actor=actor, now=now)
    return shown(RejectCodeView, [put])[0]


@reference_routes.get(
    f"{PATH}/fields",
    summary="List the protobuf fields of a scene",
    responses=documented(*_PAGE_REFUSALS, SceneUnknown),
)
async def list_fields(
    _: access.guard.ScreeningReader,
    conn: Conn,
    application: Annotated[str, _named("The application.")],
    scene: Annotated[str, _named("The scene of the application.")],
    limit: Limit = None,
    cursor: Cursor = None,
) -> FieldPage:
    """In the order of the file."""
    await entries.show_scene(conn, application=application, scene=scene)
    (skipped,), rows = decode_cursor(cursor, shape=(int,)) if cursor else (0,), page_rows(limit)
    found = await fields.some_fields(conn, application=application, scene=scene, skipped=skipped, limit=rows + 1)
    page = page_of(list(enumerate(found, start=skipped + 1)), size=rows, key=lambda each: (each[0],))
    return FieldPage(items=shown(FieldView, [field for _number, field in page.items]), next=page.next)


@reference_routes.put(
    f"{PATH}/fields", summary="Give a scene its protobuf fields", responses=documented(*_PUT_REFUSALS, SceneUnknown)
)
async def put_fields(given: FieldList, actor: access.guard.ScreeningWriter, conn: Conn, now: Now) -> FieldsView:
    """As a list. Applications of the scene come as JSON then."""
    found = [PbField(field.path, field.type) for field in given.fields]
    changed = await fields.import_list(
        conn, application=given.application, scene=given.scene, fields=found, actor=actor, now=now
    )
    return FieldsView.of(changed)


@reference_routes.post(
    f"{PATH}/proto-imports",
    status_code=201,
    summary="Give a scene the fields of a protobuf message",
    responses=documented(*access.guard.REFUSALS, *BODY_REFUSALS, SceneUnknown, ProtoInvalid),
)
async def import_proto(given: ProtoFiles, actor: access.guard.ScreeningWriter, conn: Conn, now: Now) -> FieldsView:
    """Read from `.proto` files by the protobuf compiler. Applications of the scene may come as this message then."""
    return FieldsView.of(await fields.import_proto(conn, **given.model_dump(), actor=actor, now=now))


async def _list_text(request: Request) -> str:
    """Routes name it before their guard, so that no connection waits for somebody who sends slowly."""
    checked(request, (*CSV_TYPES, *JSON_TYPES))
    try:
        return (await request.body()).decode()
    except UnicodeDecodeError:
        raise BodyUnreadable("is not UTF-8") from None


ListText = Annotated[str, Depends(_list_text)]
_LIST = {
    "requestBody": {
        "required": True,
        "description": "CSV whose first line names the columns, or a JSON list of objects.",
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": "application,name\ncash_loan,Cash loan\n"},
            "application/json": {
                "schema": {
                    "type": "array",
                    "items": {"type": "object"},
                    "maxItems": lists.ROWS_MAX,
                    "examples": [[{"application": "cash_loan", "name": "Cash loan"}]],
                },
            },
        },
    }
}


@list_routes.post(
    f"{PATH}/{{kind}}/imports",
    status_code=201,
    summary="Import a list of reference data",
    responses=documented(*access.guard.REFUSALS, ContentTypeRefused, BodyUnreadable, ReferenceDataInvalid),
    openapi_extra=_LIST,
)
async def import_list(
    text: ListText,
    actor: access.guard.ScreeningWriter,
    kind: Annotated[lists.Kind, Path(description="What the rows are.")],
    conn: Conn,
    now: Now,
) -> ImportedView:
    """All of it or, where a row is wrong, nothing: the places of what is wrong begin with the number of the row."""
    rows = lists.read_rows(text, columns=lists.COLUMNS[kind])
    return ImportedView(entries=await lists.put_rows(conn, kind, rows, actor=actor, now=now))


def _window(cursor: str | None, limit: int | None, *, parts: int) -> tuple[Window, int]:
    """What a page is read with, and how many rows it has."""
    rows = page_rows(limit)
    after = list(decode_cursor(cursor, shape=(str,) * parts)) if cursor else None
    return Window(after, rows + 1), rows
