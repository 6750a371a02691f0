"""Runs as people watch and steer them: they change by themselves, and what is typed is not lost by it."""

from uuid import UUID, uuid4

import pytest
from playwright.async_api import expect

from opsdesk.flows import arrivals, runs
from tests.browser.browsing import Tab
from tests.browser.conftest import OpenTab
from tests.browser.console import KEEPER, Console

HIDE = """Object.defineProperty(document, "hidden", {value: %s, configurable: true});
document.dispatchEvent(new Event("visibilitychange"))"""


async def cancel(there: Console, run_id: UUID) -> None:
    async with there.database.connection() as conn:
        run = await runs.show_run(conn, run_id)
    async with there.writing() as conn:
        await arrivals.cancel(conn, run_id=run_id, reason="asked to", actor=KEEPER, now=run.started_at)


async def has_status(tab: Tab, status: str) -> None:
    await tab.page.locator("#run .run-line .badge", has_text=status).wait_for()


async def test_a_run_that_is_looked_at_changes_by_itself(there: Console, open_tab: OpenTab) -> None:
    run_id = UUID((await there.ticket()).subject)
    async with open_tab(await there.person("operations_engineer")) as tab:
        await tab.open(f"/runs/{run_id}")
        await has_status(tab, "waiting")
        await cancel(there, run_id)
        await has_status(tab, "cancelled")
        await expect(tab.page.locator("#run [id^=do-]")).to_have_count(0)
        await tab.shows("#live", "The run is cancelled.")
        assert await tab.findings() == []
        assert tab.complaints == []


async def test_a_hidden_tab_asks_for_nothing_and_is_right_when_it_is_seen_again(
    there: Console, open_tab: OpenTab
) -> None:
    run_id = UUID((await there.ticket()).subject)
    async with open_tab(await there.person("auditor")) as tab:
        await tab.page.clock.install()
        await tab.open(f"/runs/{run_id}")
        await has_status(tab, "waiting")
        await tab.page.evaluate(HIDE % "true")
        asked: list[str] = []
        tab.page.on("request", lambda request: asked.append(request.url))
        await cancel(there, run_id)
        await tab.page.clock.fast_forward(60_000)
        assert asked == []
        await tab.page.evaluate(HIDE % "false")
        await has_status(tab, "cancelled")


async def test_a_page_is_right_again_after_the_connection_was_away(there: Console, open_tab: OpenTab) -> None:
    run_id = UUID((await there.ticket()).subject)
    async with open_tab(await there.person("auditor")) as tab:
        await tab.open(f"/runs/{run_id}")
        await has_status(tab, "waiting")
        await tab.page.context.set_offline(True)
        await cancel(there, run_id)
        await tab.page.locator("#live", has_text="The connection was lost").wait_for(state="attached")
        await tab.page.context.set_offline(False)
        await has_status(tab, "cancelled")


async def test_a_run_is_paused_and_resumed_by_a_person(there: Console, open_tab: OpenTab) -> None:
    run_id = UUID((await there.ticket()).subject)
    async with open_tab(await there.person("operations_engineer")) as tab:
        await tab.open(f"/runs/{run_id}")
        await tab.page.get_by_role("link", name="Pause").click()
        await tab.page.get_by_label("Reason").fill("the partner asked us to wait")
        async with tab.page.expect_navigation():
            await tab.page.get_by_role("button", name="Pause").click()
        await tab.shows("#flashes .flash", "The run is being paused.")
        await has_status(tab, "paused")
        await tab.says("#run .flash", "the partner asked us to wait")
        await tab.page.get_by_role("link", name="Resume").click()
        async with tab.page.expect_navigation():
            await tab.page.get_by_role("button", name="Resume").click()
        await has_status(tab, "waiting")
        assert tab.complaints == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
async def test_a_run_is_started_from_a_form_and_found_by_its_customer(
    there: Console, open_tab: OpenTab, *, scripts: bool
) -> None:
    email = f"{uuid4().hex[:8]}@example.com"
    async with open_tab(await there.person("support_agent"), scripts=scripts) as tab:
        await tab.open("/procedures/refund-approval/start")
        await tab.page.get_by_label("customer_email").fill(email)
        await tab.page.get_by_label("order_link").fill("https://shop.example.com/orders/1")
        await tab.page.get_by_label("amount_fen").fill("many")
        await tab.page.get_by_role("button", name="Start").click()
        await tab.page.get_by_text("This is not a number.").first.wait_for()
        await tab.page.get_by_label("amount_fen").fill("100")
        await tab.page.get_by_role("button", name="Start").click()
        await tab.page.locator("#run").wait_for()
        address = tab.page.url
        await tab.open("/runs")
        await tab.page.get_by_role("searchbox").fill(email.upper())
        await tab.page.keyboard.press("Enter")
        await tab.page.locator("#list tbody tr:only-child").wait_for()
        assert await tab.page.locator("#list tbody a").first.get_attribute("href") == address.removeprefix(there.url)


async def test_a_version_with_errors_is_refused_beside_its_text(there: Console, open_tab: OpenTab) -> None:
    async with open_tab(await there.person("operations_engineer")) as tab:
        await tab.open("/procedures/new?of=refund-approval")
        text = tab.page.get_by_label("Text")
        wrong = (await text.input_value()).replace("type: human", "type: humane")
        await text.fill(wrong)
        async with tab.page.expect_navigation():
            await tab.page.get_by_role("button", name="Store").click()
        assert await tab.page.locator("#findings tbody tr").count() >= 1
        assert await text.input_value() == wrong
        assert await tab.findings() == []
        assert tab.complaints == []
