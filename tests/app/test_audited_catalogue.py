"""Every change that is made to benefits, over HTTP and on pages, is in the audit chain."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdesk.kit.clock import ManualClock
from tests.app.serving import Api, serving
from tests.app.test_audited_pages import WRITES, browser_of
from tests.app.test_audited_routes import AuditedApi, audited, expected, first_writes

PROVIDER = {"name_zh": "机场贵宾厅", "name_en": "Airport lounges"}
SERVICE = {"provider": "airport", "name_zh": "贵宾厅", "name_en": "Lounge", "points": 100, "settle_fen": 15_000}


@pytest.fixture
async def audited_api(database_url: str, tmp_path: Path) -> AsyncIterator[AuditedApi]:
    async with audited(database_url, tmp_path) as api:
        yield api


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        yield api


async def test_what_is_changed_in_the_catalogue_over_http_is_recorded_once(audited_api: AuditedApi) -> None:
    key = await audited_api.key(name="keeper")
    for _ in range(2):
        await audited_api.call("PUT", "/v1/benefit-providers/airport", key=key, json=PROVIDER)
        await audited_api.call("PUT", "/v1/benefit-services/lounge", key=key, json=SERVICE)
    catalogue = ("/v1/benefit-providers", "/v1/benefit-services")
    assert first_writes(audited_api) == expected(*catalogue)
    assert [again for _, again in audited_api.wrote.values()] == [[], []], "what is so already is not recorded"


async def test_what_is_changed_in_the_catalogue_on_pages_is_recorded(api: Api) -> None:
    operator = await browser_of(api, "rewards_operator")
    added = await operator.wrote("/benefits/new-provider", provider="airport", **PROVIDER)
    assert added == WRITES["/benefits/new-provider"]
    renamed = await operator.wrote("/benefits/providers/airport", **PROVIDER | {"name_en": "Lounges"})
    assert renamed == WRITES["/benefits/providers/{provider}"]
    closed = await operator.wrote("/benefits/providers/airport/offer", op="close")
    assert closed == WRITES["/benefits/providers/{provider}/offer"]
    form = {"name_zh": "贵宾厅", "name_en": "Lounge", "points": "100", "settle_fen": "150"}
    offered = await operator.wrote("/benefits/new-service", service="lounge", provider="airport", **form)
    assert offered == WRITES["/benefits/new-service"]
    changed = await operator.wrote("/benefits/services/lounge", **form | {"points": "120"})
    assert changed == WRITES["/benefits/services/{service}"]
    off = await operator.wrote("/benefits/services/lounge/offer", op="close")
    assert off == WRITES["/benefits/services/{service}/offer"]
