"""Many who do everything at once on a few customers, while time goes on and connections die: what each is answered is
compared with what it may be.

What is drawn follows from the seed; how the operations meet is the database's. A worker dies at a statement that is
drawn: its connection is terminated there, or it is cancelled there; then it asks again with the same key, as callers
do.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeVar
from uuid import UUID

import psycopg

from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database, DatabaseUnavailable

AT_ONCE = 16
TERMINATE = b"select pg_terminate_backend(%(pid)s)"

Got = TypeVar("Got")


@dataclass
class Doom:
    """When somebody dies, and how."""

    statements_left: int
    is_cancelled: bool
    url: str
    """Where connections are terminated."""


_doom: ContextVar[Doom | None] = ContextVar("_doom", default=None)


class MortalCursor(psycopg.AsyncCursor[Any]):
    """Dies where the one who uses it is doomed."""

    async def execute(self, *args: Any, **more: Any) -> "MortalCursor":
        doom = _doom.get()
        if doom is not None:
            doom.statements_left -= 1
            if doom.statements_left == 0:
                await self._die(doom)
        return await super().execute(*args, **more)

    async def _die(self, doom: Doom) -> None:
        if doom.is_cancelled:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            return
        connecting = psycopg.AsyncConnection.connect(doom.url, autocommit=True)
        async with await connecting as other:
            await other.execute(TERMINATE, {"pid": self.connection.info.backend_pid})


class MortalDatabase(Database):
    """One whose connections die with those who are doomed."""

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        async with super().connection() as conn:
            conn.cursor_factory = MortalCursor
            yield conn

    @asynccontextmanager
    async def dedicated(self, *, options: str = "") -> AsyncIterator[Connection]:
        async with super().dedicated(options=options) as conn:
            conn.cursor_factory = MortalCursor
            yield conn


@dataclass
class World:
    """What all of those at work know together."""

    db: Database
    clock: ManualClock
    random: Random
    deaths: int = 0
    answered: dict[str, int] = field(default_factory=dict)

    def now(self) -> datetime:
        """Mostly a little later than before, sometimes by days."""
        least, most = (0.0, 600.0) if self.random.random() < 0.9 else (3600.0, 5 * 86_400.0)
        self.clock.advance(seconds=self.random.uniform(least, most))
        return self.clock.now()

    def days(self, least: float, most: float) -> timedelta:
        return timedelta(days=self.random.uniform(least, most))

    def key(self) -> str:
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def count(self, what: str) -> None:
        self.answered[what] = self.answered.get(what, 0) + 1

    async def insist(self, ask: Callable[[], Awaitable[Got]], *, again: tuple[type[Exception], ...] = ()) -> Got:
        """Ask until there is an answer, with the same key each time: the first time may be the last of a connection."""
        doom = self._doom() if self.random.random() < 0.2 else None
        while True:
            [got] = await asyncio.gather(_doomed(ask, doom), return_exceptions=True)
            if isinstance(got, asyncio.CancelledError | DatabaseUnavailable) and not is_deadlock(got):
                self.deaths += 1
            elif isinstance(got, again):
                self.count(type(got).__name__)
            elif isinstance(got, BaseException):
                raise got
            else:
                return got
            doom = None

    def _doom(self) -> Doom:
        return Doom(self.random.randint(1, 14), self.random.random() < 0.5, self.db.url)


def is_deadlock(error: BaseException) -> bool:
    cause = error.__cause__
    return isinstance(cause, psycopg.Error) and (cause.sqlstate or "").startswith("40")


async def _doomed(ask: Callable[[], Awaitable[Got]], doom: Doom | None) -> Got:
    async def alone() -> Got:
        _doom.set(doom)
        return await ask()

    return await asyncio.create_task(alone())
