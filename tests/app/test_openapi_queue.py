"""The queue over HTTP answers as it is described."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdesk.kit.clock import SystemClock
from tests.app.described import DescribedApi, described


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[DescribedApi]:
    async with described(database_url, tmp_path, SystemClock()) as api:
        yield api


@pytest.mark.req("REV-B12")
async def test_the_board_is_told_over_http(api: DescribedApi) -> None:
    key = await api.key("tickets:read", name="watcher")
    board = (await api.get("/v1/queue", key=key)).body
    assert (board["counts"]["open"], board["by_type"], board["by_reviewer"]) == (0, [], [])
    filters = "list=kyc&application=cash_loan&type=1&since=2026-01-05T00:00:00Z"
    assert (await api.get(f"/v1/queue?{filters}", key=key)).body["since"] == "2026-01-05T00:00:00Z"
