"""Where a request comes from: what a proxy says counts only if it is one of ours."""

import asyncio

import aiohttp
import pytest
from fastapi import FastAPI, Request

from opsdesk.app.server import listening_on, serve_app


async def seen_by(proxies: str) -> str:
    """Where the server thinks that a request comes from, which says that it was passed on by three."""
    app = FastAPI()

    @app.get("/")
    async def address(request: Request) -> str:
        return request.client.host if request.client else ""

    stop: asyncio.Event = asyncio.Event()
    url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    with listening_on("127.0.0.1", 0) as listening:
        server = asyncio.create_task(
            serve_app(app, listening=listening, stop=stop, ready=url.set_result, proxies=proxies)
        )
        try:
            headers = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7, 10.1.2.3"}
            async with aiohttp.ClientSession() as session, session.get(await url, headers=headers) as answer:
                return str(await answer.json())
        finally:
            stop.set()
            await server


@pytest.mark.parametrize(
    ("proxies", "address"),
    [
        ("", "127.0.0.1"),
        ("192.0.2.1", "127.0.0.1"),
        ("127.0.0.1,::1", "10.1.2.3"),
        ("127.0.0.1, 10.0.0.0/8", "198.51.100.7"),
    ],
)
async def test_only_proxies_that_are_listed_say_where_a_request_comes_from(proxies: str, address: str) -> None:
    assert await seen_by(proxies) == address
