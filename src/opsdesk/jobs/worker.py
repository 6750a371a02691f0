"""The worker: PgQueuer's queue manager, kept alive, following the business clock, and ended in good order."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from pgqueuer.core.qm import QueueManager

from opsdesk.jobs import cron
from opsdesk.jobs.driver import PoolDriver
from opsdesk.jobs.execution import KindExecutor, Running
from opsdesk.jobs.kinds import CronKind, Done, JobKind, JobOutcome
from opsdesk.jobs.queue import CHANNEL, EVENT_KIND, enqueue
from opsdesk.jobs.repository import JobRepository
from opsdesk.kit.clock import Clock
from opsdesk.kit.db import Database, DatabaseUnavailable
from opsdesk.kit.log import get_logger

JOBS_AT_ONCE_MAX = 40
BATCH_JOBS = 10
HEARTBEAT_TIMEOUT_S = 30.0
POLL_S = 5.0
STOP_LIMIT_S = 20.0
GIVE_BACK_LIMIT_S = 5.0
CLOCK_CHECK_S = 1.0
CRON_CHECK_S = 60.0
RESTART_PAUSE_S = 2.0
LOG_KEPT = timedelta(days=7)

_log = get_logger(__name__)


class JobWorker:
    """Runs jobs of the given kinds and crons, and hands events to their subscribers; there may be many workers.

    `subscriptions` names, for each event, the kinds that get it. A job whose worker dies is taken over by another
    after `heartbeat_timeout_s`; a handler that blocks the event loop for as long looks dead.
    """

    def __init__(
        self,
        database: Database,
        kinds: Sequence[JobKind],
        crons: Sequence[CronKind] = (),
        subscriptions: Mapping[str, Sequence[str]] | None = None,
        *,
        clock: Clock,
        heartbeat_timeout_s: float = HEARTBEAT_TIMEOUT_S,
        clock_check_s: float = CLOCK_CHECK_S,
    ) -> None:
        self._database = database
        self._clock = clock
        self._heartbeat_timeout = timedelta(seconds=heartbeat_timeout_s)
        self._clock_check_s = clock_check_s
        self._driver = PoolDriver(database)
        self._repository = JobRepository(self._driver, clock=clock)
        self._crons = (*crons, CronKind("jobs:purge_log", "17 3 * * *", self._purge_log))
        self._subscriptions = subscriptions or {}
        self._kinds = _by_name([*kinds, *self._own_kinds()])
        self._check_subscriptions()
        self._running = Running()
        self._over = asyncio.Event()
        self._manager: QueueManager | None = None

    async def run(self) -> None:
        """Work until `stop` is called; a cancelled run gives back at once what it was doing."""
        loops = asyncio.gather(self._work(), self._keep_time())
        loops.add_done_callback(lambda _: self._over.set())
        try:
            # Waited for, not awaited: a cancelled run must not cancel PgQueuer, which would cancel the jobs.
            await asyncio.wait({loops})
        except asyncio.CancelledError:
            await self.stop(limit_s=0)
            raise
        await loops

    async def stop(self, *, limit_s: float = STOP_LIMIT_S) -> None:
        """Take no more jobs, let those that run finish within the limit, and give back the rest."""
        self._running.stopping.set()
        self._driver.shutdown.set()
        if self._manager is not None:
            self._manager.shutdown.set()
        if not await _happens(self._over, within_s=limit_s):
            self._running.cancel()
            if not await _happens(self._over, within_s=GIVE_BACK_LIMIT_S):
                _log.warning("jobs that do not end are left to be taken over", count=len(self._running.tasks))

    async def _work(self) -> None:
        """Run queue managers one after the other: what ends one must not end the worker."""
        while not self._running.stopping.is_set():
            self._manager = self._new_manager()
            try:
                await self._manager.run(
                    dequeue_timeout=timedelta(seconds=POLL_S),
                    batch_size=BATCH_JOBS,
                    max_concurrent_tasks=JOBS_AT_ONCE_MAX,
                    heartbeat_timeout=self._heartbeat_timeout,
                    # PgQueuer's statistics are not used, and its statistics table would only grow.
                    log_aggregation_interval=timedelta(0),
                )
            except DatabaseUnavailable:
                pass  # stopping while the database is away
            except Exception:  # noqa: BLE001 - the loop must survive
                _log.exception("the queue manager ended; a new one is started", pause_s=RESTART_PAUSE_S)
                await _happens(self._running.stopping, within_s=RESTART_PAUSE_S)

    def _new_manager(self) -> QueueManager:
        manager = QueueManager(self._repository, channel=CHANNEL)
        for kind in self._kinds.values():
            executor = KindExecutor(kind, database=self._database, repository=self._repository, running=self._running)
            manager.register_executor(kind.name, executor)
        return manager

    async def _keep_time(self) -> None:
        """Make timers follow the business clock, and see to it that each cron has its next time in the queue."""
        offset_s: float | None = None
        crons_checked_at = float("-inf")
        while not self._running.stopping.is_set():
            try:
                known_s, offset_s = offset_s, (self._clock.now() - datetime.now(UTC)).total_seconds()
                # Enqueuing guesses that the clock was not moved; where it was, the guess is mended every time.
                if known_s is None or abs(offset_s - known_s) > 1 or abs(offset_s) > 1:
                    await self._repository.follow_clock()
                if time.monotonic() - crons_checked_at > CRON_CHECK_S:
                    await self._schedule_crons()
                    crons_checked_at = time.monotonic()
            except DatabaseUnavailable:
                offset_s = None
            except Exception:  # noqa: BLE001 - the loop must survive
                _log.exception("keeping time failed; it is tried again")
            await _happens(self._running.stopping, within_s=self._clock_check_s)

    async def _schedule_crons(self) -> None:
        scheduled = await self._repository.scheduled([cron.kind_name(each) for each in self._crons])
        for each in self._crons:
            if cron.kind_name(each) not in scheduled:
                async with self._database.transaction() as conn:
                    await cron.schedule(conn, each, after=self._clock.now())

    def _own_kinds(self) -> list[JobKind]:
        for each in self._crons:
            cron.check(each)
        of_crons = [cron.job_kind(each, clock=self._clock) for each in self._crons]
        return [JobKind(EVENT_KIND, self._deliver), *of_crons]

    def _check_subscriptions(self) -> None:
        for event, subscribers in self._subscriptions.items():
            for subscriber in subscribers:
                if subscriber not in self._kinds:
                    raise ValueError(f"{event} has the subscriber {subscriber!r}, and no kind of job is called so")

    async def _deliver(self, database: Database, event: Mapping[str, Any]) -> JobOutcome:
        async with database.transaction() as conn:
            for subscriber in self._subscriptions.get(event["name"], ()):
                await enqueue(conn, kind=subscriber, payload=event, key=f"event:{event['id']}")
        return Done()

    async def _purge_log(self, _database: Database, _payload: Mapping[str, Any]) -> JobOutcome:
        await self._repository.purge_log(older_than=LOG_KEPT)
        return Done()


def _by_name(kinds: Sequence[JobKind]) -> dict[str, JobKind]:
    named = {kind.name: kind for kind in kinds}
    if len(named) != len(kinds):
        raise ValueError("two kinds of jobs have one name: " + ", ".join(sorted(kind.name for kind in kinds)))
    return named


async def _happens(event: asyncio.Event, *, within_s: float) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), within_s)
    return event.is_set()
