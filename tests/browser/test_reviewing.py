"""Screening tickets as reviewers work through them: frozen values, reasons that change under their eyes, and keys."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from playwright.async_api import expect

from opsdesk import review
from opsdesk.review.reference import entries
from opsdesk.review.screening import types
from opsdesk.review.screening.model import stored
from opsdesk.review.screening.sources import Facts
from opsdesk.review.screening.types import ScreeningType
from tests import configured
from tests.browser.browsing import NARROW, Tab
from tests.browser.conftest import OpenTab
from tests.browser.console import Console
from tests.browser.pages import Sample

SCRIPT = "<script>alert(1)</script>"
ASK_NOW = "htmx.trigger('#rejection', 'every')"
"""As the panel does by itself every few seconds."""


@dataclass(frozen=True, slots=True)
class Made:
    """A screening type of a test's own, and tickets of it without pictures."""

    there: Console
    found: ScreeningType

    async def ticket(self, *, name: str = "王小明", flow_no: str | None = None) -> UUID:
        facts = Facts(request={"customer": {"full_name": name}})
        async with self.there.writing() as conn:
            return await configured.add_ticket(
                conn, self.found, now=self.there.now(), facts=facts, flow_no=flow_no or f"F-{uuid4().hex[:8]}"
            )

    async def edit(self, **changes: object) -> None:
        """The next version: `reasons` or `modules` are others then."""
        async with self.there.writing() as conn:
            newest = await types.show_type(conn, type_id=self.found.type_id)
            document = stored(newest.document)
            document["modules"] = changes.get("modules", document["modules"])
            document["rejection"]["reasons"] = changes.get("reasons", document["rejection"]["reasons"])
            await types.edit_type(
                conn,
                type_id=newest.type_id,
                opened_version=newest.version,
                description=newest.description,
                document=document,
                actor=configured.OPERATOR,
                now=self.there.now(),
            )

    @property
    def reasons(self) -> list[dict[str, object]]:
        found: list[dict[str, object]] = stored(self.found.document)["rejection"]["reasons"]
        return found


async def made(there: Console, *, second_key: str = "出生日期", **rejection: object) -> Made:
    document = configured.type_document(**rejection)
    document["modules"][1]["keys"][1]["name"] = second_key
    async with there.writing() as conn:
        found = await configured.add_type(conn, now=there.now(), name=f"审核 {uuid4().hex[:8]}", document=document)
        await configured.add_adapt(conn, found, now=there.now())
    return Made(there, found)


async def show(there: Console, ticket_id: UUID) -> review.Ticket:
    async with there.database.connection() as conn:
        return await review.show_ticket(conn, ticket_id=ticket_id)


async def claimed(tab: Tab, ticket_id: UUID) -> None:
    """The page of a ticket, which is this person's then."""
    await tab.open(f"/tickets/{ticket_id}")
    async with tab.page.expect_navigation():
        await tab.page.keyboard.press("c")
    await expect(tab.page.locator("#verdict")).to_be_visible()


async def pressed(tab: Tab, key: str) -> None:
    async with tab.page.expect_navigation():
        await tab.page.keyboard.press(key)


@pytest.mark.req("REV-G08", "REV-K07", "REV-K05", "REV-X21")
async def test_a_ticket_from_before_an_edit_shows_the_old_fields_and_the_new_reasons(
    there: Console, sample: Sample, open_tab: OpenTab
) -> None:
    desk = await made(there)
    before = await desk.ticket()
    modules = stored(desk.found.document)["modules"]
    modules[1]["keys"] = [modules[1]["keys"][0], {"name": "手机号"}]
    await desk.edit(
        modules=modules, reasons=[*desk.reasons, {"label": "人脸", "detail": "闭眼", "code": "SYS-9", "priority": 5}]
    )
    after = await desk.ticket()
    async with open_tab(await there.person("reviewer")) as tab:
        await claimed(tab, before)
        personal = tab.page.locator("section", has_text="personal info").locator("dt")
        await expect(personal).to_have_text(["姓名", "出生日期"])
        await expect(tab.page.locator("#rejection .choice span")).to_contain_text(
            ["人脸与证件不一致", "闭眼", "证件为翻拍"]
        )
        await tab.shows("#rejection .label-type", "人脸", "证件")
        await tab.says("dl.pairs", "type version1")
        boxes = [await each.bounding_box() for each in await personal.all()]
        assert boxes[0] is not None
        assert boxes[1] is not None
        assert boxes[0]["y"] == boxes[1]["y"], "two fields a row"
        await tab.open(f"/tickets/{after}")
        await expect(tab.page.locator("section", has_text="personal info").locator("dt")).to_have_text(
            ["姓名", "手机号"]
        )
        await tab.says("dl.pairs", "type version2")
        assert tab.complaints == []


