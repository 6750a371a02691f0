"""What every request goes through, on a small application of its own."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import structlog
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from structlog.testing import capture_logs

from opsdesk.kit import http_errors, http_requests
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import ChangesCrossed, Database
from opsdesk.kit.http_frame import RequestFrame
from opsdesk.kit.http_requests import Conn
from tests.app.serving import served


@pytest.fixture
async def app(db: Database, clock: ManualClock) -> FastAPI:
    app = FastAPI()

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("the cause")

    @app.get("/crossed")
    async def crossed() -> None:
        raise ChangesCrossed

    @app.get("/things/{token}")
    async def thing() -> PlainTextResponse:
        return PlainTextResponse("thing", headers={"Cache-Control": "max-age=5"})

    @app.post("/promises")
    async def promise(conn: Conn) -> dict[str, bool]:
        """Breaks a constraint that is looked at when the transaction ends."""
        await conn.execute("insert into promise values (1), (1)")
        return {"kept": True}

    async with db.connection() as conn:
        await conn.execute("create table promise (number integer unique deferrable initially deferred)")
    http_requests.provide(app, database=db, clock=clock)
    http_errors.install(app, routes=app.routes)
    app.add_middleware(RequestFrame)
    return app


@pytest.fixture
async def session(app: FastAPI) -> AsyncIterator[aiohttp.ClientSession]:
    async with served(app) as url, aiohttp.ClientSession(url) as session:
        yield session


async def get(session: aiohttp.ClientSession, path: str) -> tuple[int, Any, list[Any]]:
    """The status, the answer, and what was logged."""
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        async with session.get(path, headers={"X-Request-Id": "r-1"}) as response:
            body = await response.read()
    return response.status, body, list(lines)


async def test_a_bug_is_logged_once(session: aiohttp.ClientSession) -> None:
    status, body, lines = await get(session, "/broken")
    assert status == 500
    assert b"the cause" not in body
    assert [(line["event"], line["log_level"]) for line in lines] == [("request_failed", "error"), ("request", "info")]


async def test_what_may_work_later_says_so(session: aiohttp.ClientSession) -> None:
    async with session.get("/crossed") as response:
        body = await response.json()
    assert (response.status, response.headers["Retry-After"]) == (503, "5")
    assert (body["error"]["code"], body["error"]["retry"]) == ("ChangesCrossed", True)


async def test_a_log_line_names_the_route_and_not_the_address(session: aiohttp.ClientSession) -> None:
    status, _, lines = await get(session, "/things/secret-token?key=secret-key")
    assert status == 200
    assert [(line["route"], line["status"]) for line in lines] == [("/things/{token}", 200)]
    assert "secret" not in str(lines)


async def test_every_log_line_carries_the_request_id(session: aiohttp.ClientSession) -> None:
    _, _, lines = await get(session, "/broken")
    assert [line["request_id"] for line in lines] == ["r-1", "r-1"]


async def test_a_header_that_the_route_sets_is_kept(session: aiohttp.ClientSession) -> None:
    async with session.get("/things/1") as response:
        assert response.headers.getall("Cache-Control") == ["max-age=5"]


async def test_a_failed_commit_is_an_error_response(session: aiohttp.ClientSession, db: Database) -> None:
    async with session.post("/promises") as response:
        assert response.status == 500
    async with db.connection() as conn:
        assert await (await conn.execute("select count(*) from promise")).fetchone() == (0,)
