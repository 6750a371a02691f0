"""Lists and tables as people go through them: back as well as on, and on a narrow screen without scrolling sideways."""

import pytest

from tests.browser.browsing import NARROW
from tests.browser.conftest import OpenTab
from tests.browser.console import Console
from tests.browser.pages import Sample

PEOPLE = 55
SIDEWAYS = "[...document.querySelectorAll('.table')].map((table) => table.scrollWidth - table.clientWidth)"


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_list_leads_back_to_the_page_before(there: Console, open_tab: OpenTab, scripts: bool) -> None:
    for number in range(PEOPLE):
        await there.person("auditor", email=f"list-{scripts}-{number:03}@example.com".lower())
    search = f"q=list-{scripts}".lower()
    async with open_tab(await there.person("admin"), scripts=scripts) as tab:
        await tab.open(f"/people?{search}")
        first = "tbody tr:first-child td:first-child"
        begins = await tab.text(first)
        await tab.page.get_by_role("link", name="Next page").click()
        await tab.says(first, f"list-{scripts}-050".lower())
        await tab.page.get_by_role("link", name="Previous page").click()
        await tab.says(first, begins.splitlines()[0])
        assert await tab.page.get_by_role("link", name="Previous page").count() == 0


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_steps_of_a_run_stack_on_a_narrow_screen_for_those_who_may_steer(
    there: Console, open_tab: OpenTab, language: str
) -> None:
    ticket = await there.ticket()
    async with open_tab(await there.person("operations_engineer", language=language)) as tab:
        width, height = NARROW
        await tab.page.set_viewport_size({"width": width, "height": height})
        await tab.open(f"/runs/{ticket.subject}")
        assert await tab.page.evaluate(SIDEWAYS) == [0]


@pytest.mark.req("REV-B12")
@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_what_is_late_stands_on_the_board_of_a_telephone_without_scrolling(
    there: Console, sample: Sample, open_tab: OpenTab, language: str
) -> None:
    async with open_tab(await there.person("reviewer", language=language), size=NARROW) as tab:
        await tab.open("/queue")
        hidden: list[int] = await tab.page.evaluate(SIDEWAYS)
        assert len(hidden) >= 2
        assert set(hidden) == {0}


@pytest.mark.parametrize("path", ["/review/kyc", "/tickets"])
async def test_a_lead_ticks_tickets_on_a_telephone_without_scrolling(
    there: Console, sample: Sample, open_tab: OpenTab, path: str
) -> None:
    async with open_tab(await there.person("compliance_officer"), size=NARROW) as tab:
        await tab.open(path)
        assert await tab.page.locator("td.tick").count() > 0
        assert await tab.page.evaluate(SIDEWAYS) == [0]
