"""API keys over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdesk.kit.clock import ManualClock
from tests.app.serving import Api, serving


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        yield api


async def test_a_key_that_was_made_opens_what_its_scopes_say(api: Api) -> None:
    keeper = await api.key("keys:write")
    made = await api.post("/v1/keys", {"name": "bo", "scopes": ["runs:read"]}, key=keeper)
    assert made.status == 201
    assert (await api.get("/v1/runs", key=made.body["key"])).status == 200
    refused = await api.get("/v1/keys", key=made.body["key"])
    assert (refused.status, refused.code) == (403, "ScopeMissing")


async def test_a_revoked_key_opens_nothing(api: Api) -> None:
    keeper = await api.key("keys:write")
    made = (await api.post("/v1/keys", {"name": "bo", "scopes": ["runs:read"]}, key=keeper)).body
    revoked = await api.call("DELETE", f"/v1/keys/{made['id']}", key=keeper)
    assert (revoked.status, revoked.body["revoked_at"]) == (200, "2026-01-05T02:00:00Z")
    assert (await api.get("/v1/runs", key=made["key"])).code == "KeyUnknown"


async def test_a_key_is_shown_once_and_never_listed(api: Api) -> None:
    keeper = await api.key("keys:write")
    made = (await api.post("/v1/keys", {"name": "bo", "scopes": []}, key=keeper)).body
    listed = await api.get("/v1/keys", key=keeper)
    assert {key["name"] for key in listed.body["items"]} == {"anna", "bo"}
    assert made["key"] not in str(listed.body)
    assert made["key"].rpartition("_")[2] not in str(listed.body)


async def test_a_scope_that_is_unknown_is_refused(api: Api) -> None:
    answer = await api.post("/v1/keys", {"name": "bo", "scopes": ["all"]}, key=await api.key("keys:write"))
    assert (answer.status, answer.code) == (422, "KeyRefused")


@pytest.mark.parametrize("header", ["", "Bearer", "Basic YTpi", "Bearer opsdesk_x", "Bearer " + "x" * 5000])
async def test_what_is_no_key_is_refused(api: Api, header: str) -> None:
    answer = await api.get("/v1/runs", headers={"Authorization": header})
    assert answer.status == 401


async def test_a_stranger_costs_no_connection(api: Api) -> None:
    await api.installation.database.close()
    assert (await api.get("/v1/runs")).status == 401
