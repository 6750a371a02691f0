"""Triggers and webhooks over HTTP: what is described is what is answered, and what is answered is right."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from opsdesk.flows.triggers.webhooks import BODY_BYTES_MAX
from opsdesk.kit.clock import ManualClock
from tests.app.described import DescribedApi, described
from tests.app.triggered import NEWER, ORDERS, SECRET_NAME, SECRET_TEXT, signed

ONE = "/v1/triggers/orders"
BODY = b'{"order": "A-1", "email": "li@example.com"}'


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"OPSDESK_SECRET_{SECRET_NAME}", SECRET_TEXT)


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[DescribedApi]:
    async with described(database_url, tmp_path, clock) as api:
        yield api


@pytest.fixture
async def key(api: DescribedApi) -> str:
    key = await api.key(name="engineer")
    await api.store(ORDERS, key=key)
    return key


async def deliver(api: DescribedApi, clock: ManualClock, body: bytes = BODY, **more: str) -> Any:
    return await api.call("POST", "/v1/webhooks/orders", data=body, headers=signed(body, at=clock.now(), **more))


@pytest.mark.req("FLO-306")
async def test_triggers_answer_as_they_are_described(api: DescribedApi, key: str, clock: ManualClock) -> None:
    listed = await api.get("/v1/triggers?procedure=orders&state=inactive&limit=2", key=key)
    assert [each["name"] for each in listed.body["items"]] == ["cron", "event"]
    assert listed.body["next"]
    for name in ("cron", "event", "webhook"):
        made = await api.post(f"{ONE}/{name}/activations", {}, key=key)
        assert (made.status, made.body["state"]) == (201, "active")
    assert len((await api.get(f"{ONE}/cron/fires?count=3", key=key)).body["items"]) == 3
    fired = await api.post(f"{ONE}/event/firings", {"data": {"order": "A-1"}}, key=key, once="1")
    assert (fired.body["state"], fired.status) == ("started", 201)
    assert (await api.post(f"{ONE}/event/firings", {"data": {"order": "A-1"}}, key=key, once="1")).body == fired.body
    refused = await api.post(f"{ONE}/event/firings", {"data": {}}, key=key)
    assert refused.body["reason"] == "order: event.data.order is missing"
    await api.store(NEWER.replace("${event.data.order}", "always"), key=key)
    moved = await api.post(f"{ONE}/event/moves", {}, key=key)
    assert moved.body["digest"] == moved.body["newest"]
    retried = await api.post(f"{ONE}/event/deliveries/{refused.body['id']}/retries", {}, key=key)
    assert retried.body["state"] == "started"
    page = await api.get(f"{ONE}/event/deliveries?state=started&limit=1", key=key)
    assert page.body["next"]
    assert (await api.post(f"{ONE}/event/pauses", {}, key=key)).body["state"] == "paused"
    assert (await api.call("DELETE", f"{ONE}/event/activations", key=key)).body["digest"] is None
    assert (await api.get(f"{ONE}/event", key=key)).body["state"] == "inactive"
    assert (await deliver(api, clock)).body == {"accepted": True}
    answered = {name for name, status in api.description.seen if status < 300}
    wanted = [name for name in api.description.operations if name.split()[1].startswith(("/v1/triggers", "/v1/web"))]
    assert [name for name in wanted if name not in answered] == []


@pytest.mark.req("FLO-306")
async def test_an_event_over_http_starts_a_run_and_tells_which(api: DescribedApi, key: str) -> None:
    await api.post(f"{ONE}/event/activations", {}, key=key)
    told = await api.post("/v1/events", {"name": "order.paid", "data": {"order": "A-1"}}, key=key, once="1")
    assert (told.status, len(told.body["started"]), told.body["runs"]) == (202, 1, [])
    run = (await api.get(f"/v1/runs/{told.body['started'][0]}", key=key)).body
    assert run["started_by"] == "trigger:event:orders/event"
    unfit = await api.post("/v1/events", {"name": "order.paid"}, key=key)
    assert unfit.body["refused"] == ["order: event.data.order is missing"]


REFUSED: list[tuple[str, str, dict[str, Any], int]] = [
    ("GET", "/v1/triggers?kind=none", {}, 422),
    ("GET", "/v1/triggers?state=none", {}, 422),
    ("GET", "/v1/triggers?cursor=x", {}, 422),
    ("GET", "/v1/triggers?limit=0", {}, 422),
    ("GET", f"{ONE}/cron/fires?count=0", {}, 422),
    ("GET", f"{ONE}/cron/fires?count=101", {}, 422),
    ("GET", f"{ONE}/cron/deliveries?cursor=x", {}, 422),
    ("POST", f"{ONE}/none/activations", {"json": {}}, 404),
    ("POST", "/v1/triggers/none/cron/activations", {"json": {}}, 404),
    ("POST", f"{ONE}/cron/activations", {"json": {"digest": "x"}}, 422),
    ("POST", f"{ONE}/cron/activations", {"json": {"digest": "0" * 64}}, 404),
    ("POST", f"{ONE}/cron/moves", {"json": {}}, 409),
    ("POST", f"{ONE}/cron/pauses", {"json": {}}, 409),
    ("DELETE", f"{ONE}/cron/activations", {}, 409),
    ("POST", f"{ONE}/cron/firings", {"json": {}}, 409),
    ("POST", f"{ONE}/cron/deliveries/1/retries", {"json": {}}, 409),
    ("POST", f"{ONE}/cron/deliveries/0/retries", {"json": {}}, 422),
    ("POST", "/v1/webhooks/none", {}, 401),
    ("POST", "/v1/webhooks/orders", {"data": b"{}"}, 401),
    ("POST", "/v1/webhooks/orders", {"data": bytes(BODY_BYTES_MAX + 1)}, 413),
]


@pytest.mark.parametrize(("method", "path", "sent", "status"), REFUSED)
async def test_what_is_refused_of_triggers_is_refused_as_it_is_described(
    api: DescribedApi, key: str, method: str, path: str, sent: dict[str, Any], status: int
) -> None:
    assert (await api.call(method, path, key=key, **sent)).status == status


@pytest.mark.req("FLO-306")
async def test_a_stranger_learns_nothing_from_the_answer_to_a_webhook(
    api: DescribedApi, key: str, clock: ManualClock
) -> None:
    await api.post(f"{ONE}/webhook/activations", {}, key=key)
    good = dict(signed(BODY, at=clock.now()))
    stale = signed(BODY, at=clock.now() - timedelta(seconds=301))
    answers = [
        await api.call("POST", "/v1/webhooks/none", data=BODY, headers=good),
        await api.call("POST", "/v1/webhooks/orders", data=BODY, headers={**good, "webhook-signature": "v1,AAAA"}),
        await api.call("POST", "/v1/webhooks/orders", data=BODY + b" ", headers=good),
        await api.call("POST", "/v1/webhooks/orders", data=BODY),
        await api.call("POST", "/v1/webhooks/orders", data=BODY, headers=stale),
    ]
    assert {(answer.status, str(answer.body)) for answer in answers} == {(401, str(answers[0].body))}
    assert answers[0].body["error"]["detail"] == {}


async def test_a_webhook_that_comes_again_is_answered_as_before(
    api: DescribedApi, key: str, clock: ManualClock
) -> None:
    await api.post(f"{ONE}/webhook/activations", {}, key=key)
    assert [(await deliver(api, clock)).status for _ in range(2)] == [202, 202]
    assert len((await api.get("/v1/runs?procedure=orders", key=key)).body["items"]) == 1
    assert (await deliver(api, clock, b'{"order": "A-2"}')).code == "KeyReused"
    await api.post(f"{ONE}/webhook/pauses", {}, key=key)
    paused = await deliver(api, clock, delivery="msg-2")
    assert (paused.code, paused.status, paused.body["error"]["retry"]) == ("WebhookPaused", 503, True)


async def test_personal_values_of_a_delivery_are_shown_to_few(api: DescribedApi, key: str, clock: ManualClock) -> None:
    await api.post(f"{ONE}/webhook/activations", {}, key=key)
    await deliver(api, clock)
    reader = await api.key("runs:read", name="reader")
    seen = [(await api.get(f"{ONE}/webhook/deliveries", key=each)).body["items"] for each in (key, reader)]
    assert [item[0]["content"]["body"]["email"] for item in seen] == ["li@example.com", "l***@e***.com"]


async def test_a_trigger_is_activated_by_who_writes_procedures_only(api: DescribedApi, key: str) -> None:
    reader = await api.key("procedures:read", "runs:write", name="reader")
    refused = await api.post(f"{ONE}/cron/activations", {}, key=reader)
    assert (refused.code, refused.body["error"]["detail"]["scope"]) == ("ScopeMissing", "procedures:write")
