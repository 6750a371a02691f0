"""Points are taken for a service once, wholly or not at all, and the answer stays what it was."""

import asyncio
from datetime import timedelta

import pytest

from opsdesk.benefits.catalogue import Service
from opsdesk.benefits.errors import CustomerListTooOld
from opsdesk.benefits.model import Channel, Status, shown_moment
from opsdesk.benefits.rules import ExpiryBy, Rules, midnight
from opsdesk.kit.db import Database
from tests.benefits.making import DENTAL, LOUNGE, listed, put, read, redeemed, refunded, wish
from tests.points.moving import NOW, days, granted, wallet


@pytest.mark.req("PTS-101", "PTS-107", "PTS-111")
async def test_a_customer_gets_a_code_for_points_and_is_told_what_was_used(bank: Database) -> None:
    await granted(bank, 30, expires_at=NOW + days(10))
    await granted(bank, 100, expires_at=NOW + days(20))
    [answer] = await redeemed(bank)
    assert answer.is_ok
    assert answer.body["points"] == 100
    assert answer.body["used"] == [
        {"expires_at": shown_moment(NOW + days(10)), "points": 30},
        {"expires_at": shown_moment(NOW + days(20)), "points": 70},
    ]
    assert answer.body["balance"] == 30
    order = await read(bank, answer)
    assert (order.status, order.benefit_code) == (Status.UNBOOKED, answer.body["benefit_code"])
    assert order.expire_at == NOW + days(90)
    async with bank.transaction() as conn:
        await put(conn, Service("lounge", "airport", "机场贵宾厅", "Airport lounge", points=500, settle_fen=1))
    assert (await read(bank, answer)).settle_fen == LOUNGE.settle_fen


@pytest.mark.req("PTS-102", "PTS-106")
async def test_a_fen_too_little_with_the_bank_is_refused_and_the_limit_itself_is_not(bank: Database) -> None:
    await granted(bank, 100, customer="C-1")
    await granted(bank, 100, customer="C-3")
    rich, poor = await redeemed(bank, wish(customer="C-1"), wish(customer="C-3"))
    assert rich.is_ok
    assert (poor.code, poor.body["message"]) == ("customer_not_eligible", "客户不满足权益兑换条件")
    order = await read(bank, rich)
    assert (order.aum_day, order.aum_fen) == (NOW.date(), 50_000_000)


@pytest.mark.req("PTS-106")
async def test_the_newest_list_counts_and_a_later_fall_does_not_touch_the_order(bank: Database) -> None:
    await granted(bank, 200)
    [before] = await redeemed(bank)
    async with bank.transaction() as conn:
        await listed(conn, {"C-2": 60_000_000}, day=NOW.date() + timedelta(days=1), now=NOW + days(1))
    [after] = await redeemed(bank, now=NOW + days(1))
    assert after.code == "customer_not_eligible"
    assert (await read(bank, before)).status is Status.UNBOOKED


async def test_nobody_redeems_by_a_list_that_is_too_old(bank: Database) -> None:
    await granted(bank, 100)
    assert (await redeemed(bank, wish(service="none"), now=NOW + days(3)))[0].code == "service_closed"
    with pytest.raises(CustomerListTooOld):
        await redeemed(bank, now=NOW + days(4))
    assert (await wallet(bank)).available == 100


@pytest.mark.req("PTS-105")
async def test_each_reason_for_a_refusal_has_its_own_code_and_text(bank: Database) -> None:
    await granted(bank, 99)
    async with bank.transaction() as conn:
        await put(conn, Service("closed", "clinic", "停售", "Closed", points=1, settle_fen=1, is_open=False))
        await put(conn, Service("gone", "clinic", "兑完", "Gone", points=1, settle_fen=1, stock=0))
    wishes = [wish(service=service) for service in ("lounge", "closed", "nowhere", "gone")]
    answers = await redeemed(bank, *wishes)
    assert [(answer.code, answer.body["message"]) for answer in answers] == [
        ("points_short", "幸福点余额不足"),
        ("service_closed", "权益服务不存在或已下架"),
        ("service_closed", "权益服务不存在或已下架"),
        ("sold_out", "权益已兑完"),
    ]
    assert (await wallet(bank)).available == 99


@pytest.mark.req("PTS-109")
async def test_the_same_key_gets_the_same_answer_and_moves_points_once(bank: Database) -> None:
    await granted(bank, 300)
    first = await redeemed(bank, wish(key="k"))
    again = await redeemed(bank, wish(key="k"), now=NOW + days(400))
    assert again == first
    assert (await wallet(bank)).available == 200


