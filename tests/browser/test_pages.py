"""Every page: in both languages, light and dark, wide and narrow, without findings and without complaints."""

from typing import Any, cast

import pytest
from fastapi.routing import APIRoute
from playwright.async_api import expect

from opsdesk.app.console.frame import Frame
from opsdesk.app.console.routes import page_routers
from opsdesk.app.console.statics import static_files
from tests.browser.browsing import NARROW
from tests.browser.conftest import OpenTab
from tests.browser.pages import NOT_PAGES, PAGES, Sample

NO_WIDER_THAN_THE_SCREEN = "document.documentElement.scrollWidth <= window.innerWidth"


def page_routes() -> list[APIRoute]:
    frame = cast("Any", Frame)(environments={}, words={}, statics=static_files(), secure=False, key=b"")
    return [route for router in page_routers(frame) for route in router.routes if isinstance(route, APIRoute)]


async def test_every_page_is_looked_at() -> None:
    read = {route.path for route in page_routes() if "GET" in (route.methods or ())}
    assert sorted(read - PAGES.keys() - NOT_PAGES.keys()) == []
    assert sorted((PAGES.keys() | NOT_PAGES.keys()) - read) == []


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(("language", "dark"), [("en", False), ("zh-CN", True)], ids=["en-light", "zh-CN-dark"])
async def test_a_page_is_accessible_and_breaks_no_policy(
    page: str, language: str, dark: bool, sample: Sample, open_tab: OpenTab
) -> None:
    person = (sample.people if language == "en" else sample.chinese).get(PAGES[page] or "")
    async with open_tab(person, language=language, dark=dark) as tab:
        assert await tab.open(sample.address(page)) == 200
        await expect(tab.page.locator("html")).to_have_attribute("lang", language)
        assert await tab.findings() == []
        assert tab.complaints == []


@pytest.mark.parametrize("page", PAGES)
async def test_a_page_fits_on_a_telephone(page: str, sample: Sample, open_tab: OpenTab) -> None:
    async with open_tab(sample.people.get(PAGES[page] or ""), size=NARROW) as tab:
        await tab.open(sample.address(page))
        assert await tab.page.evaluate(NO_WIDER_THAN_THE_SCREEN)
        await expect(tab.page.locator("h1")).to_have_count(1)


@pytest.mark.parametrize("page", PAGES)
async def test_a_page_is_whole_without_scripts(page: str, sample: Sample, open_tab: OpenTab) -> None:
    async with open_tab(sample.people.get(PAGES[page] or ""), scripts=False) as tab:
        assert await tab.open(sample.address(page)) == 200
        await expect(tab.page.locator("h1")).to_have_count(1)


@pytest.mark.parametrize("path", ["/nowhere", "/tickets/00000000-0000-0000-0000-000000000000", "/people"])
async def test_a_page_about_an_error_is_a_page_as_well(path: str, sample: Sample, open_tab: OpenTab) -> None:
    async with open_tab(sample.people["reviewer"]) as tab:
        assert await tab.open(path) in (403, 404)
        assert "Tickets" in await tab.texts("#navigation ul a")
        assert await tab.findings() == []
        assert tab.complaints == []
