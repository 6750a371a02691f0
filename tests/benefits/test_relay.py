"""Steps of orders are told once, none is left behind, and they start runs."""

import pytest

from opsdesk.app.benefit_steps import tell_some, tell_steps
from opsdesk.benefits import relay
from opsdesk.benefits.model import Status
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from opsdesk.kit.fences import Fence
from tests.benefits.making import an_order, booked
from tests.benefits.making import redeemed as redeem
from tests.flows.triggers.documents import put_in_use, runs_of
from tests.points.moving import NOW, granted

BOOKED = """
osop_version: "2.0"
id: booked
name: Booked
inputs:
  order: {type: string}
triggers:
  - type: event
    config: {event: benefit.booked, inputs: {order: "${event.data.order_id}"}}
nodes:
  - {id: greet, type: human, purpose: p, role: concierge, inputs: [order]}
edges: []
"""


async def fenced(bank: Database) -> Fence:
    async with bank.connection() as conn:
        return await relay.fence(conn)


async def told(bank: Database, fence: Fence | None = None) -> list[Status] | None:
    fence = fence or await fenced(bank)
    async with bank.transaction() as conn:
        steps = await relay.take_steps(conn, fence)
    return None if steps is None else [step.status for step in steps]


async def test_each_step_is_told_once_and_in_its_order(bank: Database) -> None:
    order = await an_order(bank)
    await booked(bank, order)
    assert await told(bank) == [Status.UNBOOKED, Status.BOOKED]
    assert await told(bank) == []


async def test_a_step_that_commits_late_is_not_left_behind_by_one_with_a_higher_id(bank: Database) -> None:
    first, second = await an_order(bank), await an_order(bank)
    await told(bank)
    async with bank.transaction() as slow:
        await slow.execute(b"select from benefit_order where order_id = %s for no key update", (first.order_id,))
        await slow.execute(
            b"insert into benefit_event (order_id, was, status, effective_at, recorded_at, actor)"
            b" values (%s, 100, 200, %s, %s, 'slow')",
            (first.order_id, NOW, NOW),
        )
        await slow.execute(
            b"update benefit_order set status = 200, booked_at = %s where order_id = %s", (NOW, first.order_id)
        )
        await booked(bank, second)
        fence = await fenced(bank)
        assert await told(bank, fence) is None
    assert await told(bank, fence) == [Status.BOOKED, Status.BOOKED]


async def test_who_began_to_write_after_the_fence_is_not_waited_for(bank: Database) -> None:
    order = await an_order(bank)
    fence = await fenced(bank)
    async with bank.transaction() as slow:
        await slow.execute(b"select from benefit_order where order_id = %s for no key update", (order.order_id,))
        assert await told(bank, fence) == [Status.UNBOOKED]


async def test_what_fails_on_the_way_is_told_again(bank: Database) -> None:
    await an_order(bank)
    fence = await fenced(bank)
    with pytest.raises(RuntimeError):
        async with bank.transaction() as conn:
            assert await relay.take_steps(conn, fence)
            raise RuntimeError
    assert await told(bank) == [Status.UNBOOKED]


async def test_two_tellers_do_not_tell_the_same(bank: Database) -> None:
    await an_order(bank)
    fence = await fenced(bank)
    async with bank.transaction() as conn:
        assert len(await relay.take_steps(conn, fence) or []) == 1
        assert await told(bank, fence) is None


async def test_steps_that_no_trigger_wants_are_passed_by(bank: Database) -> None:
    await granted(bank, 100)
    await redeem(bank)
    clock = ManualClock(NOW)
    fence = await fenced(bank)
    assert [await tell_some(bank, fence, clock), await tell_some(bank, fence, clock)] == [1, 0]


async def test_a_step_starts_a_run_of_the_procedure_whose_trigger_names_it(bank: Database) -> None:
    clock = ManualClock(NOW)
    await put_in_use(bank, clock, "event", BOOKED, "booked")
    order = await an_order(bank)
    await booked(bank, order)
    for _ in range(2):
        await tell_steps(clock)(bank, {})
    assert await runs_of(bank, "booked") == [("trigger:event:booked/event", {"order": str(order.order_id)})]
