"""The pictures of a ticket: hidden until somebody asks, and two of them compared as one, by keys and by mouse."""

from collections.abc import Sequence

import pytest
from playwright.async_api import expect

from opsdesk.access import Role
from tests.browser.browsing import NARROW, Tab
from tests.browser.conftest import OpenTab
from tests.browser.console import Console
from tests.browser.pages import Sample
from tests.browser.pictured import pictured
from tests.review.pictures.kept import NAME

TRANSFORMS = "[...document.querySelectorAll('.compare-view img')].map((image) => image.style.transform)"


async def transforms(tab: Tab) -> list[str]:
    found: list[str] = await tab.page.evaluate(TRANSFORMS)
    return found


def moved(transform: str) -> float:
    """To the right, in hundredths of the view."""
    return float(transform.removeprefix("translate(").partition("%")[0])


async def press(tab: Tab, *keys: str) -> None:
    for key in keys:
        await tab.page.keyboard.press(key)


@pytest.mark.req("REV-B15")
async def test_pictures_and_names_are_shown_by_one_key_and_that_is_noted(
    there: Console, sample: Sample, open_tab: OpenTab
) -> None:
    ticket = await pictured(there)
    async with open_tab(sample.people[Role.REVIEWER]) as tab:
        await tab.open(f"/tickets/{ticket.id}")
        await expect(tab.page.get_by_text(NAME, exact=True)).to_have_count(0)
        await expect(tab.page.locator("#pictures .is-hidden img")).to_have_count(2)
        await press(tab, "v")
        await expect(tab.page.locator("a[data-picture] img")).to_have_count(2)
        await expect(tab.page.get_by_text(NAME, exact=True)).to_have_count(1)
        await expect(tab.page.locator("#pictures .watermark").first).to_be_visible()
        await tab.open(f"/tickets/{ticket.id}")
        await tab.says(".timeline", "asked to see")
        assert await tab.findings() == []
        assert tab.complaints == []


@pytest.mark.req("REV-B08")
async def test_two_pictures_are_zoomed_moved_and_turned_as_one_by_keys(
    there: Console, sample: Sample, open_tab: OpenTab
) -> None:
    ticket = await pictured(there)
    async with open_tab(sample.people[Role.REVIEWER]) as tab:
        await tab.open(f"/tickets/{ticket.id}")
        await press(tab, "v")
        await expect(tab.page.locator("a[data-picture] img")).to_have_count(2)
        await press(tab, "z")
        await expect(tab.page.locator("#compare[open]")).to_be_visible()
        await press(tab, "+", "ArrowRight")
        await tab.says(".compare-state", "125 %, turned by 0°")
        left, right = await transforms(tab)
        assert left == right == "translate(-8%, 0%) rotate(0deg) scale(1.25)"
        await press(tab, "]", "p")  # a key of the page does nothing here
        await tab.says(".compare-state", "125 %, turned by 90°")
        assert all("rotate(90deg)" in each for each in await transforms(tab))
        await press(tab, "[", "0")
        assert await transforms(tab) == ["translate(0%, 0%) rotate(0deg) scale(1)"] * 2
        assert await tab.findings() == []
        await press(tab, "Escape")
        await expect(tab.page.locator("#compare")).to_be_hidden()
        assert tab.complaints == []


@pytest.mark.req("REV-B08")
async def test_the_wheel_zooms_both_and_dragging_one_moves_both(
    there: Console, sample: Sample, open_tab: OpenTab
) -> None:
    ticket = await pictured(there)
    async with open_tab(sample.people[Role.REVIEWER]) as tab:
        await tab.open(f"/tickets/{ticket.id}")
        await press(tab, "v")
        await tab.page.locator("a[data-picture]").nth(1).click()
        selected = await tab.page.locator(".compare-pane select").evaluate_all("all => all.map(one => one.value)")
        assert len(set(selected)) == 2
        box = await tab.page.locator(".compare-view").first.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        await tab.page.mouse.move(x, y)
        await tab.page.mouse.wheel(0, -400)
        await tab.says(".compare-state", "223 %")
        await tab.page.mouse.down()
        await tab.page.mouse.move(x + box["width"] / 4, y)
        await tab.page.mouse.up()
        left, right = await transforms(tab)
        assert left == right
        assert moved(left) == pytest.approx(25, abs=1)


async def fingers(tab: Tab, *moments: Sequence[tuple[float, float]]) -> None:
    """Fingers that touch the screen, go from place to place, and leave it."""
    debugger = await tab.page.context.new_cdp_session(tab.page)
    for number, places in enumerate(moments):
        points = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(places)]
        kind = "touchMove" if number else "touchStart"
        await debugger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    await debugger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


@pytest.mark.req("REV-B08")
async def test_two_fingers_zoom_both_pictures_and_one_finger_moves_them(
    there: Console, sample: Sample, open_tab: OpenTab
) -> None:
    ticket = await pictured(there)
    async with open_tab(sample.people[Role.REVIEWER], size=NARROW, touch=True) as tab:
        await tab.open(f"/tickets/{ticket.id}")
        await tab.page.get_by_role("button", name="Show everything").tap()
        await tab.page.locator("a[data-picture]").first.tap()
        box = await tab.page.locator(".compare-view").first.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        apart = [[(x - width, y), (x + width, y)] for width in (20, 30, 40)]
        await fingers(tab, *apart)
        await tab.says(".compare-state", "200 %, turned by 0°")
        left, right = await transforms(tab)
        assert left == right
        assert moved(left) == pytest.approx(0, abs=1), "about their middle"
        await fingers(tab, [(x, y)], [(x + box["width"] / 8, y)], [(x + box["width"] / 4, y)])
        left, right = await transforms(tab)
        assert left == right
        assert moved(left) == pytest.approx(25, abs=1)
        await fingers(tab, *reversed(apart))
        await tab.says(".compare-state", "100 %")
        zoomed: float = await tab.page.evaluate("visualViewport.scale")
        assert zoomed == 1, "the page itself stays as it is"
        assert tab.complaints == []


async def test_pictures_are_shown_without_scripts_and_on_a_telephone(
    there: Console, sample: Sample, open_tab: OpenTab
) -> None:
    ticket = await pictured(there)
    async with open_tab(sample.people[Role.REVIEWER], scripts=False, size=NARROW) as tab:
        await tab.open(f"/tickets/{ticket.id}")
        await tab.page.get_by_role("button", name="Show everything").click()
        await expect(tab.page.locator("a[data-picture] img")).to_have_count(2)
        await expect(tab.page.locator("[data-compare]")).to_be_hidden()
