"""Somebody who asked for an e-mail verification and waits to be called back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(slots=True)
class Asker:
    """Keeps what arrives as (path, JSON), and answers with the given statuses first, then with `usual`."""

    base_url: str = ""
    statuses: list[int] = field(default_factory=list)
    usual: int = 204
    arrived: asyncio.Queue[tuple[str, Any]] = field(default_factory=asyncio.Queue)

    async def answer(self, request: web.BaseRequest) -> web.Response:
        self.arrived.put_nowait((request.path, await request.json()))
        return web.Response(status=self.statuses.pop(0) if self.statuses else self.usual)

    def url(self, path: str) -> str:
        return f"{self.base_url}{path}"


@asynccontextmanager
async def listening() -> AsyncIterator[Asker]:
    asker = Asker()
    runner = web.ServerRunner(web.Server(asker.answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    asker.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield asker
    await runner.cleanup()
