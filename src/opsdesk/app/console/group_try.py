"""A strategy group tried on an application that somebody writes down. Nothing of it is kept."""

from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Form, Request, Response

from opsdesk import flows, review
from opsdesk.app.console import group_words
from opsdesk.app.console.frame import page, translate
from opsdesk.app.console.group_edit import ONE, address
from opsdesk.app.console.viewer import ScreeningReader, Visitor
from opsdesk.app.console.words import N_
from opsdesk.kit.db import Connection
from opsdesk.kit.http_json import BodyUnreadable, read_json
from opsdesk.kit.http_requests import Conn
from opsdesk.kit.http_shapes import CountedId

APPLICATION_CHARS_MAX = 200_000
PARTS = ("request", "verifications", "features")
WHICH: Mapping[str, str] = {"saved": N_("the saved revision"), "live": N_("the live revision")}

routes = APIRouter(include_in_schema=False)


@routes.get(f"{ONE}/try")
async def try_form(request: Request, visitor: ScreeningReader, conn: Conn, group_id: CountedId) -> Response:
    """A sample to be filled in."""
    return await _shown(request, visitor, conn, group_id)


@routes.post(f"{ONE}/try")
async def try_group(
    request: Request,
    visitor: ScreeningReader,
    conn: Conn,
    group_id: CountedId,
    application: Annotated[str, Form()] = "",
    which: Annotated[str, Form(max_length=200)] = "saved",
) -> Response:
    """What the group says of it, on the same page."""
    _ = translate(request, visitor)
    shown: dict[str, Any] = {"application": application, "which": which if which in WHICH else "saved"}
    facts, problem = _facts(application)
    if facts is None:
        return await _shown(request, visitor, conn, group_id, **shown, problem=_(problem), status=422)
    tried = await review.groups.trying.try_group(
        conn,
        group_id=group_id,
        facts=facts,
        which=review.groups.trying.WhichRevision(shown["which"]),
        actor=visitor.actor,
        compile_condition=flows.checks.condition_over,
    )
    return await _shown(request, visitor, conn, group_id, **shown, tried=tried)


NO_JSON = N_("This is no JSON object: it begins with { and ends with }.")
NO_PARTS = N_("It holds request, verifications and features, each a JSON object, and nothing else.")
TOO_LONG = N_("This is too long to be tried here.")


def _facts(text: str) -> tuple[review.screening.sources.Facts | None, str]:
    """What was written down, or what is wrong with it."""
    if len(text) > APPLICATION_CHARS_MAX:
        return None, TOO_LONG
    try:
        given = read_json(text.encode())
    except (BodyUnreadable, UnicodeEncodeError):
        return None, NO_JSON
    if not isinstance(given, dict):
        return None, NO_JSON
    if given.keys() - set(PARTS) or not all(isinstance(each, dict) for each in given.values()):
        return None, NO_PARTS
    return review.screening.sources.Facts(**given), ""


async def _shown(
    request: Request,
    visitor: Visitor,
    conn: Connection,
    group_id: int,
    *,
    application: str | None = None,
    which: str = "saved",
    tried: review.groups.trying.Tried | None = None,
    problem: str = "",
    status: int = 200,
) -> Response:
    _ = translate(request, visitor)
    found = await review.groups.groups.show_group(conn, group_id=group_id)
    if application is None:
        at = {"application": found.application, "scene": found.scene}
        fields = {each.path: each.type for each in await review.reference.fields.list_fields(conn, **at)}
        sample = review.groups.trying.sample_of(found.document, fields)
        application = orjson.dumps(sample, option=orjson.OPT_INDENT_2).decode()
    return page(
        request,
        visitor,
        "groups/try.html",
        status=status,
        found=found,
        back=address(group_id),
        application=application,
        which=which,
        choices=[(name, _(text)) for name, text in WHICH.items() if name == "saved" or found.live_revision],
        tried=tried,
        why=group_words.problem_told([tried.problem], _) if tried and tried.problem else "",
        problem=problem,
        type_names=await review.groups.listing.type_names(conn),
        words=group_words,
    )
