"""Sessions as people keep them: seen, ended, and of no use to whoever stole one."""

import pyotp
from playwright.async_api import expect

from tests.browser.conftest import OpenTab
from tests.browser.console import PASSWORD, Console
from tests.browser.test_signing_in import sign_in


async def test_a_stolen_session_is_revoked_by_its_owner(there: Console, open_tab: OpenTab) -> None:
    person = await there.person("reviewer")
    stolen = await there.session_of(person)
    async with open_tab(person) as own, open_tab(cookie=stolen) as thief:
        assert await thief.open("/account") == 200
        await own.open("/account")
        await expect(own.page.locator("tbody tr")).to_have_count(2)
        await own.page.get_by_role("button", name="Sign out everywhere else").click()
        await own.shows(".flash", "You were signed out everywhere else.")
        await thief.open("/account")
        await thief.is_at("/sign-in?next=/account")
        assert await own.open("/account") == 200


async def test_a_stolen_session_is_revoked_by_who_keeps_the_accounts(there: Console, open_tab: OpenTab) -> None:
    person, admin = await there.person("reviewer"), await there.person("admin")
    stolen = await there.session_of(person)
    async with open_tab(admin) as keeper, open_tab(cookie=stolen) as thief:
        await thief.open("/")
        await keeper.open(f"/people/{person.id}")
        await keeper.page.get_by_role("button", name="End Mozilla").click()
        await keeper.shows(".flash", "The session was ended.")
        await thief.open("/tickets")
        assert thief.page.url.startswith(f"{there.url}/sign-in")


async def test_signing_out_ends_the_session_for_good(there: Console, open_tab: OpenTab) -> None:
    person = await there.person("reviewer")
    cookie = await there.session_of(person)
    async with open_tab(cookie=cookie) as tab, open_tab(cookie=cookie) as copy:
        await tab.open("/")
        await tab.page.get_by_role("button", name="Sign out").click()
        await tab.shows(".flash", "You have signed out.")
        await copy.open("/")
        await copy.is_at("/sign-in")


async def test_a_second_step_is_set_up_and_then_asked_for(there: Console, open_tab: OpenTab) -> None:
    person = await there.person("reviewer", password=PASSWORD)
    async with open_tab(person) as tab:
        await tab.open("/account")
        await tab.page.locator("#factor-password").fill(PASSWORD)
        await tab.page.get_by_role("button", name="Set it up").click()
        secret = (await tab.text(".panel code")).replace(" ", "")
        assert await tab.findings() == []
        await tab.page.get_by_label("The six digits").fill(pyotp.TOTP(secret).now())
        await tab.page.get_by_role("button", name="Turn it on").click()
        codes = await tab.texts(".codes code")
        assert len(codes) == 10
        assert await tab.findings() == []
        assert tab.complaints == []
    async with open_tab() as tab:
        await tab.open("/sign-in?next=/tickets")
        await sign_in(tab, person.email)
        await tab.is_at("/sign-in/code?next=%2Ftickets")
        await tab.page.get_by_label("Code").fill("000000")
        await tab.page.get_by_role("button", name="Sign in").click()
        await expect(tab.page.get_by_label("Code")).to_have_attribute("aria-invalid", "true")
        await tab.page.get_by_label("Code").fill(codes[0])
        await tab.page.get_by_role("button", name="Sign in").click()
        await tab.is_at("/tickets")


async def test_a_new_person_comes_in_with_their_one_time_code(there: Console, open_tab: OpenTab) -> None:
    async with open_tab(await there.person("admin")) as keeper, open_tab() as newcomer:
        await keeper.open("/people/new")
        await keeper.page.get_by_label("E-mail address").fill("newcomer@example.com")
        await keeper.page.get_by_label("Name").fill("Newcomer")
        await keeper.page.get_by_label("Reviewer").check()
        await keeper.page.get_by_role("button", name="Make the account").click()
        code = await keeper.text(".once code")
        assert await keeper.findings() == []
        await newcomer.open("/welcome")
        await newcomer.page.get_by_label("One-time code").fill(code)
        await newcomer.page.get_by_label("New password").fill(PASSWORD)
        await newcomer.page.get_by_label("The same again").fill(PASSWORD)
        await newcomer.page.get_by_role("button", name="Set the password and sign in").click()
        await newcomer.page.get_by_role("heading", name="待您处理", exact=True).wait_for()
        assert keeper.complaints + newcomer.complaints == []


async def test_a_person_makes_a_key_that_acts_in_their_name(there: Console, open_tab: OpenTab) -> None:
    person, other = await there.person("reviewer"), await there.person("reviewer")
    async with open_tab(person) as tab, open_tab(other) as stranger:
        await tab.open("/account/keys/new")
        assert "keys:write" not in await tab.text("main")
        await tab.page.get_by_label("Name").fill("nightly")
        await tab.page.get_by_label("tickets:read").check()
        await tab.page.get_by_role("button", name="Make the key").click()
        key = await tab.text(".once code")
        listed = await tab.page.request.get(f"{there.url}/v1/tickets", headers={"Authorization": f"Bearer {key}"})
        assert listed.status == 200
        await tab.page.get_by_role("link", name="I have kept it").click()
        await tab.says("main", "nightly")
        await stranger.open("/account")
        assert "nightly" not in await stranger.text("main")
        assert tab.complaints == []


async def test_a_key_is_made_shown_once_and_revoked(there: Console, open_tab: OpenTab) -> None:
    async with open_tab(await there.person("admin")) as tab:
        await tab.open("/keys/new")
        await tab.page.get_by_label("Name").fill("portal")
        await tab.page.get_by_label("runs:write").check()
        await tab.page.get_by_role("button", name="Make the key").click()
        assert (await tab.text(".once code")).startswith("opsdesk_")
        assert await tab.findings() == []
        await tab.page.get_by_role("link", name="I have kept it").click()
        row = tab.page.locator("tr", has_text="portal")
        await row.get_by_role("button", name="Revoke…").click()
        await row.get_by_role("button", name="Revoke the key").click()
        await tab.shows(".flash", "The key was revoked.")
        await expect(tab.page.locator("tr", has_text="portal")).to_have_count(0)
        assert tab.complaints == []
