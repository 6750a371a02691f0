"""Settlement as a page: months, files with what they hold, a picture, and whether a file is what it was."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdesk.app.console.settlement_chart import chart_of
from opsdesk.benefits.settlement.downloads import give_address
from opsdesk.kit.clock import ManualClock
from tests.actors import actor
from tests.app.console.visiting import visit
from tests.app.serving import Api, serving
from tests.benefits.settlement.settling import THIRD, done, furnish, settled

FILE = "airport-202512.txt.gz"


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, ManualClock(THIRD)) as api:
        yield api


async def test_the_page_says_what_there_will_be(api: Api) -> None:
    page = await (await visit(api, "rewards_operator")).get("/settlement")
    assert "No month was settled yet" in page.text
    assert "No files yet" in page.text
    assert "By provider" not in page.text


async def test_months_files_and_a_picture_are_shown(api: Api) -> None:
    await _settled(api)
    operator = await visit(api, "rewards_operator")
    page = await operator.get("/settlement")
    assert "2025-12 closed" in page.text
    assert f"{FILE} " in page.text
    assert "<title>2025-12 · airport: ¥150</title>" in page.html
    assert FILE not in (await operator.get("/settlement?month=2026-01")).text
    assert FILE in (await operator.get("/settlement?month=nothing")).text


@pytest.mark.req("PTS-706")
async def test_files_that_are_missing_are_said_on_the_page(database_url: str, tmp_path: Path) -> None:
    clock = ManualClock(THIRD)
    clock.advance(seconds=8 * 3600)
    async with serving(database_url, tmp_path, clock) as api:
        await _furnished(api)
        await done(api.installation.database, "2025-12-21 10:00:00")
        page = await (await visit(api, "rewards_operator")).get("/settlement")
    assert "Files are missing" in page.text
    assert "2025-12 · airport" in page.text


async def test_a_file_is_shown_with_who_fetched_it(api: Api) -> None:
    await _settled(api)
    async with api.installation.database.transaction() as conn:
        await give_address(
            conn,
            api.installation.settlement,
            FILE,
            provider="airport",
            actor=actor("partner:airport"),
            client="192.0.2.1",
            now=THIRD,
        )
    page = await (await visit(api, "rewards_operator")).get(f"/settlement/{FILE}")
    assert "address given out partner:airport 192.0.2.1" in page.text


async def test_a_file_is_looked_at_again_on_its_page(api: Api) -> None:
    await _settled(api)
    operator = await visit(api, "rewards_operator")
    assert "The file is good" in (await operator.get(f"/settlement/{FILE}?verify=1")).text
    (api.installation.settings.data_dir / "settlement" / FILE).unlink()
    gone = await operator.get(f"/settlement/{FILE}?verify=1")
    assert "The file is not where it was put." in gone.text


async def test_a_file_that_is_none_is_not_found(api: Api) -> None:
    operator = await visit(api, "rewards_operator")
    assert (await operator.get("/settlement/none")).status == 404


def test_nothing_to_settle_is_no_picture() -> None:
    assert chart_of([], language="en") is None


async def _furnished(api: Api) -> None:
    async with api.installation.database.transaction() as conn:
        await furnish(conn)


async def _settled(api: Api) -> None:
    """With a list of customers from before."""
    await _furnished(api)
    await done(api.installation.database, "2025-12-21 10:00:00")
    await settled(api.installation.database, api.installation.settlement)
