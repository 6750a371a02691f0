"""Where people arrive: what needs them."""

from fastapi import APIRouter, Request, Response

from opsdesk.app.console.frame import page
from opsdesk.app.console.viewer import AnyPerson

routes = APIRouter(include_in_schema=False)


@routes.get("/")
async def home(request: Request, visitor: AnyPerson) -> Response:
    """What needs this person."""
    return page(request, visitor, "home.html")
