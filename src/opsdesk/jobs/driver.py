"""PgQueuer's way to the database: our pool, and one connection that listens.

PgQueuer's own psycopg driver shares one connection between listening and everything else; psycopg's `notifies()`
holds that connection's lock while it waits, so that each statement waits up to a second for its turn, and the
whole worker ends when the connection does. This one waits for the database to come back instead.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Self, TypeVar

import psycopg
from pgqueuer.core.tm import TaskManager, cancel_and_wait
from pgqueuer.domain.models import TableChangedEvent
from pgqueuer.ports.driver import Driver, NotifyCallback
from psycopg.rows import dict_row

from opsdesk.jobs.queue import CHANNEL
from opsdesk.kit.db import ChangesCrossed, Database, DatabaseUnavailable
from opsdesk.kit.log import get_logger
from opsdesk.kit.log_exceptions import told
from opsdesk.kit.sql import statements

RECONNECT_S = 0.5
CROSSED_PAUSE_S = 0.05

_SQL = statements(__file__)
_NOTIFY = _SQL["notify"].decode()

_log = get_logger(__name__)
Answer = TypeVar("Answer")


class PoolDriver(Driver):
    """Statements on pooled connections, repeated until the database answers or `shutdown` is set."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shutdown = asyncio.Event()
        self._tasks = TaskManager()
        self._callbacks: list[NotifyCallback] = []
        self._listener: asyncio.Task[None] | None = None
        self._away = False

    @property
    def shutdown(self) -> asyncio.Event:
        return self._shutdown

    @property
    def tm(self) -> TaskManager:
        return self._tasks

    async def fetch(self, query: str, *args: object) -> list[dict[str, Any]]:
        return await self._answer(query, args, _rows)

    async def execute(self, query: str, *args: object) -> str:
        return await self._answer(query, args, _status)

    async def notify(self, channel: str, payload: str) -> None:
        await self.execute(_NOTIFY, channel, payload)

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        assert channel == CHANNEL, "there is one channel"
        self._callbacks.append(callback)
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen(), name="jobs-listener")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._listener is not None:
            await cancel_and_wait(self._listener)
            self._listener = None
            self._callbacks.clear()

    async def _answer(
        self, query: str, args: tuple[object, ...], read: Callable[[psycopg.AsyncRawCursor[Any]], Awaitable[Answer]]
    ) -> Answer:
        while True:
            try:
                async with self._database.connection() as conn:
                    cursor = psycopg.AsyncRawCursor(conn, row_factory=dict_row)
                    await cursor.execute(query.encode(), args or None)
                    answer = await read(cursor)
            except ChangesCrossed:
                await asyncio.sleep(CROSSED_PAUSE_S)
            except DatabaseUnavailable as error:
                if self._shutdown.is_set():
                    raise
                self._is_away(error)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._shutdown.wait(), RECONNECT_S)
            else:
                self._is_back()
                return answer

    async def _listen(self) -> None:
        while True:
            try:
                async with self._database.listener(CHANNEL) as notifications:
                    self._hand_over(_something_changed())  # what was notified before we listened went by unheard
                    async for _, payload in notifications:
                        self._hand_over(payload)
            except DatabaseUnavailable as error:
                self._is_away(error)
            await asyncio.sleep(RECONNECT_S)

    def _hand_over(self, payload: str) -> None:
        for callback in self._callbacks:
            callback(payload)

    def _is_away(self, error: Exception) -> None:
        if not self._away:
            self._away = True
            _log.warning("the database does not answer; waiting for it", error=told(error.__cause__ or error))

    def _is_back(self) -> None:
        if self._away:
            self._away = False
            _log.info("the database answers again")


async def _rows(cursor: psycopg.AsyncRawCursor[Any]) -> list[dict[str, Any]]:
    return await cursor.fetchall()


async def _status(cursor: psycopg.AsyncRawCursor[Any]) -> str:
    return cursor.statusmessage or ""


def _something_changed() -> str:
    return TableChangedEvent(
        channel=CHANNEL, sent_at=datetime.now(UTC), type="table_changed_event", operation="update", table="pgqueuer"
    ).model_dump_json()
