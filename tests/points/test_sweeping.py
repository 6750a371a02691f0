"""The sweep: in batches, by two at once, and cut short, each lot goes out of its wallet once."""

import asyncio

import pytest

from opsdesk import access
from opsdesk.app.points_jobs import sweep_points
from opsdesk.jobs import Done
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from opsdesk.points.sweeping import SweepDone, sweep_due
from tests.points.moving import BANK, NOW, days, granted, wallet

CUSTOMERS = [f"C-{number}" for number in range(1, 8)]


async def expired(db: Database) -> None:
    """Seven wallets of 10 points past their date, and 1 that is not."""
    for customer in CUSTOMERS:
        await granted(db, 10, customer=customer, expires_at=NOW + days(1))
        await granted(db, 1, customer=customer)


async def test_a_sweep_goes_on_in_batches_until_nothing_is_left(points: Database) -> None:
    await expired(points)
    done = await sweep_due(points, actor=BANK, now=NOW + days(1), lots=3)
    assert done == SweepDone(lots=7, points=70, batches=3, is_done=True)
    assert await sweep_due(points, actor=BANK, now=NOW + days(1)) == SweepDone(0, 0, 0, is_done=True)
    assert [(await wallet(points, customer=each, now=NOW + days(1))).available for each in CUSTOMERS] == [1] * 7


async def test_a_sweep_that_is_cut_short_says_that_more_is_left(points: Database) -> None:
    await expired(points)
    assert not (await sweep_due(points, actor=BANK, now=NOW + days(1), lots=3, batches_max=2)).is_done
    assert (await sweep_due(points, actor=BANK, now=NOW + days(1))).points == 10


@pytest.mark.req("PTS-802")
async def test_two_nodes_that_sweep_at_once_sweep_each_lot_once(points: Database) -> None:
    await expired(points)
    both = [sweep_due(points, actor=BANK, now=NOW + days(1), lots=2) for _ in range(2)]
    first, second = await asyncio.gather(*both)
    assert (first.lots + second.lots, first.points + second.points) == (7, 70)


async def test_each_batch_of_a_sweep_is_in_the_audit_chain(points: Database) -> None:
    await expired(points)
    await sweep_due(points, actor=BANK, now=NOW + days(1), lots=3)
    async with points.connection() as conn:
        found = await access.audit.list_entries(conn, access.audit.EntryFilter(action="points.sweep"))
    assert len(found.items) == 3


async def test_the_nightly_job_sweeps_by_the_business_clock(points: Database, clock: ManualClock) -> None:
    await granted(points, 10, now=clock.now(), expires_at=clock.now() + days(1))
    for _ in range(2):
        assert await sweep_points(clock)(points, {"due_at": clock.now().isoformat()}) == Done()
        clock.advance(seconds=days(1).total_seconds())
    async with points.connection() as conn:
        assert await (await conn.execute("select sum(points) from points_posting where kind = 6")).fetchone() == (10,)
