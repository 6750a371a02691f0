"""PostgreSQL: the pool, and the only place where transactions begin and end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from opsdesk.kit.errors import Unavailable

Connection = psycopg.AsyncConnection[Any]

POOL_MAX = 16
POOL_WAIT_S = 5.0


@dataclass(eq=False)
class DatabaseUnavailable(Unavailable):
    """The database does not answer."""


class Database:
    """A pool of autocommitting connections; `transaction` makes one of them a transaction."""

    def __init__(self, url: str, *, pool_max: int = POOL_MAX) -> None:
        self.url = url
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=pool_max,
            timeout=POOL_WAIT_S,
            open=False,
            kwargs={"autocommit": True, "prepare_threshold": 1},
            check=None,
        )

    async def open(self) -> None:
        await self._pool.open()

    async def close(self) -> None:
        await self._pool.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """One autocommitting connection, for single statements.

        Raises DatabaseUnavailable when there is none to be had or it is lost on the way.
        """
        try:
            async with self._pool.connection() as conn:
                yield conn
        except (PoolTimeout, psycopg.OperationalError) as error:
            if isinstance(error, psycopg.errors.QueryCanceled | psycopg.errors.LockNotAvailable):
                raise
            raise DatabaseUnavailable from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        async with self.connection() as conn, conn.transaction():
            yield conn
