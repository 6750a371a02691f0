"""Screening adapts of a type: listed, looked at with their history, activated and paused."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from opsdesk import review
from opsdesk.app.console import screening_words
from opsdesk.app.console.frame import done, fragment, page, see_other, translate
from opsdesk.app.console.screening_types import ONE, address, kinds, may_write
from opsdesk.app.console.viewer import ScreeningReader, ScreeningWriter, Visitor
from opsdesk.app.console.words import N_
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import CountedId

LIST = f"{ONE}/adapts"
ADAPT = "/screening/adapts/{adapt_id}"
STATUSES = tuple(status.value for status in review.screening.adapts.AdaptStatus)
STATUS_BADGES: Mapping[str, str] = {"active": "done", "pause": "paused"}

routes = APIRouter(include_in_schema=False)
Asked = Annotated[str, Query(max_length=200)]
Cursor = Annotated[str, Query(max_length=1000)]


@routes.get(LIST)
async def list_adapts(
    request: Request,
    visitor: ScreeningReader,
    conn: Conn,
    type_id: CountedId,
    application: Asked = "",
    scene: Asked = "",
    status: Asked = "",
    operator: Asked = "",
    cursor: Cursor = "",
) -> Response:
    """The adapts of one type, the last changed first."""
    listing, entries = review.screening.listing, review.reference.entries
    found = await review.screening.types.show_type(conn, type_id=type_id)
    scenes = await entries.list_scenes(conn, application=application or None)
    scene = scene if scene in [each.scene for each in scenes] else ""
    status = status if status in STATUSES else ""
    adapts = await listing.list_adapts(
        conn,
        type_id=type_id,
        application=application or None,
        scene=scene or None,
        status=review.screening.adapts.AdaptStatus(status) if status else None,
        operator=operator or None,
        cursor=cursor or None,
    )
    asked = {"application": application, "scene": scene, "status": status, "operator": operator}
    return page(
        request,
        visitor,
        "screening/adapts.html",
        type=found,
        path=f"{address(type_id)}/adapts",
        adapts=adapts.items,
        next=adapts.next,
        cursor=cursor,
        asked={name: text for name, text in asked.items() if text},
        applications=await entries.list_applications(conn),
        scenes=_scene_names(scenes),
        scene=scene,
        statuses=STATUSES,
        badges=STATUS_BADGES,
        operators=await listing.adapt_operators(conn, type_id=type_id),
        is_hardcode=found.category is review.screening.types.Category.HARDCODE,
        may_write=may_write(visitor),
    )


@routes.get("/screening/scenes")
async def scenes_of(request: Request, visitor: ScreeningReader, conn: Conn, application: Asked = "") -> Response:
    """The choice of scenes, for another application."""
    scenes = await review.reference.entries.list_scenes(conn, application=application or None)
    return fragment(request, visitor, "screening/scenes.html", scenes=_scene_names(scenes), scene="")


@routes.get(ADAPT)
async def show_adapt(
    request: Request, visitor: ScreeningReader, conn: Conn, adapt_id: CountedId, cursor: Cursor = ""
) -> Response:
    """All of it, read-only, with a page of its history."""
    found = await review.screening.adapts.show_adapt(conn, adapt_id=adapt_id)
    outer = await review.screening.types.show_type(conn, type_id=found.type_id)
    names = await review.screening.types.key_names(conn, type_id=found.type_id)
    history = await review.screening.listing.adapt_history(conn, adapt_id=adapt_id, cursor=cursor or None)
    return page(
        request,
        visitor,
        "screening/adapt_show.html",
        found=found,
        outer=outer,
        names=names,
        history=[(each, screening_words.changes_told(each.changes, names)) for each in history.items],
        older=history.next,
        cursor=cursor,
        events=_events(request, visitor),
        badges=STATUS_BADGES,
        modules=screening_words.MODULES,
        verify_fields=verify_words(request, visitor),
        sources=screening_words.SOURCES,
        kinds=kinds(request, visitor),
        may_write=may_write(visitor),
    )


@routes.post(f"{ADAPT}/activate")
async def activate_adapt(
    request: Request, visitor: ScreeningWriter, conn: Conn, now: Now, adapt_id: CountedId
) -> Response:
    """Offer it to groups again."""
    found = await review.screening.adapts.activate_adapt(conn, adapt_id=adapt_id, actor=visitor.actor, now=now)
    words = translate(request, visitor)(N_("The adapt is active: groups can choose it."))
    return see_other(request, f"{address(found.type_id)}/adapts", done(words))


@routes.post(f"{ADAPT}/pause")
async def pause_adapt(
    request: Request, visitor: ScreeningWriter, conn: Conn, now: Now, adapt_id: CountedId
) -> Response:
    """Offer it no more; where groups refer to it, they are told instead."""
    adapts, referring = review.screening.adapts, review.groups.groups.groups_against_a_pause
    found = await adapts.try_to_pause_adapt(conn, adapt_id=adapt_id, actor=visitor.actor, now=now, referring=referring)
    if isinstance(found, review.screening.errors.AdaptReferenced):
        refused = await adapts.show_adapt(conn, adapt_id=adapt_id)
        return page(
            request, visitor, "screening/pause_refused.html", status=found.status, found=refused, groups=found.groups
        )
    words = translate(request, visitor)(N_("The adapt is paused: groups cannot choose it any more."))
    return see_other(request, f"{address(found.type_id)}/adapts", done(words))


def verify_words(request: Request, visitor: Visitor) -> Mapping[str, str]:
    """The fields that verifications make, each with what it is."""
    _ = translate(request, visitor)
    return {name: f"{term} ({_(meaning)})" for name, (term, meaning) in screening_words.VERIFY_FIELDS.items()}


def _scene_names(scenes: Sequence[review.reference.model.Scene]) -> list[tuple[str, str]]:
    """Each name once, also where several applications have a scene of it."""
    return list({each.scene: each.name for each in scenes}.items())


def _events(request: Request, visitor: Visitor) -> Mapping[str, str]:
    _ = translate(request, visitor)
    return {kind: _(text) for kind, text in screening_words.ADAPT_EVENTS.items()}
