"""JSON that comes in over HTTP, read strictly.

What PostgreSQL cannot hold, or what reads differently elsewhere, is refused: NaN and Infinity, doubled keys, NUL
characters, halves of characters, and numbers of more than 64 bits.
"""

import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from math import isfinite
from typing import Any, ClassVar

from fastapi import Request, Response
from fastapi.routing import APIRoute

from opsdesk.kit.errors import Invalid, Refused
from opsdesk.kit.strict_json import DECODER, Unwanted

DEPTH_MAX = 64
INTEGER_MAX = 2**63 - 1
JSON_TYPES = ("application/json",)


@dataclass(eq=False)
class BodyUnreadable(Invalid):
    """The body of the request cannot be read."""

    problem: str


@dataclass(eq=False)
class ContentTypeRefused(Refused):
    """The body of the request has a content type that is not read here."""

    status: ClassVar[int] = 415

    accepted: tuple[str, ...]


BODY_REFUSALS = (ContentTypeRefused, BodyUnreadable)
"""What a strict route with a body may refuse it for, beside its shape."""


class StrictRoute(APIRoute):
    """A route whose body is strict JSON, and has to say so in its content type."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def handle_strictly(request: Request) -> Response:
            check_content_type(request, JSON_TYPES)
            strict = _StrictRequest(request.scope, request.receive)
            # Here and not within FastAPI, which makes one error of all that happens while a body is read.
            await strict.json()
            return await handle(strict)

        return handle_strictly


class _StrictRequest(Request):
    async def json(self) -> Any:
        if not hasattr(self, "_strict_json"):
            self._strict_json = read_json(await self.body())
        return self._strict_json


def check_content_type(request: Request, accepted: tuple[str, ...]) -> str:
    """The content type without its parameters. Raises ContentTypeRefused."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in accepted:
        raise ContentTypeRefused(accepted)
    return content_type


def read_json(body: bytes) -> Any:
    """The value. Raises BodyUnreadable, which says what is wrong and repeats nothing of the body."""
    try:
        value = DECODER.decode(body.decode())
    except UnicodeDecodeError:
        raise BodyUnreadable("is not UTF-8") from None
    except Unwanted as error:
        raise BodyUnreadable(str(error)) from None
    except RecursionError:
        raise BodyUnreadable(f"is nested deeper than {DEPTH_MAX}") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise BodyUnreadable(f"is not JSON at {where}" if body.strip() else "is empty") from None
    except ValueError:  # a number with thousands of digits
        raise BodyUnreadable("holds a number of more than 64 bits") from None
    if problem := unstorable(value):
        raise BodyUnreadable(problem)
    return value


def unstorable(value: Any) -> str | None:
    """Why a JSON value that came some other way cannot be kept, or reads differently elsewhere; None if it can."""
    return _problem(value, depth=1)


def _problem(value: Any, *, depth: int) -> str | None:
    if depth > DEPTH_MAX:
        return f"is nested deeper than {DEPTH_MAX}"
    match value:
        case str():
            return _text_problem(value)
        case float() if not isfinite(value):
            return "holds a number that is too large"
        case int() if not -INTEGER_MAX <= value <= INTEGER_MAX:
            return "holds a number of more than 64 bits"
        case dict():
            return _first_problem([*value.keys(), *value.values()], depth=depth)
        case list():
            return _first_problem(value, depth=depth)
        case _:
            return None


def _first_problem(parts: list[Any], *, depth: int) -> str | None:
    return next((problem for part in parts if (problem := _problem(part, depth=depth + 1))), None)


def _text_problem(text: str) -> str | None:
    if "\0" in text:
        return "holds a NUL character"
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "holds half a character"
    return None
