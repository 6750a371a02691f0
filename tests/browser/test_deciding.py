"""Tickets as reviewers work through them: by keys, without scripts, and when somebody else is faster."""

from uuid import UUID

import pytest
from playwright.async_api import expect

from opsdesk import review
from tests.browser.browsing import Tab
from tests.browser.conftest import OpenTab
from tests.browser.console import PASSWORD, Console
from tests.browser.test_signing_in import sign_in

RELEASE = """fetch(`${location.pathname}/release`, {
  method: "POST",
  headers: {"X-CSRF-Token": document.querySelector("[name=csrf_token]").value},
})"""
"""In another window of the same person."""


async def show(there: Console, ticket_id: UUID) -> review.Ticket:
    async with there.database.connection() as conn:
        return await review.show_ticket(conn, ticket_id=ticket_id)


async def press(tab: Tab, *keys: str) -> None:
    for key in keys:
        await tab.page.keyboard.press(key)


async def press_and_arrive(tab: Tab, *keys: str) -> None:
    async with tab.page.expect_navigation():
        await press(tab, *keys)


async def fill(tab: Tab, *, amount: str = "12900") -> None:
    await tab.page.get_by_role("radio", name="approved", exact=True).check()
    await tab.page.get_by_label("Amount to pay back, in fen").fill(amount)
    await tab.page.get_by_role("radio", name="No", exact=True).check()
    await tab.page.get_by_label("Notes for the file").fill("看过照片")


async def test_a_ticket_is_decided_with_the_keyboard_only(there: Console, open_tab: OpenTab) -> None:
    ticket, _other = await there.ticket(), await there.ticket()
    async with open_tab(await there.person("reviewer")) as tab:
        await tab.open("/")
        await press_and_arrive(tab, "g", "t")
        await press(tab, "/")
        await tab.page.keyboard.type(ticket.subject)
        await tab.page.locator(f"#list tbody tr:only-child a[href='/tickets/{ticket.id}']").wait_for()
        await press(tab, "Tab", "Tab", "Tab", "Tab", "Tab")
        await press(tab, "j")
        await press_and_arrive(tab, "Enter")
        await press_and_arrive(tab, "c")
        await press(tab, "1", "Tab")
        await tab.page.keyboard.type("12900")
        await press(tab, "Tab", "Space", "Tab")
        await tab.page.keyboard.type("看过照片")
        await press_and_arrive(tab, "Control+Enter")
        await tab.shows(".flash", "Decided.")
        assert tab.complaints == []
    decided = await show(there, ticket.id)
    assert decided.status is review.TicketStatus.DECIDED
    assert decided.decision == {
        "refund_decision": "approved",
        "amount_fen_approved": 12900,
        "goods_come_back": True,
        "notes": "看过照片",
    }


async def test_a_ticket_is_decided_without_scripts(there: Console, open_tab: OpenTab) -> None:
    ticket = await there.ticket()
    async with open_tab(await there.person("reviewer"), scripts=False) as tab:
        await tab.open(f"/tickets/{ticket.id}")
        await tab.page.get_by_role("button", name="Claim").click()
        await fill(tab)
        await tab.page.get_by_role("button", name="Decide", exact=True).click()
        await tab.shows(".flash", "Decided.")
    assert (await show(there, ticket.id)).status is review.TicketStatus.DECIDED


async def test_the_next_ticket_is_claimed_with_the_decision(there: Console, open_tab: OpenTab) -> None:
    first, second = await there.ticket(), await there.ticket()
    person = await there.person("reviewer")
    async with open_tab(person) as tab:
        await tab.open(f"/tickets/{first.id}")
        await press_and_arrive(tab, "c")
        await fill(tab)
        await press_and_arrive(tab, "Control+Shift+Enter")
        assert tab.page.url.startswith(f"{there.url}/tickets/")
        assert not tab.page.url.endswith(str(first.id))
        await expect(tab.page.get_by_role("radio", name="approved", exact=True)).to_have_count(1)
    assert (await show(there, second.id)).claimed_by in (None, person.actor.id)


async def test_what_is_wrong_is_said_beside_the_field_and_nothing_typed_is_lost(
    there: Console, open_tab: OpenTab
) -> None:
    ticket = await there.ticket()
    async with open_tab(await there.person("reviewer")) as tab:
        await tab.open(f"/tickets/{ticket.id}")
        await press_and_arrive(tab, "c")
        await fill(tab, amount="-1")
        await press_and_arrive(tab, "Control+Enter")
        amount = tab.page.get_by_label("Amount to pay back, in fen")
        assert await amount.evaluate("element => element === document.activeElement")
        assert await amount.get_attribute("aria-invalid") == "true"
        await tab.shows(".field .error", "This has to be 0 or more.")
        await expect(tab.page.get_by_label("Notes for the file")).to_have_value("看过照片")
        await expect(tab.page.get_by_role("radio", name="approved", exact=True)).to_be_checked()
        assert await tab.findings() == []
        assert tab.complaints == []


