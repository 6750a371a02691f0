"""Expiry in calls: bounded, once for a key, gone on with by whoever comes next, and by several nodes at once."""

import asyncio
import os
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from opsdesk import access, points
from opsdesk.benefits import job_runs
from opsdesk.benefits.job_runs import JobRun, Ran
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.ids import new_id
from opsdesk.kit.paging import BadCursor
from tests.actors import actor
from tests.benefits.making import an_order, booked, broken, redeemed, wish
from tests.points.moving import NOW, days, granted, wallet

LATE = NOW + days(91)
SCHEDULER = actor("key:scheduler")
READER = replace(actor("key:reader"), scopes=frozenset({access.Scope.BENEFITS_READ}))


async def ran(
    db: Database,
    *,
    key: str | None = None,
    now: datetime = LATE,
    batches: int = 20,
    batch_orders: int = 1000,
    who: access.Actor = SCHEDULER,
) -> Ran:
    return await job_runs.run_expiry(
        db, actor=who, key=key or str(new_id()), now=now, batches=batches, batch_orders=batch_orders
    )


async def log(db: Database) -> list[JobRun]:
    async with db.connection() as conn:
        return [*(await job_runs.list_job_runs(conn, actor=READER)).items]


@pytest.mark.req("PTS-602")
async def test_a_call_ends_what_is_due_and_the_log_says_what_came_of_it(bank: Database) -> None:
    await granted(bank, 40, expires_at=NOW + days(89))
    await an_order(bank, points_granted=60)
    await an_order(bank)
    await booked(bank, await an_order(bank))
    found = await ran(bank)
    assert (found.orders, found.returned, found.forfeited, found.remaining) == (2, 160, 40, 0)
    [told] = await log(bank)
    assert (told.orders, told.returned, told.forfeited, told.remaining) == (2, 160, 40, 0)
    assert (told.begun_by, told.begun_at, told.ended_at) == (SCHEDULER.id, LATE, LATE)


async def test_a_night_with_nothing_to_do_is_in_the_log_as_well(bank: Database) -> None:
    assert await ran(bank, now=NOW) == Ran(1, 0, 0, 0, 0)
    assert [(each.orders, each.ended_at) for each in await log(bank)] == [(0, NOW)]


@pytest.mark.req("PTS-605")
async def test_a_call_is_bounded_and_the_next_goes_on_with_the_same_run(bank: Database) -> None:
    for _ in range(5):
        await an_order(bank)
    first = await ran(bank, batches=2, batch_orders=1)
    assert (first.orders, first.remaining) == (2, 3)
    [told] = await log(bank)
    assert (told.orders, told.due, told.ended_at) == (2, 5, None)
    other = actor("key:another")
    second = await ran(bank, batches=9, batch_orders=1, who=other)
    assert second == Ran(first.job_run_id, 3, 300, 0, 0)
    [told] = await log(bank)
    assert (told.orders, told.begun_by, told.worked_by, told.ended_at) == (5, SCHEDULER.id, other.id, LATE)


async def test_the_same_key_is_told_the_same_and_ends_nothing_more(bank: Database) -> None:
    for _ in range(3):
        await an_order(bank)
    first = await ran(bank, key="k", batches=1, batch_orders=1)
    assert await ran(bank, key="k", now=LATE + days(1)) == first
    assert (await ran(bank, key="k", who=actor("key:another"))).orders == 2


async def test_two_calls_with_one_key_at_once_are_told_the_same(bank: Database) -> None:
    for _ in range(6):
        await an_order(bank)
    one, two = await asyncio.gather(*(ran(bank, key="k", batch_orders=1) for _ in range(2)))
    assert one == two
    assert sum(each.orders for each in await log(bank)) == 6


@pytest.mark.req("PTS-605")
async def test_nodes_at_once_share_the_work_and_one_run_counts_it(bank: Database) -> None:
    for _ in range(24):
        await an_order(bank)
    found = await asyncio.gather(*(ran(bank, batch_orders=2) for _ in range(4)))
    assert sum(each.orders for each in found) == 24
    assert (await wallet(bank, now=LATE)).available == 2400
    told = await log(bank)
    assert sum(each.orders for each in told) == 24
    assert {each.remaining for each in told} == {0}


