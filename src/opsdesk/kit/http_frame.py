"""What every request goes through: its id, limits, one log line, headers that protect readers, and bugs as a 500."""

import re
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from opsdesk.kit import trace_context
from opsdesk.kit.errors import OpsdeskError
from opsdesk.kit.http_errors import InternalError, RequestInvalid, RequestTooLarge, answer
from opsdesk.kit.ids import new_id
from opsdesk.kit.log import bound, get_logger

BODY_BYTES_MAX = 1024 * 1024

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_HEADERS = {
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
}
_STAY_WITH_TLS = {b"strict-transport-security": b"max-age=31536000"}
"""For a year, and for this host alone: its neighbours are not ours to decide for."""
_log = get_logger(__name__)

Observe = Callable[[Scope], AbstractContextManager[Callable[[str, int | None], None]]]
"""Open while a request is answered; what it yields is told the route as documented, and the status."""


class RequestFrame:
    """The outermost layer of the application. `https`: browsers reach it by TLS, and are told to stay with that.

    `larger_bodies`: by path, where a request may have more bytes than elsewhere.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        body_bytes_max: int = BODY_BYTES_MAX,
        larger_bodies: Mapping[str, int] | None = None,
        observe: Observe | None = None,
        https: bool = False,
    ) -> None:
        self._app = app
        self._headers = _HEADERS | (_STAY_WITH_TLS if https else {})
        self._observe = observe or (lambda _: nullcontext(lambda _route, _status: None))
        self._body_bytes_max = body_bytes_max
        self._larger_bodies = larger_bodies or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, send, self._headers)
        with self._observe(scope) as tell, bound(request_id=exchange.request_id, **_trace()):
            try:
                await self._answer(scope, receive, exchange)
            except ClientDisconnect:
                _log.info("client_went_away", route=exchange.route)
            except Exception:  # noqa: BLE001  the server must survive it; it is logged with its traceback
                # The framework's own last resort logs such an error and raises it again, to be logged once more.
                _log.exception("request_failed", route=exchange.route)
                await exchange.refuse(InternalError(exchange.request_id), receive)
            exchange.log()
            tell(exchange.route, exchange.status)

    async def _answer(self, scope: Scope, receive: Receive, exchange: "_Exchange") -> None:
        if refusal := self._refusal(scope):
            await exchange.refuse(refusal, receive)
        else:
            await self._app(scope, self._limited(receive, self._bytes_max(scope)), exchange.send)

    def _refusal(self, scope: Scope) -> OpsdeskError | None:
        """What can be said before anything is read. PostgreSQL holds no NUL, so no name of ours has one."""
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            return RequestInvalid([{"where": "address", "problem": "holds a NUL character"}])
        length = _header(scope, b"content-length")
        if length.isdigit() and int(length) > (bytes_max := self._bytes_max(scope)):
            return RequestTooLarge(bytes_max)
        return None

    def _bytes_max(self, scope: Scope) -> int:
        return self._larger_bodies.get(scope["path"], self._body_bytes_max)

    def _limited(self, receive: Receive, bytes_max: int) -> Receive:
        """Counts what comes: a body that is sent in chunks does not say beforehand how large it is."""
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > bytes_max:
                raise RequestTooLarge(bytes_max)
            return message

        return limited


class _Exchange:
    """One request and its answer, as far as it has got."""

    def __init__(self, scope: Scope, send: Send, headers: Mapping[bytes, bytes]) -> None:
        self._scope = scope
        self._headers = headers
        self._send = send
        self._began = time.perf_counter()
        self.status: int | None = None
        given = _header(scope, b"x-request-id")
        self.request_id = given.decode() if _REQUEST_ID.fullmatch(given) else str(new_id())

    @property
    def route(self) -> str:
        """The address as it is documented: a real one may hold a callback token, which nobody may read in a log."""
        route = self._scope.get("route")
        return str(getattr(route, "path", "unknown"))

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own: Mapping[bytes, bytes] = {**self._headers, b"x-request-id": self.request_id.encode()}
            present = {name.lower() for name, _ in message["headers"]}
            added = [(name, value) for name, value in own.items() if name not in present]
            message = {**message, "headers": [*message["headers"], *added]}
        await self._send(message)

    async def refuse(self, error: OpsdeskError, receive: Receive) -> None:
        if self.status is None:
            response = await answer(Request(self._scope, receive), error)
            await response(self._scope, receive, self.send)

    def log(self) -> None:
        facts: dict[str, Any] = {"method": self._scope["method"], "route": self.route, "status": self.status}
        actor = self._scope.get("state", {}).get("actor")
        if actor is not None:
            facts["actor"] = actor
        _log.info("request", **facts, duration_ms=round((time.perf_counter() - self._began) * 1000, 1))


def _trace() -> dict[str, str]:
    """What the lines of this request are found by among spans."""
    trace_id = trace_context.trace_id()
    return {} if trace_id is None else {"trace_id": trace_id}


def _header(scope: Scope, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key == name), b"")
