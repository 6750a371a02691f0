"""Triggers are activated with a version, and only a person moves them to another."""

from datetime import timedelta

import pytest

from opsdesk.flows.triggers.deliveries import list_deliveries
from opsdesk.flows.triggers.errors import (
    TriggerNotDeclared,
    TriggerNotFound,
    TriggerStateWrong,
    TriggerUnfit,
    WebhookPathTaken,
)
from opsdesk.flows.triggers.standing import (
    Standing,
    TriggerFilter,
    TriggerState,
    activate,
    deactivate,
    list_triggers,
    move,
    next_fires,
    pause,
    show_trigger,
)
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection
from opsdesk.kit.secrets import SecretMissing
from tests.actors import actor
from tests.flows.triggers.documents import ORDERS, secret, store

NEWER = ORDERS + "x-note: another version\n"


async def put(conn: Connection, clock: ManualClock, name: str, *, digest: str | None = None) -> Standing:
    return await activate(
        conn, procedure_id="orders", name=name, digest=digest, secret=secret, actor=actor(), now=clock.now()
    )


async def moved(conn: Connection, clock: ManualClock, name: str, digest: str | None = None) -> Standing:
    return await move(
        conn, procedure_id="orders", name=name, digest=digest, secret=secret, actor=actor(), now=clock.now()
    )


async def test_a_stored_version_makes_its_triggers_known_and_starts_nothing(
    conn: Connection, clock: ManualClock
) -> None:
    await store(conn, clock)
    found = (await list_triggers(conn, only=TriggerFilter(procedure_id="orders"))).items
    assert [(each.name, each.state, each.digest, each.due_at) for each in found] == [
        ("cron", "inactive", None, None),
        ("event", "inactive", None, None),
        ("webhook", "inactive", None, None),
    ]


@pytest.mark.req("FLO-306")
async def test_a_new_version_never_moves_a_trigger(conn: Connection, clock: ManualClock) -> None:
    old = await store(conn, clock)
    await put(conn, clock, "event")
    new = await store(conn, clock, NEWER)
    found = await show_trigger(conn, "orders", "event")
    assert (found.digest, found.newest, found.is_behind) == (old, new, True)
    found = await moved(conn, clock, "event")
    assert (found.digest, found.is_behind, found.state) == (new, False, TriggerState.ACTIVE)
    found = await moved(conn, clock, "event", old[:8])
    assert found.digest == old


async def test_a_trigger_is_activated_with_the_version_that_is_named(conn: Connection, clock: ManualClock) -> None:
    old = await store(conn, clock)
    await store(conn, clock, NEWER)
    assert (await put(conn, clock, "event", digest=old)).digest == old
    # Again is nothing new, and another version is for `move`.
    assert (await put(conn, clock, "event", digest=old)).digest == old
    with pytest.raises(TriggerStateWrong):
        await put(conn, clock, "event", digest=(await show_trigger(conn, "orders", "event")).newest)


async def test_a_paused_trigger_keeps_its_version_and_is_activated_with_it_again(
    conn: Connection, clock: ManualClock
) -> None:
    old = await store(conn, clock)
    await put(conn, clock, "cron")
    paused = await pause(conn, procedure_id="orders", name="cron", actor=actor(), now=clock.now())
    assert (paused.state, paused.digest, paused.due_at) == (TriggerState.PAUSED, old, None)
    await store(conn, clock, NEWER)
    clock.advance(seconds=3 * 86_400)
    again = await put(conn, clock, "cron")
    assert (again.state, again.digest) == (TriggerState.ACTIVE, old)
    # What went by meanwhile is not made up for.
    assert again.due_at is not None
    assert again.due_at > clock.now()


async def test_a_paused_trigger_that_is_moved_stays_paused(conn: Connection, clock: ManualClock) -> None:
    await store(conn, clock)
    await put(conn, clock, "cron")
    await pause(conn, procedure_id="orders", name="cron", actor=actor(), now=clock.now())
    new = await store(conn, clock, NEWER)
    found = await moved(conn, clock, "cron")
    assert (found.state, found.digest, found.due_at) == (TriggerState.PAUSED, new, None)


@pytest.mark.req("FLO-306")
async def test_two_triggers_with_one_webhook_path_are_refused_naming_the_other(
    conn: Connection, clock: ManualClock
) -> None:
    await store(conn, clock)
    await put(conn, clock, "webhook")
    await store(conn, clock, ORDERS.replace("id: orders", "id: returns"))
    with pytest.raises(WebhookPathTaken) as refused:
        await activate(conn, procedure_id="returns", name="webhook", secret=secret, actor=actor(), now=clock.now())
    assert refused.value.detail == {"path": "orders/new", "procedure": "orders", "trigger": "webhook"}
    await deactivate(conn, procedure_id="orders", name="webhook", actor=actor(), now=clock.now())
    taken = await activate(conn, procedure_id="returns", name="webhook", secret=secret, actor=actor(), now=clock.now())
    assert taken.state is TriggerState.ACTIVE


async def test_a_trigger_without_its_secret_is_not_activated(conn: Connection, clock: ManualClock) -> None:
    await store(conn, clock, ORDERS.replace("SHOP", "NOBODYS"))
    with pytest.raises(TriggerUnfit) as refused:
        await put(conn, clock, "webhook")
    assert refused.value.problems == ["the secret NOBODYS is not set"]
    with pytest.raises(SecretMissing):
        secret("NOBODYS")


async def test_a_trigger_that_the_version_does_not_declare_is_not_moved_there(
    conn: Connection, clock: ManualClock
) -> None:
    await store(conn, clock)
    await put(conn, clock, "event")
    without = ORDERS[: ORDERS.index("  - type: event")] + ORDERS[ORDERS.index("nodes:") :]
    await store(conn, clock, without)
    with pytest.raises(TriggerNotDeclared):
        await moved(conn, clock, "event")
    assert (await show_trigger(conn, "orders", "event")).state is TriggerState.ACTIVE


async def test_what_is_not_there_or_not_so_is_refused(conn: Connection, clock: ManualClock) -> None:
    await store(conn, clock)
    about = {"procedure_id": "orders", "name": "cron", "actor": actor(), "now": clock.now()}
    for refused in (pause, deactivate):
        with pytest.raises(TriggerStateWrong):
            await refused(conn, **about)  # type: ignore[arg-type]  # the same names for both
    with pytest.raises(TriggerStateWrong):
        await moved(conn, clock, "cron")
    with pytest.raises(TriggerNotFound):
        await put(conn, clock, "nothing")
    found = await show_trigger(conn, "orders", "cron")
    assert (await list_deliveries(conn, found)).items == []


async def test_the_next_times_are_told_of_a_trigger_that_is_not_active_too(
    conn: Connection, clock: ManualClock
) -> None:
    await store(conn, clock)
    found = await show_trigger(conn, "orders", "cron")
    fires = next_fires(found, now=clock.now(), count=2)
    assert fires[1] - fires[0] == timedelta(days=1)
    assert next_fires(await show_trigger(conn, "orders", "event"), now=clock.now(), count=2) == []


async def test_triggers_are_filtered_and_paged(conn: Connection, clock: ManualClock) -> None:
    await store(conn, clock)
    await put(conn, clock, "event")
    first = await list_triggers(conn, limit=2)
    rest = await list_triggers(conn, limit=2, cursor=first.next)
    assert [each.name for each in (*first.items, *rest.items)] == ["cron", "event", "webhook"]
    active = await list_triggers(conn, only=TriggerFilter(state=TriggerState.ACTIVE))
    assert [each.name for each in active.items] == ["event"]
