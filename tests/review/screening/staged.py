"""Two transactions at the same moment, staged: the second has begun to wait when the first commits."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from opsdesk.kit.db import Connection, Database

Act = Callable[[Connection], Awaitable[Any]]

_WAITS = b"select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')"


async def one_waits_for_the_other(desk: Database, first: Act, then: Act) -> Any:
    """What came of the second: its value, or what it raised. Fails where it did not wait for the first."""

    async def by_itself() -> Any:
        async with desk.transaction() as conn:
            return await then(conn)

    async with desk.transaction() as conn:
        await first(conn)
        second = asyncio.create_task(by_itself())
        async with desk.connection() as observer:
            await until_somebody_waits(observer, second)
        assert not second.done()
    await asyncio.wait([second])
    return second.exception() or second.result()


async def until_somebody_waits(observer: Connection, task: asyncio.Task[Any]) -> None:
    while not task.done():
        row = await (await observer.execute(_WAITS)).fetchone()
        if row is not None and row[0]:
            return
