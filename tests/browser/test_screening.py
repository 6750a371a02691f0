"""The full life of a screening type, as a risk operator lives it, in Chinese."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from opsdesk import flows
from opsdesk.review.groups import groups
from opsdesk.review.screening import types
from tests import configured
from tests.browser.browsing import Tab
from tests.browser.conftest import OpenTab
from tests.browser.console import Console
from tests.browser.pages import Sample

QUESTION = "if delete this key, the key and value will also delete in screening page"


async def switch(page: Page, selector: str, option: str) -> None:
    """Choose what the form is made anew by, and wait until it is: nobody types as fast as this."""
    async with page.expect_response(lambda response: response.request.method == "POST"):
        await page.locator(selector).select_option(option)
    await expect(page.locator(".htmx-request")).to_have_count(0)


async def delete_the_first_key(tab: Tab) -> None:
    """Asked first, with the safe answer under the finger; the second time it is meant."""
    page = tab.page
    await page.locator("[id^='remove-']").first.click()
    await tab.says("dialog", QUESTION)
    await expect(page.get_by_role("dialog").get_by_role("button", name="取消")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("dialog")).to_have_count(0)
    await expect(page.locator("[id^='remove-']")).to_have_count(3)
    await page.locator("[id^='remove-']").first.click()
    await page.get_by_role("dialog").get_by_role("button", name="删除").click()
    await expect(page.locator("[id^='remove-']")).to_have_count(2)


async def restore_the_first_version(tab: Tab) -> None:
    """From the list of adapts: the type as it was at first, as its third version, without the mapping of then."""
    page = tab.page
    await page.get_by_role("link", name="view 全流程").click()
    first = page.locator("#version-1")
    await first.locator("summary", has_text="首个版本").click()
    await first.get_by_role("button", name="恢复此版本…").click()
    await tab.says("#restore-1", "恢复的 key 在适配中没有取值配置")
    await first.get_by_role("button", name="恢复", exact=True).click()
    await tab.says(".flash", "版本 3 已保存并立即生效")
    await page.locator("#version-3 summary", has_text="恢复自版本 1").click()
    await tab.says("#version-3 .params", "正面照")
    await page.get_by_role("link", name="适配").click()
    await tab.says("#list", "已配置 0 / 1")


async def be_refused_the_pause(there: Console, tab: Tab) -> None:
    """While a group refers to the adapt; the group is edited then, and the adapt can be paused."""
    by: dict[str, Any] = {"actor": configured.OPERATOR, "compile_condition": flows.checks.condition_over}
    async with there.writing() as conn:
        type_id = await types.find_type(conn, name="全流程")
        rule = {"name": "可疑", "when": "true", "answer": "verify", "methods": ["full"], "screening_type": type_id}
        group = await groups.add_group(
            conn,
            application="cash_loan",
            scene="activation",
            name="引用全流程的 group",
            document={"rules": [rule]},
            now=there.now(),
            **by,
        )
    await tab.page.get_by_role("button", name="pause").click()
    await tab.shows("h1", "不能暂停")
    await tab.says(".notice", "引用全流程的 group")
    assert await tab.findings() == []
    await tab.page.get_by_role("link", name="返回列表").click()
    await tab.says(".badge", "active")
    async with there.writing() as conn:
        document = {"rules": [{"name": "可疑", "when": "true", "answer": "reject"}]}
        await groups.save_group(
            conn, group_id=group.group_id, opened_revision=1, document=document, now=there.now(), **by
        )


@pytest.mark.req("REV-T10", "REV-T11", "REV-J03", "REV-V06", "REV-B06", "REV-B14", "REV-A06", "REV-A09")
@pytest.mark.req("REV-L02", "REV-G09")
async def test_a_type_is_added_adapted_edited_restored_and_paused(
    there: Console, sample: Sample, open_tab: OpenTab
) -> None:
    async with open_tab(sample.chinese["risk_operator"], language="zh-CN") as tab:
        page = tab.page
        await tab.open("/screening")
        await page.get_by_role("link", name="add screening type").click()
        await page.locator("#name").fill("全流程")
        await page.locator("#add-picture").click()
        await expect(page.locator("[name^='name.']")).to_be_focused()
        await page.keyboard.type("正面照")
        await switch(page, "#choice", "multiple")
        await switch(page, "#with_code", "Y")
        await switch(page, "#code_return", "single")
        await switch(page, "#with_priority", "N")
        await switch(page, "#with_label", "N")
        await page.locator("[name^='detail.']").fill("人脸不一致")
        await page.locator("[name^='code.']").select_option("AF-1001")
        await page.locator("#save").click()
        await tab.shows("h1", "screening adapt list")
        assert tab.complaints == []

        await page.get_by_role("link", name="add adapt").first.click()
        await switch(page, "#application", "cash_loan")
        await switch(page, "#scene", "activation")
        await page.get_by_role("checkbox", name="full").check()
        await page.locator("[id^='source-']").select_option("verify")
        await page.locator("[id^='value-'] option[value=liveness_check_url1]").wait_for(state="attached")
        await page.locator("[id^='value-']").select_option("liveness_check_url1")
        await page.locator("#save").click()
        await tab.says("#list", "已配置 1 / 1")

        await tab.open("/screening")
        # Whatever is clicked of the row, the link of its name lies over it.
        await page.locator("tr", has_text="全流程").locator("td").nth(4).click(force=True)
        await tab.shows("h1", "screening adapt list")
        await page.get_by_role("link", name="view 全流程").click()
        await page.get_by_role("link", name="edit", exact=True).click()
        await page.locator("#add-others").click()
        await expect(page.locator("input[id^='name-']")).to_be_focused()
        await page.keyboard.type("设备号")
        await delete_the_first_key(tab)
        await page.locator("#save").click()
        await tab.says("dialog", "1 个适配随之升一个版本。")
        await page.get_by_role("button", name="保存版本 2").click()
        await tab.says(".flash", "版本 2 已保存并立即生效")

        await page.get_by_role("link", name="适配").click()
        await tab.says("#list", "(auto)")
        await tab.says("#list", "已配置 0 / 1")
        await restore_the_first_version(tab)
        await be_refused_the_pause(there, tab)
        await page.get_by_role("button", name="pause").click()
        await tab.says(".badge", "pause")
        assert await tab.findings() == []
        assert tab.complaints == []


@pytest.mark.req("REV-T11")
async def test_without_scripts_the_question_is_a_page_of_its_own(
    there: Console, sample: Sample, open_tab: OpenTab
) -> None:
    async with there.writing() as conn:
        made = await configured.add_type(conn, name="无脚本", now=there.now())
    async with open_tab(sample.chinese["risk_operator"], scripts=False) as tab:
        await tab.open(f"/screening/types/{made.type_id}/edit")
        await tab.page.locator("[id^='remove-']").first.click()
        await tab.says("#ask-title", QUESTION)
        await expect(tab.page.locator("#name")).to_be_hidden()
        await tab.page.get_by_role("button", name="删除").click()
        await expect(tab.page.locator("[id^='name-']")).to_have_count(4)
        await tab.page.locator("#save").click()
        await tab.says(".flash", "版本 2 已保存")


async def answer_late(page: Page, path: str) -> asyncio.Event:
    """Have the form wait for its answer until the event is set."""
    go_on = asyncio.Event()

    async def hold(route: Route) -> None:
        if route.request.method == "POST":
            await go_on.wait()
        await route.continue_()

    await page.route(path, hold)
    return go_on


@pytest.mark.req("REV-X16", "REV-G09")
async def test_what_is_typed_before_a_late_answer_comes_is_kept(
    there: Console, sample: Sample, open_tab: OpenTab
) -> None:
    async with open_tab(sample.chinese["risk_operator"], language="zh-CN") as tab:
        page = tab.page
        await tab.open("/screening/types/new")
        go_on = await answer_late(page, "**/screening/types/new")
        await page.locator("#name").fill("早")
        async with page.expect_response(lambda response: response.request.method == "POST"):
            await page.locator("#with_code").select_option("Y")
            await page.locator("[name^='detail.']").press_sequentially("人脸不一致")
            await page.locator("#choice").evaluate("choice => choice.value = 'multiple'")
            go_on.set()
        await expect(page.locator("#code_return")).to_be_visible()
        await expect(page.locator("[name^='detail.']")).to_have_value("人脸不一致")
        await expect(page.locator("[name^='detail.']")).to_be_focused()
        await expect(page.locator("#choice")).to_have_value("multiple")
        await expect(page.locator("#name")).to_have_value("早")
