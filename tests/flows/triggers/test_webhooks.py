"""Webhooks: only those that can be trusted start a run, each once; nothing that can is dropped."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from opsdesk.flows.errors import KeyReused
from opsdesk.flows.triggers.deliveries import Delivery, DeliveryState, deliver_again, list_deliveries
from opsdesk.flows.triggers.errors import DeliveryNotRefused, WebhookPaused, WebhookRefused
from opsdesk.flows.triggers.standing import move, pause, show_trigger
from opsdesk.flows.triggers.webhooks import accept_webhook
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from tests.actors import actor
from tests.flows.triggers.documents import ORDERS, SECRETS, put_in_use, runs_of, secret, secret_of, signed, store

PATH = "orders/new"
BODY = b'{"order": "A-1", "total": 1200}'
WHEN = ORDERS.replace("secret_ref: SHOP", "secret_ref: SHOP\n      when: webhook.body.total > 500")


async def send(db: Database, clock: ManualClock, body: bytes = BODY, *, path: str = PATH, **more: Any) -> Delivery:
    secrets = more.pop("secrets", SECRETS)
    headers = more.pop("headers", None) or signed(body, at=more.pop("at", clock.now()), **more)
    async with db.transaction() as conn:
        return await accept_webhook(
            conn, path=path, headers=headers, body=body, secret=secret_of(secrets), now=clock.now()
        )


@pytest.mark.req("FLO-306")
async def test_a_signed_webhook_starts_a_run_with_inputs_from_its_body(db: Database, clock: ManualClock) -> None:
    await put_in_use(db, clock, "webhook")
    delivery = await send(db, clock)
    assert (delivery.state, delivery.key, delivery.reason) == (DeliveryState.STARTED, "msg-1", "")
    assert await runs_of(db) == [("trigger:webhook:orders/webhook", {"order": "A-1", "amount": 12})]


def unsigned(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {**headers, "webhook-signature": ""}


@pytest.mark.req("FLO-306")
@pytest.mark.parametrize(
    "wrong",
    [
        {"path": "orders/old"},
        {"path": "orders/new/"},
        {"key": b"another secret"},
        {"age_s": 301},
        {"age_s": -301},
        {"headers": {}},
    ],
    ids=str,
)
async def test_a_wrong_path_signature_or_time_is_refused_in_the_same_words(
    db: Database, clock: ManualClock, wrong: dict[str, Any]
) -> None:
    await put_in_use(db, clock, "webhook")
    sent: dict[str, Any] = dict(wrong)
    age_s = sent.pop("age_s", 0)
    moment = ManualClock(clock.now())
    moment.advance(seconds=-age_s)
    if "headers" in sent:
        sent["headers"] = {"webhook-id": "msg-1"}
    else:
        sent["at"] = moment.now()
    with pytest.raises(WebhookRefused) as refused:
        await send(db, clock, **sent)
    assert refused.value.body() == WebhookRefused().body()
    assert refused.value.detail == {}
    assert await runs_of(db) == []


async def test_the_edges_of_the_time_window_are_inside(db: Database, clock: ManualClock) -> None:
    await put_in_use(db, clock, "webhook")
    began = clock.now()
    clock.advance(seconds=300)
    assert (await send(db, clock, at=began)).state is DeliveryState.STARTED


@pytest.mark.req("FLO-306")
async def test_a_webhook_that_is_sent_twice_starts_one_run(db: Database, clock: ManualClock) -> None:
    await put_in_use(db, clock, "webhook")
    headers = signed(BODY, at=clock.now())
    both = await asyncio.gather(*(send(db, clock, headers=headers) for _ in range(2)))
    assert both[0] == both[1]
    assert len(await runs_of(db)) == 1


@pytest.mark.req("FLO-306")
async def test_an_attempt_that_is_made_later_is_the_same_delivery(db: Database, clock: ManualClock) -> None:
    await put_in_use(db, clock, "webhook")
    first = await send(db, clock)
    clock.advance(seconds=90)
    assert await send(db, clock) == first
    assert len(await runs_of(db)) == 1


async def test_another_body_under_the_same_id_is_refused(db: Database, clock: ManualClock) -> None:
    await put_in_use(db, clock, "webhook")
    await send(db, clock)
    with pytest.raises(KeyReused):
        await send(db, clock, b'{"order": "A-2", "total": 1200}')
    assert len(await runs_of(db)) == 1


async def test_a_secret_is_changed_without_a_sender_being_refused(db: Database, clock: ManualClock) -> None:
    await put_in_use(db, clock, "webhook")
    both = {"SHOP": "the next secret", "SHOP_PREVIOUS": SECRETS["SHOP"]}
    await send(db, clock, delivery="old", secrets=both)
    await send(db, clock, delivery="new", secrets=both, key=b"the next secret")
    with pytest.raises(WebhookRefused):
        await send(db, clock, delivery="late", secrets={"SHOP": "the next secret"})
    assert len(await runs_of(db)) == 2


async def test_without_its_secret_a_webhook_is_refused_like_a_stranger(db: Database, clock: ManualClock) -> None:
    await put_in_use(db, clock, "webhook")
    with pytest.raises(WebhookRefused):
        await send(db, clock, secrets={}, key=b"no secret of anybody")


async def test_senders_of_a_paused_trigger_are_asked_to_come_again(db: Database, clock: ManualClock) -> None:
    await put_in_use(db, clock, "webhook")
    async with db.transaction() as conn:
        await pause(conn, procedure_id="orders", name="webhook", actor=actor(), now=clock.now())
    with pytest.raises(WebhookPaused) as refused:
        await send(db, clock)
    assert refused.value.retry
    with pytest.raises(WebhookRefused):
        await send(db, clock, key=b"another secret")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"order": "A-1", "total": 50}', "amount breaks minimum: 1"),
        (b'{"order": 7, "total": 1200}', "order is not of type string"),
        (b'{"total": 1200}', "order: webhook.body.order is missing"),
        (b'{"order": "A-1", "total": "much"}', "amount: `/` does not fit"),
        (b"[]", "order: webhook.body.order is missing"),
        (b"order=A-1\0\xff", "the body is not UTF-8"),
        (b"order=A-1", "the body is not JSON at line 1"),
        (b"", "the body is empty"),
    ],
)
@pytest.mark.req("FLO-306")
async def test_a_webhook_that_does_not_fit_is_kept_with_its_reason(
    db: Database, clock: ManualClock, body: bytes, reason: str
) -> None:
    await put_in_use(db, clock, "webhook")
    delivery = await send(db, clock, body)
    assert delivery.state is DeliveryState.REFUSED
    assert delivery.reason.startswith(reason)
    assert await runs_of(db) == []
    async with db.connection() as conn:
        kept = await list_deliveries(conn, await show_trigger(conn, "orders", "webhook"), state=DeliveryState.REFUSED)
    assert [each.delivery_id for each in kept.items] == [delivery.delivery_id]


async def test_a_webhook_that_the_condition_does_not_mean_is_kept_as_passed(db: Database, clock: ManualClock) -> None:
    await put_in_use(db, clock, "webhook", WHEN)
    small = await send(db, clock, b'{"order": "A-1", "total": 100}')
    assert (small.state, small.run_id) == (DeliveryState.PASSED, None)
    undecided = await send(db, clock, b"{}", delivery="msg-2")
    assert undecided.state is DeliveryState.REFUSED
    assert undecided.reason == "the condition cannot be decided: a field is missing"


async def test_a_refused_delivery_is_taken_again_by_the_version_that_can(db: Database, clock: ManualClock) -> None:
    await put_in_use(db, clock, "webhook")
    delivery = await send(db, clock, b'{"order": 7, "total": 1200}')
    about = {"procedure_id": "orders", "name": "webhook", "actor": actor(), "now": clock.now()}
    async with db.transaction() as conn:
        await store(conn, clock, ORDERS.replace("order: {type: string}", "order: {}"))
        moved = await move(conn, secret=secret, **about)  # type: ignore[arg-type]  # the names are right
        again = await deliver_again(conn, moved, delivery.delivery_id, actor=actor(), now=clock.now())
    assert again.state is DeliveryState.STARTED
    assert [inputs for _, inputs in await runs_of(db)] == [{"order": 7, "amount": 12}]
    async with db.transaction() as conn:
        with pytest.raises(DeliveryNotRefused):
            await deliver_again(conn, moved, delivery.delivery_id, actor=actor(), now=clock.now())


async def test_a_condition_over_a_body_that_takes_too_long_is_not_evaluated(db: Database, clock: ManualClock) -> None:
    slow = WHEN.replace("webhook.body.total > 500", "webhook.body.items.all(x, webhook.body.items.size() > x)")
    await put_in_use(db, clock, "webhook", slow)
    delivery = await send(db, clock, json.dumps({"order": "A-1", "total": 600, "items": [1] * 50_000}).encode())
    assert delivery.state is DeliveryState.REFUSED
    assert "too large" in delivery.reason
