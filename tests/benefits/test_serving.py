"""What providers do with orders: at the boundary instants, twice, against each other, and with what is not theirs."""

import asyncio
from datetime import datetime, timedelta

import pytest

from opsdesk.benefits import disputes
from opsdesk.benefits.answers import refusal
from opsdesk.benefits.model import Answer, Order, Status
from opsdesk.kit.db import Connection, Database
from tests.benefits.making import (
    an_order,
    booked,
    cancelled,
    completed,
    expired,
    quoted,
    read,
    redeemed,
    refunded,
    wish,
)
from tests.points.moving import NOW, days, granted, wallet

INSTANT = timedelta(microseconds=1)


async def old_link(conn: Connection, order: Order, now: datetime) -> Answer | None:
    return refusal("link_expired", order_id=order.order_id, channel="crm")


@pytest.mark.req("PTS-205", "PTS-208")
async def test_a_booked_order_does_not_expire_any_more(bank: Database) -> None:
    order = await an_order(bank)
    assert (await booked(bank, order)).is_ok
    assert await expired(bank, now=NOW + days(4000)) is None
    assert (await read(bank, order)).status is Status.BOOKED


@pytest.mark.req("PTS-603", "PTS-606", "PTS-212")
async def test_an_order_is_booked_until_its_date_and_not_at_it(bank: Database) -> None:
    order, other = await an_order(bank), await an_order(bank)
    assert (await booked(bank, order, now=order.expire_at - INSTANT)).is_ok
    late = await booked(bank, other, now=other.expire_at)
    assert (late.code, late.body["message"]) == ("order_expired", "权益已过期")


@pytest.mark.req("PTS-206")
async def test_a_link_that_is_too_old_books_nothing(bank: Database) -> None:
    order = await an_order(bank)
    refused = await booked(bank, order, link=old_link)
    assert (refused.code, refused.body["message"]) == ("link_expired", "权益码已失效")
    assert (await read(bank, order)).status is Status.UNBOOKED


@pytest.mark.req("PTS-213")
async def test_a_booking_that_is_asked_again_is_told_the_same_when_the_link_is_old_by_now(
    bank: Database,
) -> None:
    order = await an_order(bank)
    first = await booked(bank, order, key="b")
    assert await booked(bank, order, key="b", now=NOW + days(1), link=old_link) == first


@pytest.mark.req("PTS-211", "PTS-212")
async def test_each_state_says_why_it_is_not_booked(bank: Database) -> None:
    order = await an_order(bank)
    await booked(bank, order)
    assert (await booked(bank, order)).body["message"] == "权益已预约,请勿重复预约"
    await completed(bank, order)
    assert (await booked(bank, order)).body["message"] == "订单已完成"
    other = await an_order(bank)
    await refunded(bank, other)
    assert (await booked(bank, other)).body["message"] == "订单已取消"


@pytest.mark.req("PTS-214", "PTS-504")
async def test_another_provider_or_service_learns_nothing_and_changes_nothing(bank: Database) -> None:
    order = await an_order(bank)
    for refused in (await booked(bank, order, provider="clinic"), await booked(bank, order, service="dental")):
        assert (refused.code, refused.body["message"], refused.order_id) == ("not_yours", "无权操作该权益", None)
    assert (await completed(bank, order, provider="clinic")).code == "not_yours"
    assert (await booked(bank, order, benefit_code="0" * 16)).code == "unknown_code"


@pytest.mark.req("PTS-304")
async def test_a_cancelled_order_gives_all_points_back(bank: Database) -> None:
    order = await an_order(bank)
    await booked(bank, order)
    answer = await cancelled(bank, order)
    assert (answer.body["returned"], answer.body["message"]) == (100, "已退还全部幸福点")
    assert (await wallet(bank)).available == 100


@pytest.mark.req("PTS-303", "PTS-301")
async def test_what_has_expired_is_told_before_and_does_not_come_back(bank: Database) -> None:
    await granted(bank, 40, expires_at=NOW + days(1))
    order = await an_order(bank, points_granted=60, expires_at=NOW + days(2))
    await booked(bank, order)
    told = await quoted(bank, order, now=NOW + days(1))
    assert (told["returned"], told["forfeited"]) == (60, 40)
    assert told["message"] == "存在已过期幸福点,取消后只退还未过期部分,是否继续取消?"
    answer = await cancelled(bank, order, quote=told, now=NOW + days(1))
    assert answer.body["message"] == "已退还60幸福点"


@pytest.mark.req("PTS-310")
async def test_an_order_whose_points_have_all_expired_is_cancelled_for_nothing(bank: Database) -> None:
    order = await an_order(bank, expires_at=NOW + days(1))
    await booked(bank, order)
    assert (await cancelled(bank, order, now=NOW + days(1))).body["message"] == "已退还0幸福点"


@pytest.mark.req("PTS-305")
async def test_a_quote_holds_until_the_next_points_expire_and_not_longer(bank: Database) -> None:
    await granted(bank, 40, expires_at=NOW + timedelta(minutes=2))
    order = await an_order(bank, points_granted=60)
    await booked(bank, order)
    told = await quoted(bank, order)
    late = NOW + timedelta(minutes=2)
    refused = await cancelled(bank, order, quote=told, now=late)
    assert (refused.code, refused.body["quote"]["returned"]) == ("quote_stale", 60)
    assert (await read(bank, order)).status is Status.BOOKED
    assert (await cancelled(bank, order, quote=refused.body["quote"], now=late)).body["returned"] == 60