@pytest.mark.req("REV-X48", "REV-K06")
async def test_a_reason_that_goes_while_it_is_ticked_is_said_to_be_gone_and_the_others_stay(
    there: Console, sample: Sample, open_tab: OpenTab
) -> None:
    desk = await made(there)
    ticket = await desk.ticket()
    async with open_tab(await there.person("reviewer")) as tab:
        await claimed(tab, ticket)
        await tab.page.keyboard.press("1")
        await tab.page.keyboard.press("2")
        await tab.page.get_by_label("remark").fill("两张照片")
        await desk.edit(reasons=desk.reasons[1:])
        await tab.page.evaluate(ASK_NOW)
        await tab.says("#rejection .flash", "does not hold any more")
        await expect(tab.page.locator("#rejection [type=checkbox]")).to_have_count(1)
        await expect(tab.page.get_by_role("checkbox", name="证件为翻拍")).to_be_checked()
        await expect(tab.page.get_by_label("remark")).to_have_value("两张照片")
        assert await tab.findings() == []
        await tab.page.locator("#verdict [name=then]").uncheck()
        await tab.page.get_by_role("button", name="reject").click()
        await tab.says(".flash", "decided, reject")
        await tab.says(".decided", "证件为翻拍")
        assert tab.complaints == []
    assert (await show(there, ticket)).status is review.TicketStatus.DECIDED


@pytest.mark.req("REV-X48")
async def test_a_rejection_that_crosses_an_edit_comes_back_with_the_ticks_that_hold(
    there: Console, sample: Sample, open_tab: OpenTab
) -> None:
    desk = await made(there)
    ticket = await desk.ticket()
    async with open_tab(await there.person("reviewer"), scripts=False) as tab:
        await tab.open(f"/tickets/{ticket}")
        await tab.page.get_by_role("button", name="Claim", exact=True).click()
        for reason in ("人脸与证件不一致", "证件为翻拍"):
            await tab.page.get_by_role("checkbox", name=reason).check()
        await desk.edit(reasons=desk.reasons[1:])
        await tab.page.get_by_role("button", name="reject").click()
        await tab.says("main [role=alert]", "The reasons to reject have changed")
        await expect(tab.page.get_by_role("checkbox", name="证件为翻拍")).to_be_checked()
        await tab.page.get_by_role("button", name="reject").click()
    decided = await show(there, ticket)
    assert decided.screening is not None
    assert decided.screening.result is review.model.Verdict.REJECT


@pytest.mark.req("REV-X22")
async def test_a_reason_whose_code_went_inactive_is_shown_and_cannot_be_ticked(
    there: Console, sample: Sample, open_tab: OpenTab
) -> None:
    desk = await made(there)
    ticket = await desk.ticket()
    code: dict[str, Any] = {
        "code": "AF-1002",
        "category": "anti-fraud",
        "description": "翻拍照片",
        "actor": configured.OPERATOR,
    }
    async with open_tab(await there.person("reviewer")) as tab:
        await claimed(tab, ticket)
        async with there.writing() as conn:
            await entries.put_reject_code(conn, **code, is_active=False, now=there.now())
        await tab.page.evaluate(ASK_NOW)
        await expect(tab.page.get_by_role("checkbox", name="证件为翻拍")).to_be_disabled()
        await tab.says("#rejection .is-off", "not active any more")
        async with there.writing() as conn:
            await entries.put_reject_code(conn, **code, is_active=True, now=there.now())


@pytest.mark.req("REV-B01")
async def test_of_two_reviewers_on_one_ticket_the_second_is_told_who_is_at_it(
    there: Console, sample: Sample, open_tab: OpenTab
) -> None:
    ticket = await (await made(there)).ticket()
    first, second = await there.person("reviewer"), await there.person("reviewer")
    async with open_tab(first) as tab, open_tab(second) as other:
        await other.open(f"/tickets/{ticket}")
        await claimed(tab, ticket)
        await other.page.get_by_role("button", name="Claim", exact=True).click()
        await other.says(".flash", "Somebody else is working on the ticket")
        await other.says("main", f"{first.email} is working on it.")
        await expect(other.page.locator("#verdict")).to_have_count(0)


