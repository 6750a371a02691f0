"""The console where no script runs: everything is a link or a form."""

from playwright.async_api import expect

from tests.browser.conftest import OpenTab
from tests.browser.console import PASSWORD, Console


async def test_somebody_signs_in_sets_their_zone_and_signs_out(there: Console, open_tab: OpenTab) -> None:
    person = await there.person("reviewer", password=PASSWORD)
    async with open_tab(scripts=False) as tab:
        await tab.open("/account")
        await tab.page.get_by_label("E-mail address").fill(person.email)
        await tab.page.get_by_label("Password").fill(PASSWORD)
        await tab.page.get_by_role("button", name="Sign in").click()
        await tab.is_at("/account")
        await tab.page.get_by_label("Time zone").fill("Europe/Oslo")
        await tab.page.get_by_label("Dark").check()
        await tab.page.get_by_role("button", name="Save").click()
        await tab.shows(".flash", "Your settings were saved.")
        await expect(tab.page.locator("html")).to_have_attribute("data-theme", "dark")
        await tab.page.get_by_role("button", name="Sign out", exact=True).click()
        await tab.shows(".flash", "You have signed out.")


async def test_a_list_is_filtered_by_a_button(there: Console, open_tab: OpenTab) -> None:
    ticket = await there.ticket()
    async with open_tab(await there.person("reviewer"), scripts=False) as tab:
        await tab.open("/tickets")
        await tab.page.get_by_placeholder("Title, run or node").fill(ticket.subject)
        await tab.page.get_by_role("button", name="Apply").click()
        await tab.page.locator("#list tbody tr:only-child").wait_for()
        await tab.page.get_by_role("link", name="Approve the refund").click()
        await tab.is_at(f"/tickets/{ticket.id}")


async def test_what_is_final_is_asked_about_first(there: Console, open_tab: OpenTab) -> None:
    person = await there.person("reviewer")
    async with open_tab(await there.person("admin"), scripts=False) as tab:
        await tab.open(f"/people/{person.id}")
        await tab.page.get_by_role("button", name="Disable…").click()
        await tab.page.get_by_role("button", name="Cancel").click()
        await tab.page.get_by_role("button", name="Disable…").click()
        await tab.page.get_by_role("button", name="Disable the account").click()
        await tab.shows(".flash", "The account was disabled and signed out everywhere.")


async def test_the_language_is_switched_and_stays(there: Console, open_tab: OpenTab) -> None:
    async with open_tab(await there.person("reviewer"), scripts=False) as tab:
        await tab.open("/tickets?overdue=1")
        await tab.page.get_by_role("button", name="简体中文").click()
        await tab.is_at("/tickets?overdue=1")
        await tab.shows("h1", "工单")
        await tab.open("/account")
        await tab.shows("h1", "我的账户")
