"""The page of what runs over benefits by itself."""

from pathlib import Path
from typing import Any

import pytest

from opsdesk.access import system_actor
from opsdesk.benefits.job_runs import run_expiry
from opsdesk.kit.clock import ManualClock
from tests.app.console.visiting import visit
from tests.app.serving import serving
from tests.benefits.making import an_order, furnish
from tests.points.moving import NOW, days

PATH = "/benefits/jobs"


@pytest.mark.req("PTS-602")
async def test_the_page_shows_how_far_expiry_is_and_what_ran(database_url: str, tmp_path: Path) -> None:
    async with serving(database_url, tmp_path, ManualClock(NOW + days(90))) as api:
        db = api.installation.database
        auditor = await visit(api, "auditor")
        assert "Nothing ran yet" in (await auditor.get(PATH)).text
        async with db.transaction() as conn:
            await furnish(conn)
        for _ in range(3):
            await an_order(db)
        once: dict[str, Any] = {
            "actor": system_actor("scheduler"),
            "now": api.installation.clock.now(),
            "batch_orders": 1,
        }
        await run_expiry(db, key="1", batches=2, **once)
        half = (await auditor.get(PATH)).text
        assert "1 orders due now" in half
        assert "under way orders that nobody booked in time" in half
        assert "2 / 3 200 0" in half
        await run_expiry(db, key="2", **once)
        done = (await auditor.get(PATH, **{"HX-Request": "true"})).text
        assert "0 orders due now" in done
        assert "nothing left orders that nobody booked in time" in done
        assert "3 / 3 300 0" in done
        support = await visit(api, "support_agent")
        assert (await support.get(PATH)).status == 200
        engineer = await visit(api, "operations_engineer")
        assert (await engineer.get(PATH)).status == 403
