"""Screening types over HTTP: listed, made, edited, and what their versions were."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from opsdesk import access
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import INTEGER_MAX, Body, Cursor, Limit, Text, Values, text_schema
from opsdesk.kit.paging import BadCursor, BadPageSize, page_rows
from opsdesk.review.screening import impact, listing, types
from opsdesk.review.screening.errors import (
    ConfigurationFilterInvalid,
    ConfigurationMoved,
    HardcodedType,
    ScreeningTypeExists,
    ScreeningTypeInvalid,
    ScreeningTypeUnknown,
)
from opsdesk.review.screening.types import Category
from opsdesk.review.views_configuration import (
    DifferenceView,
    ImpactView,
    SavedTypeView,
    TypeHistory,
    TypeLineView,
    TypePage,
    TypeVersionView,
    TypeView,
)

screening_routes = APIRouter(prefix="/v1", tags=["screening types"], route_class=StrictRoute)

LIST = "/screening-types"
ONE = f"{LIST}/{{type_id}}"
_REFUSALS = (*access.guard.REFUSALS, ScreeningTypeUnknown)
_PAGE_REFUSALS = (BadCursor, BadPageSize)
_SAVE_REFUSALS = (*_REFUSALS, *BODY_REFUSALS, ConfigurationMoved, HardcodedType, ScreeningTypeInvalid)
_DOCUMENT: dict[str, Any] = {
    "modules": [{"code": "personal", "keys": [{"name": "full name", "display": "text"}]}],
    "rejection": {
        "choice": "single",
        "with_code": False,
        "with_label": False,
        "reasons": [{"detail": "the face is another one"}],
    },
}

TypeId = Annotated[int, Path(description="The id of the screening type.", ge=1, le=INTEGER_MAX)]
Version = Annotated[int, Path(description="The number of the version.", ge=1, le=INTEGER_MAX)]
Counted = Annotated[int, Field(ge=1, le=INTEGER_MAX)]
Before = Annotated[
    int | SkipJsonSchema[None],
    Query(description="The version to compare from; left out: the one before `after`.", ge=1, le=INTEGER_MAX),
]
After = Annotated[
    int | SkipJsonSchema[None],
    Query(description="The version to compare with; left out: the newest.", ge=1, le=INTEGER_MAX),
]


def asked_text(description: str) -> Any:
    """A filter by a text."""
    return Query(description=description, json_schema_extra=text_schema(maxLength=listing.FILTER_CHARS_MAX))


class NewType(Body):
    """A screening type that is to be made."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Face comparison", "document": _DOCUMENT}]})

    name: Text
    """What its tickets are called; no other type is called so, in whichever case or width it is written."""
    description: Text = ""
    """What the tickets are for."""
    document: Values
    """Its `modules` with their keys, and its `rejection`."""


class TypeEdit(Body):
    """A screening type as it is to be from now on."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"opened_version": 1, "description": "", "document": _DOCUMENT}]}
    )

    opened_version: Counted
    """The version that this was made from. If there is a newer one by now, the edit is refused with what changed."""
    description: Text
    """What the tickets are for."""
    document: Values
    """All of it. A key or a reason that comes without its `id` is a new one."""


class TypeDraft(Body):
    """A screening type as it would be."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"document": _DOCUMENT}]})

    document: Values
    """As an edit has it."""


