"""The page about the installation as a whole."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from opsdesk.flows import runs
from opsdesk.kit.clock import ManualClock
from opsdesk.review import alerts
from tests.app.console.visiting import visit
from tests.app.documents import greet
from tests.app.serving import Api, serving, until, working_for


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        yield api


async def test_an_installation_where_nothing_happens_says_so(api: Api) -> None:
    shown = await (await visit(api, "auditor")).get("/operations")
    assert "None: every open run has a wake-up to come." in shown.text
    assert "No worker: nothing is executed." in shown.text


@pytest.mark.req("REV-X50")
async def test_an_alert_of_the_review_desk_is_shown_until_somebody_closes_it(api: Api) -> None:
    facts = {"flow_no": "F-1", "application": "cash_loan", "scene": "activation"}
    async with api.installation.database.transaction() as conn:
        for _ in range(2):
            await alerts.tell(conn, alerts.Alert.ADAPT_MISSING, facts, now=api.installation.clock.now())
        (alert,) = await alerts.open_alerts(conn)
    auditor = await visit(api, "auditor")
    shown = await auditor.get("/operations")
    assert "the screening type has no adapt to the scene" in shown.text
    assert "cash_loan" in shown.text
    assert 'href="/applications?number=F-1"' in shown.html
    path = f"/operations/alerts/{alert.alert_id}/close"
    assert path not in shown.html
    assert (await auditor.post(path)).status == 403
    engineer = await visit(api, "operations_engineer")
    assert path in (await engineer.get("/operations")).html
    assert (await engineer.post(path)).status == 303
    assert (await engineer.post(path)).status == 303
    assert "nothing at the review desk waits" in (await auditor.get("/operations")).text


@pytest.mark.req("FLO-314")
async def test_a_stalled_run_is_an_alarm_on_the_page(api: Api, clock: ManualClock) -> None:
    await api.store(greet(), key=await api.key())
    run = await api.start("greet", key=await api.key(), email="li@example.com")
    auditor = await visit(api, "auditor")
    clock.advance(seconds=600)
    shown = await auditor.get("/operations")
    assert "1 run is stalled: nothing will wake it." in shown.text
    assert "its wake-up is overdue" in shown.text
    assert f"/runs/{run}" in shown.html


@pytest.mark.req("FLO-312")
async def test_a_partner_that_fails_is_named_with_the_runs_that_it_holds_up(api: Api) -> None:
    await api.store(greet(), key=await api.key())
    auditor = await visit(api, "auditor", language="zh-CN")
    async with working_for(api.installation):
        run = await api.start("greet", key=await api.key(), email="li@example.com")
        await until(lambda: is_blocked(api, run))
        shown = await auditor.get("/operations")
        part = await auditor.get("/operations", **{"HX-Request": "true"})
    assert "partner.test" in shown.text
    assert "1 个等待运维人员" in shown.text
    assert "li@example.com" not in shown.html
    assert part.html.lstrip().startswith('<div id="operations"')


async def is_blocked(api: Api, run: str) -> bool:
    async with api.installation.database.connection() as conn:
        return (await runs.show_run(conn, UUID(run))).status == "blocked"


async def test_the_page_is_for_those_who_keep_watch(api: Api) -> None:
    assert (await (await visit(api, "reviewer")).get("/operations")).status == 403
