"""Pages that go on by themselves while somebody looks at them, and only then."""

from uuid import uuid4

from opsdesk import review
from opsdesk.app import desk
from tests.browser.browsing import Tab
from tests.browser.conftest import OpenTab
from tests.browser.console import Console

MARK = "window.untouched = true"
IS_MARKED = "window.untouched === true"
POLL = "document.querySelectorAll('[hx-trigger^=every]').forEach(one => one.dispatchEvent(new CustomEvent('every')))"
"""What the clock does after some seconds."""
HIDE = "Object.defineProperty(document, 'hidden', {configurable: true, get: () => true})"


async def decide(there: Console, ticket: review.Ticket) -> None:
    actor = (await there.person("reviewer")).actor
    answers = {"refund_decision": "approved", "amount_fen_approved": 1, "goods_come_back": False}
    async with there.writing() as conn:
        await review.decide(
            conn,
            ticket_id=ticket.id,
            actor=actor,
            answers=answers,
            key=uuid4().hex,
            now=there.now(),
            on_decided=desk.on_decided,
        )


async def requests_while(tab: Tab, script: str) -> list[str]:
    seen: list[str] = []
    tab.page.on("request", lambda request: seen.append(request.url))
    await tab.page.evaluate(script)
    await tab.page.wait_for_load_state("networkidle")
    return seen


async def test_a_run_is_watched_to_its_end_without_reloading(there: Console, open_tab: OpenTab) -> None:
    ticket = await there.ticket()
    async with open_tab(await there.person("operations_engineer")) as tab:
        await tab.open(f"/runs/{ticket.subject}")
        await tab.page.locator("main .badge.is-waiting").first.wait_for()
        await tab.page.evaluate(MARK)
        await decide(there, ticket)
        await tab.page.locator("main .badge.is-done").first.wait_for()
        assert await tab.page.evaluate(IS_MARKED)
        assert tab.complaints == []


async def test_a_new_ticket_appears_in_the_queue(there: Console, open_tab: OpenTab) -> None:
    await there.ticket()
    async with open_tab(await there.person("reviewer")) as tab:
        await tab.open("/tickets")
        await tab.page.evaluate(MARK)
        ticket = await there.ticket()
        await tab.page.evaluate(POLL)
        await tab.page.locator(f"a[href='/tickets/{ticket.id}']").wait_for()
        assert await tab.page.evaluate(IS_MARKED)
        assert tab.complaints == []


async def test_the_focus_stays_on_its_row_while_the_queue_changes(there: Console, open_tab: OpenTab) -> None:
    ticket = await there.ticket()
    async with open_tab(await there.person("reviewer")) as tab:
        await tab.open("/tickets")
        link = tab.page.locator(f"a[href='/tickets/{ticket.id}']")
        await link.focus()
        other = await there.ticket()
        await tab.page.evaluate(POLL)
        await tab.page.locator(f"a[href='/tickets/{other.id}']").wait_for()
        assert await link.evaluate("element => element === document.activeElement")


async def test_a_hidden_tab_asks_for_nothing(there: Console, open_tab: OpenTab) -> None:
    async with open_tab(await there.person("reviewer")) as tab:
        await tab.open("/tickets")
        asked = await requests_while(tab, f"{HIDE}; {POLL}")
        assert [url for url in asked if "/static/" not in url] == []


async def test_a_page_whose_session_has_ended_leads_to_the_sign_in(there: Console, open_tab: OpenTab) -> None:
    person = await there.person("reviewer")
    async with open_tab(person) as tab, open_tab(person) as other:
        await tab.open("/tickets")
        await other.open("/account")
        await other.page.get_by_role("button", name="Sign out everywhere else").click()
        async with tab.page.expect_navigation():
            await tab.page.evaluate(POLL)
        await tab.is_at("/sign-in?next=/tickets")
