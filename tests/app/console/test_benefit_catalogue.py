"""The pages of services and providers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdesk.kit.clock import ManualClock
from tests.app.console.visiting import Visit, visit
from tests.app.serving import Api, serving

SERVICE = {
    "service": "lounge",
    "provider": "airport",
    "name_zh": "贵宾厅",
    "name_en": "Lounge",
    "points": "100",
    "settle_fen": "150.5",
    "stock": "5",
    "quota": "",
}
PATH = "/benefits/services/lounge"


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        yield api


@pytest.fixture
async def operator(api: Api) -> Visit:
    return await visit(api, "rewards_operator")


async def offered(operator: Visit) -> None:
    names = {"name_zh": "机场", "name_en": "Airport"}
    assert (await operator.post("/benefits/new-provider", provider="airport", **names)).status == 303
    assert (await operator.post("/benefits/new-service", **SERVICE)).location == PATH


async def test_a_service_is_offered_changed_taken_off_and_offered_again(operator: Visit) -> None:
    assert "No services yet" in (await operator.get("/benefits/services")).text
    assert "add that one first" in (await operator.get("/benefits/new-service")).text
    await offered(operator)
    assert (
        "Lounge lounge Airport Airport 100 ¥150.50 5 no limit offered"
        in (await operator.get("/benefits/services?provider=airport")).text
    )
    assert (await operator.post(f"{PATH}/offer", op="close")).location == PATH
    assert "Offer it again" in (await operator.get(PATH)).text
    assert "No service is like this" in (await operator.get("/benefits/services?state=offered")).text
    await operator.post(f"{PATH}/offer", op="open")
    assert "Take it off" in (await operator.get(PATH)).text


async def test_what_is_left_is_not_typed_over_by_a_form_that_was_opened_before(operator: Visit) -> None:
    await offered(operator)
    form = await operator.get(PATH)
    assert form.hidden("stock_seen") == "5"
    await operator.post(PATH, **SERVICE | {"stock": "3", "stock_seen": "5"})
    await operator.post(PATH, **SERVICE | {"stock": "5", "stock_seen": "5", "points": "120"})
    assert (await operator.get(PATH)).hidden("stock_seen") == "3"


async def test_what_is_wrong_with_a_service_is_told_at_its_field_and_kept(api: Api, operator: Visit) -> None:
    await offered(operator)
    wrong = await operator.post(PATH, **SERVICE | {"points": "many", "settle_fen": "1.234", "stock": "-1"})
    assert wrong.status == 422
    assert "Points: This has to be a whole number." in wrong.text
    assert "Settlement price: This has to be an amount such as 150.00." in wrong.text
    assert 'value="many"' in wrong.html
    assert "1 to 100 characters are needed" in (await operator.post(PATH, **SERVICE | {"name_zh": " "})).text
    assert "a service of this id already" in (await operator.post("/benefits/new-service", **SERVICE)).text
    again = await operator.post("/benefits/new-provider", provider="airport", name_zh="x", name_en="x")
    assert "a provider of this id already" in again.text
    bad_id = await operator.post("/benefits/new-service", **SERVICE | {"service": "Lounge"})
    assert "1 to 32 of a-z, 0-9 and - are needed" in bad_id.text
    nobody = await operator.post("/benefits/new-service", **SERVICE | {"service": "spa", "provider": ""})
    assert "There is no such provider." in nobody.text


async def test_who_only_reads_is_shown_the_facts_and_changes_nothing(api: Api, operator: Visit) -> None:
    await offered(operator)
    auditor = await visit(api, "auditor", language="zh-CN")
    read = await auditor.get(PATH)
    assert "结算单价 ¥150.50" in read.text
    assert "<main" in read.html
    assert 'method="post"' not in read.html.partition("<main")[2]
    for path in (PATH, f"{PATH}/offer", "/benefits/new-service", "/benefits/providers/airport/offer"):
        assert (await auditor.post(path, op="close")).status == 403
    assert "airport" in (await auditor.get("/benefits/providers/airport")).text
    assert (await auditor.get("/benefits/services/none")).status == 404


async def test_a_provider_that_is_closed_offers_nothing_until_it_is_opened(operator: Visit) -> None:
    await offered(operator)
    await operator.post("/benefits/providers/airport", name_zh="机场", name_en="Lounges of the airport")
    await operator.post("/benefits/providers/airport/offer", op="close")
    assert "Lounges of the airport airport closed" in (await operator.get("/benefits/providers")).text
    assert "provider closed" in (await operator.get(PATH)).text
    await operator.post("/benefits/providers/airport/offer", op="open")
    assert "offered" in (await operator.get(PATH)).text
    assert (await operator.post("/benefits/providers/airport", name_zh="", name_en="x")).status == 422


async def test_the_group_is_there_under_its_heading_for_who_has_it(api: Api, operator: Visit) -> None:
    home = await operator.get("/")
    assert '<h2 id="group-2">Points and benefits</h2>' in home.html
    assert "积分权益" in (await (await visit(api, "auditor", language="zh-CN")).get("/")).text
    assert "Points and benefits" not in (await (await visit(api, "reviewer")).get("/")).text
