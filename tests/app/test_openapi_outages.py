"""Outages over HTTP answer as they are described."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdesk.kit.clock import SystemClock
from tests.app.described import DescribedApi, described

NOTHING = "0190a0b0-0000-7000-8000-000000000001"
HELD = {"endpoint": "https://Partner.example.com", "reason": "they work on it"}


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[DescribedApi]:
    async with described(database_url, tmp_path, SystemClock()) as api:
        yield api


@pytest.mark.req("FLO-312")
async def test_an_endpoint_is_held_and_released_over_http(api: DescribedApi) -> None:
    key, watcher = await api.key("runs:write", name="operator"), await api.key("operations:read", name="watcher")
    assert (await api.get("/v1/outages", key=watcher)).body == {"items": []}
    held = (await api.post("/v1/outages", HELD, key=key)).body
    assert (held["endpoint"], held["state"]) == ("https://partner.example.com:443", "held")
    assert (held["held_by"], held["held_because"]) == ("key:operator", "they work on it")
    assert (await api.post("/v1/outages", HELD, key=key)).body["id"] == held["id"]
    assert (await api.get("/v1/outages", key=watcher)).body["items"][0]["id"] == held["id"]
    path = f"/v1/outages/{held['id']}"
    assert (await api.get(path, key=watcher)).body["waiting_runs"] == 0
    released = await api.post(f"{path}/releases", {"reason": "they are back"}, key=key)
    assert (released.status, released.body["state"], released.body["held_by"]) == (202, "releasing", None)
    answered = {name for name, status in api.description.seen if status < 300}
    wanted = [name for name in api.description.operations if name.split()[1].startswith("/v1/outages")]
    assert [name for name in wanted if name not in answered] == []


@pytest.mark.parametrize(
    "endpoint",
    ["partner.example.com", "ftp://partner.example.com", "https://a.example.com/path", "https://u:p@a.example.com", ""],
)
async def test_what_is_no_endpoint_is_refused_as_it_is_described(api: DescribedApi, endpoint: str) -> None:
    key = await api.key("runs:write", name="operator")
    refused = await api.post("/v1/outages", {**HELD, "endpoint": endpoint}, key=key)
    assert (refused.status, refused.code) == (422, "EndpointUnreadable")


async def test_an_outage_that_is_not_known_is_not_released(api: DescribedApi) -> None:
    key = await api.key("runs:write", name="operator")
    refused = await api.post(f"/v1/outages/{NOTHING}/releases", {"reason": "r"}, key=key)
    assert (refused.status, refused.code) == (404, "OutageNotFound")
