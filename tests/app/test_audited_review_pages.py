"""Every change that reviewers make on the pages of screening tickets is in the audit chain."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from opsdesk.kit.clock import ManualClock
from opsdesk.review.applications import results
from opsdesk.review.screening.sources import Facts
from tests import configured
from tests.app.serving import Api, serving
from tests.app.test_audited_pages import WRITES, browser_of


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        yield api


async def tickets(api: Api, clock: ManualClock) -> list[UUID]:
    """Two without pictures."""
    now = clock.now()
    async with api.installation.database.transaction() as conn:
        await configured.add_reference(conn, now=now)
        found = await configured.add_type(conn, now=now)
        await configured.add_adapt(conn, found, now=now)
        bare = Facts(request={"customer": {"full_name": "王小明"}})
        return [
            await configured.add_ticket(conn, found, now=now, flow_no=flow_no, facts=bare) for flow_no in ("F-1", "F-2")
        ]


async def test_what_reviewers_do_on_pages_is_recorded(api: Api, clock: ManualClock) -> None:
    first, second = await tickets(api, clock)
    reviewer = await browser_of(api, "reviewer")
    assert await reviewer.wrote("/review/kyc/next") == WRITES["/review/{bucket}/next"]
    skipped = await reviewer.wrote(f"/tickets/{first}/skip", reason="看不清")
    assert skipped == [*WRITES["/tickets/{ticket_id}/skip"], "ticket.claim"], "and the next one is theirs"
    judged = await reviewer.wrote(f"/tickets/{second}/verdict", verdict="pass", key="1")
    assert judged == WRITES["/tickets/{ticket_id}/verdict"]
    async with api.installation.database.transaction() as conn:
        result = await results.lock_result(conn, ticket_id=second)
        assert result is not None
        await results.settle(conn, replace(result, state=results.DeliveryState.GIVEN_UP, next_at=None))
    risk = await browser_of(api, "risk_operator")
    assert await risk.wrote(f"/tickets/{second}/result/send") == WRITES["/tickets/{ticket_id}/result/send"]
