"""Bad answers, as partners really give them: one function for each, working on the connection itself where it must."""

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from opsdesk.sandbox.behaviours import RETRY_AFTER_S, Behaviour, Plan

OVERSIZED_BYTES = 200_000_000
CHUNK_BYTES = 65_536
SLOW_S_MAX = 3600.0
REDIRECT_TO = "https://api.platform.com/redirected"
"""Another host, so that the record of calls shows whether a client followed, and whether it took its token along."""

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="90" height="20"><text y="15">SPECIMEN</text></svg>'

_LINGER_NONE = struct.pack("ii", 1, 0)
_PLAUSIBLE = json.dumps(
    {"kyc_status": "passed", "kyc_score": 0.93, "watchlist_match": False, "document_type": "passport"}
)


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a misbehaviour takes place."""

    request: web.Request
    plan: Plan
    closing: asyncio.Event
    """Set when the sandbox stops: whoever is being slow gives up."""
    slow_s: float


@dataclass(frozen=True, slots=True)
class Misdeed:
    response: web.StreamResponse
    status: int | None
    """None: the caller saw no complete answer."""
    bytes_sent: int = 0


async def misbehave(scene: Scene) -> Misdeed:
    return await _DEEDS[scene.plan.behaviour](scene)


def reset(request: web.Request) -> Misdeed:
    """Reset the connection: an RST instead of an orderly end."""
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
        request.transport.abort()
    return Misdeed(web.Response(), status=None)


def _status(status: int, headers: Mapping[str, str] | None = None) -> Misdeed:
    body = {"error": {"code": f"Sandbox{status}", "message": "The sandbox was told to answer like this."}}
    return Misdeed(web.json_response(body, status=status, headers=headers), status)


async def _slow(scene: Scene) -> Misdeed:
    seconds = min(float(scene.plan.detail.get("seconds", scene.slow_s)), SLOW_S_MAX)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(scene.closing.wait(), seconds)
    return reset(scene.request)


async def _flaky(_scene: Scene) -> Misdeed:
    return _status(503)


async def _down(_scene: Scene) -> Misdeed:
    return _status(500)


async def _busy(scene: Scene) -> Misdeed:
    seconds = scene.plan.detail.get("retry_after_s", RETRY_AFTER_S)
    return _status(429, {"Retry-After": str(seconds)})


async def _bad_request(_scene: Scene) -> Misdeed:
    return _status(400)


async def _html(_scene: Scene) -> Misdeed:
    text = "<!doctype html><title>Maintenance</title><h1>We will be back soon</h1>"
    return Misdeed(web.Response(text=text, content_type="text/html"), 200, len(text))


async def _gone(_scene: Scene) -> Misdeed:
    return _status(410)


async def _svg(_scene: Scene) -> Misdeed:
    return Misdeed(web.Response(body=SVG, content_type="image/svg+xml"), 200, len(SVG))


async def _redirected(_scene: Scene) -> Misdeed:
    return _status(302, {"Location": REDIRECT_TO})


async def _oversized(scene: Scene) -> Misdeed:
    """A valid answer but for its size; stops when the client hangs up."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(scene.request)
    sent = 0
    try:
        await response.write(_PLAUSIBLE[:-1].encode() + b', "filler": "')
        while sent < OVERSIZED_BYTES and not scene.closing.is_set():
            await response.write(b"x" * CHUNK_BYTES)
            # Who writes to a connection that is gone is never made to wait, and would leave nobody else a turn.
            await asyncio.sleep(0)
            if scene.request.transport is None or scene.request.transport.is_closing():
                return Misdeed(response, None, sent)
            sent += CHUNK_BYTES
        await response.write(b'"}')
    except ConnectionError:
        return Misdeed(response, None, sent)
    return Misdeed(response, 200, sent)


async def _truncated(scene: Scene) -> Misdeed:
    return await _raw(scene.request, announced=len(_PLAUSIBLE), body=_PLAUSIBLE[: len(_PLAUSIBLE) // 2])


async def _lying_length(scene: Scene) -> Misdeed:
    return await _raw(scene.request, announced=len(_PLAUSIBLE) // 2, body=_PLAUSIBLE)


async def _raw(request: web.Request, *, announced: int, body: str) -> Misdeed:
    """Write an answer by hand, because aiohttp is too honest to send a wrong length, and end the connection."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {announced}\r\n\r\n"
    if request.transport is not None:
        request.transport.write(f"{head}{body}".encode())
        request.transport.close()
    return Misdeed(web.Response(), None, len(body))


async def _answer(scene: Scene) -> Misdeed:
    detail: Mapping[str, Any] = scene.plan.detail
    status, text = int(detail.get("status", 200)), json.dumps(detail.get("body", {}))
    return Misdeed(web.Response(status=status, text=text, content_type="application/json"), status, len(text))


_DEEDS: Mapping[Behaviour, Callable[[Scene], Awaitable[Misdeed]]] = {
    Behaviour.SLOW: _slow,
    Behaviour.FLAKY: _flaky,
    Behaviour.DOWN: _down,
    Behaviour.BUSY: _busy,
    Behaviour.BADREQUEST: _bad_request,
    Behaviour.HTML: _html,
    Behaviour.OVERSIZED: _oversized,
    Behaviour.GONE: _gone,
    Behaviour.SVG: _svg,
    Behaviour.REDIRECTED: _redirected,
    Behaviour.TRUNCATED: _truncated,
    Behaviour.LYINGLENGTH: _lying_length,
    Behaviour.ANSWER: _answer,
}
MISDEEDS = frozenset(_DEEDS) | {Behaviour.RESET, Behaviour.LOST}
"""Behaviours that any partner can be told to show."""
