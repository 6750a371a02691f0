"""Screening adapts over HTTP: where the values of a type come from, for each application and scene."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import ConfigDict
from pydantic.json_schema import SkipJsonSchema

from opsdesk import access
from opsdesk.kit.http_errors import documented, error_response
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import INTEGER_MAX, Body, Cursor, Limit, Text, Values
from opsdesk.kit.paging import BadCursor, BadPageSize, page_rows
from opsdesk.review.groups import groups
from opsdesk.review.routes_screening import ONE as TYPE
from opsdesk.review.routes_screening import After, Before, Counted, Restoration, TypeId, Version, asked_text
from opsdesk.review.screening import adapts, listing, types
from opsdesk.review.screening.adapts import AdaptStatus
from opsdesk.review.screening.errors import (
    AdaptReferenced,
    ConfigurationFilterInvalid,
    ConfigurationMoved,
    HardcodedType,
    ScreeningAdaptExists,
    ScreeningAdaptInvalid,
    ScreeningAdaptUnknown,
    ScreeningTypeUnknown,
)
from opsdesk.review.views_configuration import (
    AdaptEntryView,
    AdaptHistory,
    AdaptPage,
    AdaptView,
    DifferenceView,
    SavedAdaptView,
)

adapt_routes = APIRouter(prefix="/v1", tags=["screening adapts"], route_class=StrictRoute)

LIST = f"{TYPE}/adapts"
ONE = f"{LIST}/{{adapt_id}}"
_REFUSALS = (*access.guard.REFUSALS, ScreeningAdaptUnknown)
_PAGE_REFUSALS = (BadCursor, BadPageSize)
_SAVE_REFUSALS = (*_REFUSALS, *BODY_REFUSALS, ConfigurationMoved, ScreeningAdaptInvalid)
_DOCUMENT: dict[str, Any] = {"methods": ["face"], "mapped": {}}


async def _adapt_of_type(
    type_id: TypeId,
    adapt_id: Annotated[int, Path(description="The id of the adapt.", ge=1, le=INTEGER_MAX)],
    conn: Conn,
) -> int:
    """Raises ScreeningAdaptUnknown, also for an adapt of another type."""
    found = await adapts.show_adapt(conn, adapt_id=adapt_id)
    if found.type_id != type_id:
        raise ScreeningAdaptUnknown(adapt_id)
    return adapt_id


AdaptId = Annotated[int, Depends(_adapt_of_type, scope="function")]


class NewAdapt(Body):
    """An adapt that is to be made."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"application": "cash_loan", "scene": "activation", "document": _DOCUMENT}],
        }
    )

    application: Text
    """An application of the reference data."""
    scene: Text
    """A scene of the application."""
    document: Values
    """`methods` with screening of the scene, and `mapped`: by the id of a key its `source` (`pb`, `verify`, `feature`)
    and `value`. A key that is left out is not mapped, and is shown empty."""


