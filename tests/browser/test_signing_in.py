"""How a person gets in, as they do it."""

from playwright.async_api import expect

from tests.browser.browsing import Tab
from tests.browser.conftest import OpenTab
from tests.browser.console import PASSWORD, Console


async def sign_in(tab: Tab, email: str, password: str = PASSWORD) -> None:
    await tab.page.get_by_label("E-mail address").fill(email)
    await tab.page.get_by_label("Password").fill(password)
    async with tab.page.expect_navigation():
        await tab.page.keyboard.press("Enter")


async def test_somebody_signs_in_and_lands_where_they_wanted_to(there: Console, open_tab: OpenTab) -> None:
    person = await there.person("reviewer", password=PASSWORD)
    async with open_tab() as tab:
        await tab.open("/account?tab=password")
        await tab.is_at("/sign-in?next=/account%3Ftab%3Dpassword")
        await sign_in(tab, person.email)
        await tab.is_at("/account?tab=password")
        assert tab.complaints == []


async def test_a_wrong_password_is_refused_in_words_that_tell_nothing(there: Console, open_tab: OpenTab) -> None:
    async with open_tab() as tab:
        await tab.open("/sign-in")
        await sign_in(tab, "somebody@example.com", "wrong horse battery")
        await tab.says("[role=alert]", "is not right, or the account is not in use")
        await expect(tab.page.get_by_label("E-mail address")).to_have_value("somebody@example.com")
        assert await tab.findings() == []
