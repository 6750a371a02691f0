"""The switch between the languages of the pages."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from opsdesk.app.console import languages
from opsdesk.app.console.frame import frame_of, local_address, see_other

routes = APIRouter(include_in_schema=False)


@routes.post("/language")
async def choose_language(
    request: Request, language: Annotated[str, Form()] = "", back: Annotated[str, Form(alias="next")] = ""
) -> Response:
    """Keep the choice in this browser, and show the page again."""
    response = see_other(request, local_address(back))
    if language in languages.LANGUAGES:
        response.set_cookie(
            languages.COOKIE,
            language,
            max_age=languages.COOKIE_AGE_S,
            path="/",
            secure=frame_of(request).secure,
            httponly=True,
            samesite="lax",
        )
    return response
