"""Every change about triggers is in the audit chain, whoever or whatever made it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdesk import access, flows
from opsdesk.kit.clock import ManualClock
from tests.app.serving import Api
from tests.app.test_audited_routes import AuditedApi, audited, expected, first_writes
from tests.app.triggered import NEWER, ORDERS, SECRET_NAME, SECRET_TEXT, signed

ONE = "/v1/triggers/orders"


@pytest.fixture
async def api(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AuditedApi]:
    monkeypatch.setenv(f"OPSDESK_SECRET_{SECRET_NAME}", SECRET_TEXT)
    async with audited(database_url, tmp_path) as api:
        yield api


@pytest.mark.req("FLO-306")
async def test_each_change_about_triggers_writes_exactly_the_entries_that_it_should(api: AuditedApi) -> None:
    key = await api.key(name="engineer")
    await api.store(ORDERS, key=key)
    for name in ("event", "webhook"):
        await api.post(f"{ONE}/{name}/activations", {}, key=key)
    await api.post(f"{ONE}/event/firings", {"data": {"order": "A-1"}}, key=key)
    refused = await api.post(f"{ONE}/event/firings", {}, key=key)
    await api.store(NEWER.replace("${event.data.order}", "always"), key=key)
    await api.post(f"{ONE}/event/moves", {}, key=key)
    await api.post(f"{ONE}/event/deliveries/{refused.body['id']}/retries", {}, key=key)
    await api.post(f"{ONE}/event/pauses", {}, key=key)
    await api.call("DELETE", f"{ONE}/event/activations", key=key)
    body = b'{"order": "A-1"}'
    headers = signed(body, at=api.installation.clock.now())
    for _ in range(2):
        await api.call("POST", "/v1/webhooks/orders", data=body, headers=headers)
    about = {name: actions for name, actions in first_writes(api).items() if name != "POST /v1/procedures"}
    assert about == expected("/v1/triggers", "/v1/webhooks")
    assert api.wrote["POST /v1/webhooks/{path}"][1] == []


async def entries(api: Api, actor: str) -> list[str]:
    async with api.installation.database.connection() as conn:
        page = await access.audit.list_entries(conn, access.audit.EntryFilter(actor=actor))
    return [entry.action for entry in page.items]


async def test_what_the_clock_starts_is_written_too(api: AuditedApi) -> None:
    key = await api.key(name="engineer")
    await api.store(ORDERS, key=key)
    await api.post(f"{ONE}/cron/activations", {}, key=key)
    later = ManualClock(api.installation.clock.now())
    later.advance(seconds=86_400)
    assert await flows.triggering.fire_due(api.installation.database, clock=later) == 1
    assert await entries(api, "system:clock") == ["trigger.deliver"]
    assert await entries(api, "trigger:cron:orders/cron") == ["run.start"]
