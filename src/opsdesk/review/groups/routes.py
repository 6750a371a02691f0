"""Strategy groups over HTTP: listed, saved, applied, taken back and tried."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from opsdesk import access
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import INTEGER_MAX, Body, Cursor, Limit, Text, Values, text_schema
from opsdesk.kit.paging import BadCursor, BadPageSize, page_rows
from opsdesk.review.groups import groups, listing, revisions, trying
from opsdesk.review.groups.document import Compile
from opsdesk.review.groups.errors import GroupExists, GroupFilterInvalid, GroupInvalid, GroupMoved, GroupUnknown
from opsdesk.review.groups.showing import whole_view
from opsdesk.review.groups.trying import WhichRevision
from opsdesk.review.groups.views import (
    GroupDifference,
    GroupDocumentView,
    GroupEntryView,
    GroupHistory,
    GroupLine,
    GroupPage,
    GroupView,
    RevisionView,
    TriedView,
)
from opsdesk.review.reference.errors import SceneUnknown
from opsdesk.review.screening.listing import FILTER_CHARS_MAX
from opsdesk.review.screening.sources import Facts

ONE = "/strategy-groups/{group_id}"
_READING = (*access.guard.REFUSALS, GroupUnknown)
_WRITING = (*access.guard.REFUSALS, *BODY_REFUSALS, GroupUnknown)
_SAVING = (*_WRITING, GroupInvalid, GroupMoved)
_DOCUMENT: dict[str, Any] = {
    "features": [{"name": "device_score", "type": "number"}],
    "rules": [{"name": "bad device", "when": "device_score < 0.2", "answer": "reject"}],
}


class GroupSaving(Body):
    """A new revision."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"expected_revision": 1, "document": _DOCUMENT}]})

    expected_revision: Annotated[int, Field(ge=1, le=INTEGER_MAX)]
    """The newest revision as it was when the change was thought of; where there is a newer one, it is refused."""
    document: Values
    """`features`, each with `name`, `type`, `source` and `value`, and `rules`, each with `name`, `when`, `answer`, and
    for `verify` with `methods` and `screening_type`; as the group is shown."""


class NewGroup(Body):
    """A strategy group."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"application": "cash_loan", "scene": "activation", "name": "new customers", "document": _DOCUMENT}
            ]
        }
    )

    application: Text
    """The product that it is about."""
    scene: Text
    """When applications are looked at."""
    name: Text
    """Once in an application and scene."""
    place: Annotated[int, Field(ge=0, le=groups.PLACE_MAX)] = 0
    """The groups of a scene are asked in this order, the lowest first."""
    document: Values
    """As for a new revision."""


class Applying(Body):
    """Which revision is to be live."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"revision": 2}]})

    revision: Annotated[int, Field(ge=1, le=INTEGER_MAX)]
    """The newest one; where there is a newer one, it is refused."""


class Restoring(Body):
    """Which revision is to be taken back."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"revision": 1, "expected_revision": 2}]})

    revision: Annotated[int, Field(ge=1, le=INTEGER_MAX)]
    """The earlier one."""
    expected_revision: Annotated[int, Field(ge=1, le=INTEGER_MAX)]
    """The newest one; where there is a newer one, it is refused."""


class Placing(Body):
    """Where a group stands."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"place": 10}]})

    place: Annotated[int, Field(ge=0, le=groups.PLACE_MAX)]
    """The groups of a scene are asked in this order, the lowest first."""


