"""Requests that are asked together: each has its own answer or error, whatever becomes of the others."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from opsdesk.kit.coalescing import Coalescer, Stopping, TooManyWaiting
from opsdesk.kit.db import Connection, Database, DatabaseUnavailable
from opsdesk.kit.errors import Refused


class Bad(Refused):
    """This one is refused."""


class Asked:
    """Doubles numbers, keeps them in a table, and refuses every batch with a 13 in it."""

    def __init__(self) -> None:
        self.batches: list[Sequence[int]] = []
        self.go = asyncio.Event()
        self.go.set()

    async def many(self, conn: Connection, numbers: Sequence[int]) -> Sequence[int]:
        self.batches.append(list(numbers))
        await self.go.wait()
        for number in numbers:
            await conn.execute("insert into asked values (%s)", (number,))
        if 13 in numbers:
            raise Bad
        return [2 * number for number in numbers]


@asynccontextmanager
async def asking(db: Database, **limits: int) -> AsyncIterator[tuple[Asked, Coalescer[int, int]]]:
    async with db.connection() as conn:
        await conn.execute("create table if not exists asked (number integer)")
    asked = Asked()
    coalescer = Coalescer(db, asked.many, **limits)
    try:
        yield asked, coalescer
    finally:
        asked.go.set()
        await coalescer.stop()


async def kept(db: Database) -> list[int]:
    async with db.connection() as conn:
        return [number for (number,) in await (await conn.execute("select number from asked order by 1")).fetchall()]


async def held_up(asked: Asked, coalescer: Coalescer[int, int], *numbers: int) -> list["asyncio.Task[int]"]:
    """One request is being asked on the only connection, and these wait behind it."""
    asked.go.clear()
    first = asyncio.create_task(coalescer.ask(0))
    while not asked.batches:
        await asyncio.sleep(0)
    tasks = [asyncio.create_task(coalescer.ask(number)) for number in numbers]
    await asyncio.sleep(0)
    return [first, *tasks]


async def test_what_waits_is_asked_together_in_the_order_it_came(db: Database) -> None:
    async with asking(db, connections=1, batch_max=3) as (asked, coalescer):
        tasks = await held_up(asked, coalescer, 1, 2, 3, 4)
        asked.go.set()
        assert await asyncio.gather(*tasks) == [0, 2, 4, 6, 8]
    assert asked.batches == [[0], [1, 2, 3], [4]]


async def test_a_bad_request_fails_for_nobody_but_itself(db: Database) -> None:
    async with asking(db, connections=1) as (asked, coalescer):
        tasks = await held_up(asked, coalescer, 1, 13, 2)
        asked.go.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
    assert found[:2] + found[3:] == [0, 2, 4]
    assert isinstance(found[2], Bad)
    assert asked.batches == [[0], [1, 13, 2], [1], [13], [2]]
    assert await kept(db) == [0, 1, 2]


async def test_who_goes_away_takes_no_answer_from_others(db: Database) -> None:
    async with asking(db, connections=1) as (asked, coalescer):
        first, second, third = await held_up(asked, coalescer, 1, 2)
        first.cancel()
        second.cancel()
        await asyncio.sleep(0)
        asked.go.set()
        assert await third == 4
    assert asked.batches == [[0], [2]], "what nobody waits for any more is not asked"
    assert await kept(db) == [0, 2], "what was asked already is done"


async def test_more_than_may_wait_are_refused_at_once(db: Database) -> None:
    async with asking(db, connections=1, waiting_max=2) as (asked, coalescer):
        tasks = await held_up(asked, coalescer, 1, 2)
        with pytest.raises(TooManyWaiting):
            await coalescer.ask(3)
        asked.go.set()
        assert await asyncio.gather(*tasks) == [0, 2, 4]


async def test_whoever_waits_at_the_stop_is_still_answered(db: Database) -> None:
    async with asking(db, connections=1) as (asked, coalescer):
        tasks = await held_up(asked, coalescer, 1, 2)
        stopping = asyncio.create_task(coalescer.stop())
        await asyncio.sleep(0)
        with pytest.raises(Stopping):
            await coalescer.ask(3)
        asked.go.set()
        await stopping
        assert await asyncio.gather(*tasks) == [0, 2, 4]


async def test_a_database_that_is_away_is_told_to_each_at_once(db: Database) -> None:
    async def away(_conn: Connection, _numbers: Sequence[int]) -> Sequence[int]:
        raise DatabaseUnavailable

    coalescer = Coalescer(db, away)
    found = await asyncio.gather(*map(coalescer.ask, range(5)), return_exceptions=True)
    await coalescer.stop()
    assert {type(each) for each in found} == {DatabaseUnavailable}
