"""A host of pictures on this machine: real HTTP, with everything that a host can do wrong."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ssl import SSLContext

from aiohttp import web

from tests.review.pictures.drawing import SVG, drawn

HALF_A_GIGABYTE = 500_000_000
PIECE = b"\xff\xd8\xff" + bytes(65_533)
FILES: Mapping[str, tuple[bytes, str]] = {
    "front.jpg": (drawn("JPEG"), "image/jpeg"),
    "same.jpg": (drawn("JPEG"), "image/jpeg"),
    "face.png": (drawn("PNG", colour="navy"), "image/png"),
    "lies.png": (b"<html>no picture</html>", "image/png"),
    "honest.html": (b"<html>no picture</html>", "text/html"),
    "drawing.svg": (SVG, "image/svg+xml"),
    "disguised.png": (SVG, "image/png"),
    "untyped": (drawn("WEBP"), "application/octet-stream"),
}


@dataclass
class Host:
    """A server, and what was asked of it."""

    port: int = 0
    asked: list[str] = field(default_factory=list)
    bytes_sent: int = 0
    redirects: dict[str, str] = field(default_factory=dict)
    failing: int = 0
    """So many requests more are answered with 503."""
    hung: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when somebody waits for an answer that does not come."""
    over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def listed(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = request.path.removeprefix("/")
        self.asked.append(name)
        if self.failing > 0:
            self.failing -= 1
            return web.Response(status=503)
        if name in self.redirects:
            return web.Response(status=302, headers={"Location": self.redirects[name]})
        if name in FILES:
            content, media_type = FILES[name]
            return web.Response(body=content, content_type=media_type)
        match name:
            case "huge.jpg" | "endless.jpg":
                return await self._send_much(request, says_how_much=name == "huge.jpg")
            case "slow.jpg":
                self.hung.set()
                await self.over.wait()
            case "secret.jpg":
                return web.Response(status=403)
            case "removed.jpg":
                return web.Response(status=410)
        return web.Response(status=404)

    async def _send_much(self, request: web.Request, *, says_how_much: bool) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "image/jpeg"})
        if says_how_much:
            response.content_length = HALF_A_GIGABYTE
        await response.prepare(request)
        try:
            while self.bytes_sent < HALF_A_GIGABYTE:
                await response.write(PIECE)
                self.bytes_sent += len(PIECE)
        except ConnectionError:
            pass  # whoever asked has heard enough
        return response


@asynccontextmanager
async def hosting(tls: SSLContext | None = None) -> AsyncIterator[Host]:
    host = Host()
    app = web.Application()
    app.router.add_get("/{name:.*}", host.answer)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    host.port = runner.addresses[0][1]
    try:
        yield host
    finally:
        host.over.set()
        await runner.cleanup()
