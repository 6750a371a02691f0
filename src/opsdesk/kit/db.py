"""PostgreSQL: the pool, and the only place where transactions begin and end."""

import select
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg_pool import AsyncConnectionPool

from opsdesk.kit.errors import Unavailable

Connection = psycopg.AsyncConnection[Any]
Cursor = psycopg.AsyncCursor[Any]

POOL_MAX = 16
POOL_WAIT_S = 5.0
BY_INDEX = "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
"""For `dedicated`: statements are prepared once, often while the tables are still small, and their plans are kept as
these grow: a join that reads a table from one end to the other is cheap then, and the slower the more there is."""


@dataclass(eq=False)
class DatabaseUnavailable(Unavailable):
    """The database does not answer."""


@dataclass(eq=False)
class ChangesCrossed(Unavailable):
    """Two changes got into each other's way; nothing of this one was kept."""


@dataclass(frozen=True, slots=True)
class PoolState:
    """Connections of the pool now, and who waits for one."""

    idle: int
    used: int
    max: int
    waiting: int


class Database:
    """A pool of autocommitting connections; `transaction` makes one of them a transaction."""

    def __init__(self, url: str, *, pool_max: int = POOL_MAX, wait_s: float = POOL_WAIT_S) -> None:
        self.url = url
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=pool_max,
            timeout=wait_s,
            open=False,
            kwargs={"autocommit": True, "prepare_threshold": 1},
            check=_replace_dead,
        )

    async def open(self) -> None:
        await self._pool.open()

    async def close(self) -> None:
        await self._pool.close()

    def pool_state(self) -> PoolState:
        stats = self._pool.get_stats()
        idle = stats["pool_available"]
        return PoolState(
            idle=idle,
            used=stats["pool_size"] - idle,
            max=stats["pool_max"],
            waiting=stats.get("requests_waiting", 0),
        )

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """One autocommitting connection, for single statements.

        Raises DatabaseUnavailable when there is none to be had or it is lost on the way, and ChangesCrossed.
        """
        try:
            async with self._pool.connection() as conn:
                yield conn
        except psycopg.OperationalError as error:
            if _crossed(error):
                raise ChangesCrossed from error
            if not _lost(error):
                raise
            raise DatabaseUnavailable from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        async with self.connection() as conn, conn.transaction():
            yield conn

    @asynccontextmanager
    async def dedicated(self, *, options: str = "") -> AsyncIterator[Connection]:
        """An autocommitting connection outside the pool, for a loop that needs its own; `options` as for libpq.

        Raises DatabaseUnavailable.
        """
        try:
            connecting = psycopg.AsyncConnection.connect(
                self.url, autocommit=True, prepare_threshold=1, options=options or None
            )
            async with await connecting as conn:
                yield conn
        except psycopg.OperationalError as error:
            raise DatabaseUnavailable from error

    @asynccontextmanager
    async def listener(self, *channels: str) -> AsyncIterator[AsyncIterator[tuple[str, str]]]:
        """The notifications on these channels: each with its channel and its payload.

        Raises DatabaseUnavailable when the connection is lost; what was notified meanwhile is not repeated.
        """
        async with self.dedicated() as conn:
            for channel in channels:
                await conn.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
            # Closed before the connection, which waits for it: it keeps the connection to itself until it is closed.
            async with aclosing(conn.notifies()) as notifies:
                yield ((notify.channel, notify.payload) async for notify in notifies)


async def _replace_dead(conn: Connection) -> None:
    """Find out whether a connection died while it lay in the pool; the pool then takes another.

    Nothing is expected from an idle connection. Only where something came, and that is what its end looks like, is the
    server asked: asking every time would be a round trip for each transaction.
    """
    idle = select.poll()
    idle.register(conn.fileno(), select.POLLIN)
    if idle.poll(0):
        await AsyncConnectionPool.check_connection(conn)


def _lost(error: psycopg.OperationalError) -> bool:
    """Whether there is no server to talk to: no SQLSTATE, lost, shutting down or starting, or full of connections."""
    return error.sqlstate is None or error.sqlstate.startswith(("08", "57P")) or error.sqlstate == "53300"


def _crossed(error: psycopg.OperationalError) -> bool:
    """Whether it is a deadlock or a serialization failure."""
    return error.sqlstate is not None and error.sqlstate.startswith("40")
