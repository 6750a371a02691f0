"""Many at once on a few wallets, while time goes on: nobody is refused wrongly, and nobody waits for ever."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from random import Random
from uuid import UUID

import pytest

from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.ids import new_id
from opsdesk.points import ledger
from opsdesk.points.errors import NothingHeld
from opsdesk.points.model import Release, Wanted
from tests.points.moving import granted, held, wallet

AT_ONCE = 8
STEPS_EACH = 60
CUSTOMERS = [f"C-{number}" for number in range(5)]


class Storm:
    """What all of those at work know together."""

    def __init__(self, db: Database, clock: ManualClock, seed: int) -> None:
        self.db = db
        self.clock = clock
        self.random = Random(seed)
        self.holding: list[UUID] = []
        self.ended: list[UUID] = []

    async def work(self) -> None:
        for _ in range(STEPS_EACH):
            self.clock.advance(seconds=self.random.uniform(0, 7200))
            await self.random.choice([self.grant, self.hold, self.hold, self.release, self.spend, self.sweep])()

    async def grant(self) -> None:
        now, who = self.clock.now(), self.random.choice(CUSTOMERS)
        await granted(self.db, self.random.randint(1, 100), customer=who, now=now, expires_at=now + self._days(0.1, 20))

    async def hold(self) -> None:
        some = [
            Wanted(new_id(), self.random.choice(CUSTOMERS), self.random.randint(1, 80))
            for _ in range(self.random.randint(1, 4))
        ]
        async with self.db.transaction() as conn:
            locked = await ledger.lock_wallets(conn, [each.customer_id for each in some])
            found = await ledger.hold(conn, some, locked=locked, at=self.clock.now())
        self.holding += found

    async def release(self) -> None:
        now = self.clock.now()
        some = [Release(order_id, now - self._days(0, 2)) for order_id in self._some(3)]
        await self._end([each.order_id for each in some], lambda conn: ledger.release(conn, some, now=now))

    async def spend(self) -> None:
        now = self.clock.now()
        if not (some := self._some(1)):
            return
        await self._end(some, lambda conn: ledger.spend(conn, order_id=some[0], effective_at=now, now=now))

    async def sweep(self) -> None:
        async with self.db.transaction() as conn:
            await ledger.sweep(conn, now=self.clock.now(), lots=3)

    def _some(self, most: int) -> list[UUID]:
        """Mostly orders that hold something, taken so that no one else has them; some that have ended."""
        self.random.shuffle(self.holding)
        taken = [self.holding.pop() for _ in range(min(len(self.holding), self.random.randint(1, most)))]
        return taken or self.ended[-1:]

    async def _end(self, orders: list[UUID], how: Callable[[Connection], Awaitable[object]]) -> None:
        try:
            async with self.db.transaction() as conn:
                await how(conn)
        except NothingHeld:
            if not {*orders} & {*self.ended}:
                raise
        else:
            self.ended += orders

    def _days(self, least: float, most: float) -> timedelta:
        return timedelta(days=self.random.uniform(least, most))


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_many_at_once_leave_a_ledger_without_contradiction(
    points: Database, clock: ManualClock, seed: int
) -> None:
    storm = Storm(points, clock, seed)
    await asyncio.gather(*(storm.work() for _ in range(AT_ONCE)))
    assert len(storm.ended) > AT_ONCE
    still_held = 0
    for customer in CUSTOMERS:
        still_held += (await wallet(points, customer=customer, now=clock.now())).held
    assert (still_held > 0) == bool(storm.holding)


async def test_of_requests_that_a_wallet_is_enough_for_none_is_refused(points: Database, clock: ManualClock) -> None:
    await granted(points, 160, now=clock.now(), expires_at=clock.now() + timedelta(days=1))

    async def one_after_the_other() -> AsyncIterator[bool]:
        for _ in range(20):
            yield (await held(points, 1, at=clock.now()))[0][1] is not None

    async def all_of_one() -> list[bool]:
        return [is_held async for is_held in one_after_the_other()]

    found = await asyncio.gather(*(all_of_one() for _ in range(AT_ONCE)))
    assert found == [[True] * 20] * AT_ONCE
    assert (await wallet(points, now=clock.now())).available == 0
