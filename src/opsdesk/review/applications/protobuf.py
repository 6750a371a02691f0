"""An application that comes as protobuf is one that comes as JSON: the message is a field of it, in base64."""

import json
from base64 import b64encode
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import Request, Response

from opsdesk.kit.http_errors import RequestInvalid, RequestTooLarge
from opsdesk.kit.http_json import JSON_TYPES, BodyUnreadable, StrictRoute, check_content_type, read_json

PROTOBUF_TYPES = ("application/x-protobuf", "application/protobuf")
BODY_BYTES_MAX = 256 * 1024
NAMES = ("flow_no", "application", "scene", "user_id")
"""In the query, or in headers such as `Opsdesk-Flow-No`."""
OBJECTS = ("verifications", "features")
"""In headers, as JSON: what is in an address, proxies write into their logs."""


class ApplicationRoute(StrictRoute):
    """A route whose body is an application: strict JSON, or protobuf with the rest beside it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def handle_either(request: Request) -> Response:
            content_type = check_content_type(request, (*JSON_TYPES, *PROTOBUF_TYPES))
            body = await request.body()
            if len(body) > BODY_BYTES_MAX:
                raise RequestTooLarge(BODY_BYTES_MAX)
            body = body if content_type in JSON_TYPES else _as_json(request, body)
            return await handle(_with_body(request, body))

        return handle_either


def header_of(name: str) -> str:
    """`flow_no` is the header `opsdesk-flow-no`."""
    return f"opsdesk-{name.replace('_', '-')}"


def _as_json(request: Request, message: bytes) -> bytes:
    """The body as it would be as JSON. Raises RequestInvalid."""
    values: dict[str, Any] = {"message": b64encode(message).decode()}
    problems = []
    for name in NAMES:
        value = request.query_params.get(name, request.headers.get(header_of(name)))
        if value is None:
            problems.append(
                {"where": f"query.{name}", "problem": f"is needed here, or as the header {header_of(name)}"}
            )
        values[name] = value
    for name in OBJECTS:
        if (text := request.headers.get(header_of(name))) is not None:
            values[name], problem = _object(text)
            if problem:
                problems.append({"where": f"header.{header_of(name)}", "problem": problem})
    if problems:
        raise RequestInvalid(problems)
    return json.dumps(values).encode()


def _object(text: str) -> tuple[Mapping[str, Any], str | None]:
    try:
        value = read_json(text.encode("latin-1"))
    except BodyUnreadable as error:
        return {}, error.problem
    return (value, None) if isinstance(value, dict) else ({}, "is no JSON object")


def _with_body(request: Request, body: bytes) -> Request:
    """The request with a body of JSON, which has been read from it."""
    headers = [(name, value) for name, value in request.scope["headers"] if name != b"content-type"]
    request.scope.setdefault("state", {})  # shared, so that what is said of the request is said of both

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request({**request.scope, "headers": [*headers, (b"content-type", b"application/json")]}, receive)
