"""The ledger beside a model that does one thing after the other, in plain Python."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsdesk.kit.db import Database
from opsdesk.kit.ids import new_id
from opsdesk.points import invariants, ledger
from opsdesk.points.model import Release, Wanted
from tests.points.moving import BANK, NOW

CUSTOMERS = ("a", "b", "c")
DAYS = st.integers(1, 6)


@dataclass
class Model:
    """Lots by customer as [expires, left, key], and what orders hold, by the order they were made in."""

    lots: dict[str, list[list[Any]]] = field(default_factory=lambda: defaultdict(list))
    holding: list[tuple[Any, str, list[tuple[list[Any], int]]]] = field(default_factory=list)

    def hold(self, order: Any, customer: str, points: int, now: datetime) -> bool:
        live = sorted((lot for lot in self.lots[customer] if lot[0] > now), key=lambda lot: (lot[0], lot[2]))
        if sum(lot[1] for lot in live) < points:
            return False
        parts = []
        for lot in live:
            taken = min(points, lot[1])
            if taken:
                lot[1] -= taken
                points -= taken
                parts.append((lot, taken))
        self.holding.append((order, customer, parts))
        return True

    def release(self, nth: int, at: datetime) -> tuple[Any, int, int]:
        order, _, parts = self.holding.pop(nth)
        returned = sum(taken for lot, taken in parts if lot[0] > at)
        for lot, taken in parts:
            lot[1] += taken if lot[0] > at else 0
        return order, returned, sum(taken for _, taken in parts) - returned

    def sweep(self, now: datetime) -> int:
        due = [lot for lots in self.lots.values() for lot in lots if lot[0] <= now]
        swept = sum(int(lot[1]) for lot in due)
        for lot in due:
            lot[1] = 0
        return swept

    def available(self, customer: str, now: datetime) -> int:
        return sum(int(lot[1]) for lot in self.lots[customer] if lot[0] > now)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("grant"), st.sampled_from(CUSTOMERS), st.integers(1, 50), DAYS),
        st.tuples(
            st.just("hold"),
            st.lists(st.tuples(st.sampled_from(CUSTOMERS), st.integers(1, 60)), min_size=1, max_size=6),
        ),
        st.tuples(st.just("release"), st.integers(0, 9), st.integers(0, 2)),
        st.tuples(st.just("spend"), st.integers(0, 9)),
        st.tuples(st.just("sweep"), st.integers(1, 3)),
        st.tuples(st.just("days"), st.integers(0, 3)),
    ),
    max_size=25,
)


@pytest.mark.req("PTS-108")
@pytest.mark.req("PTS-803")
@pytest.mark.req("PTS-804")
@given(steps=STEPS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
async def test_whatever_is_done_the_ledger_says_what_the_model_says(points: Database, steps: list[Any]) -> None:
    model, now, names = Model(), NOW, {name: f"{name}-{new_id()}" for name in CUSTOMERS}
    async with points.transaction() as conn:
        # What earlier examples have left.
        await ledger.sweep(conn, now=NOW + timedelta(days=1000), lots=1_000_000)
    for step in steps:
        now += timedelta(seconds=1)
        async with points.transaction() as conn:
            match step:
                case "grant", customer, count, days:
                    lot, _ = await ledger.grant(
                        conn,
                        customer_id=names[customer],
                        points=count,
                        expires_at=now + timedelta(days=days),
                        grant_key=str(new_id()),
                        actor=BANK,
                        now=now,
                    )
                    model.lots[customer].append([lot.expires_at, count, lot.lot_id])
                case "hold", asked:
                    wanted = [(new_id(), customer, count) for customer, count in asked]
                    locked = await ledger.lock_wallets(conn, [names[customer] for customer, _ in asked])
                    batch = [Wanted(order, names[customer], count) for order, customer, count in wanted]
                    held = await ledger.hold(conn, batch, locked=locked, at=now)
                    assert [order in held for order, _, _ in wanted] == [model.hold(*each, now) for each in wanted]
                    assert all(sum(part.points for part in held[o]) == n for o, _, n in wanted if o in held)
                case "release", nth, days_ago if model.holding:
                    at = max(NOW, now - timedelta(days=days_ago))
                    order, returned, forfeited = model.release(nth % len(model.holding), at)
                    back = (await ledger.release(conn, [Release(order, at)], now=now))[order]
                    assert (back.points_returned, back.points_forfeited) == (returned, forfeited)
                case "spend", nth if model.holding:
                    order, *_ = model.holding.pop(nth % len(model.holding))
                    await ledger.spend(conn, order_id=order, effective_at=now, now=now)
                case "sweep", lots:
                    swept = 0
                    while (one := await ledger.sweep(conn, now=now, lots=lots)) is not None:
                        swept += one.points
                    assert swept == model.sweep(now)
                case "days", count:
                    now += timedelta(days=count)
    async with points.transaction() as conn:
        for customer, name in names.items():
            left = await ledger.read_wallet(conn, customer_id=name, now=now)
            assert left.available == model.available(customer, now)
            assert left.held == sum(n for _, who, parts in model.holding if who == customer for _, n in parts)
    async with points.transaction() as conn:
        await conn.execute(b"set transaction isolation level repeatable read")
        assert await invariants.broken(conn) == {}
