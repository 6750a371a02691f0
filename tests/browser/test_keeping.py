"""What those do who keep the accounts and those who look back: roles, accounts, and the audit chain."""

import json

from playwright.async_api import expect

from tests.browser.conftest import OpenTab
from tests.browser.console import Console


async def test_a_role_counts_from_the_next_page_on(there: Console, open_tab: OpenTab) -> None:
    person, admin = await there.person("reviewer"), await there.person("admin")
    async with open_tab(person) as tab, open_tab(admin) as keeper:
        assert await tab.open("/audit") == 403
        await keeper.open(f"/people/{person.id}")
        await keeper.page.get_by_label("Auditor").check()
        await keeper.page.get_by_role("button", name="Save the roles").click()
        await keeper.shows(".flash", "The roles were saved; they count at once.")
        assert await tab.open("/audit") == 200


async def test_a_disabled_account_is_out_at_once_and_can_come_back(there: Console, open_tab: OpenTab) -> None:
    person, admin = await there.person("reviewer"), await there.person("admin")
    async with open_tab(person) as tab, open_tab(admin) as keeper:
        await tab.open("/")
        await keeper.open(f"/people/{person.id}")
        await keeper.page.get_by_role("button", name="Disable…").click()
        dialog = keeper.page.get_by_role("alertdialog")
        assert await dialog.get_by_role("button", name="Cancel").evaluate("one => one === document.activeElement")
        assert await keeper.findings() == []
        await dialog.get_by_role("button", name="Disable the account").click()
        await keeper.shows(".flash", "The account was disabled and signed out everywhere.")
        await tab.open("/")
        await tab.is_at("/sign-in")
        await keeper.page.get_by_role("button", name="Enable").click()
        await keeper.shows(".flash", "The account works again.")


async def test_the_queue_of_people_is_filtered_as_one_types(there: Console, open_tab: OpenTab) -> None:
    person = await there.person("rewards_operator")
    async with open_tab(await there.person("admin")) as tab:
        await tab.open("/people")
        await tab.page.evaluate("window.untouched = true")
        await tab.page.get_by_placeholder("Address or name").fill(person.email)
        await tab.page.locator("#list tbody tr:only-child").wait_for()
        assert person.email in await tab.text("#list")
        assert tab.page.url.startswith(f"{there.url}/people?q=rewards-operator")
        assert await tab.page.evaluate("window.untouched === true")
        await tab.shows("#live", "1 account")
        assert tab.complaints == []


async def test_what_somebody_did_is_found_and_exported(there: Console, open_tab: OpenTab) -> None:
    person = await there.person("reviewer")
    async with open_tab(person):
        pass
    async with open_tab(await there.person("auditor")) as tab:
        await tab.open(f"/audit?actor=person:{person.email}")
        await expect(tab.page.locator("#list tbody tr")).to_have_count(1)
        await tab.page.locator("#list tbody a").first.click()
        await tab.page.get_by_role("heading", name="session.begin").wait_for()
        assert await tab.findings() == []
        exported = await tab.page.request.get(f"{there.url}/audit/export.jsonl?action=person")
        assert exported.headers["content-disposition"] == 'attachment; filename="audit.jsonl"'
        actions = [json.loads(line)["action"] for line in (await exported.text()).splitlines()]
        assert [action for action in actions if not action.startswith("person.")] == []
        assert tab.complaints == []
