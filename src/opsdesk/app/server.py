"""The process `opsdesk serve`: answers HTTP until it is told to stop."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from opsdesk.app.http import http_api
from opsdesk.app.process import stop_signals
from opsdesk.app.wiring import Opsdesk, open_app
from opsdesk.kit import log
from opsdesk.kit.settings import Settings

STOP_GRACE_S = 15
BACKLOG = 2048

_log = log.get_logger(__name__)


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then let the requests under way end."""
    log.configure(settings)
    log.unbind()
    with stop_signals() as stop:
        async with open_app(settings) as opsdesk:
            await serve_for(opsdesk, stop=stop)


async def serve_for(
    opsdesk: Opsdesk, *, stop: asyncio.Event, port: int | None = None, ready: Callable[[str], None] = lambda _: None
) -> None:
    """Serve an open installation until `stop` is set. `ready` is called with the URL when it answers.

    `port` counts instead of the setting; 0 takes a free one. Raises OSError if the address cannot be listened on.
    """
    settings = opsdesk.settings
    with listening_on(settings.host, settings.port if port is None else port) as listening:
        await serve_app(http_api(opsdesk), listening=listening, stop=stop, ready=ready, proxies=settings.proxies)


async def serve_app(
    app: ASGIApp,
    *,
    listening: socket.socket,
    stop: asyncio.Event,
    ready: Callable[[str], None] = lambda _: None,
    proxies: str = "",
) -> None:
    """Serve any application on a socket. `proxies`: as the setting of that name."""
    server = _Server(_config(app, proxies=proxies))
    serving = asyncio.create_task(server.serve(sockets=[listening]), name="http")
    url = _url(listening)
    try:
        await _first(server.answering, serving)
        _log.info("server_started", url=url)
        ready(url)
        await _first(stop, serving)
    finally:
        _log.info("server_stopping")
        server.should_exit = True
        await serving
        _log.info("server_stopped")


def _config(app: ASGIApp, *, proxies: str) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        # What it would tell is told by this module.
        log_level="warning",
        # Its lines hold addresses, and those of callbacks are secrets; the request frame writes one line instead.
        access_log=False,
        server_header=False,
        # Anybody else could say that they come from anywhere; attempts to sign in are counted by where they come from.
        forwarded_allow_ips=proxies,
        lifespan="off",
        ws="none",
        backlog=BACKLOG,
        timeout_graceful_shutdown=STOP_GRACE_S,
    )


class _Server(uvicorn.Server):
    """Leaves signals to the process, which may have more to stop than this server, and stops all of it at once."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answering.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def listening_on(host: str, port: int) -> Iterator[socket.socket]:
    """A socket bound to an address, closed when the block ends."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named: asyncio sends the parts of an answer without waiting only where it is, uvloop always.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        yield listening


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _first(event: asyncio.Event, serving: "asyncio.Task[None]") -> None:
    """Until the event; or until the server ends, which it does before only by a defect, and then raises."""
    happening = asyncio.create_task(event.wait())
    try:
        await asyncio.wait({happening, serving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        happening.cancel()
    if serving.done():
        await serving
