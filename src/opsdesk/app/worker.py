"""The process `opsdesk worker`: executes runs and jobs until it is told to stop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from opsdesk.app.process import stop_signals
from opsdesk.app.wiring import Opsdesk, open_app
from opsdesk.kit import log
from opsdesk.kit.db import DatabaseUnavailable
from opsdesk.kit.settings import Settings

_log = log.get_logger(__name__)


async def work(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then let what is under way end."""
    log.configure(settings)
    log.unbind()
    with stop_signals() as stop:
        async with open_app(settings) as opsdesk:
            await work_for(opsdesk, stop=stop)


async def work_for(opsdesk: Opsdesk, *, stop: asyncio.Event, ready: Callable[[], None] = lambda: None) -> None:
    """Execute runs and jobs of an open installation until `stop` is set. `ready` is called when both have begun.

    A database that goes away meanwhile is waited for. Raises DatabaseUnavailable if it is away at the start, and
    OSError if the address for metrics cannot be listened on.
    """
    async with _measured(opsdesk):
        await _work(opsdesk, stop=stop, ready=ready)


async def _work(opsdesk: Opsdesk, *, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    runtime, job_worker, sealer = opsdesk.runtime(), opsdesk.job_worker(), opsdesk.sealer()
    await runtime.start()
    jobs = asyncio.create_task(job_worker.run(), name="jobs")
    sealing = asyncio.create_task(sealer.run(), name="sealer")
    _log.info("worker_started", worker_id=str(runtime.worker_id))
    ready()
    try:
        await _until(stop, or_ended=jobs)
    finally:
        _log.info("worker_stopping")
        await job_worker.stop()
        try:
            await runtime.stop()
        except DatabaseUnavailable:
            _log.warning(
                "worker_left_without_word", reason="the database is away; others take over when the lease ends"
            )
        await jobs
        sealer.stop()
        await sealing
        _log.info("worker_stopped")


@asynccontextmanager
async def _measured(opsdesk: Opsdesk) -> AsyncIterator[None]:
    """Answer for metrics and health where the settings name a port for it."""
    settings = opsdesk.settings
    if settings.worker_metrics_port is None:
        yield
        return
    # A worker without the setting loads nothing of HTTP.
    from opsdesk.app.http import worker_api
    from opsdesk.app.server import listening_on, serve_app

    stop = asyncio.Event()
    with listening_on(settings.worker_metrics_host, settings.worker_metrics_port) as listening:
        serving = asyncio.create_task(serve_app(worker_api(opsdesk), listening=listening, stop=stop))
        try:
            yield
        finally:
            stop.set()
            await serving


async def _until(stop: asyncio.Event, *, or_ended: "asyncio.Task[None]") -> None:
    """Until the event; or until the task ends, which it does before the event only by a defect."""
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({stopping, or_ended}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