class Restoration(Body):
    """An earlier version that is to count again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"version": 1, "opened_version": 2}]})

    version: Counted
    """The one that is saved again, as the newest."""
    opened_version: Counted
    """The newest one, as whoever asks has seen it."""


@screening_routes.get(
    LIST,
    summary="List the screening types",
    responses=documented(*access.guard.REFUSALS, ConfigurationFilterInvalid, *_PAGE_REFUSALS),
)
async def list_screening_types(
    _: access.guard.ScreeningReader,
    conn: Conn,
    category: Annotated[Category | SkipJsonSchema[None], Query(description="Only types of this category.")] = None,
    name: Annotated[str | SkipJsonSchema[None], asked_text("Part of the name, in any case.")] = None,
    operator: Annotated[str | SkipJsonSchema[None], asked_text("Who saved it last, as `operator` says.")] = None,
    order: Annotated[Literal["newest", "oldest"], Query(description="Which comes first, by `changed_at`.")] = "newest",
    limit: Limit = None,
    cursor: Cursor = None,
) -> TypePage:
    """The last changed first, unless it is asked otherwise."""
    page = await listing.list_types(
        conn,
        category=category,
        name=name,
        operator=operator,
        oldest_first=order == "oldest",
        rows=page_rows(limit),
        cursor=cursor,
    )
    return TypePage(items=list(map(TypeLineView.of, page.items)), next=page.next)


@screening_routes.post(
    LIST,
    status_code=201,
    summary="Make a screening type",
    responses=documented(*access.guard.REFUSALS, *BODY_REFUSALS, ScreeningTypeExists, ScreeningTypeInvalid),
)
async def add_screening_type(new: NewType, actor: access.guard.ScreeningWriter, conn: Conn, now: Now) -> TypeView:
    """Its version 1. No ticket is made of it before it has an adapt. What is wrong is told all at once, by place."""
    added = await types.add_type(
        conn, name=new.name, description=new.description, document=new.document, actor=actor, now=now
    )
    return TypeView.of(added)


@screening_routes.get(ONE, summary="Show a screening type", responses=documented(*_REFUSALS))
async def show_screening_type(_: access.guard.ScreeningReader, type_id: TypeId, conn: Conn) -> TypeView:
    """In its newest version."""
    return TypeView.of(await types.show_type(conn, type_id=type_id))


@screening_routes.put(ONE, summary="Edit a screening type", responses=documented(*_SAVE_REFUSALS))
async def edit_screening_type(
    edit: TypeEdit, actor: access.guard.ScreeningWriter, type_id: TypeId, conn: Conn, now: Now
) -> SavedTypeView:
    """A new version of it and of each of its adapts, which count at once for tickets made from then on."""
    saved = await types.edit_type(
        conn,
        type_id=type_id,
        opened_version=edit.opened_version,
        description=edit.description,
        document=edit.document,
        actor=actor,
        now=now,
    )
    return SavedTypeView.of(saved)


@screening_routes.post(
    f"{ONE}/impacts",
    summary="Tell what an edit would do",
    responses=documented(*_REFUSALS, *BODY_REFUSALS, ScreeningTypeInvalid),
)
async def tell_impact(draft: TypeDraft, _: access.guard.ScreeningReader, type_id: TypeId, conn: Conn) -> ImpactView:
    """To adapts and tickets. Nothing is saved."""
    return ImpactView.of(await impact.impact_of_edit(conn, type_id=type_id, document=draft.document))


@screening_routes.get(
    f"{ONE}/versions",
    summary="List the versions of a screening type",
    responses=documented(*_REFUSALS, *_PAGE_REFUSALS),
)
async def list_type_versions(
    _: access.guard.ScreeningReader, type_id: TypeId, conn: Conn, limit: Limit = None, cursor: Cursor = None
) -> TypeHistory:
    """The newest first, each with what it changed."""
    await types.show_type(conn, type_id=type_id)
    page = await listing.type_history(conn, type_id=type_id, rows=page_rows(limit), cursor=cursor)
    return TypeHistory(items=list(map(TypeVersionView.of, page.items)), next=page.next)


@screening_routes.get(
    f"{ONE}/versions/{{version}}", summary="Show a version of a screening type", responses=documented(*_REFUSALS)
)
async def show_type_version(
    _: access.guard.ScreeningReader, type_id: TypeId, version: Version, conn: Conn
) -> TypeVersionView:
    """Whole, and with what it changed."""
    return TypeVersionView.of(await listing.show_type_version(conn, type_id=type_id, version=version))


@screening_routes.get(
    f"{ONE}/difference",
    summary="Tell what changed between two versions of a screening type",
    responses=documented(*_REFUSALS),
)
async def compare_type_versions(
    _: access.guard.ScreeningReader, type_id: TypeId, conn: Conn, before: Before = None, after: After = None
) -> DifferenceView:
    """In either direction."""
    return DifferenceView.of(await types.difference_of(conn, type_id=type_id, before=before, after=after))


@screening_routes.post(
    f"{ONE}/restorations",
    status_code=201,
    summary="Take an earlier version of a screening type back",
    responses=documented(*_SAVE_REFUSALS),
)
async def restore_type_version(
    restoration: Restoration, actor: access.guard.ScreeningWriter, type_id: TypeId, conn: Conn, now: Now
) -> SavedTypeView:
    """It is saved again, as the newest one. Keys come back as those that they were, and no adapt maps them."""
    saved = await types.restore_version(
        conn,
        type_id=type_id,
        version=restoration.version,
        opened_version=restoration.opened_version,
        actor=actor,
        now=now,
    )
    return SavedTypeView.of(saved)
