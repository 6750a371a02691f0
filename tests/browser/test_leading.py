"""A lead ticks tickets in a list and gives them to people; reviewers are told what was taken from them."""

import re
from uuid import UUID

import pytest
from playwright.async_api import expect

from tests.browser.browsing import NARROW, Tab
from tests.browser.conftest import OpenTab
from tests.browser.console import Console
from tests.browser.pages import Sample
from tests.browser.test_reviewing import Made, claimed, made


async def three(there: Console) -> tuple[Made, list[str]]:
    """A screening type of a test's own with three tickets: the addresses of them."""
    desk = await made(there)
    return desk, [f"/tickets/{await desk.ticket()}" for _ in range(3)]


async def listed(tab: Tab, desk: Made, more: str = "") -> None:
    await tab.open(f"/review/kyc?name={desk.found.name}{more}")


@pytest.mark.req("REV-B13")
@pytest.mark.parametrize("scripts", [True, False])
async def test_a_lead_assigns_all_of_a_page_and_reads_what_became_of_each(
    there: Console, sample: Sample, open_tab: OpenTab, scripts: bool
) -> None:
    desk, addresses = await three(there)
    reviewer, other = await there.person("reviewer"), await there.person("reviewer")
    async with open_tab(other) as tab:
        await claimed(tab, UUID(addresses[0].removeprefix("/tickets/")))
    async with open_tab(await there.person("compliance_officer"), scripts=scripts) as tab:
        await listed(tab, desk)
        await expect(tab.page.get_by_role("checkbox", name="Tick F-")).to_have_count(3)
        await tab.page.get_by_role("link", name="tick all").click()
        await expect(tab.page.locator("[name=ticket]:checked")).to_have_count(3)
        await tab.page.get_by_label("assign to").select_option(reviewer.email)
        await tab.page.get_by_role("button", name="Assign").click()
        await tab.says(".flash", "2 tickets were assigned. 1 ticket stays as it was.")
        await tab.says("tbody", "Somebody else is working on the ticket.")
        await expect(tab.page.locator("[name=ticket]:checked")).to_have_count(1)
        await tab.page.get_by_label("or take back, because").fill("is ill")
        await tab.page.keyboard.press("Enter")
        await tab.says(".flash", "1 ticket was taken back.")
        await tab.says("tbody", f"held by {other.email} before")
        await tab.page.get_by_role("link", name="Back to the list").click()
        await expect(tab.page.locator("tbody tr", has_text=reviewer.email)).to_have_count(2)
        await expect(tab.page.locator("tbody small", has_text="was assigned")).to_have_count(2)


@pytest.mark.req("REV-B13")
async def test_whoever_takes_the_next_one_opens_what_was_assigned_to_them_and_has_hours_for_it(
    there: Console, sample: Sample, open_tab: OpenTab
) -> None:
    _, addresses = await three(there)
    reviewer = await there.person("reviewer")
    async with open_tab(await there.person("compliance_officer")) as tab:
        await tab.open(addresses[2])
        await tab.open("/review/kyc?number=" + (await tab.text("dl.pairs dd:has-text('F-')")))
        await tab.page.locator("[name=ticket]").check()
        await tab.page.get_by_label("assign to").select_option(reviewer.email)
        await tab.page.get_by_role("button", name="Assign").click()
        await tab.says(".flash", "1 ticket was assigned.")
    async with open_tab(reviewer) as tab:
        await tab.open("/review/kyc")
        await tab.page.keyboard.press("n")
        await tab.is_at(addresses[2])
        await expect(tab.page.locator("#claim time")).to_have_text(re.compile(r"7:5\d:\d\d"))


@pytest.mark.req("REV-B13")
async def test_who_does_not_lead_sees_no_boxes_and_no_bar(there: Console, sample: Sample, open_tab: OpenTab) -> None:
    desk, _ = await three(there)
    async with open_tab(await there.person("reviewer")) as tab:
        for path in (f"/review/kyc?name={desk.found.name}", "/tickets"):
            await tab.open(path)
            await expect(tab.page.locator("#list tbody tr").first).to_be_visible()
            await expect(tab.page.locator("#lead, [name=ticket]")).to_have_count(0)


@pytest.mark.req("REV-B13")
async def test_a_reviewer_whose_ticket_was_taken_back_is_told_and_keeps_what_they_typed(
    there: Console, sample: Sample, open_tab: OpenTab
) -> None:
    desk, addresses = await three(there)
    reviewer = await there.person("reviewer")
    ticket_id = addresses[0].removeprefix("/tickets/")
    async with open_tab(reviewer) as tab, open_tab(await there.person("admin")) as leading:
        await claimed(tab, UUID(ticket_id))
        await listed(leading, desk)
        await leading.page.locator(f"[name=ticket][value='{ticket_id}']").check()
        await leading.page.get_by_label("or take back, because").fill("is on leave from today")
        await leading.page.get_by_role("button", name="Take back").last.click()
        await leading.says(".flash", "1 ticket was taken back.")
        # What is typed keeps the claim by itself, unless a lead has ended it.
        await tab.page.get_by_label("remark").fill("not the same person")
        await tab.says("#claim", "A lead of the desk has released the ticket")
        await tab.says("#claim", "is on leave from today")
        await expect(tab.page.get_by_label("remark")).to_have_value("not the same person")
        await tab.open(addresses[0])
        await tab.says(".timeline", "is on leave from today")


@pytest.mark.req("REV-B13")
async def test_what_was_forgotten_in_the_bar_is_said_and_the_ticks_stay(
    there: Console, sample: Sample, open_tab: OpenTab
) -> None:
    desk, _ = await three(there)
    async with open_tab(await there.person("admin"), size=NARROW) as tab:
        await listed(tab, desk)
        assert await tab.findings() == []
        await tab.page.get_by_role("button", name="Assign").click()
        await tab.says(".flash", "Tick the tickets first.")
        await listed(tab, desk, "&all=1")
        await tab.page.get_by_role("button", name="Assign").click()
        await tab.says(".flash", "Choose to whom you assign them.")
        assert await tab.findings() == []
        await expect(tab.page.locator("[name=ticket]:checked")).to_have_count(3)
        await tab.page.get_by_role("button", name="Take back").last.click()
        await tab.says(".flash", "Say why you take them back")
        await expect(tab.page.locator("[name=ticket]:checked")).to_have_count(3)


@pytest.mark.req("REV-B13")
async def test_the_list_of_all_tickets_rests_while_somebody_ticks(
    there: Console, sample: Sample, open_tab: OpenTab
) -> None:
    await three(there)
    async with open_tab(await there.person("admin"), size=NARROW) as tab:
        await tab.open("/tickets")
        await tab.page.locator("[name=ticket]").first.check()
        await tab.page.evaluate("document.querySelector('#list').dispatchEvent(new CustomEvent('every'))")
        await expect(tab.page.locator("[name=ticket]:checked")).to_have_count(1)
        assert await tab.findings() == []