class AdaptEdit(Body):
    """An adapt as it is to be from now on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"opened_version": 1, "document": _DOCUMENT}]})

    opened_version: Counted
    """The version that this was made from. If there is a newer one by now, the edit is refused with what changed."""
    document: Values
    """All of it."""


class AdaptPausing(Body):
    """That groups cannot choose the adapt any more."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class AdaptActivation(Body):
    """That groups can choose the adapt again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


@adapt_routes.get(
    LIST,
    summary="List the adapts of a screening type",
    responses=documented(*access.guard.REFUSALS, ScreeningTypeUnknown, ConfigurationFilterInvalid, *_PAGE_REFUSALS),
)
async def list_screening_adapts(
    _: access.guard.ScreeningReader,
    type_id: TypeId,
    conn: Conn,
    application: Annotated[str | SkipJsonSchema[None], asked_text("Only adapts to this application.")] = None,
    scene: Annotated[str | SkipJsonSchema[None], asked_text("Only adapts to scenes of this name.")] = None,
    status: Annotated[AdaptStatus | SkipJsonSchema[None], Query(description="Only adapts of this status.")] = None,
    operator: Annotated[str | SkipJsonSchema[None], asked_text("Who changed it last, as `operator` says.")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> AdaptPage:
    """The last changed first."""
    await types.show_type(conn, type_id=type_id)
    only = {"application": application, "scene": scene, "operator": operator}
    page = await listing.list_adapts(conn, type_id=type_id, status=status, rows=page_rows(limit), cursor=cursor, **only)
    return AdaptPage(items=list(map(AdaptView.of, page.items)), next=page.next)


@adapt_routes.post(
    LIST,
    status_code=201,
    summary="Adapt a screening type",
    responses=documented(
        *access.guard.REFUSALS,
        *BODY_REFUSALS,
        ScreeningTypeUnknown,
        HardcodedType,
        ScreeningAdaptExists,
        ScreeningAdaptInvalid,
    ),
)
async def add_screening_adapt(
    new: NewAdapt, actor: access.guard.ScreeningWriter, type_id: TypeId, conn: Conn, now: Now
) -> AdaptView:
    """To an application and a scene, which have it once. It is active."""
    added = await adapts.add_adapt(
        conn,
        type_id=type_id,
        application=new.application,
        scene=new.scene,
        document=new.document,
        actor=actor,
        now=now,
    )
    return AdaptView.of(added)


@adapt_routes.get(ONE, summary="Show an adapt", responses=documented(*_REFUSALS))
async def show_screening_adapt(_: access.guard.ScreeningReader, adapt_id: AdaptId, conn: Conn) -> AdaptView:
    """In its newest version."""
    return AdaptView.of(await adapts.show_adapt(conn, adapt_id=adapt_id))


@adapt_routes.put(ONE, summary="Edit an adapt", responses=documented(*_SAVE_REFUSALS))
async def edit_screening_adapt(
    edit: AdaptEdit, actor: access.guard.ScreeningWriter, adapt_id: AdaptId, conn: Conn, now: Now
) -> SavedAdaptView:
    """A new version of it; its type stays as it is. Application and scene cannot be changed."""
    saved = await adapts.edit_adapt(
        conn, adapt_id=adapt_id, opened_version=edit.opened_version, document=edit.document, actor=actor, now=now
    )
    return SavedAdaptView.of(saved)


@adapt_routes.get(
    f"{ONE}/versions", summary="List what happened to an adapt", responses=documented(*_REFUSALS, *_PAGE_REFUSALS)
)
async def list_adapt_history(
    _: access.guard.ScreeningReader, adapt_id: AdaptId, conn: Conn, limit: Limit = None, cursor: Cursor = None
) -> AdaptHistory:
    """Its versions, and what was done beside them: pauses, also refused ones, and activations. The newest first."""
    page = await listing.adapt_history(conn, adapt_id=adapt_id, rows=page_rows(limit), cursor=cursor)
    return AdaptHistory(items=list(map(AdaptEntryView.of, page.items)), next=page.next)


@adapt_routes.get(f"{ONE}/versions/{{version}}", summary="Show a version of an adapt", responses=documented(*_REFUSALS))
async def show_adapt_version(
    _: access.guard.ScreeningReader, adapt_id: AdaptId, version: Version, conn: Conn
) -> AdaptEntryView:
    """Whole, and with what it changed."""
    return AdaptEntryView.of(await listing.show_adapt_version(conn, adapt_id=adapt_id, version=version))


@adapt_routes.get(
    f"{ONE}/difference",
    summary="Tell what changed between two versions of an adapt",
    responses=documented(*_REFUSALS),
)
async def compare_adapt_versions(
    _: access.guard.ScreeningReader, adapt_id: AdaptId, conn: Conn, before: Before = None, after: After = None
) -> DifferenceView:
    """In either direction. Keys are named by their ids."""
    return DifferenceView.of(await adapts.difference_of(conn, adapt_id=adapt_id, before=before, after=after))


@adapt_routes.post(
    f"{ONE}/restorations",
    status_code=201,
    summary="Take an earlier version of an adapt back",
    responses=documented(*_SAVE_REFUSALS),
)
async def restore_adapt_version(
    restoration: Restoration, actor: access.guard.ScreeningWriter, adapt_id: AdaptId, conn: Conn, now: Now
) -> SavedAdaptView:
    """It is saved again as the newest one, for the keys that the type has now."""
    saved = await adapts.restore_adapt_version(
        conn,
        adapt_id=adapt_id,
        version=restoration.version,
        opened_version=restoration.opened_version,
        actor=actor,
        now=now,
    )
    return SavedAdaptView.of(saved)


@adapt_routes.post(
    f"{ONE}/pauses",
    status_code=201,
    summary="Pause an adapt",
    response_model=AdaptView,
    responses=documented(*_REFUSALS, *BODY_REFUSALS, AdaptReferenced),
)
async def pause_screening_adapt(
    _pausing: AdaptPausing, actor: access.guard.ScreeningWriter, adapt_id: AdaptId, conn: Conn, now: Now
) -> AdaptView | Response:
    """Refused with the groups that refer to it, whether they are active or not; the history keeps the refusal."""
    found = await adapts.try_to_pause_adapt(
        conn, adapt_id=adapt_id, actor=actor, now=now, referring=groups.groups_against_a_pause
    )
    # An error that is raised would take back what the history keeps of it.
    return error_response(found) if isinstance(found, AdaptReferenced) else AdaptView.of(found)


@adapt_routes.post(
    f"{ONE}/activations",
    status_code=201,
    summary="Activate an adapt",
    responses=documented(*_REFUSALS, *BODY_REFUSALS),
)
async def activate_screening_adapt(
    _activation: AdaptActivation, actor: access.guard.ScreeningWriter, adapt_id: AdaptId, conn: Conn, now: Now
) -> AdaptView:
    """Groups can choose it again."""
    return AdaptView.of(await adapts.activate_adapt(conn, adapt_id=adapt_id, actor=actor, now=now))
