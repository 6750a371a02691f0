"""Events that start runs, beside those that runs wait for."""

from typing import Any

import pytest

from opsdesk.flows.errors import KeyReused, NobodyWaits
from opsdesk.flows.triggers.deliveries import DeliveryState
from opsdesk.flows.triggers.telling import Told, tell_event
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from tests.actors import actor
from tests.flows.triggers.documents import ORDERS, put_in_use, runs_of
from tests.flows.workers import HEAD, World, start, until, working

PAID = {"order": "A-1", "amount": 12}
WAITING = f"""{HEAD}
nodes:
  - {{id: first, type: api, purpose: p, runtime: {{url: "https://a.test"}}, inputs: [order], outputs: [x]}}
  - {{id: second, type: api, purpose: p, runtime: {{url: "https://a.test"}}}}
edges:
  - {{from: first, to: second, mode: event, when: "event.name == 'order.paid'"}}
x-subject: [order]
"""


async def tell(db: Database, clock: ManualClock, name: str = "order.paid", **more: Any) -> Told:
    data = more.pop("data", PAID)
    async with db.transaction() as conn:
        return await tell_event(conn, name=name, data=data, actor=actor("shop"), now=clock.now(), **more)


@pytest.mark.req("FLO-306")
async def test_an_event_starts_a_run_by_its_name_and_condition(db: Database, clock: ManualClock) -> None:
    await put_in_use(db, clock, "event")
    told = await tell(db, clock)
    assert [each.state for each in told.deliveries] == [DeliveryState.STARTED]
    assert await runs_of(db) == [("trigger:event:orders/event", {"order": "A-1", "amount": 12})]


@pytest.mark.req("FLO-306")
async def test_an_event_of_another_name_or_that_the_condition_does_not_mean_starts_nothing(
    db: Database, clock: ManualClock
) -> None:
    await put_in_use(db, clock, "event")
    for name, data in (("order.lost", PAID), ("order.paid", {"order": "A-1", "amount": 10})):
        with pytest.raises(NobodyWaits):
            await tell(db, clock, name, data=data)
    assert await runs_of(db) == []


async def test_a_filter_compares_fields_of_the_event(db: Database, clock: ManualClock) -> None:
    text = ORDERS.replace("when: event.data.amount > 10", "filter: {shop: north, urgent: true}")
    await put_in_use(db, clock, "event", text)
    for shop in ({}, {"shop": "north"}, {"shop": "south", "urgent": True}, {"shop": "north", "urgent": 1}):
        with pytest.raises(NobodyWaits):
            await tell(db, clock, data={**PAID, **shop})
    told = await tell(db, clock, data={**PAID, "shop": "north", "urgent": True})
    assert len(told.deliveries) == 1


async def test_the_same_event_key_starts_one_run(db: Database, clock: ManualClock) -> None:
    await put_in_use(db, clock, "event")
    first, second = await tell(db, clock, key="k"), await tell(db, clock, key="k")
    assert first.deliveries == second.deliveries
    assert len(await runs_of(db)) == 1
    with pytest.raises(KeyReused):
        await tell(db, clock, key="k", data={**PAID, "amount": 13})


async def test_an_event_that_does_not_fit_is_kept_with_its_reason(db: Database, clock: ManualClock) -> None:
    await put_in_use(db, clock, "event")
    for data, reason in (
        ({"amount": 12}, "order: event.data.order is missing"),
        ({}, "the condition cannot be decided: a field is missing"),
    ):
        [delivery] = (await tell(db, clock, data=data)).deliveries
        assert (delivery.state, delivery.reason) == (DeliveryState.REFUSED, reason)


@pytest.mark.req("FLO-306")
async def test_an_event_nobody_waits_for_is_refused_and_not_kept(db: Database, clock: ManualClock) -> None:
    with pytest.raises(NobodyWaits):
        await tell(db, clock)
    with pytest.raises(NobodyWaits):
        await tell(db, clock, subject="A-1")


async def test_an_event_about_somebody_is_told_to_waiting_runs_and_to_triggers(
    db: Database, clock: ManualClock
) -> None:
    await put_in_use(db, clock, "event")
    run_id = await start(db, clock, WAITING, {"order": "A-1"})
    async with working(db, World(), clock):
        await until(db, run_id, lambda run: run.status == "waiting")
        told = await tell(db, clock, subject="A-1")
    assert list(told.runs) == [run_id]
    assert len(told.deliveries) == 1


async def test_an_event_for_one_run_starts_no_other(db: Database, clock: ManualClock) -> None:
    await put_in_use(db, clock, "event")
    run_id = await start(db, clock, WAITING, {"order": "A-1"})
    async with working(db, World(), clock):
        await until(db, run_id, lambda run: run.status == "waiting")
        told = await tell(db, clock, run_id=run_id)
    assert (list(told.runs), told.deliveries) == ([run_id], [])