async def test_whoever_was_slower_is_told_and_keeps_what_they_typed(there: Console, open_tab: OpenTab) -> None:
    ticket = await there.ticket()
    async with open_tab(await there.person("reviewer")) as slow, open_tab(await there.person("reviewer")) as fast:
        await slow.open(f"/tickets/{ticket.id}")
        await press_and_arrive(slow, "c")
        await fill(slow)
        await slow.page.evaluate(RELEASE)
        await fast.open(f"/tickets/{ticket.id}")
        await press_and_arrive(fast, "c")
        await fill(fast, amount="100")
        await press_and_arrive(fast, "Control+Enter")
        await press_and_arrive(slow, "Control+Enter")
        await slow.says("main [role=alert]", "The ticket is closed")
        await expect(slow.page.get_by_label("Amount to pay back, in fen")).to_have_value("12900")
    decided = await show(there, ticket.id)
    assert decided.decision is not None
    assert decided.decision["amount_fen_approved"] == 100


async def test_a_session_that_ends_while_somebody_types_costs_nothing(there: Console, open_tab: OpenTab) -> None:
    ticket, person = await there.ticket(), await there.person("reviewer", password=PASSWORD)
    async with open_tab(person) as tab, open_tab(person) as other:
        await tab.open(f"/tickets/{ticket.id}")
        await press_and_arrive(tab, "c")
        await fill(tab)
        await other.open("/account")
        await other.page.get_by_role("button", name="Sign out everywhere else").click()
        await other.page.locator(".flash").wait_for()
        await press_and_arrive(tab, "Control+Enter")
        await tab.is_at(f"/sign-in?next=/tickets/{ticket.id}")
        await sign_in(tab, person.email)
        await tab.is_at(f"/tickets/{ticket.id}")
        await expect(tab.page.get_by_role("radio", name="approved", exact=True)).to_be_checked()
        await expect(tab.page.get_by_label("Amount to pay back, in fen")).to_have_value("12900")
        await expect(tab.page.get_by_label("Notes for the file")).to_have_value("看过照片")
        await press_and_arrive(tab, "Control+Enter")
        await tab.shows(".flash", "Decided.")
        assert await tab.page.evaluate("sessionStorage.length") == 0
        assert tab.complaints == []


async def test_a_ticket_that_somebody_works_on_is_not_offered(there: Console, open_tab: OpenTab) -> None:
    ticket = await there.ticket()
    first, second = await there.person("reviewer"), await there.person("reviewer")
    async with open_tab(first) as tab:
        await tab.open(f"/tickets/{ticket.id}")
        await press_and_arrive(tab, "c")
    async with open_tab(second) as tab:
        await tab.open(f"/tickets/{ticket.id}")
        await tab.says("main", f"{first.email} is working on it.")
        await expect(tab.page.get_by_role("button", name="Claim", exact=True)).to_have_count(0)


async def test_two_officers_have_to_agree(there: Console, open_tab: OpenTab) -> None:
    run_id = await there.start("account-closure", customer_id="cus_8841", cause="Asked for in writing")
    ticket = await there.ticket_of(run_id)
    async with open_tab(await there.person("compliance_officer")) as tab:
        await tab.open(f"/tickets/{ticket.id}")
        await press_and_arrive(tab, "c")
        await press(tab, "1")
        await press_and_arrive(tab, "Control+Enter")
        await tab.shows(".flash", "Your answer counts; others are needed.")
        await tab.says("main", "You have answered; somebody else has to as well.")
    async with open_tab(await there.person("compliance_officer")) as tab:
        await tab.open(f"/tickets/{ticket.id}")
        await press_and_arrive(tab, "c")
        await press(tab, "1")
        await press_and_arrive(tab, "Control+Enter")
        await tab.shows(".flash", "Decided.")


@pytest.mark.req("FLO-309")
async def test_nothing_typed_is_lost_when_the_data_changes_before_the_decision(
    there: Console, open_tab: OpenTab
) -> None:
    ticket = await there.ticket()
    async with (
        open_tab(await there.person("reviewer")) as tab,
        open_tab(await there.person("operations_engineer")) as other,
    ):
        await tab.open(f"/tickets/{ticket.id}")
        await tab.page.get_by_role("button", name="Claim").click()
        await fill(tab)
        await other.open(f"/tickets/{ticket.id}/amend")
        await other.page.get_by_label("amount_fen").fill("9900")
        await other.page.get_by_label("Reason", exact=True).fill("another invoice")
        await other.page.get_by_role("button", name="Amend", exact=True).click()
        await other.shows(".flash", "The data is amended; answers given before are void.")
        await tab.page.get_by_role("button", name="Decide", exact=True).click()
        await tab.says(".flash", "What you typed is still here.")
        await expect(tab.page.get_by_label("Notes for the file")).to_have_value("看过照片")
        await expect(tab.page.locator("dl.facts").first).to_contain_text("9900")
        await tab.page.get_by_role("button", name="Decide", exact=True).click()
        await tab.shows(".flash", "Decided.")
    decided = await show(there, ticket.id)
    assert (decided.status, decided.snapshot) == (review.TicketStatus.DECIDED, 2)
