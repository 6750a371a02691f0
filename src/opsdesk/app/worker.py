"""The process `opsdesk worker`: executes runs and jobs until it is told to stop."""

import asyncio
from collections.abc import Callable

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

    A database that goes away meanwhile is waited for. Raises DatabaseUnavailable if it is away at the start.
    """
    runtime, job_worker = opsdesk.runtime(), opsdesk.job_worker()
    await runtime.start()
    jobs = asyncio.create_task(job_worker.run(), name="jobs")
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
        _log.info("worker_stopped")


async def _until(stop: asyncio.Event, *, or_ended: "asyncio.Task[None]") -> None:
    """Until the event; or until the task ends, which it does before the event only by a defect."""
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({stopping, or_ended}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
