"""What PgQueuer's workers write, where ours differs from PgQueuer's own."""

from collections.abc import Sequence
from datetime import timedelta

import psycopg
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain.models import Job, TracebackRecord
from pgqueuer.domain.types import JOB_STATUS

from opsdesk.jobs.driver import PoolDriver
from opsdesk.jobs.errors import NotBegun
from opsdesk.jobs.queue import BUILDERS
from opsdesk.kit.clock import Clock
from opsdesk.kit.sql import statements

_SQL = statements(__file__)
_BEGIN = _SQL["begin"].decode()
_PUT_BACK = _SQL["put_back"].decode()
_GIVE_BACK = _SQL["give_back"].decode()
_FOLLOW_CLOCK = _SQL["follow_clock"].decode()
_SCHEDULED = _SQL["scheduled"].decode()
_PURGE_LOG = _SQL["purge_log"].decode()

Ended = tuple[Job, JOB_STATUS, TracebackRecord | None]


class JobRepository(Queries):
    """PgQueuer's queries, with attempts counted at the start of a run and timers kept in business time."""

    def __init__(self, driver: PoolDriver, *, clock: Clock) -> None:
        super().__init__(driver, **BUILDERS)
        self._clock = clock

    async def begin(self, job: Job) -> int | None:
        """Count the attempt and free the job's key; None if the job is not due, or is another worker's by now.

        Counted before the run, an attempt that kills its worker counts too, and cannot do so for ever.
        """
        rows = await self.driver.fetch(_BEGIN, job.id, job.queue_manager_id, self._clock.now())
        attempts = rows[0]["attempts"] if rows else None
        assert attempts is None or isinstance(attempts, int)
        return attempts

    async def retry_job(self, job: Job, delay: timedelta, traceback_record: TracebackRecord | None) -> None:
        """Put the job back, due after a delay in business time, with the number of attempts that `job` has now.

        Unlike PgQueuer's own, this does nothing if the job is another worker's by now, tells the workers, and
        merges the job into a waiting one that has its key. A job that was not begun goes back as it was.
        """
        # PgQueuer hands on no more than a record of what the executor raised.
        if traceback_record is not None and traceback_record.exception_type == NotBegun.__name__:
            await self._put_back(job)
            return
        run_at = self._clock.now() + delay
        values = (job.id, job.queue_manager_id, job.attempts, run_at, delay)
        try:
            await self.driver.execute(_GIVE_BACK, *values, True)
        except psycopg.errors.UniqueViolation:
            # Another job with the key is just being picked: this one goes on without it.
            await self.driver.execute(_GIVE_BACK, *values, False)

    async def _put_back(self, job: Job) -> None:
        await self.driver.execute(_PUT_BACK, job.id, job.queue_manager_id, self._clock.now())

    async def log_jobs(self, job_status: list[Ended]) -> None:
        """Take ended jobs out of the queue.

        PgQueuer calls a job whose task was cancelled "canceled" and deletes it; here that is only a process
        that ends, so the job goes back.
        """
        for job, status, _ in job_status:
            if status == "canceled":
                await self.retry_job(job, timedelta(0), None)
        await super().log_jobs([ended for ended in job_status if ended[1] != "canceled"])

    async def follow_clock(self) -> None:
        """Make the timers of waiting jobs agree with the business clock, after it was moved."""
        await self.driver.execute(_FOLLOW_CLOCK, self._clock.now())

    async def scheduled(self, kinds: Sequence[str]) -> set[str]:
        """Which of these kinds have a job waiting or running."""
        return {str(row["entrypoint"]) for row in await self.driver.fetch(_SCHEDULED, list(kinds))}

    async def purge_log(self, *, older_than: timedelta) -> None:
        """Delete old rows of PgQueuer's log, which nothing else ever does; causes of held jobs stay."""
        await self.driver.execute(_PURGE_LOG, older_than)
