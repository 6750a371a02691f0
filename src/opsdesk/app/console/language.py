"""The switch between the languages of the pages."""

import hmac
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response

from opsdesk import access
from opsdesk.app.console import languages
from opsdesk.app.console.frame import frame_of, local_address, see_other
from opsdesk.app.console.viewer import visitor_of
from opsdesk.kit.http_requests import Conn, Now

routes = APIRouter(include_in_schema=False)


@routes.post("/language", dependencies=[Depends(access.guard.from_here)])
async def choose_language(
    request: Request,
    conn: Conn,
    now: Now,
    language: Annotated[str, Form()] = "",
    back: Annotated[str, Form(alias="next")] = "",
    csrf_token: Annotated[str, Form()] = "",
) -> Response:
    """Keep the choice in this browser, for a person also as their preference; then show the page again."""
    response = see_other(request, local_address(back))
    if language not in languages.LANGUAGES:
        return response
    keep_language(request, response, language)
    visitor = await visitor_of(request, conn)
    if visitor is not None and hmac.compare_digest(visitor.csrf_token.encode(), csrf_token.encode()):
        person = visitor.person
        await access.people.set_preferences(
            conn,
            person_id=person.id,
            name=person.name,
            language=language,
            time_zone=person.time_zone,
            theme=person.theme,
            actor=visitor.actor,
            now=now,
        )
    return response


def keep_language(request: Request, response: Response, language: str) -> None:
    """Let this browser be spoken to like this, also where nobody has signed in."""
    response.set_cookie(
        languages.COOKIE,
        language,
        max_age=languages.COOKIE_AGE_S,
        path="/",
        secure=frame_of(request).secure,
        httponly=True,
        samesite="lax",
    )
