"""Strategy groups: listed, looked at with what is saved, what is live and what happened, applied and taken back."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response

from opsdesk import flows, review
from opsdesk.app.console import group_words
from opsdesk.app.console.frame import done, failed, page, see_other, translate
from opsdesk.app.console.group_edit import ONE, PATH, address
from opsdesk.app.console.screening_adapts import STATUS_BADGES, verify_words
from opsdesk.app.console.screening_types import kinds, may_write
from opsdesk.app.console.viewer import ScreeningReader, ScreeningWriter, Visitor
from opsdesk.app.console.words import N_
from opsdesk.kit.db import Connection
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import CountedId

ANSWERING: Mapping[str, bool] = {"active": True, "inactive": False}
errors_of = review.groups.errors
groups = review.groups.groups

routes = APIRouter(include_in_schema=False)
Asked = Annotated[str, Query(max_length=200)]
Cursor = Annotated[str, Query(max_length=1000)]
Revision = Annotated[int, Form(ge=1, le=2**31 - 1)]


@routes.get(PATH)
async def list_groups(
    request: Request,
    visitor: ScreeningReader,
    conn: Conn,
    application: Asked = "",
    scene: Asked = "",
    status: Asked = "",
    operator: Asked = "",
    name: Asked = "",
    cursor: Cursor = "",
) -> Response:
    """The groups, the last changed first."""
    entries, listing = review.reference.entries, review.groups.listing
    scenes = await entries.list_scenes(conn, application=application or None)
    scene = scene if scene in [each.scene for each in scenes] else ""
    status = status if status in ANSWERING else ""
    found = await listing.list_groups(
        conn,
        application=application or None,
        scene=scene or None,
        is_active=ANSWERING.get(status),
        operator=operator or None,
        name=name.strip() or None,
        cursor=cursor or None,
    )
    asked = {
        "application": application,
        "scene": scene,
        "status": status,
        "operator": operator,
        "name": name.strip(),
    }
    return page(
        request,
        visitor,
        "groups/list.html",
        groups=found.items,
        next=found.next,
        cursor=cursor,
        asked={field: text for field, text in asked.items() if text},
        applications=await entries.list_applications(conn),
        scenes=list({each.scene: each.name for each in scenes}.items()),
        scene=scene,
        operators=await listing.group_operators(conn),
        may_write=may_write(visitor),
    )


@routes.get(ONE)
async def show_group(request: Request, visitor: ScreeningReader, conn: Conn, group_id: CountedId) -> Response:
    """What is saved and what is live, apart, with what applying would change."""
    return await _shown(request, visitor, conn, group_id)


@routes.post(f"{ONE}/apply")
async def apply_group(
    request: Request, visitor: ScreeningWriter, conn: Conn, now: Now, group_id: CountedId, revision: Revision
) -> Response:
    """Make the saved revision the live one, if it still can be."""
    _ = translate(request, visitor)
    try:
        await groups.apply_group(
            conn,
            group_id=group_id,
            opened_revision=revision,
            actor=visitor.actor,
            now=now,
            compile_condition=flows.checks.condition_over,
        )
    except errors_of.GroupMoved:
        return see_other(request, address(group_id), failed(_(MOVED)))
    except errors_of.GroupInvalid as error:
        return await _shown(request, visitor, conn, group_id, refused=error)
    words = _(N_("Revision %(revision)s is live: it answers applications from now on."))
    return see_other(request, address(group_id), done(words % {"revision": revision}))


MOVED = N_("Somebody has saved a newer revision meanwhile: look at it first.")


@routes.post(f"{ONE}/restore")
async def restore_revision(
    request: Request,
    visitor: ScreeningWriter,
    conn: Conn,
    now: Now,
    group_id: CountedId,
    revision: Revision,
    opened_revision: Revision,
) -> Response:
    """Save an earlier revision again, as the newest one."""
    _ = translate(request, visitor)
    try:
        saved = await review.groups.revisions.restore_revision(
            conn,
            group_id=group_id,
            revision=revision,
            opened_revision=opened_revision,
            actor=visitor.actor,
            now=now,
            compile_condition=flows.checks.condition_over,
        )
    except errors_of.GroupMoved:
        return see_other(request, address(group_id), failed(_(MOVED)))
    except errors_of.GroupInvalid as error:
        return await _shown(request, visitor, conn, group_id, refused=error)
    words = _(
        N_("Revision %(earlier)s is saved again as revision %(revision)s. What is live stays until it is applied.")
    )
    return see_other(request, address(group_id), done(words % {"earlier": revision, "revision": saved.revision}))


@routes.post(f"{ONE}/activate")
async def activate_group(
    request: Request, visitor: ScreeningWriter, conn: Conn, now: Now, group_id: CountedId
) -> Response:
    """Let it answer."""
    await groups.set_group_active(conn, group_id=group_id, is_active=True, actor=visitor.actor, now=now)
    words = translate(request, visitor)(N_("The group is active: its live revision is asked."))
    return see_other(request, address(group_id), done(words))


@routes.post(f"{ONE}/deactivate")
async def deactivate_group(
    request: Request, visitor: ScreeningWriter, conn: Conn, now: Now, group_id: CountedId
) -> Response:
    """Let it answer nothing."""
    await groups.set_group_active(conn, group_id=group_id, is_active=False, actor=visitor.actor, now=now)
    words = translate(request, visitor)(N_("The group is inactive: it answers nothing until it is activated."))
    return see_other(request, address(group_id), done(words))


@routes.post(f"{ONE}/place")
async def place_group(
    request: Request,
    visitor: ScreeningWriter,
    conn: Conn,
    now: Now,
    group_id: CountedId,
    place: Annotated[str, Form(max_length=200)],
) -> Response:
    """Have it asked earlier or later."""
    _ = translate(request, visitor)
    number = int(place) if place.isascii() and place.isdecimal() and len(place) < 9 else -1
    try:
        await groups.place_group(conn, group_id=group_id, place=number, actor=visitor.actor, now=now)
    except errors_of.GroupInvalid as error:
        return see_other(request, address(group_id), failed(group_words.problem_told(error.problems["place"], _)))
    return see_other(request, address(group_id), done(_(N_("The groups of the scene are asked in the new order."))))


async def _shown(
    request: Request,
    visitor: Visitor,
    conn: Connection,
    group_id: int,
    *,
    refused: review.groups.errors.GroupInvalid | None = None,
) -> Response:
    _, listing = translate(request, visitor), review.groups.listing
    found = await groups.show_group(conn, group_id=group_id)
    live = None
    if found.live_revision is not None:
        live = await groups.revision_document(conn, group_id=group_id, revision=found.live_revision)
    names = await listing.type_names(conn)
    history = await listing.group_history(conn, group_id=group_id, type_names=names)
    fields = await review.reference.fields.list_fields(conn, application=found.application, scene=found.scene)
    warnings = group_words.rule_warnings(found.document, [each.path for each in fields])
    return page(
        request,
        visitor,
        "groups/show.html",
        status=200 if refused is None else refused.status,
        found=found,
        live=live,
        changes=group_words.changes_told(await listing.group_difference(conn, group_id=group_id), _),
        adapts=await listing.adapts_of(conn, group_id=group_id),
        answers=await listing.recent_answers(conn, group_id=group_id),
        answers_counted_max=listing.ANSWERS_COUNTED_MAX,
        history=[(each, group_words.changes_told(each.changes, _)) for each in history],
        type_names=names,
        warnings=[(found.document.rules[int(place.split(".")[1])].name, text) for place, text in _told(warnings, _)],
        refused=[] if refused is None else _refused(refused, _),
        badges=STATUS_BADGES,
        kinds=kinds(request, visitor),
        verify_fields=verify_words(request, visitor),
        words=group_words,
        may_write=may_write(visitor),
        place_max=groups.PLACE_MAX,
    )


def _told(problems: Mapping[str, str], translate: Any) -> list[tuple[str, str]]:
    return [(place, group_words.problem_told([text], translate)) for place, text in problems.items()]


def _refused(error: review.groups.errors.GroupInvalid, translate: Any) -> list[tuple[str, str, str]]:
    """What stands against it: the rule, which of its fields, and what is wrong."""
    return [
        (
            error.rules.get(".".join(place.split(".")[:2]), ""),
            translate(group_words.FIELDS[field]) if (field := place.rpartition(".")[2]) in group_words.FIELDS else "",
            group_words.problem_told(texts, translate),
        )
        for place, texts in error.problems.items()
    ]
