"""Many small requests become few large ones: whoever asks waits for their own answer, and what waits is asked together.

Nothing is waited for to make a batch larger: a connection that is free takes what is there.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from dataclasses import dataclass
from typing import Generic, TypeVar

from opsdesk.kit.db import Connection, Database, DatabaseUnavailable
from opsdesk.kit.errors import Unavailable

CONNECTIONS = 2
BATCH_MAX = 64
WAITING_MAX = 1024

Request = TypeVar("Request")
Answer = TypeVar("Answer")


@dataclass(eq=False)
class TooManyWaiting(Unavailable):
    """So many requests wait already that this one would wait too long."""

    limit: int


@dataclass(eq=False)
class Stopping(Unavailable):
    """The process is being stopped, and takes nothing more."""


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Request, Answer]):
    request: Request
    answer: "asyncio.Future[Answer]"


class Coalescer(Generic[Request, Answer]):
    """`ask_many` is given requests that came after each other, in one transaction, and answers each of them.

    What it raises, nothing of the batch was kept: each is asked again alone, so that it fails for none but itself.
    It begins to work when it is first asked; stop it.
    """

    def __init__(
        self,
        database: Database,
        ask_many: Callable[[Connection, Sequence[Request]], Awaitable[Sequence[Answer]]],
        *,
        connections: int = CONNECTIONS,
        batch_max: int = BATCH_MAX,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self._database = database
        self._ask_many = ask_many
        self._connections = connections
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._waiting: deque[_Waiting[Request, Answer]] = deque()
        self._came = asyncio.Condition()
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    def _start(self) -> None:
        # In a context of their own: what they do is not of the request that came first.
        self._tasks = [
            asyncio.create_task(self._work(), name=f"coalescer-{n}", context=Context())
            for n in range(self._connections)
        ]

    async def stop(self) -> None:
        """Take nothing more, and end when all that waits is answered."""
        async with self._came:
            self._stopping = True
            self._came.notify_all()
        await asyncio.gather(*self._tasks)

    async def ask(self, request: Request) -> Answer:
        """The answer to this request. Raises TooManyWaiting, Stopping, and what asking it alone raises.

        Who goes away takes nothing from the others of the batch; what was asked by then is done all the same.
        """
        if self._stopping:
            raise Stopping
        if not self._tasks:
            self._start()
        if len(self._waiting) >= self._waiting_max:
            raise TooManyWaiting(self._waiting_max)
        waiting: _Waiting[Request, Answer] = _Waiting(request, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        async with self._came:
            self._came.notify()
        return await waiting.answer

    async def _work(self) -> None:
        while batch := await self._next():
            await self._answer(batch)

    async def _next(self) -> Sequence[_Waiting[Request, Answer]]:
        """Those who wait, in the order in which they came, without those who went away; none: it is over."""
        while True:
            async with self._came:
                await self._came.wait_for(lambda: self._waiting or self._stopping)
            if not self._waiting:
                if self._stopping:
                    return []
                continue
            taken = [self._waiting.popleft() for _ in range(min(self._batch_max, len(self._waiting)))]
            if batch := [each for each in taken if not each.answer.done()]:
                return batch

    async def _answer(self, batch: Sequence[_Waiting[Request, Answer]]) -> None:
        try:
            async with self._database.transaction() as conn:
                answers = await self._ask_many(conn, [each.request for each in batch])
                assert len(answers) == len(batch), "each request has its answer"
        except DatabaseUnavailable as error:
            # Asking each alone would let them wait for the same one after the other.
            _fail(batch, error)
        except Exception as error:  # noqa: BLE001 - whoever asked is told, and the loop must survive
            if len(batch) == 1:
                _fail(batch, error)
                return
            for each in batch:
                await self._answer([each])
        else:
            for each, answer in zip(batch, answers, strict=True):
                if not each.answer.done():
                    each.answer.set_result(answer)


def _fail(batch: Sequence[_Waiting[Request, Answer]], error: Exception) -> None:
    for each in batch:
        if not each.answer.done():
            each.answer.set_exception(error)
