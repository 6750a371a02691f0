"""The HTTP API as its users have it: a real server on this machine, on a database of the test's own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from starlette.types import ASGIApp

from opsdesk import access
from opsdesk.app.http import http_api
from opsdesk.app.server import listening_on, serve_app
from opsdesk.app.wiring import Opsdesk, open_app
from opsdesk.app.worker import work_for
from opsdesk.kit.clock import Clock
from opsdesk.kit.settings import Settings
from tests.actors import actor

BASE_URL = "http://opsdesk.test"
PARTNERS_HERE = "127.0.0.0/8"
YAML = {"Content-Type": "text/yaml"}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: Any
    """Of JSON the value, else the text."""

    @property
    def code(self) -> str:
        """The code of the error; the shape of the body is looked at on the way."""
        assert set(self.body) == {"error"}
        error = self.body["error"]
        assert set(error) == {"code", "message", "retry", "detail"}
        return str(error["code"])


@dataclass(frozen=True, slots=True)
class Api:
    """A server, and calls to it."""

    url: str
    installation: Opsdesk
    session: aiohttp.ClientSession

    async def key(self, *scopes: str, name: str = "anna", roles: Collection[str] = ()) -> str:
        """A new API key; with every scope, if none is named."""
        async with self.installation.database.transaction() as conn:
            made = await access.keys.create_key(
                conn,
                name=name,
                scopes=scopes or list(access.Scope),
                roles=roles,
                actor=actor(),
                now=self.installation.clock.now(),
            )
        return made.key

    async def call(
        self, method: str, path: str, *, key: str = "", headers: Mapping[str, str] | None = None, **more: Any
    ) -> Answer:
        sent = {**({"Authorization": f"Bearer {key}"} if key else {}), **(headers or {})}
        async with self.session.request(method, self.url + path, headers=sent, **more) as response:
            is_json = response.content_type == "application/json"
            body = await response.json() if is_json else await response.text(errors="surrogateescape")
            return Answer(response.status, response.headers.copy(), body)

    async def get(self, path: str, *, key: str = "", **more: Any) -> Answer:
        return await self.call("GET", path, key=key, **more)

    async def post(self, path: str, json: Any, *, key: str = "", once: str | None = None) -> Answer:
        headers = {} if once is None else {"Idempotency-Key": once}
        return await self.call("POST", path, key=key, json=json, headers=headers)

    async def store(self, document: str, *, key: str) -> Answer:
        return await self.call("POST", "/v1/procedures", key=key, data=BytesIO(document.encode()), headers=YAML)

    async def start(self, procedure: str, *, key: str, once: str = "1", **inputs: Any) -> str:
        """The id of a new run."""
        answer = await self.post("/v1/runs", {"procedure": procedure, "inputs": inputs}, key=key, once=once)
        assert answer.status == 202, answer.body
        return str(answer.body["id"])


@asynccontextmanager
async def serving(database_url: str, folder: Path, clock: Clock, **more: Any) -> AsyncIterator[Api]:
    """A server on a migrated database; `folder` is its data folder, and `more` are other settings."""
    settings = Settings(
        database_url=database_url, data_dir=folder, base_url=BASE_URL, allow_networks=PARTNERS_HERE, **more
    )
    async with open_app(settings, clock=clock) as installation, serving_for(installation) as api:
        yield api


@asynccontextmanager
async def serving_for(installation: Opsdesk) -> AsyncIterator[Api]:
    """A server of an installation that is open."""
    async with served(http_api(installation)) as url, aiohttp.ClientSession() as session:
        yield Api(url, installation, session)


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """The URL of a server of any application."""
    stop = asyncio.Event()
    url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    with listening_on("127.0.0.1", 0) as listening:
        server = asyncio.create_task(serve_app(app, listening=listening, stop=stop, ready=url.set_result))
        try:
            either: set[asyncio.Future[Any]] = {server, url}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            yield url.result()
        finally:
            stop.set()
            await server


@asynccontextmanager
async def working_for(installation: Opsdesk) -> AsyncIterator[asyncio.Event]:
    """A worker of an installation that is open; the event stops it before the block ends."""
    stop, ready = asyncio.Event(), asyncio.Event()
    worker = asyncio.create_task(work_for(installation, stop=stop, ready=ready.set))
    began = asyncio.create_task(ready.wait())
    await asyncio.wait({worker, began}, return_when=asyncio.FIRST_COMPLETED)
    began.cancel()
    try:
        yield stop
    finally:
        stop.set()
        await worker


@asynccontextmanager
async def partner(answer: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncIterator[str]:
    """A partner's server on this machine, without TLS; yields its URL."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


async def until(ask: Callable[[], Awaitable[Any]], *, within_s: float = 30.0) -> Any:
    """What `ask` answers as soon as it is not false."""
    async with asyncio.timeout(within_s):
        while not (found := await ask()):
            await asyncio.sleep(0.02)
        return found


async def tell_when_waiting(api: Api, run: str, event: str, *, key: str) -> Answer:
    """A worker brings the run to where it waits, and the event is told to it."""

    async def is_waiting() -> bool:
        return bool((await api.get(f"/v1/runs/{run}", key=key)).body["status"] == "waiting")

    async with working_for(api.installation):
        await until(is_waiting)
        return await api.post("/v1/events", {"name": event, "run": run}, key=key)