async def test_what_another_node_is_ending_is_still_told_as_remaining(bank: Database) -> None:
    orders = [await an_order(bank) for _ in range(2)]
    async with bank.transaction() as conn:
        await conn.execute(
            b"select from benefit_order where order_id = %(it)s for no key update", {"it": orders[0].order_id}
        )
        found = await ran(bank)
        assert (found.orders, found.remaining) == (1, 1)
        assert [each.ended_at for each in await log(bank)] == [None]
    assert (await ran(bank)).orders == 1
    assert [(each.orders, each.ended_at) for each in await log(bank)] == [(2, LATE)]


NODE = """
import asyncio, sys
from datetime import datetime
from opsdesk.access import system_actor
from opsdesk.benefits.job_runs import run_expiry
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.log import bound

async def main() -> None:
    db = Database(sys.argv[1])
    await db.open()
    with bound(request_id="node"):
        now = datetime.fromisoformat(sys.argv[2])
        await run_expiry(db, actor=system_actor("node"), key="node", now=now, batch_orders=2)

asyncio.run(main())
"""
WAITING = b"""
select pid from pg_stat_activity
where datname = current_database() and wait_event_type = 'Lock' and application_name = 'node'
"""
THERE = b"select count(*) from pg_stat_activity where datname = current_database() and application_name = 'node'"


async def until(conn: Connection, statement: bytes, wanted: bool) -> None:
    while bool(((await (await conn.execute(statement)).fetchone()) or (0,))[0]) != wanted:
        await asyncio.sleep(0.02)


@pytest.mark.req("PTS-605")
async def test_a_node_that_is_killed_in_a_batch_leaves_what_it_had_committed(bank: Database, tmp_path: Path) -> None:
    """In its third batch it waits for a wallet that is locked, and is killed there."""
    for _ in range(4):
        await an_order(bank)
    await granted(bank, 200, customer="C-2", expires_at=NOW + days(300))
    for _ in range(2):
        [answer] = await redeemed(bank, wish(customer="C-2"), now=NOW + days(0.1))
        assert answer.is_ok
    script = tmp_path / "node.py"
    script.write_text(NODE)
    async with bank.dedicated() as watch:
        async with bank.transaction() as conn:
            await points.ledger.lock_wallets(conn, ["C-2"])
            environment = os.environ | {"PGAPPNAME": "node"}
            node = await asyncio.create_subprocess_exec(
                *(sys.executable, script, bank.url, LATE.isoformat()), env=environment
            )
            await until(watch, WAITING, True)
            node.kill()
            await node.wait()
        await until(watch, THERE, False)
    [told] = await log(bank)
    assert (told.orders, told.remaining, told.ended_at) == (4, 2, None)
    assert await broken(bank) == {}
    assert (await ran(bank)).orders == 2
    assert [(each.orders, each.remaining, each.ended_at) for each in await log(bank)] == [(6, 0, LATE)]


async def test_the_log_is_paged_with_the_last_first(bank: Database) -> None:
    for day in range(3):
        await ran(bank, now=NOW + days(day))
    async with bank.connection() as conn:
        first = await job_runs.list_job_runs(conn, actor=READER, limit=2)
        rest = await job_runs.list_job_runs(conn, actor=READER, limit=2, cursor=first.next)
        back = await job_runs.list_job_runs(conn, actor=READER, limit=2, cursor=rest.previous)
        with pytest.raises(BadCursor):
            await job_runs.list_job_runs(conn, actor=READER, cursor="x")
    assert [each.begun_at for each in (*first.items, *rest.items)] == [NOW + days(2), NOW + days(1), NOW]
    assert back.items == first.items
    assert rest.next is None


async def test_only_who_reads_benefits_sees_the_log(bank: Database) -> None:
    async with bank.connection() as conn:
        with pytest.raises(access.errors.ScopeMissing):
            await job_runs.list_job_runs(conn, actor=SCHEDULER)
