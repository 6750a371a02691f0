"""What people see when something does not work: a page in their language, where programs get JSON."""

from collections.abc import Mapping

from fastapi import Request, Response

from opsdesk import access
from opsdesk.app.console.frame import ask_to_sign_in, page
from opsdesk.app.console.viewer import Visitor, visitor_of
from opsdesk.app.console.words import N_
from opsdesk.kit.errors import OpsdeskError

NOT_PAGES = ("/v1/", "/open/", "/healthz", "/readyz", "/metrics", "/static/")

TITLES: Mapping[int, str] = {
    403: N_("You may not do this"),
    404: N_("There is nothing here"),
    405: N_("This cannot be done here"),
    409: N_("This does not work any more"),
    413: N_("That is too much at once"),
    422: N_("This was not understood"),
    429: N_("Please wait a moment"),
    500: N_("Something went wrong in Opsdesk"),
    503: N_("This does not work now"),
}
HINTS: Mapping[int, str] = {
    403: N_("Whoever keeps the accounts can give you a role that may."),
    404: N_("It may have been removed, or the address may be incomplete."),
    409: N_("Somebody may have been faster. Go back and look at what it is now."),
    500: N_("It has been logged. Whoever runs Opsdesk finds it by the number of the request."),
    503: N_("Nothing is lost. Try again in a few seconds."),
}


async def for_people(request: Request, error: OpsdeskError, response: Response) -> Response:
    """The page about an error; for programs, the answer as it is."""
    if not is_for_people(request):
        return response
    if isinstance(error, access.errors.SignInNeeded):
        return ask_to_sign_in(request)
    status = response.status_code
    shown = page(
        request,
        await _visitor(request, status),
        "error.html",
        status=status,
        title=TITLES.get(status, TITLES[422]),
        message=error.message,
        hint=HINTS.get(status),
        request_id=_request_id(error),
    )
    for name in ("Allow", "Retry-After"):
        if name in response.headers:
            shown.headers[name] = response.headers[name]
    return shown


def is_for_people(request: Request) -> bool:
    return not request.url.path.startswith(NOT_PAGES)


async def _visitor(request: Request, status: int) -> Visitor | None:
    """Where something is broken already, nothing more is asked."""
    known: Visitor | None = getattr(request.state, "visitor", None)
    return known if status >= 500 else await visitor_of(request)


def _request_id(error: OpsdeskError) -> str | None:
    return getattr(error, "request_id", None)
