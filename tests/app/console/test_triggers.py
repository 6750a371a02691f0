"""The pages of triggers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdesk.kit.clock import ManualClock
from tests.app.console.visiting import Visit, visit
from tests.app.serving import Api, serving
from tests.app.triggered import ALWAYS, NEWER, ORDERS, SECRET_NAME, SECRET_TEXT

ONE = "/triggers/orders"


@pytest.fixture
async def api(
    database_url: str, tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Api]:
    monkeypatch.setenv(f"OPSDESK_SECRET_{SECRET_NAME}", SECRET_TEXT)
    async with serving(database_url, tmp_path, clock) as api:
        yield api


@pytest.fixture
async def engineer(api: Api) -> Visit:
    await api.store(ORDERS, key=await api.key("procedures:write", name="author"))
    return await visit(api, "operations_engineer")


async def test_without_triggers_the_page_says_how_they_come_here(api: Api) -> None:
    page = await (await visit(api, "operations_engineer")).get("/triggers")
    assert (page.status, "No triggers yet" in page.text) == (200, True)


@pytest.mark.req("FLO-306")
async def test_a_trigger_is_activated_moved_paused_and_put_out_of_use_on_its_page(api: Api, engineer: Visit) -> None:
    assert "not activated" in (await engineer.get(f"{ONE}/cron")).text
    await engineer.post(f"{ONE}/cron/activate")
    shown = (await engineer.get(f"{ONE}/cron")).text
    assert "active" in shown
    assert "Fires next" in shown
    await api.store(NEWER, key=await api.key("procedures:write", name="author"))
    assert "there is a newer one" in (await engineer.get(f"{ONE}/cron")).text
    await engineer.post(f"{ONE}/cron/move")
    assert "there is a newer one" not in (await engineer.get(f"{ONE}/cron")).text
    await engineer.post(f"{ONE}/cron/pause")
    assert "Activate again" in (await engineer.get(f"{ONE}/cron")).text
    await engineer.post(f"{ONE}/cron/deactivate")
    assert "Would fire next" in (await engineer.get(f"{ONE}/cron")).text


async def test_what_came_is_shown_filtered_and_taken_again(api: Api, engineer: Visit) -> None:
    await engineer.post(f"{ONE}/event/activate")
    assert "Nothing has come yet" in (await engineer.get(f"{ONE}/event")).text
    await engineer.post(f"{ONE}/event/fire", data='{"order": "A-1"}', key="1")
    await engineer.post(f"{ONE}/event/fire", data="{}", key="2")
    shown = (await engineer.get(f"{ONE}/event")).text
    assert "order: event.data.order is missing" in shown
    assert "started a run" in shown
    assert "Nothing is like this" in (await engineer.get(f"{ONE}/event?outcome=missed")).text
    await api.store(ALWAYS, key=await api.key("procedures:write", name="a"))
    await engineer.post(f"{ONE}/event/move")
    again = await engineer.post(f"{ONE}/event/deliveries/2/retry")
    assert again.location.startswith("/runs/")


async def test_what_came_goes_on_on_a_next_page(api: Api, engineer: Visit) -> None:
    await engineer.post(f"{ONE}/event/activate")
    for number in range(21):
        await engineer.post(f"{ONE}/event/fire", data='{"order": "A-1"}', key=str(number))
    first = await engineer.get(f"{ONE}/event")
    assert "Next page" in first.text
    assert first.html.count('class="badge is-done"') == 21, "twenty deliveries, and the state"


async def test_a_change_that_is_refused_is_said_on_the_page(api: Api, engineer: Visit) -> None:
    key = await api.key("procedures:write", name="author")
    await api.store(ORDERS.replace("id: orders", "id: returns"), key=key)
    await engineer.post(f"{ONE}/webhook/activate")
    refused = await engineer.post("/triggers/returns/webhook/activate")
    assert refused.location == "/triggers/returns/webhook"
    assert "not activated" in (await engineer.get("/triggers/returns/webhook")).text
    assert (await engineer.post(f"{ONE}/webhook/explode")).status == 404
    assert (await engineer.post(f"{ONE}/event/fire", data="[1]", key="1")).location == f"{ONE}/event"


async def test_the_list_is_filtered_and_links_to_each(engineer: Visit) -> None:
    await engineer.post(f"{ONE}/cron/activate")
    listed = await engineer.get("/triggers?state=active")
    assert 'href="/triggers/orders/cron"' in listed.html
    assert 'href="/triggers/orders/event"' not in listed.html
    assert "No trigger is like this" in (await engineer.get("/triggers?kind=event&state=active")).text


async def test_times_are_told_in_the_zone_of_the_viewer(api: Api, engineer: Visit) -> None:
    # Nine in Shanghai, where the visitor of these tests is too.
    assert "09:00" in (await engineer.get(f"{ONE}/cron")).text


async def test_who_only_reads_finds_no_buttons(api: Api, engineer: Visit) -> None:
    auditor = await visit(api, "auditor")
    page = await auditor.get(f"{ONE}/cron")
    assert (page.status, "Activate…" in page.text) == (200, False)
    assert (await auditor.post(f"{ONE}/cron/activate")).status == 403
