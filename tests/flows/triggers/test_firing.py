"""Triggers by the clock: each time once over all workers, missed ones as set, and none silently overdue."""

import asyncio
from datetime import timedelta

import pytest

from opsdesk.flows.triggers.deliveries import DeliveryState, list_deliveries
from opsdesk.flows.triggers.errors import TriggerStateWrong
from opsdesk.flows.triggers.firing import MISSED_AFTER_S, fire, fire_due, overdue_triggers
from opsdesk.flows.triggers.standing import Standing, pause, show_trigger
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from tests.actors import actor
from tests.flows.triggers.documents import ORDERS, put_in_use, runs_of

SKIPPING = ORDERS.replace('cron: "30 2 * * *",', 'cron: "30 2 * * *", missed: skip,')
DAY_S = 86_400


async def wait_until_due(db: Database, clock: ManualClock, standing: Standing) -> None:
    assert standing.due_at is not None
    clock.advance(seconds=(standing.due_at - clock.now()).total_seconds())


async def deliveries(db: Database) -> list[tuple[str, str, int]]:
    async with db.connection() as conn:
        page = await list_deliveries(conn, await show_trigger(conn, "orders", "cron"))
    return [(each.state.value, each.key, each.missed) for each in page.items]


async def test_nothing_fires_before_its_time(db: Database, clock: ManualClock) -> None:
    standing = await put_in_use(db, clock, "cron")
    await wait_until_due(db, clock, standing)
    clock.advance(seconds=-1)
    assert await fire_due(db, clock=clock) == 0
    clock.advance(seconds=1)
    assert await fire_due(db, clock=clock) == 1
    assert await runs_of(db) == [("trigger:cron:orders/cron", {"order": "2026-01-06", "amount": 1})]


@pytest.mark.req("FLO-306")
async def test_a_cron_time_fires_once_though_several_workers_see_it(db: Database, clock: ManualClock) -> None:
    standing = await put_in_use(db, clock, "cron")
    await wait_until_due(db, clock, standing)
    fired = await asyncio.gather(*(fire_due(db, clock=clock) for _ in range(5)))
    assert sum(fired) == 1
    assert len(await runs_of(db)) == 1
    async with db.connection() as conn:
        after = await show_trigger(conn, "orders", "cron")
    assert after.due_at is not None
    assert standing.due_at is not None
    assert after.due_at - standing.due_at == timedelta(days=1)


@pytest.mark.req("FLO-306")
async def test_missed_times_are_caught_up_once_for_the_latest(db: Database, clock: ManualClock) -> None:
    standing = await put_in_use(db, clock, "cron")
    await wait_until_due(db, clock, standing)
    clock.advance(seconds=3 * DAY_S + 3600)
    assert await fire_due(db, clock=clock) == 1
    assert await deliveries(db) == [("started", "2026-01-09T01:30:00+00:00", 3)]
    assert [inputs["order"] for _, inputs in await runs_of(db)] == ["2026-01-09"]
    assert await fire_due(db, clock=clock) == 0


@pytest.mark.req("FLO-306")
async def test_missed_times_are_skipped_where_that_is_set(db: Database, clock: ManualClock) -> None:
    standing = await put_in_use(db, clock, "cron", SKIPPING)
    await wait_until_due(db, clock, standing)
    clock.advance(seconds=DAY_S + MISSED_AFTER_S + 1)
    assert await fire_due(db, clock=clock) == 1
    assert await deliveries(db) == [("missed", "2026-01-07T01:30:00+00:00", 1)]
    assert await runs_of(db) == []
    async with db.connection() as conn:
        after = await show_trigger(conn, "orders", "cron")
    assert after.due_at is not None
    assert after.due_at > clock.now()


async def test_a_worker_that_is_a_little_late_misses_nothing(db: Database, clock: ManualClock) -> None:
    standing = await put_in_use(db, clock, "cron", SKIPPING)
    await wait_until_due(db, clock, standing)
    clock.advance(seconds=MISSED_AFTER_S)
    await fire_due(db, clock=clock)
    assert [state for state, _, _ in await deliveries(db)] == ["started"]


@pytest.mark.req("FLO-314")
async def test_a_trigger_that_nobody_fires_is_found_overdue(db: Database, clock: ManualClock) -> None:
    standing = await put_in_use(db, clock, "cron")
    await wait_until_due(db, clock, standing)
    clock.advance(seconds=60)
    async with db.connection() as conn:
        assert await overdue_triggers(conn, now=clock.now()) == []
        [overdue] = await overdue_triggers(conn, now=clock.now() + timedelta(seconds=1))
    assert (overdue.procedure_id, overdue.name, overdue.due_at) == ("orders", "cron", standing.due_at)


async def test_a_trigger_that_fails_does_not_keep_others_from_firing(db: Database, clock: ManualClock) -> None:
    await put_in_use(db, clock, "cron", ORDERS.replace("id: orders", "id: broken"), "broken")
    standing = await put_in_use(db, clock, "cron")
    async with db.transaction() as conn:
        await conn.execute("update flow_trigger set declared = declared - 'missed' where procedure_id = 'broken'")
    await wait_until_due(db, clock, standing)
    assert await fire_due(db, clock=clock) == 1
    assert len(await runs_of(db)) == 1
    async with db.connection() as conn:
        overdue = await overdue_triggers(conn, now=clock.now() + timedelta(hours=1))
    assert [each.procedure_id for each in overdue] == ["broken"]


async def test_a_trigger_is_fired_by_hand_once_for_a_key(db: Database, clock: ManualClock) -> None:
    standing = await put_in_use(db, clock, "event")
    data = {"order": "A-1", "amount": 12}
    for _ in range(2):
        async with db.transaction() as conn:
            fired = await fire(conn, standing, data=data, actor=actor(), now=clock.now(), key="k")
    assert fired.state is DeliveryState.STARTED
    assert await runs_of(db) == [("trigger:event:orders/event", {"order": "A-1", "amount": 12})]


async def test_a_paused_trigger_neither_fires_nor_is_fired(db: Database, clock: ManualClock) -> None:
    standing = await put_in_use(db, clock, "cron")
    async with db.transaction() as conn:
        paused = await pause(conn, procedure_id="orders", name="cron", actor=actor(), now=clock.now())
        with pytest.raises(TriggerStateWrong):
            await fire(conn, paused, data={}, actor=actor(), now=clock.now())
    await wait_until_due(db, clock, standing)
    assert await fire_due(db, clock=clock) == 0
