"""Everything that can happen to orders, at once and with connections that die: nothing contradicts itself."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest

from opsdesk import points
from opsdesk.benefits import ending, job_runs, orders, quotes, redeeming, serving
from opsdesk.benefits.errors import KeyInUse
from opsdesk.benefits.model import Answer, Channel, Order, Status
from opsdesk.benefits.redeeming import Redemption
from opsdesk.benefits.rules import Rules, business_day
from opsdesk.benefits.settlement.months import Calendar, previous_month
from opsdesk.benefits.settlement.periods import close_period
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from tests.actors import actor
from tests.benefits.making import LOUNGE, RICH_FEN, any_link, asked, broken, expired, furnish, listed, named, put
from tests.benefits.simulation import AT_ONCE, MortalDatabase, World
from tests.points.moving import BANK, NOW, days, granted, swept

STEPS_EACH = 40
SEEDS = (1, 2, 3)
BEGIN = NOW + days(1)
NIGHTLY_SEEDS = range(100, 200)
RULES = Rules(list_age_days_max=100_000, quote_s=30 * 86_400)
CONTESTED = [f"C-{number}" for number in range(5)]
RICH, PENNILESS, NOT_LISTED = "C-rich", "C-penniless", "C-not-listed"
ALWAYS: Mapping[tuple[str, str], str] = {
    (RICH, "lounge"): "OK",
    (PENNILESS, "lounge"): "points_short",
    (NOT_LISTED, "lounge"): "customer_not_eligible",
    (RICH, "closed"): "service_closed",
}
"""What is answered whatever else there is."""
IMPLIED = {
    "already_booked": Status.BOOKED,
    "refund_booked": Status.BOOKED,
    "order_completed": Status.COMPLETED,
    "already_completed": Status.COMPLETED,
    "cancel_completed": Status.COMPLETED,
    "order_cancelled": Status.CANCELLED,
    "already_cancelled": Status.CANCELLED,
    "complete_cancelled": Status.CANCELLED,
    "complete_expired": Status.EXPIRED,
}
"""The step that an order took, where this is what it refuses."""


@dataclass
class Simulation:
    """Orders that were made, and what is to be compared at the end."""

    world: World
    made: list[Order] = field(default_factory=list)
    booked: set[UUID] = field(default_factory=set)
    told: list[tuple[Redemption | tuple[str, Order, Any, str], Answer]] = field(default_factory=list)
    refused: list[tuple[UUID, str]] = field(default_factory=list)

    async def work(self) -> None:
        steps = [
            *(self.grant, self.grant, self.redeem, self.redeem, self.redeem, self.book, self.book, self.book),
            *(self.cancel, self.refund, self.complete, self.complete, self.expire, self.job, self.sweep, self.look),
            self.close_month,
        ]
        for _ in range(STEPS_EACH):
            await self.world.random.choice(steps)()

    async def grant(self) -> None:
        world, now = self.world, self.world.now()
        who, count = world.random.choice(CONTESTED), world.random.randint(1, 400)
        key, until = world.key(), now + world.days(0.1, 150)

        async def ask() -> None:
            async with world.db.transaction() as conn:
                await points.ledger.grant(
                    conn, customer_id=who, points=count, expires_at=until, grant_key=key, actor=BANK, now=now
                )

        await world.insist(ask)

    async def redeem(self) -> None:
        """Several at once, some of them twice; some wishes whose answer is known beforehand."""
        world = self.world
        wishes = [self._wish() for _ in range(world.random.randint(1, 6))]
        wishes += wishes[: world.random.randint(0, 2)]
        for wish, answer in zip(wishes, await self._redeemed(wishes), strict=True):
            expected = ALWAYS.get((wish.customer_id, wish.service))
            assert expected in (None, answer.code), (wish, answer)
            assert answer.is_ok or answer.code in ("points_short", "sold_out", expected), answer
            await self._note(wish, answer)
        one = world.random.choice(wishes)
        other = Redemption(asked(one.asked.key, scope="mobile", do="else"), one.channel, one.customer_id, one.service)
        assert [each.code for each in await self._redeemed([other])] == ["key_reused"]

    def _wish(self) -> Redemption:
        world = self.world
        customer, service = world.random.choice(
            [*ALWAYS, *((who, what) for who in CONTESTED for what in ("lounge", "dental", "few"))]
        )
        content = {"do": "redeem", "customer_id": customer, "service": service}
        return Redemption(asked(world.key(), scope="mobile", **content), Channel.MOBILE, customer, service)

    async def _redeemed(self, wishes: Sequence[Redemption]) -> Sequence[Answer]:
        now = self.world.now()

        async def ask() -> Sequence[Answer]:
            async with self.world.db.transaction() as conn:
                return await redeeming.redeem_many(conn, wishes, rules=RULES, now=now)

        return await self.world.insist(ask, again=(KeyInUse,))

    async def _note(self, request: Any, answer: Answer) -> None:
        self.world.count(answer.code)
        self.told.append((request, answer))
        if isinstance(request, Redemption) and answer.order_id:
            async with self.world.db.connection() as conn:
                self.made.append(await orders.read_order(conn, answer.order_id))

    async def book(self) -> None:
        await self._serve("book", None)

    async def complete(self) -> None:
        await self._serve("complete", None)

    async def cancel(self) -> None:
        await self._serve("cancel", await self._quote())

    async def refund(self) -> None:
        await self._serve("refund", await self._quote())

    async def _quote(self) -> tuple[Order, UUID] | None:
        """Of some order; what it says may not hold any more when it is agreed to."""
        if not self.made:
            return None
        world, now = self.world, self.world.now()
        order = self._some_order()

        async def ask() -> Mapping[str, Any]:
            async with world.db.transaction() as conn:
                found = await orders.read_order(conn, order.order_id)
                return await quotes.quote(conn, found, asked=asked(), rules=RULES, now=now)

        return order, UUID((await world.insist(ask))["quote_id"])

    async def _serve(self, what: str, quoted: tuple[Order, UUID] | None) -> None:
        """Once, twice at once with the same key, or again some time later."""
        if not self.made:
            return
        order, quote_id = quoted or (self._some_order(), None)
        was_booked = order.order_id in self.booked
        request = (what, order, quote_id, self.world.key())
        at_once = 2 if self.world.random.random() < 0.3 else 1
        [answer, *others] = await asyncio.gather(*(self._asked(request) for _ in range(at_once)))
        assert all(other == answer for other in others), (request, answer, others)
        assert not (was_booked and answer.code in ("cancel_unbooked", "complete_unbooked")), (request, answer)
        if answer.is_ok and what == "book":
            self.booked.add(order.order_id)
        if answer.code in IMPLIED:
            self.refused.append((order.order_id, answer.code))
        await self._note(request, answer)

    async def _asked(self, request: tuple[str, Order, Any, str]) -> Answer:
        what, order, quote_id, key = request
        now, which = self.world.now(), named(order)
        scope = "mobile" if what == "refund" else f"partner:{order.provider}"
        asks = asked(key, scope=scope, do=what, order=str(order.order_id))
        rules: dict[str, Any] = {"asked": asks, "rules": RULES, "now": now}

        async def ask() -> Answer:
            async with self.world.db.transaction() as conn:
                if what == "book":
                    return await serving.book(conn, which, judge_link=any_link, asked=asks, now=now)
                if what == "complete":
                    return await serving.complete(conn, which, completed_at=now, **rules)
                if what == "refund":
                    return await ending.refund(conn, order.order_id, quote_id=quote_id, **rules)
                return await serving.cancel(conn, which, quote_id=quote_id, judge_link=any_link, **rules)

        return await self.world.insist(ask, again=(KeyInUse,))

    def _some_order(self) -> Order:
        """Mostly of the last ones."""
        return self.world.random.choice(self.made[-12:] if self.world.random.random() < 0.8 else self.made)

    async def expire(self) -> None:
        now = self.world.now()
        await self.world.insist(lambda: expired(self.world.db, now=now, limit=4))

    async def job(self) -> None:
        """By two nodes with one key."""
        world, key, now = self.world, self.world.key(), self.world.now()
        node: dict[str, Any] = {"actor": actor("key:scheduler"), "key": key, "now": now, "batches": 2}
        found = await asyncio.gather(
            *(
                world.insist(lambda: job_runs.run_expiry(world.db, **node, batch_orders=3))
                for _ in range(world.random.randint(1, 2))
            )
        )
        assert len(set(found)) == 1

    async def close_month(self) -> None:
        """The one before the last, which is surely due."""
        now = self.world.now()
        month = previous_month(previous_month(business_day(now).replace(day=1)))

        async def ask() -> None:
            async with self.world.db.transaction() as conn:
                await close_period(conn, month, calendar=Calendar(), actor=BANK, now=now)

        await self.world.insist(ask)

    async def sweep(self) -> None:
        now = self.world.now()
        await self.world.insist(lambda: swept(self.world.db, now=now, lots=3))

    async def look(self) -> None:
        """At a moment in between: an answer is what it was, and the books are right."""
        if self.told:
            request, answer = self.world.random.choice(self.told)
            again = await (self._redeemed_one(request) if isinstance(request, Redemption) else self._asked(request))
            assert again == answer, (request, answer, again)
        assert await broken(self.world.db) == {}

    async def _redeemed_one(self, wish: Redemption) -> Answer:
        return (await self._redeemed([wish]))[0]

    async def conclude(self) -> None:
        """Each refusal had its reason, and what is left to expire does."""
        async with self.world.db.connection() as conn:
            for order_id, code in self.refused:
                steps = {event.status for event in await orders.list_events(conn, order_id)}
                assert IMPLIED[code] in steps, (order_id, code, steps)
        while await expired(self.world.db, now=self.world.now()) is not None:
            pass
        assert await broken(self.world.db) == {}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        is_nightly = metafunc.config.getoption("--hypothesis-profile") == "nightly"
        metafunc.parametrize("seed", NIGHTLY_SEEDS if is_nightly else SEEDS)


@pytest.fixture
async def mortal(database_url: str) -> AsyncIterator[Database]:
    db = MortalDatabase(database_url, pool_max=AT_ONCE * 2, wait_s=60)
    await db.open()
    async with db.transaction() as conn:
        await furnish(conn)
        await put(conn, replace(LOUNGE, service="closed", is_open=False))
        await put(conn, replace(LOUNGE, service="few", stock=9, quota=2))
    async with db.transaction() as conn:
        everybody = dict.fromkeys([*CONTESTED, RICH, PENNILESS], RICH_FEN)
        await listed(conn, everybody, day=BEGIN.date(), now=BEGIN)
    await granted(db, 10**9, customer=RICH, now=BEGIN, expires_at=BEGIN + timedelta(days=100_000))
    yield db
    await db.close()


@pytest.mark.req("PTS-308", "PTS-507", "PTS-605", "PTS-606")
async def test_whatever_happens_at_once_and_whoever_dies_the_books_are_right(mortal: Database, seed: int) -> None:
    simulation = Simulation(World(mortal, ManualClock(BEGIN), Random(seed)))
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(simulation.work())
        await simulation.conclude()
    finally:
        print(f"seed {seed}, {simulation.world.deaths} deaths, answers {simulation.world.answered}")
    assert simulation.world.deaths > AT_ONCE
    assert {"OK", "points_short", "already_booked"} <= simulation.world.answered.keys()
