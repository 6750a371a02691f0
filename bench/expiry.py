"""What it costs that orders expire: a million that nobody booked, while customers go on redeeming.

`expiry`: orders ended a second by the operation, in batches of a transaction each, beside one statement that does the
same work for many orders at once; in turns. `redemption_p99`: of redemptions by the customers whose orders are ended
meanwhile, so many a second. What came back and what was lost is compared with what it has to be.

    .venv/bin/python bench/expiry.py [--orders 1000000] [--rounds 4] [--redemptions 20] [--json]
"""

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from expiry_grounds import BANK, FORFEITED_EACH, ORDERS_EACH, RETURNED_EACH, RULES, SERVICE, fill
from figures import arguments, line, tell
from opsdesk.app import process
from opsdesk.app.wiring import MIGRATION_STEPS
from opsdesk.benefits import expiring, redeeming
from opsdesk.benefits.model import Asked, Channel
from opsdesk.kit.db import BY_INDEX, Database
from opsdesk.kit.embedded import EmbeddedServer
from opsdesk.kit.ids import new_id
from opsdesk.kit.log import bound
from opsdesk.kit.migrate import migrate

LIMIT_MS = 250.0
ONE_STATEMENT_SHARE = 5
"""Of so many orders one is ended by the single statement, the others by the operation."""
ONE_STATEMENT = b"""
with due as materialized (
    select order_id, expire_at from benefit_order where status = 100 and expire_at <= %(now)s
    order by expire_at, order_id limit %(limit)s for no key update
), released as materialized (
    select held.order_id, held.customer_id, held.lot_id, held.points, lot.expires_at, due.expire_at as effective_at,
        lot.expires_at > due.expire_at as is_returned
    from due join points_posting as held on held.order_id = due.order_id and held.kind = 2
    join points_lot as lot using (lot_id)
    where not exists (
        select from points_posting as gone
        where gone.order_id = held.order_id and gone.lot_id = held.lot_id and gone.kind <> 2
    )
), back as (
    update points_lot set remaining = points_lot.remaining + returned.points, is_swept = false
    from (select lot_id, sum(points)::bigint as points from released where is_returned group by lot_id) as returned
    where points_lot.lot_id = returned.lot_id
), credited as (
    update points_wallet set balance = balance + returned.points
    from (
        select customer_id, sum(points)::bigint as points from released where is_returned group by customer_id
    ) as returned
    where points_wallet.customer_id = returned.customer_id
), posted as (
    insert into points_posting (kind, debit, credit, customer_id, lot_id, order_id, points, effective_at, recorded_at)
    select case when is_returned then 3 else 4 end, 3, case when is_returned then 2 else 5 end,
        customer_id, lot_id, order_id, points, effective_at, %(now)s
    from released order by order_id, expires_at, lot_id
), ended as (
    select order_id, coalesce(sum(points) filter (where is_returned), 0)::bigint as returned,
        coalesce(sum(points) filter (where not is_returned), 0)::bigint as forfeited
    from released group by order_id
), expired as (
    update benefit_order
    set status = 500, closed_at = expire_at, returned = ended.returned, forfeited = ended.forfeited
    from ended where benefit_order.order_id = ended.order_id and status = 100
    returning benefit_order.order_id, closed_at
), told as (
    insert into benefit_event (order_id, was, status, effective_at, recorded_at, actor)
    select order_id, 100, 500, closed_at, %(now)s, 'system:bench' from expired order by order_id
)
select (select count(*) from expired)
"""
SUMS = b"""
select count(*), coalesce(sum(returned), 0)::bigint, coalesce(sum(forfeited), 0)::bigint
from benefit_order where status = 500
"""


@dataclass
class Redeeming:
    """Customers who redeem while orders are ended, and how long each waited."""

    db: Database
    customers: int
    per_s: float
    times_ms: list[float] = field(default_factory=list)

    @asynccontextmanager
    async def meanwhile(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._redeem())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _redeem(self) -> None:
        """Each at its time, whether those before it were answered or not."""
        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(self._one())
                await asyncio.sleep(random.expovariate(self.per_s))

    async def _one(self) -> None:
        customer = f"C-{random.randint(1, self.customers)}"
        began = time.perf_counter()
        with bound(request_id="bench"):
            asked = Asked(BANK, "mobile", str(new_id()), {"do": "redeem"})
            wanted = redeeming.Redemption(asked, Channel.MOBILE, customer, SERVICE)
            async with self.db.transaction() as conn:
                answer = await redeeming.redeem(conn, wanted, rules=RULES, now=datetime.now(UTC))
        assert answer.is_ok, answer
        self.times_ms.append((time.perf_counter() - began) * 1000)


@asynccontextmanager
async def bank() -> AsyncIterator[Database]:
    with tempfile.TemporaryDirectory(prefix="opsdesk-bench-") as folder, EmbeddedServer(Path(folder)) as url:
        await migrate(url, steps=MIGRATION_STEPS)
        db = Database(url)
        await db.open()
        try:
            yield db
        finally:
            await db.close()


async def in_one_statement(db: Database, orders: int) -> float:
    """How many a second; nobody redeems meanwhile."""
    began = time.perf_counter()
    async with db.transaction() as conn:
        row = await (await conn.execute(ONE_STATEMENT, {"now": datetime.now(UTC), "limit": orders})).fetchone()
    assert row == (orders,), row
    return orders / (time.perf_counter() - began)


async def in_batches(db: Database, orders: int) -> float:
    """How many a second, by the product."""
    began, done = time.perf_counter(), 0
    async with db.dedicated(options=BY_INDEX) as conn:
        while done < orders:
            with bound(request_id="bench"):
                async with conn.transaction():
                    found = await expiring.expire_due(
                        conn, actor=BANK, now=datetime.now(UTC), limit=min(expiring.BATCH_ORDERS, orders - done)
                    )
            assert found is not None, "there are more that are due"
            done += found.orders
    return done / (time.perf_counter() - began)


async def measure(*, orders: int, rounds: int, redemptions: float) -> list[dict[str, Any]]:
    customers = orders // ORDERS_EACH
    a_round = orders // rounds
    at_once = a_round // ONE_STATEMENT_SHARE
    async with bank() as db:
        await fill(db, customers=customers, now=datetime.now(UTC))
        customers_redeem = Redeeming(db, customers, redemptions)
        single, batches = [], []
        for _ in range(rounds):
            single.append(await in_one_statement(db, at_once))
            async with customers_redeem.meanwhile():
                batches.append(await in_batches(db, a_round - at_once))
        async with db.connection() as conn:
            sums = await (await conn.execute(SUMS)).fetchone()
    if orders == a_round * rounds == customers * ORDERS_EACH:
        assert sums == (orders, customers * RETURNED_EACH, customers * FORFEITED_EACH), sums
    return [
        line("expiry", median(batches), "orders/s", limit=median(single), at_least=0.6),
        line("redemption_p99", quantiles(customers_redeem.times_ms, n=100)[98], "ms", limit=LIMIT_MS, at_most=1.0),
        line("redemption_median", median(customers_redeem.times_ms), "ms"),
        line("redemptions", len(customers_redeem.times_ms), "in all"),
    ]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--redemptions", type=float, default=20.0, help="a second")
    options = parser.parse_args()
    measured = measure(orders=options.orders, rounds=options.rounds, redemptions=options.redemptions)
    return tell(process.run(measured), options)


if __name__ == "__main__":
    sys.exit(main())
