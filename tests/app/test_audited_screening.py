"""Every change of the configuration over HTTP is in the audit chain."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests import configured
from tests.app.serving import YAML
from tests.app.test_audited_routes import AuditedApi, audited, expected, first_writes

ONE = "/v1/screening-types/1"
ADAPT = f"{ONE}/adapts/1"
REFERENCE = "/v1/screening-reference"
AT = {"application": "cash_loan", "scene": "activation"}
PROTO = 'syntax = "proto3"; package loan; message Request { string name = 1; }'


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[AuditedApi]:
    async with audited(database_url, tmp_path) as api:
        async with api.installation.database.transaction() as conn:
            await configured.add_reference(conn, now=api.installation.clock.now())
        yield api


async def test_each_change_of_the_configuration_writes_exactly_the_entries_that_it_should(api: AuditedApi) -> None:
    key = await api.key("screening:write", "screening:read", name="risk")
    document = configured.type_document()
    kept = (await api.post("/v1/screening-types", {"name": "x", "document": document}, key=key)).body["document"]
    await api.post(f"{ONE}/impacts", {"document": kept}, key=key)
    edit = {"opened_version": 1, "description": "more", "document": kept}
    for _ in range(2):
        await api.call("PUT", ONE, key=key, json=edit)
        edit["opened_version"] = 2
    await api.post(f"{ONE}/restorations", {"version": 1, "opened_version": 2}, key=key)
    await api.post(f"{ONE}/adapts", {**AT, "document": {"methods": ["face"]}}, key=key)
    await api.call("PUT", ADAPT, key=key, json={"opened_version": 1, "document": {"methods": ["full"]}})
    await api.post(f"{ADAPT}/restorations", {"version": 1, "opened_version": 2}, key=key)
    for _ in range(2):
        await api.post(f"{ADAPT}/pauses", {}, key=key)
    await api.post(f"{ADAPT}/activations", {}, key=key)
    text = (await api.get(f"{ONE}/export", key=key)).body
    changed = text.replace("choice: multiple", "choice: single").replace("- face\n", "- full\n").encode()
    for path in ("import-previews", "imports"):
        await api.call("POST", f"/v1/screening-types/{path}", key=key, data=changed, headers=YAML)
    entries = {
        "applications": {"application": "other"},
        "scenes": {"application": "other", "scene": "s", "bucket": "kyc"},
        "methods": {"application": "other", "scene": "s", "method": "m", "with_screening": True},
        "reject-codes": {"code": "AF-7", "category": "anti-fraud"},
        "fields": {**AT, "fields": [{"path": "a"}]},
    }
    for kind, entry in entries.items():
        await api.call("PUT", f"{REFERENCE}/{kind}", key=key, json=entry)
    sent = {**AT, "message": "loan.Request", "files": {"loan.proto": PROTO}}
    await api.post(f"{REFERENCE}/proto-imports", sent, key=key)
    await api.post(f"{REFERENCE}/applications/imports", [{"application": "third"}], key=key)
    assert first_writes(api) == expected("/v1/screening")
    twice = ("PUT /v1/screening-types/{type_id}", "POST /v1/screening-types/{type_id}/adapts/{adapt_id}/pauses")
    assert [api.wrote[name][1] for name in twice] == [[], []]
