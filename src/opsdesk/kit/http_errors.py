"""Every error of the HTTP API in the one shape, whoever found it: ours, the framework's, the router's."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from opsdesk.kit.db import ChangesCrossed, DatabaseUnavailable
from opsdesk.kit.errors import Invalid, NotFound, OpsdeskError, Refused, Unavailable, first_line
from opsdesk.kit.http_shapes import View
from opsdesk.kit.log import get_logger

RETRY_AFTER_S = 5
PROBLEMS_MAX = 50
WHERE_CHARACTERS_MAX = 200
CODES_FIELD = "x-error-codes"
"""Where the description of an answer lists the codes of its errors."""

ErrorPage = Callable[[Request, OpsdeskError, Response], Awaitable[Response]]
"""Given the answer for a program, gives the one for whoever asked: a page for a person, else the same."""

_log = get_logger(__name__)


@dataclass(eq=False)
class RequestInvalid(Invalid):
    """The request is not what this address takes."""

    problems: list[dict[str, str]]
    """Each with `where` (such as `body.inputs`) and `problem`."""


@dataclass(eq=False)
class RouteUnknown(NotFound):
    """There is nothing at this address."""


@dataclass(eq=False)
class MethodRefused(Refused):
    """This address does not take this method."""

    status: ClassVar[int] = 405

    allowed: str


@dataclass(eq=False)
class RequestRefused(Refused):
    """The request was refused."""

    http_status: int
    reason: str


@dataclass(eq=False)
class RequestTooLarge(Refused):
    """The body of the request is larger than what is read here."""

    status: ClassVar[int] = 413

    limit_bytes: int


@dataclass(eq=False)
class InternalError(OpsdeskError):
    """Something went wrong in Opsdesk; the log tells more under this request id."""

    request_id: str


class ErrorFacts(View):
    """One error."""

    code: str
    """Stable: what a program decides by. Which ones can come is told with each answer."""
    message: str
    """What is wrong, in a sentence for people."""
    retry: bool
    """Whether the same request may work later."""
    detail: dict[str, Any]
    """The facts of this case, by name; each code has its own."""


class ErrorBody(View):
    """The body of every answer that is an error."""

    error: ErrorFacts
    """What went wrong."""


class JsonResponse(Response):
    """JSON written by orjson; times in UTC end with `Z`."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content, default=str, option=orjson.OPT_UTC_Z)


def documented(*errors: type[OpsdeskError]) -> dict[int | str, dict[str, Any]]:
    """The errors that a route may answer with, for its documentation; those that any route may are among them."""
    by_status: dict[int, list[type[OpsdeskError]]] = {}
    for error in dict.fromkeys((*errors, *_ANYWHERE)):
        by_status.setdefault(error.status, []).append(error)
    return {status: _documented(status, by_status[status]) for status in sorted(by_status)}


def _documented(status: int, errors: Sequence[type[OpsdeskError]]) -> dict[str, Any]:
    lines = [f"- `{error.__name__}`: {first_line(error)}" for error in errors]
    return {
        "model": ErrorBody,
        "description": "\n".join([_MEANINGS[status], "", *lines]),
        CODES_FIELD: [error.__name__ for error in errors],
    } | ({"headers": _HEADERS[status]} if status in _HEADERS else {})


def error_response(
    error: OpsdeskError, *, status: int | None = None, headers: Mapping[str, str] | None = None
) -> JsonResponse:
    status = status or error.status
    own = dict(headers or {})
    if status in (429, 503):
        own["Retry-After"] = str(RETRY_AFTER_S)
    if status == 401:
        own["WWW-Authenticate"] = "Bearer"
    if status == 416:
        own["Content-Range"] = f"bytes */{error.detail['size']}"
    return JsonResponse(error.body(), status_code=status, headers=own)


async def answer(
    request: Request, error: OpsdeskError, *, status: int | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """What is answered to whoever asked; a page where the application has pages for errors."""
    response = error_response(error, status=status, headers=headers)
    error_page: ErrorPage | None = getattr(request.app.state, "error_page", None)
    return response if error_page is None else await error_page(request, error, response)


def install(app: FastAPI, *, routes: Sequence[BaseRoute], error_page: ErrorPage | None = None) -> None:
    """Give the application the handlers for everything but bugs, which the request frame turns into a 500.

    `routes` are all that there are: with one that does not take a method, the router would name its methods only.
    """
    app.state.error_page = error_page
    app.state.routes = [route for route in routes if isinstance(route, APIRoute)]
    app.add_exception_handler(OpsdeskError, _opsdesk_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _framework_error)


async def _opsdesk_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, OpsdeskError)
    if isinstance(error, Unavailable):
        _log.warning("request_not_possible_now", code=error.code)
    return await answer(request, error)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # `input` and `ctx` stay out: they repeat what was sent.
    problems = [
        {"where": ".".join(map(str, found["loc"]))[:WHERE_CHARACTERS_MAX], "problem": found["msg"]}
        for found in error.errors()[:PROBLEMS_MAX]
    ]
    return await answer(request, RequestInvalid(problems))


async def _framework_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return await answer(request, RouteUnknown())
    if error.status_code == 405:
        allowed = ", ".join(_methods(request.app.state.routes, request.url.path))
        return await answer(request, MethodRefused(allowed), headers={"Allow": allowed})
    refused = RequestRefused(error.status_code, str(error.detail))
    return await answer(request, refused, status=error.status_code, headers=error.headers)


def _methods(routes: Sequence[APIRoute], path: str) -> list[str]:
    return sorted({method for route in routes if route.path_regex.match(path) for method in route.methods or ()})


_ANYWHERE: Sequence[type[OpsdeskError]] = (
    RequestInvalid,
    RequestTooLarge,
    InternalError,
    DatabaseUnavailable,
    ChangesCrossed,
)
_HEADERS = {
    401: {"WWW-Authenticate": {"description": "How to say who is asking.", "schema": {"const": "Bearer"}}},
    429: {"Retry-After": {"description": "In how many seconds to ask again.", "schema": {"type": "integer"}}},
    503: {"Retry-After": {"description": "In how many seconds to ask again.", "schema": {"type": "integer"}}},
}
_MEANINGS = {
    401: "No valid API key came with the request.",
    403: "The key lacks the scope, or the person the right, that this needs.",
    404: "There is no such thing.",
    409: "What is stored does not allow it.",
    413: "The body is too large.",
    415: "The body has a content type that is not read here.",
    416: "There are no such bytes.",
    422: "The request is not well formed.",
    429: "Too much is asked at once; try again a little later.",
    500: "Something went wrong in Opsdesk.",
    503: "It does not work now; try again later.",
}
