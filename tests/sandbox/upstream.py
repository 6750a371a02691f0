"""An address of the points system that notes what it is asked and answers what a test says."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

OK = {"head": {"code": "OK", "message": "", "retry": False}, "body": {"order_id": "o-1", "status": 100}}


@dataclass(frozen=True, slots=True)
class Heard:
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass
class Upstream:
    url: str = ""
    status: int = 200
    body: Mapping[str, Any] = field(default_factory=lambda: OK)
    silent: bool = False
    """True: everything is heard and nothing answered."""
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    """What is answered at addresses with this ending, instead of `status` and `body`."""
    heard: list[Heard] = field(default_factory=list)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else None
        self.heard.append(Heard(request.path, dict(request.headers), body))
        if self.silent:
            await self.stopping.wait()
        found = (answer for ending, answer in self.answers.items() if request.path.endswith(ending))
        status, answer = next(found, (self.status, self.body))
        return web.json_response(answer, status=status)


@asynccontextmanager
async def listening_upstream() -> AsyncIterator[Upstream]:
    upstream = Upstream()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", upstream.answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    upstream.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield upstream
    finally:
        upstream.stopping.set()
        await runner.cleanup()