class Trying(Body):
    """An application to try a group on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"request": {"customer": {"age": 17}}, "verifications": {}, "features": {"device_score": 0.4}}]
        }
    )

    which: WhichRevision = WhichRevision.SAVED
    """`saved`: the newest revision; `live`: the one that answers applications."""
    request: Values = Field(default_factory=dict)
    """The fields of the request, nested as the request is."""
    verifications: Values = Field(default_factory=dict)
    """By the names of verify fields."""
    features: Values = Field(default_factory=dict)
    """By the names under which the anti-fraud engine sends them."""


GroupId = Annotated[int, Path(description="The id of the group.", ge=1, le=INTEGER_MAX)]
RevisionNumber = Annotated[int, Path(description="Which revision.", ge=1, le=INTEGER_MAX)]


def _filter(description: str) -> Any:
    return Query(description=description, json_schema_extra=text_schema(maxLength=FILTER_CHARS_MAX))


def _revision(description: str) -> Any:
    return Query(description=description, ge=1, le=INTEGER_MAX)


def group_routes(compile_condition: Compile) -> APIRouter:
    """`compile_condition` checks the conditions of rules."""
    routes = APIRouter(prefix="/v1", tags=["strategy groups"], route_class=StrictRoute)
    _add_reading(routes)
    _add_saving(routes, compile_condition)
    _add_restoring(routes, compile_condition)
    _add_living(routes, compile_condition)
    return routes


def _add_reading(routes: APIRouter) -> None:
    for path, read, summary, refusals in (
        ("/strategy-groups", list_strategy_groups, "List strategy groups", (BadPageSize, BadCursor)),
        (ONE, show_strategy_group, "Show a strategy group", (GroupUnknown,)),
        (f"{ONE}/history", list_group_history, "List what happened to a strategy group", (GroupUnknown,)),
        (f"{ONE}/difference", show_group_difference, "Compare two revisions of a group", (GroupUnknown,)),
        (f"{ONE}/revisions/{{revision}}", show_group_revision, "Show one revision of a group", (GroupUnknown,)),
    ):
        also = (GroupFilterInvalid,) if path == "/strategy-groups" else ()
        responses = documented(*access.guard.REFUSALS, *refusals, *also)
        routes.add_api_route(path, read, methods=["GET"], summary=summary, responses=responses)


async def list_strategy_groups(
    _: access.guard.ScreeningReader,
    conn: Conn,
    application: Annotated[str | SkipJsonSchema[None], _filter("Only groups of this application.")] = None,
    scene: Annotated[str | SkipJsonSchema[None], _filter("Only groups of this scene.")] = None,
    active: Annotated[bool | SkipJsonSchema[None], Query(description="Whether they answer at all.")] = None,
    operator: Annotated[str | SkipJsonSchema[None], _filter("Who changed them last.")] = None,
    name: Annotated[str | SkipJsonSchema[None], _filter("Part of the name, in any case.")] = None,
    adapt: Annotated[int | SkipJsonSchema[None], _revision("Only groups that refer to the adapt of this id.")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> GroupPage:
    """The last changed first."""
    page = await listing.list_groups(
        conn,
        application=application,
        scene=scene,
        is_active=active,
        operator=operator,
        name=name,
        adapt_id=adapt,
        limit=page_rows(limit),
        cursor=cursor,
    )
    return GroupPage(items=[GroupLine.of(group) for group in page.items], next=page.next)


async def show_strategy_group(group_id: GroupId, _: access.guard.ScreeningReader, conn: Conn) -> GroupView:
    """With what is saved, what is live, and what applying would change."""
    return await whole_view(conn, await groups.show_group(conn, group_id=group_id))


async def list_group_history(group_id: GroupId, _: access.guard.ScreeningReader, conn: Conn) -> GroupHistory:
    """Its revisions and what was done beside them, the newest first."""
    await groups.show_group(conn, group_id=group_id)
    names = await listing.type_names(conn)
    found = await listing.group_history(conn, group_id=group_id, type_names=names)
    return GroupHistory(items=[GroupEntryView.of(entry) for entry in found])


async def show_group_difference(
    group_id: GroupId,
    _: access.guard.ScreeningReader,
    conn: Conn,
    before: Annotated[int | SkipJsonSchema[None], _revision("A revision; else the live one.")] = None,
    after: Annotated[int | SkipJsonSchema[None], _revision("Another one; else the newest.")] = None,
) -> GroupDifference:
    """What changes from one revision to another; screening types are told by their names."""
    return GroupDifference.of(await listing.group_difference(conn, group_id=group_id, before=before, after=after))


async def show_group_revision(
    group_id: GroupId, revision: RevisionNumber, _: access.guard.ScreeningReader, conn: Conn
) -> RevisionView:
    """As it was saved."""
    document = await groups.revision_document(conn, group_id=group_id, revision=revision)
    return RevisionView(group_id=group_id, revision=revision, document=GroupDocumentView.of(document))


def _add_saving(routes: APIRouter, compile_condition: Compile) -> None:
    @routes.post(
        "/strategy-groups",
        status_code=201,
        summary="Add a strategy group",
        responses=documented(*access.guard.REFUSALS, *BODY_REFUSALS, SceneUnknown, GroupInvalid, GroupExists),
    )
    async def add_strategy_group(new: NewGroup, actor: access.guard.ScreeningWriter, conn: Conn, now: Now) -> GroupView:
        """Its first revision is saved, and answers nothing until it is applied."""
        added = await groups.add_group(
            conn,
            application=new.application,
            scene=new.scene,
            name=new.name,
            place=new.place,
            document=new.document,
            actor=actor,
            now=now,
            compile_condition=compile_condition,
        )
        return await whole_view(conn, added)

    @routes.post(
        f"{ONE}/revisions",
        status_code=201,
        summary="Save a new revision of a group",
        responses=documented(*_SAVING),
    )
    async def save_strategy_group(
        group_id: GroupId, saving: GroupSaving, actor: access.guard.ScreeningWriter, conn: Conn, now: Now
    ) -> GroupView:
        """What is live stays until it is applied. Saved as it was, it makes no revision."""
        saved = await groups.save_group(
            conn,
            group_id=group_id,
            opened_revision=saving.expected_revision,
            document=saving.document,
            actor=actor,
            now=now,
            compile_condition=compile_condition,
        )
        return await whole_view(conn, saved)


def _add_restoring(routes: APIRouter, compile_condition: Compile) -> None:
    @routes.post(
        f"{ONE}/restorations",
        status_code=201,
        summary="Take an earlier revision of a group back",
        responses=documented(*_SAVING),
    )
    async def restore_strategy_group(
        group_id: GroupId, restoring: Restoring, actor: access.guard.ScreeningWriter, conn: Conn, now: Now
    ) -> GroupView:
        """It is saved as the newest one, if it can be saved now; what is live stays until it is applied."""
        restored = await revisions.restore_revision(
            conn,
            group_id=group_id,
            revision=restoring.revision,
            opened_revision=restoring.expected_revision,
            actor=actor,
            now=now,
            compile_condition=compile_condition,
        )
        return await whole_view(conn, restored)


def _add_living(routes: APIRouter, compile_condition: Compile) -> None:
    @routes.put(f"{ONE}/live-revision", summary="Apply a strategy group", responses=documented(*_SAVING))
    async def apply_strategy_group(
        group_id: GroupId, applying: Applying, actor: access.guard.ScreeningWriter, conn: Conn, now: Now
    ) -> GroupView:
        """The newest revision is made the live one. It is checked again: an adapt may be paused by now."""
        applied = await groups.apply_group(
            conn,
            group_id=group_id,
            opened_revision=applying.revision,
            actor=actor,
            now=now,
            compile_condition=compile_condition,
        )
        return await whole_view(conn, applied)

    @routes.post(f"{ONE}/try", summary="Try a strategy group", responses=documented(*_WRITING))
    async def try_strategy_group(
        group_id: GroupId, trying_on: Trying, actor: access.guard.ScreeningReader, conn: Conn
    ) -> TriedView:
        """What it says of an application, rule by rule. Nothing is kept, and no ticket is made."""
        facts = Facts(trying_on.request, trying_on.verifications, trying_on.features)
        tried = await trying.try_group(
            conn,
            group_id=group_id,
            facts=facts,
            which=trying_on.which,
            actor=actor,
            compile_condition=compile_condition,
        )
        return TriedView.of(tried)

    routes.add_api_route(
        f"{ONE}/activations",
        activate_strategy_group,
        methods=["POST"],
        summary="Let a strategy group answer",
        responses=documented(*_READING),
    )
    routes.add_api_route(
        f"{ONE}/activations",
        deactivate_strategy_group,
        methods=["DELETE"],
        summary="Let a strategy group answer nothing",
        responses=documented(*_READING),
    )
    routes.add_api_route(
        f"{ONE}/place",
        place_strategy_group,
        methods=["PUT"],
        summary="Have a strategy group asked earlier or later",
        responses=documented(*_WRITING, GroupInvalid),
    )


async def activate_strategy_group(
    group_id: GroupId, actor: access.guard.ScreeningWriter, conn: Conn, now: Now
) -> GroupView:
    """Its live revision is asked from now on."""
    return await whole_view(
        conn, await groups.set_group_active(conn, group_id=group_id, is_active=True, actor=actor, now=now)
    )


async def deactivate_strategy_group(
    group_id: GroupId, actor: access.guard.ScreeningWriter, conn: Conn, now: Now
) -> GroupView:
    """It is not asked until it is activated again."""
    return await whole_view(
        conn, await groups.set_group_active(conn, group_id=group_id, is_active=False, actor=actor, now=now)
    )


async def place_strategy_group(
    group_id: GroupId, placing: Placing, actor: access.guard.ScreeningWriter, conn: Conn, now: Now
) -> GroupView:
    """Among those of its scene, from now on."""
    placed = await groups.place_group(conn, group_id=group_id, place=placing.place, actor=actor, now=now)
    return await whole_view(conn, placed)
