"""The procedure that settles months: its trigger fires on the 3rd, its run closes the month and issues the files."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from opsdesk import flows
from opsdesk.benefits.settlement.files import list_files
from opsdesk.kit.clock import ManualClock
from tests.app.serving import Api, serving, until, working_for
from tests.benefits.making import furnish

PROCEDURE = Path(__file__).parents[2] / "procedures/benefits/settlement.osop.yaml"
SECOND = datetime.fromisoformat("2026-01-02T12:00:00+08:00")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SECOND)


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        async with api.installation.database.transaction() as conn:
            await furnish(conn)
        yield api


@pytest.mark.req("PTS-701", "PTS-706")
async def test_on_the_third_at_one_a_run_closes_the_month_and_issues_the_files(
    api: Api, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await api.key()
    monkeypatch.setenv("OPSDESK_SECRET_SETTLEMENT_API_URL", api.url)
    monkeypatch.setenv("OPSDESK_SECRET_SETTLEMENT_API_KEY", await api.key("benefits:write", name="scheduler"))
    await api.store(PROCEDURE.read_text(encoding="utf-8"), key=key)
    activated = await api.post("/v1/triggers/benefit-settlement/cron/activations", {}, key=key)
    assert activated.status < 300, activated.body
    database = api.installation.database
    clock.advance(seconds=13 * 3600 - 1)
    assert await flows.triggering.fire_due(database, clock=clock) == 0
    clock.advance(seconds=1)
    assert await flows.triggering.fire_due(database, clock=clock) == 1

    async def ended() -> bool:
        [run] = (await api.get("/v1/runs", key=key)).body["items"]
        return bool(run["status"] == "completed")

    async with working_for(api.installation):
        await until(ended)
    async with database.connection() as conn:
        issued = [each.name for each in (await list_files(conn, size=10)).items]
    assert issued == ["airport-202512.txt.gz", "clinic-202512.txt.gz"]
