"""What the tests of jobs share: a database with the queue in it, and workers that are stopped again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pytest

from opsdesk import jobs
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database

PATIENCE_S = 30.0


@dataclass
class Queue:
    """The queue as those see it who use it, each call in a transaction of its own."""

    db: Database

    async def put(self, **job: Any) -> int:
        async with self.db.transaction() as conn:
            return await jobs.enqueue(conn, **job)

    async def publish(self, event: jobs.Event) -> None:
        async with self.db.transaction() as conn:
            await jobs.publish(conn, event)

    async def state(self) -> jobs.QueueState:
        async with self.db.connection() as conn:
            return await jobs.queue_state(conn)

    async def held(self) -> Sequence[jobs.HeldJob]:
        async with self.db.connection() as conn:
            return await jobs.held(conn)

    async def revive(self, job_id: int) -> None:
        async with self.db.transaction() as conn:
            await jobs.revive(conn, job_id)

    async def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        async with self.db.connection() as conn:
            return await (await conn.execute(query.encode(), values)).fetchall()

    async def execute(self, query: str, *values: Any) -> None:
        async with self.db.connection() as conn:
            await conn.execute(query.encode(), values)

    async def until(self, question: Callable[[], Awaitable[bool]]) -> None:
        """Ask until the answer is yes, for what tells nobody when it happens."""
        async with asyncio.timeout(PATIENCE_S):
            while not await question():
                await asyncio.sleep(0.02)

    async def until_held(self) -> jobs.HeldJob:
        async def one_is_held() -> bool:
            return len(await self.held()) == 1

        await self.until(one_is_held)
        [job] = await self.held()
        return job

    async def until_waiting(self, kind: str, times: int = 1) -> None:
        """Until so many jobs of the kind wait and none runs: before the clock is moved for those that were put back."""

        async def they_wait() -> bool:
            rows = await self.rows("SELECT status::text FROM pgqueuer WHERE entrypoint = %s", kind)
            return rows == [("queued",)] * times

        await self.until(they_wait)

    async def until_empty(self, kind: str) -> None:
        async def none_is_left() -> bool:
            return not await self.rows("SELECT 1 FROM pgqueuer WHERE entrypoint = %s", kind)

        await self.until(none_is_left)


class Recorder:
    """A handler that records its payloads, and answers with the outcomes it was given, then with Done."""

    def __init__(self, *outcomes: jobs.JobOutcome | Exception) -> None:
        self.payloads: list[Mapping[str, Any]] = []
        self._outcomes = list(outcomes)
        self._changed = asyncio.Condition()

    async def __call__(self, _database: Database, payload: Mapping[str, Any]) -> jobs.JobOutcome:
        async with self._changed:
            self.payloads.append(payload)
            self._changed.notify_all()
        outcome = self._outcomes.pop(0) if self._outcomes else jobs.Done()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def has_run(self, times: int = 1) -> None:
        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(lambda: len(self.payloads) >= times)


class Blocking:
    """A handler that says when it has begun and goes on when it is let."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.runs = 0
        self.ended = 0

    async def __call__(self, _database: Database, _payload: Mapping[str, Any]) -> jobs.JobOutcome:
        self.runs += 1
        self.begun.set()
        await self.may_end.wait()
        self.ended += 1
        return jobs.Done()

    async def has_begun(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self.begun.wait()


class StartWorker(Protocol):
    def __call__(
        self,
        kinds: Sequence[jobs.JobKind],
        crons: Sequence[jobs.CronKind] = (),
        subscriptions: Mapping[str, Sequence[str]] | None = None,
        **settings: Any,
    ) -> tuple[jobs.JobWorker, "asyncio.Task[None]"]: ...


@pytest.fixture
async def queue(db: Database) -> Queue:
    async with db.connection() as conn:
        await jobs.install(conn)
    return Queue(db)


@pytest.fixture
async def start_worker(queue: Queue, clock: ManualClock) -> AsyncIterator[StartWorker]:
    """Starts workers on the database of this test, and stops them when it ends."""
    started: list[tuple[jobs.JobWorker, asyncio.Task[None]]] = []

    def start(
        kinds: Sequence[jobs.JobKind],
        crons: Sequence[jobs.CronKind] = (),
        subscriptions: Mapping[str, Sequence[str]] | None = None,
        **settings: Any,
    ) -> tuple[jobs.JobWorker, asyncio.Task[None]]:
        settings = {"database": queue.db, "clock": clock, "clock_check_s": 0.02, **settings}
        worker = jobs.JobWorker(kinds=kinds, crons=crons, subscriptions=subscriptions, **settings)
        task = asyncio.create_task(worker.run())
        started.append((worker, task))
        return worker, task

    yield start
    for worker, task in started:
        await worker.stop(limit_s=0)
        await asyncio.wait({task})
