"""The queue board: as a page, over HTTP, at the command line, and for Prometheus."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdesk.app.gauges import Gauges
from opsdesk.benefits.settlement.months import Calendar
from opsdesk.kit.clock import ManualClock
from opsdesk.review.screening.generation import Hit, generate
from opsdesk.review.screening.sources import Facts
from tests.app.console.visiting import visit
from tests.app.serving import Api, serving
from tests.configured import OPERATOR, add_adapt, add_reference, add_type, type_document


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    """With two tickets of one type, due after five minutes."""
    async with serving(database_url, tmp_path, clock) as api:
        async with api.installation.database.transaction() as conn:
            await add_reference(conn, now=clock.now())
            rules = {"due_minutes": 5}
            found = await add_type(conn, now=clock.now(), document=type_document() | {"review": rules})
            await add_adapt(conn, found, now=clock.now())
            for number in range(2):
                hit = Hit(f"F-{number}", "cash_loan", "activation", found.type_id, "U-1")
                await generate(conn, hit, facts=Facts(), actor=OPERATOR, now=clock.now())
        yield api


@pytest.mark.req("REV-B12")
async def test_the_page_tells_what_waits_and_what_is_late(api: Api, clock: ManualClock) -> None:
    reviewer = await visit(api, "reviewer")
    page = await reviewer.get("/queue")
    assert "2 waiting 0 in review 0 awaiting second 0 late" in page.text
    assert "人脸比对 2 0 0 0" in page.text
    assert "现金贷 · 激活环节 2 0 0 0" in page.text
    assert "Nobody has answered a ticket today or holds one." in page.text
    clock.advance(seconds=301)
    live = await reviewer.get("/queue/live?list=kyc")
    assert "人脸比对 2 0 0 2" in live.text
    empty = await reviewer.get("/queue?list=transaction&type=x&application=cash_loan")
    assert (empty.status, "Nothing waits" in empty.text) == (200, True)


@pytest.mark.req("REV-B12")
async def test_the_board_comes_over_http_and_for_prometheus(api: Api, clock: ManualClock) -> None:
    clock.advance(seconds=301)
    key = await api.key("tickets:read")
    board = (await api.get("/v1/queue?list=kyc&type=1", key=key)).body
    assert {name: board["counts"][name] for name in ("open", "waiting", "late")} == {"open": 2, "waiting": 2, "late": 2}
    assert [each["name"] for each in board["by_type"]] == ["人脸比对"]
    assert (await api.get("/v1/queue?list=other", key=key)).status == 422
    gauges = Gauges(api.installation.database, clock, Calendar())
    await gauges.refresh()
    assert gauges.reading is not None
    assert gauges.reading.tickets_by_state == {"waiting": 2, "in_review": 0, "awaiting_second": 0}
    assert gauges.reading.oldest_ticket_s == 301


@pytest.mark.req("REV-B12")
async def test_the_list_and_the_ticket_say_until_when_it_is_to_be_decided(api: Api, clock: ManualClock) -> None:
    reviewer = await visit(api, "reviewer")
    listed = await reviewer.get("/review/kyc")
    assert listed.text.count("due in 5 minutes") == 2
    address = re.findall(r'class="opens mono" href="([^"]+)"', listed.html)[0]
    assert "due in 5 minutes" in (await reviewer.get(address)).text
    clock.advance(seconds=600)
    for path in ("/review/kyc", address):
        assert "late 5 minutes ago" in (await reviewer.get(path)).text