async def test_what_looks_like_a_script_is_text_in_keys_and_values(
    there: Console, sample: Sample, open_tab: OpenTab
) -> None:
    ticket = await (await made(there, second_key=SCRIPT)).ticket(name=SCRIPT)
    async with open_tab(await there.person("reviewer")) as tab:
        await claimed(tab, ticket)
        await tab.page.keyboard.press("v")
        await expect(tab.page.locator("dt", has_text=SCRIPT)).to_have_count(1)
        await expect(tab.page.locator("dd", has_text=SCRIPT)).to_have_count(1)
        assert tab.complaints == []


@pytest.mark.req("REV-B07", "REV-B02")
async def test_tickets_are_judged_by_keys_alone_and_the_next_one_opens(
    there: Console, sample: Sample, open_tab: OpenTab
) -> None:
    desk = await made(there)
    tickets = [await desk.ticket() for _ in range(3)]
    async with open_tab(await there.person("reviewer")) as tab:
        await claimed(tab, tickets[0])
        await tab.page.keyboard.press("1")
        await pressed(tab, "r")
        await tab.says(".flash", "decided, reject")
        assert not tab.page.url.endswith(str(tickets[0]))
        await claimed(tab, tickets[1])
        await tab.page.get_by_label("remark").focus()
        await tab.page.keyboard.type("pass 1")
        await expect(tab.page.locator("#rejection :checked")).to_have_count(0)
        await tab.page.locator("h1").click()
        for combination in ("Control+p", "Alt+r"):
            await tab.page.keyboard.press(combination)
        await tab.page.keyboard.press("?")
        await expect(tab.page.locator("#shortcuts")).to_be_visible()
        await tab.page.keyboard.press("Escape")
        await pressed(tab, "p")
        assert tab.complaints == []
    results = [(await show(there, each)).screening for each in tickets[:2]]
    assert [each and each.result for each in results] == ["reject", "pass"]


@pytest.mark.req("REV-B07")
async def test_keys_of_one_letter_can_be_switched_off(there: Console, sample: Sample, open_tab: OpenTab) -> None:
    ticket = await (await made(there)).ticket()
    async with open_tab(await there.person("reviewer")) as tab:
        await claimed(tab, ticket)
        await tab.page.keyboard.press("?")
        await tab.page.get_by_role("checkbox", name="Keys of one letter are on in this browser").uncheck()
        await tab.page.keyboard.press("Escape")
        for key in ("1", "p", "?"):
            await tab.page.keyboard.press(key)
        await expect(tab.page.locator("#rejection :checked")).to_have_count(0)
        await expect(tab.page.locator("#shortcuts")).to_be_hidden()
        await tab.open(f"/tickets/{ticket}")
        await tab.page.keyboard.press("p")
        await expect(tab.page.locator("#verdict")).to_be_visible()
    assert (await show(there, ticket)).status is review.TicketStatus.OPEN


@pytest.mark.req("REV-B09")
async def test_a_ticket_is_skipped_with_a_reason_that_its_history_tells(
    there: Console, sample: Sample, open_tab: OpenTab
) -> None:
    ticket = await (await made(there)).ticket()
    async with open_tab(await there.person("reviewer")) as tab:
        await claimed(tab, ticket)
        await tab.page.keyboard.press("s")
        await expect(tab.page.locator("#skip-reason")).to_be_focused()
        await tab.page.keyboard.type("看不清")
        await pressed(tab, "Enter")
        await tab.says(".flash", "Skipped")
        await tab.open(f"/tickets/{ticket}")
        await tab.says(".timeline li:last-child", "看不清")


@pytest.mark.req("REV-G10")
async def test_filters_of_the_list_count_once_they_are_applied(
    there: Console, sample: Sample, open_tab: OpenTab
) -> None:
    desk = await made(there)
    ticket = await desk.ticket(flow_no=f"F-{uuid4().hex[:8]}")
    flow_no = (await show(there, ticket)).subject
    async with open_tab(await there.person("reviewer"), size=NARROW) as tab:
        await tab.open("/review/kyc")
        rows = await tab.page.locator("tbody tr").count()
        await tab.page.locator("[name=number]").fill(flow_no)
        assert await tab.page.locator("tbody tr").count() == rows
        await pressed(tab, "Enter")
        await tab.shows("tbody .opens", flow_no)
        await tab.page.locator("[name=status]").select_option("completed")
        await tab.page.get_by_role("button", name="Apply the filters").click()
        await tab.says(".empty", "No ticket is like this")
        assert await tab.findings() == []
        assert tab.complaints == []
