"""Values out of what the control API is asked."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from opsdesk.sandbox.partners import Refusal

NUMBER_MAX = 3600.0


async def json_of(request: web.Request) -> Mapping[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        raise Refusal(400, "NotJson", "The body is not JSON.") from None
    if not isinstance(body, dict):
        raise Refusal(400, "NotAnObject", "The body has to be a JSON object.")
    return body


def number_of(values: Mapping[str, Any], name: str, default: float) -> float:
    try:
        number = float(values.get(name, default))
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number <= NUMBER_MAX:
        raise Refusal(422, "InvalidField", f"{name} has to be a number from 0 to {NUMBER_MAX:g}.")
    return number