@pytest.mark.req("PTS-305")
async def test_a_quote_is_too_old_after_five_minutes_and_of_its_order_alone(bank: Database) -> None:
    order, other = await an_order(bank), await an_order(bank)
    for each in (order, other):
        await booked(bank, each)
    told = await quoted(bank, order)
    assert (await cancelled(bank, other, quote=told)).code == "quote_stale"
    assert (await cancelled(bank, order, quote=told, now=NOW + timedelta(minutes=5))).code == "quote_stale"
    assert (await cancelled(bank, order, quote=told, now=NOW + timedelta(minutes=5) - INSTANT)).is_ok


@pytest.mark.req("PTS-308")
async def test_a_second_cancellation_moves_nothing_and_tells_the_figures_of_the_first(bank: Database) -> None:
    order = await an_order(bank)
    await booked(bank, order)
    told = await quoted(bank, order)
    first = await cancelled(bank, order, quote=told, key="c")
    assert await cancelled(bank, order, quote=told, key="c", now=NOW + days(9)) == first
    again = await cancelled(bank, order, quote=told, key="d")
    assert (again.body["message"], again.body["returned"]) == ("订单已取消,请勿重复操作", 100)
    assert (await wallet(bank)).available == 100


@pytest.mark.req("PTS-309", "PTS-503")
async def test_a_completed_order_is_not_cancelled_and_not_refunded(bank: Database) -> None:
    order = await an_order(bank)
    await booked(bank, order)
    told = await quoted(bank, order)
    await completed(bank, order)
    for answer in (await cancelled(bank, order, quote=told), await refunded(bank, order, quote=told)):
        assert (answer.code, answer.body["message"]) == ("cancel_completed", "订单已完成,不支持取消")
    assert (await wallet(bank)).held == 0


@pytest.mark.req("PTS-502", "PTS-504")
async def test_each_state_says_why_it_is_not_completed(bank: Database) -> None:
    order = await an_order(bank)
    assert (await completed(bank, order)).body["message"] == "订单未预约,不支持完成操作"
    await booked(bank, order)
    assert (await completed(bank, order)).is_ok
    assert (await completed(bank, order)).body["message"] == "订单已完成,请勿重复操作"
    gone = await an_order(bank)
    await expired(bank, now=NOW + days(90))
    assert (await completed(bank, gone)).body["message"] == "订单已过期,不支持完成操作"


@pytest.mark.req("PTS-508")
async def test_the_same_report_is_answered_with_success_again(bank: Database) -> None:
    order = await an_order(bank)
    await booked(bank, order)
    first = await completed(bank, order, key="f")
    assert await completed(bank, order, at=NOW, key="f", now=NOW + days(1)) == first


@pytest.mark.req("PTS-506")
async def test_a_service_was_not_performed_before_it_was_booked_or_after_now(bank: Database) -> None:
    order = await an_order(bank)
    await booked(bank, order)
    skew, now = timedelta(minutes=5), NOW + days(1)
    for wrong in (NOW - skew - INSTANT, now + skew + INSTANT):
        assert (await completed(bank, order, at=wrong, now=now)).code == "completion_time"
    assert (await completed(bank, order, at=NOW - skew, now=now)).is_ok


@pytest.mark.req("PTS-505")
async def test_a_report_is_late_from_the_midnight_after_the_second_day(bank: Database) -> None:
    done = datetime.fromisoformat("2026-01-05T23:59:59+08:00")
    deadline = datetime.fromisoformat("2026-01-08T00:00:00+08:00")
    for now, is_late in ((deadline - INSTANT, False), (deadline, True)):
        order = await an_order(bank)
        await booked(bank, order)
        answer = await completed(bank, order, at=done, now=now)
        assert (answer.body["is_late"], answer.body["settle_month"]) == (is_late, "2026-01")


@pytest.mark.req("PTS-507")
async def test_of_complete_and_cancel_one_wins_and_the_other_hears_of_it(bank: Database) -> None:
    for _ in range(4):
        order = await an_order(bank)
        await booked(bank, order)
        told = await quoted(bank, order)
        done, back = await asyncio.gather(completed(bank, order), cancelled(bank, order, quote=told))
        assert (done.code, back.code) in [("OK", "cancel_completed"), ("complete_cancelled", "OK")]


@pytest.mark.req("PTS-507")
async def test_a_report_on_a_cancelled_order_opens_one_dispute(bank: Database) -> None:
    order = await an_order(bank)
    await booked(bank, order)
    await cancelled(bank, order)
    for _ in range(2):
        assert (await completed(bank, order)).body["message"] == "订单已取消,不支持完成操作"
    never = await an_order(bank)
    await refunded(bank, never)
    await completed(bank, never)
    async with bank.connection() as conn:
        [dispute] = await disputes.list_disputes(conn, is_open=True, limit=10)
    assert dispute.order_id == order.order_id


async def test_of_two_bookings_at_once_one_is_told_that_it_came_second(bank: Database) -> None:
    order = await an_order(bank)
    answers = await asyncio.gather(*(booked(bank, order) for _ in range(5)))
    assert sorted(answer.code for answer in answers) == ["OK"] + ["already_booked"] * 4


async def test_a_partner_cannot_answer_for_another_by_its_key(bank: Database) -> None:
    await granted(bank, 200)
    lounge, dental = [await read(bank, each) for each in await redeemed(bank, wish(), wish(service="dental"))]
    first = await booked(bank, lounge, key="same")
    second = await booked(bank, dental, key="same")
    assert first.is_ok
    assert second.is_ok