@pytest.mark.req("PTS-109")
async def test_the_same_key_with_other_content_is_refused(bank: Database) -> None:
    await granted(bank, 300)
    await redeemed(bank, wish(key="k"))
    [other] = await redeemed(bank, wish(key="k", service="dental"))
    assert (other.code, other.body["message"]) == ("key_reused", "请求重复但内容不一致")
    one, two = await redeemed(bank, wish(key="l"), wish(key="l", service="dental"))
    assert (one.code, two.code) == ("OK", "key_reused")


@pytest.mark.req("PTS-109")
async def test_a_refusal_is_kept_and_a_new_attempt_needs_a_new_key(bank: Database) -> None:
    [refused] = await redeemed(bank, wish(key="k"))
    await granted(bank, 100)
    assert await redeemed(bank, wish(key="k")) == [refused]
    [new] = await redeemed(bank, wish(key="l"))
    assert new.is_ok


@pytest.mark.req("PTS-109")
async def test_keys_of_two_channels_have_nothing_to_do_with_each_other(bank: Database) -> None:
    await granted(bank, 200)
    one, two = await redeemed(bank, wish(key="k"), wish(key="k", channel=Channel.CRM))
    assert one.is_ok
    assert two.is_ok
    assert one.order_id != two.order_id


async def test_two_that_ask_with_one_key_at_once_get_one_order(bank: Database) -> None:
    await granted(bank, 300)
    answers = await asyncio.gather(*(redeemed(bank, wish(key="k")) for _ in range(6)))
    assert len({answer.order_id for [answer] in answers}) == 1
    assert (await wallet(bank)).available == 200


async def test_a_batch_answers_as_if_its_requests_had_come_one_by_one(bank: Database) -> None:
    await granted(bank, 170)
    answers = await redeemed(bank, wish(), wish(), wish(service="dental"), wish(service="dental"))
    assert [answer.code for answer in answers] == ["OK", "points_short", "OK", "points_short"]
    assert [answer.body["balance"] for answer in answers if answer.is_ok] == [70, 10]


async def test_what_one_could_not_pay_for_goes_to_the_next_who_can(bank: Database) -> None:
    await granted(bank, 60, customer="C-2")
    async with bank.transaction() as conn:
        await put(conn, Service("dental", "clinic", "洁牙", "Dental cleaning", points=60, settle_fen=1, stock=1))
    first, second = wish(customer="C-1", service="dental"), wish(customer="C-2", service="dental")
    answers = await redeemed(bank, first, second, wish(customer="C-2", service="dental"))
    assert [answer.code for answer in answers] == ["points_short", "OK", "sold_out"]


async def test_the_last_piece_goes_to_one_of_those_who_ask_at_once(bank: Database) -> None:
    async with bank.transaction() as conn:
        await put(conn, Service("dental", "clinic", "洁牙", "Dental cleaning", points=60, settle_fen=1, stock=1))
    for customer in ("C-1", "C-2"):
        await granted(bank, 600, customer=customer)
    wishes = [wish(customer=customer, service="dental") for customer in ("C-1", "C-2") * 3]
    answers = await asyncio.gather(*(redeemed(bank, each) for each in wishes))
    assert sorted(answer.code for [answer] in answers) == ["OK"] + ["sold_out"] * 5


async def test_a_piece_comes_back_with_the_order_and_quota_with_it(bank: Database) -> None:
    await granted(bank, 600)
    async with bank.transaction() as conn:
        await put(
            conn,
            Service("dental", "clinic", "洁牙", "Dental cleaning", points=60, settle_fen=1, stock=5, quota=1),
        )
    first, second = await redeemed(bank, wish(service="dental"), wish(service="dental"))
    assert (first.code, second.code) == ("OK", "sold_out")
    assert (await refunded(bank, await read(bank, first))).is_ok
    [third] = await redeemed(bank, wish(service="dental"))
    assert third.is_ok
    [fourth] = await redeemed(bank, wish(service="dental"))
    assert fourth.code == "sold_out"


@pytest.mark.req("PTS-603")
async def test_an_order_may_expire_at_the_end_of_the_last_day_instead(bank: Database) -> None:
    await granted(bank, 60)
    [answer] = await redeemed(bank, wish(service=DENTAL.service), rules=Rules(expiry_by=ExpiryBy.DAY))
    assert (await read(bank, answer)).expire_at == midnight(NOW.date() + timedelta(days=91))
