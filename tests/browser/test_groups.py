"""A strategy group from its first rule to the ticket of an application that it answered, in Chinese."""

from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from playwright.async_api import Page, expect

from opsdesk import access
from tests import configured
from tests.browser.browsing import NARROW
from tests.browser.conftest import OpenTab
from tests.browser.console import KEEPER, Console
from tests.browser.pages import Sample
from tests.browser.test_screening import switch

AT: dict[str, Any] = {"application": "credit_line", "scene": "activation"}


async def sent(there: Console, **application: Any) -> dict[str, Any]:
    """What an application is answered, which the anti-fraud engine sends."""
    async with there.writing() as conn:
        made = await access.keys.create_key(
            conn,
            name=f"engine-{uuid4().hex[:8]}",
            scopes=[access.Scope.APPLICATIONS_WRITE],
            roles=(),
            actor=KEEPER,
            now=there.now(),
        )
    async with (
        aiohttp.ClientSession(there.url, headers={"Authorization": f"Bearer {made.key}"}) as session,
        session.post("/v1/applications", json=AT | application) as answer,
    ):
        found: dict[str, Any] = await answer.json()
        assert answer.status == 201, found
        return found


async def write_rule(page: Page, type_name: str) -> None:
    """One feature, and one rule that has a person look at it."""
    await page.locator("#add-features").click()
    await expect(page.locator("[id^='feature-name-']")).to_be_focused()
    await page.keyboard.type("device_score")
    await page.locator("[id^='rule-name-']").fill("可疑设备")
    await switch(page, "[id^='rule-answer-']", "verify")
    await page.locator("[id^='rule-screening_type-']").select_option(label=type_name)
    await page.get_by_role("checkbox", name="face").check()


@pytest.mark.req("REV-P01", "REV-A08", "REV-K01", "REV-G09")
async def test_a_group_is_made_tried_and_applied_and_an_application_gets_its_ticket(
    there: Console, sample: Sample, open_tab: OpenTab
) -> None:
    type_name = f"组工单 {uuid4().hex[:8]}"
    async with there.writing() as conn:
        found = await configured.add_type(conn, now=there.now(), name=type_name)
        await configured.add_adapt(conn, found, now=there.now(), application="credit_line")
    flow_no = f"G-{uuid4().hex[:8]}"
    facts: dict[str, Any] = {
        "flow_no": flow_no,
        "user_id": "U-9",
        "request": {"customer": {"full_name": "王小明"}},
        "verifications": {},
        "features": {"device_score": 0.3},
    }
    async with open_tab(sample.chinese["risk_operator"], language="zh-CN") as tab:
        page = tab.page
        await tab.open("/groups/new")
        await switch(page, "#application", "credit_line")
        await switch(page, "#scene", "activation")
        await page.locator("#name").fill(f"新客 {flow_no}")
        await write_rule(page, type_name)
        condition = page.locator("[id^='rule-when-']")
        await condition.fill("device_scor < 0.5")
        await page.locator("#save").click()
        await tab.says("[role=alert]", "device_scor")
        await tab.says(".pointed mark", "device_scor")
        await condition.fill("device_score < 0.5")
        await page.locator("#save").click()
        await tab.shows("h1", f"新客 {flow_no}")
        await tab.says("aside", "未应用")
        assert await tab.findings() == []
        group = page.url

        assert (await sent(there, **facts | {"flow_no": f"{flow_no}-early"}))["answer"] == "pass"
        await page.get_by_role("link", name="试算").click()
        await page.get_by_label("JSON").fill('{"request": {}, "features": {"device_score": 0.3}}')
        await page.get_by_role("button", name="试算").click()
        await tab.says("#tried", "可疑设备")
        await tab.says("#tried", type_name)

        await page.goto(group)
        await page.get_by_role("button", name="应用…").click()
        await page.get_by_role("button", name="应用修订 1").click()
        await tab.says("aside .badge", "线上")
        answer = await sent(there, **facts)
        assert (answer["answer"], answer["answered_by"]["rule"]) == ("verify", "可疑设备")
        await page.reload()
        await tab.says(".answered-lately", "可疑设备")
        assert tab.complaints == []
    async with open_tab(await there.person("reviewer", language="zh-CN"), language="zh-CN", size=NARROW) as tab:
        await tab.open(f"/review/kyc?number={flow_no}")
        await expect(tab.page.locator("#list tbody tr")).to_have_count(1)
        await tab.page.get_by_role("link", name=flow_no).click()
        await tab.says("main", "王*")
        assert tab.complaints == []
