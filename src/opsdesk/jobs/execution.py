"""One run of one job: from the row that was picked to what becomes of it."""

import asyncio
from datetime import timedelta
from typing import Any

import orjson
from pgqueuer.core.executors import AbstractEntrypointExecutor, EntrypointExecutorParameters
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Context, Job

from opsdesk.jobs.errors import JobHeld, NotBegun
from opsdesk.jobs.kinds import Again, Done, Failed, JobKind, JobOutcome
from opsdesk.jobs.repository import JobRepository
from opsdesk.kit.db import Database, DatabaseUnavailable
from opsdesk.kit.errors import Unavailable
from opsdesk.kit.log import bound, get_logger
from opsdesk.kit.log_exceptions import told
from opsdesk.kit.masking import mask_text

CAUSE_CHARACTERS_MAX = 1000

_log = get_logger(__name__)


class Running:
    """The handlers that run now in this worker, and whether it has been told to stop."""

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[JobOutcome]] = set()
        self.stopping = asyncio.Event()

    def cancel(self) -> None:
        for task in self.tasks:
            task.cancel()


class KindExecutor(AbstractEntrypointExecutor):
    """Runs jobs of one kind for PgQueuer.

    PgQueuer learns the outcome from what is raised: nothing (the job is done and deleted), RetryRequested (it goes
    back, with the number of attempts in `job.attempts`), NotBegun (it goes back as it was), else it is held.
    """

    def __init__(self, kind: JobKind, *, database: Database, repository: JobRepository, running: Running) -> None:
        super().__init__(
            EntrypointExecutorParameters(func=self.execute, concurrency_limit=kind.concurrency, on_failure="hold")
        )
        self._kind = kind
        self._database = database
        self._repository = repository
        self._running = running

    async def execute(self, job: Job, context: Context) -> None:
        if self._running.stopping.is_set() or (attempts := await self._repository.begin(job)) is None:
            raise NotBegun
        job.attempts = attempts
        if attempts > self._kind.attempts_max:
            raise JobHeld("every worker that ran it ended before it did")
        with bound(request_id=f"job:{job.id}", job_id=job.id, job_kind=self._kind.name):
            await self._conclude(job, await self._attempt(job))

    async def _attempt(self, job: Job) -> JobOutcome | BaseException:
        """The handler's outcome, or what it raised; its task is its own, so that a stop can end it alone."""
        payload: dict[str, Any] = orjson.loads(job.payload or b"{}")
        task = asyncio.ensure_future(self._kind.handler(self._database, payload))
        self._running.tasks.add(task)
        try:
            await asyncio.wait({task})
        finally:
            self._running.tasks.discard(task)
            task.cancel()  # does nothing unless this very task was cancelled
        return asyncio.CancelledError() if task.cancelled() else task.exception() or task.result()

    async def _conclude(self, job: Job, outcome: JobOutcome | BaseException) -> None:
        match outcome:
            case Done():
                return
            case Again(after_s=after_s):
                job.attempts = 0
                raise RetryRequested(timedelta(seconds=after_s))
            case Failed(error=error):
                _log.warning("a job cannot succeed and is held", error=error)
                raise _held(error)
            case asyncio.CancelledError() if self._running.stopping.is_set():
                job.attempts -= 1
                raise RetryRequested
            case BaseException():
                raise self._after_error(job, outcome)

    def _after_error(self, job: Job, error: BaseException) -> Exception:
        if isinstance(error, Unavailable):
            _log.warning("a job met something that does not answer; it is tried again", error=str(error))
        else:
            _log.error("a job failed by a bug", attempt=job.attempts, exc_info=error)
        delay = timedelta(seconds=self._kind.backoff.delay_s(job.attempts))
        if isinstance(error, DatabaseUnavailable):
            job.attempts -= 1  # not the job's fault, and over for all jobs at once
        elif job.attempts >= self._kind.attempts_max:
            return _held(told(error))
        return RetryRequested(delay)


def _held(cause: str) -> JobHeld:
    """Made where no exception is being handled: PgQueuer stores the whole chain, and causes may hold raw values."""
    return JobHeld(mask_text(cause)[:CAUSE_CHARACTERS_MAX])
