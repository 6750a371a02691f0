"""The bank's channels with the product behind them: what customers and managers see, and what was said."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdesk.benefits.model import Status
from opsdesk.kit.clock import ManualClock
from tests.stories.bank import CUSTOMER, LATE_DAYS, SOON_DAYS, Bank, a_bank, text_of
from tests.stories.forms import forms_of

DESKS = ["mobile", "phone", "crm"]
ESB, PATH = "esb.internal", "/v1/messages"


@pytest.fixture
async def bank(tmp_path: Path, database_url: str, clock: ManualClock) -> AsyncIterator[Bank]:
    async with a_bank(tmp_path, database_url, clock) as made:
        yield made


@pytest.mark.req("PTS-103", "PTS-107")
async def test_a_customer_redeems_in_the_app_and_sees_the_code_and_what_was_used(bank: Bank) -> None:
    await bank.grant(300, days=LATE_DAYS)
    shown = text_of(await bank.redeem())
    order = await bank.order()
    code = order.benefit_code
    assert "兑换成功" in shown
    assert " ".join(code[start : start + 4] for start in (0, 4, 8, 12)) in shown
    assert "剩余幸福点 0" in shown
    assert (order.status, order.channel) == (Status.UNBOOKED, "mobile")


@pytest.mark.req("PTS-105")
@pytest.mark.parametrize("desk", DESKS)
async def test_too_few_points_are_told_in_the_words_of_the_points_system(bank: Bank, desk: str) -> None:
    shown = text_of(await bank.redeem(desk))
    assert "幸福点余额不足" in shown
    assert "points_short" in shown
    assert "再次查询结果" not in shown
    assert await bank.orders() == []


async def test_a_form_that_is_sent_twice_redeems_once(bank: Bank) -> None:
    await bank.grant(600, days=LATE_DAYS)
    path = f"/mobile/{CUSTOMER}/services/lounge"
    html = await bank.page(path)
    first, second = [await bank.press(path, on=html) for _time in range(2)]
    assert first.content == second.content
    assert len(await bank.orders()) == 1


@pytest.mark.req("PTS-109")
@pytest.mark.parametrize("desk", ["mobile", "crm"])
async def test_a_lost_answer_is_unknown_and_asking_again_redeems_nothing_more(bank: Bank, desk: str) -> None:
    await bank.grant(600, days=LATE_DAYS)
    await bank.story.outside.script(ESB, PATH, "benefit.redeem", "lost", times=1)
    lost = await bank.redeem(desk)
    assert "结果未知" in text_of(lost)
    assert "失败" not in text_of(lost)
    [form] = forms_of("/", lost.content.decode())
    assert "兑换成功" in text_of(await bank.send(form.action, form.fields))
    assert len(await bank.orders()) == 1


async def test_a_bus_that_is_down_is_unknown_and_asking_again_redeems(bank: Bank) -> None:
    await bank.grant(300, days=LATE_DAYS)
    await bank.story.outside.script(ESB, PATH, "*", "down", times=1)
    unknown = await bank.redeem()
    assert await bank.orders() == []
    [form] = forms_of("/", unknown.content.decode())
    assert "兑换成功" in text_of(await bank.send(form.action, form.fields))


async def test_a_message_that_is_delivered_twice_redeems_once(bank: Bank) -> None:
    await bank.grant(600, days=LATE_DAYS)
    await bank.story.outside.script(ESB, PATH, "benefit.redeem", "duplicated", times=1)
    assert "兑换成功" in text_of(await bank.redeem())
    assert len(await bank.orders()) == 1


@pytest.mark.req("PTS-402")
@pytest.mark.parametrize("desk", DESKS)
async def test_a_refund_without_expired_points_brings_all_back_at_once(bank: Bank, desk: str) -> None:
    await bank.grant(300, days=LATE_DAYS)
    await bank.redeem(desk)
    refunded = await bank.press(f"{await bank.order_page(desk)}/refund")
    assert "退还成功 已退还300幸福点" in text_of(refunded)
    assert (await bank.order()).status is Status.CANCELLED


async def an_order_with_expired_points(bank: Bank, desk: str) -> str:
    """An order of 100 points that have expired and 200 that have not; its page for a refund."""
    await bank.grant(100, days=SOON_DAYS)
    await bank.grant(200, days=LATE_DAYS)
    await bank.redeem(desk)
    bank.clock.advance(seconds=SOON_DAYS * 86_400)
    return f"{await bank.order_page(desk)}/refund"


@pytest.mark.req("PTS-401", "PTS-402")
@pytest.mark.parametrize("desk", DESKS)
async def test_expired_points_are_told_before_the_rest_comes_back(bank: Bank, desk: str) -> None:
    path = await an_order_with_expired_points(bank, desk)
    question = await bank.press(path)
    assert "存在已过期幸福点100,只能退还未过期幸福点200,是否继续?" in text_of(question)
    assert (await bank.order()).status is Status.UNBOOKED
    agreed = await bank.press(path, on=question.content.decode())
    assert "退还成功 已退还200幸福点" in text_of(agreed)
    order = await bank.order()
    assert (order.status, order.returned, order.forfeited) == (Status.CANCELLED, 200, 100)


@pytest.mark.req("PTS-403")
@pytest.mark.parametrize("desk", DESKS)
async def test_giving_up_a_refund_ends_it_on_the_page_of_the_order(bank: Bank, desk: str) -> None:
    path = await an_order_with_expired_points(bank, desk)
    question = await bank.press(path)
    given_up = await bank.press(path, on=question.content.decode(), which=1)
    assert (given_up.status, given_up.headers["Location"]) == (303, await bank.order_page(desk))
    assert (await bank.order()).status is Status.UNBOOKED
    assert "服务未预约" in await bank.page(given_up.headers["Location"])


async def test_what_comes_back_is_asked_anew_where_it_has_changed(bank: Bank) -> None:
    await bank.grant(100, days=SOON_DAYS)
    await bank.grant(100, days=SOON_DAYS + 1)
    await bank.grant(100, days=LATE_DAYS)
    await bank.redeem()
    bank.clock.advance(seconds=SOON_DAYS * 86_400)
    path = f"{await bank.order_page()}/refund"
    question = await bank.press(path)
    bank.clock.advance(seconds=86_400)
    asked_again = await bank.press(path, on=question.content.decode())
    assert "存在已过期幸福点200,只能退还未过期幸福点100,是否继续?" in text_of(asked_again)
    assert (await bank.order()).status is Status.UNBOOKED


async def test_orders_are_listed_with_the_words_of_their_status(bank: Bank) -> None:
    await bank.grant(300, days=LATE_DAYS)
    await bank.redeem()
    assert "服务未预约" in await bank.page(f"/mobile/{CUSTOMER}/orders")
    assert "还没有订单" in await bank.page(f"/mobile/{CUSTOMER}/orders?status=300")


async def test_points_are_shown_by_the_day_until_which_they_can_be_used(bank: Bank) -> None:
    await bank.grant(300, days=LATE_DAYS)
    shown = await bank.page(f"/mobile/{CUSTOMER}/points")
    assert ">300<" in shown
    assert "2026-11-01" in shown
