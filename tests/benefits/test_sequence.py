"""What happened to an order is told out of the rows that it left behind."""

from datetime import timedelta

import pytest

from opsdesk.benefits import history, lists, sequence
from opsdesk.benefits.orders import Filter
from opsdesk.benefits.plantuml import plantuml
from opsdesk.benefits.sequence_svg import svg
from opsdesk.kit.db import Database
from opsdesk.points import parts
from opsdesk.points.parts import Fate
from tests.benefits.desk import disputed
from tests.benefits.making import an_order, expired, redeemed, wish
from tests.points.moving import NOW, days, granted


@pytest.mark.req("PTS-103")
async def test_a_redemption_is_told_hop_by_hop_in_the_words_of_the_drawing(bank: Database) -> None:
    order = await an_order(bank)
    async with bank.connection() as conn:
        [told] = sequence.exchanges(await history.read_history(conn, order.order_id))
    assert [(each.source, each.target, each.kind, each.label) for each in told.messages] == [
        ("Customer", "MobileBank", "call", "选择权益服务发起兑换"),
        ("MobileBank", "PointSystem", "call", "转发请求"),
        ("PointSystem", "PointSystem", "self", "校验客户幸福点余额"),
        ("PointSystem", "PointSystem", "self", "扣除客户幸福点"),
        ("PointSystem", "PointSystem", "self", "状态:未预约(100)"),
        ("PointSystem", "MobileBank", "return", "返回结果"),
        ("MobileBank", "Customer", "return", "显示兑换成功"),
    ]
    assert sequence.participants([told]) == ["Customer", "MobileBank", "PointSystem"]


async def test_what_was_refused_is_told_as_a_refusal_and_quotes_before_what_they_led_to(db: Database) -> None:
    dispute = await disputed(db, now=NOW)
    async with db.connection() as conn:
        told = sequence.exchanges(await history.read_history(conn, dispute.order_id))
    assert [each.flow for each in told] == ["redeem", "book", "cancel", "complete"]
    assert "返还全部幸福点给客户: 100" in [message.label for message in told[2].messages]
    refused = [message for message in told[3].messages if message.is_refusal]
    assert refused[0].label == "订单已取消,不支持完成操作"
    text = plantuml(dispute.order_id, told)
    assert 'participant "手机银行/电话银行" as MobileBank' in text
    assert "PointSystem --> MobileBank: 订单已取消,不支持完成操作" in text
    drawn = svg("x", told, language="zh")
    assert drawn.count("arrow return refused") == len(refused)


@pytest.mark.req("PTS-602")
async def test_an_order_that_expired_was_found_by_the_scheduler(bank: Database) -> None:
    order = await an_order(bank)
    await expired(bank, now=NOW + days(91))
    async with bank.connection() as conn:
        told = sequence.exchanges(await history.read_history(conn, order.order_id), language="en")
        assert [each.fate for each in await parts.read_parts(conn, order.order_id)] == [Fate.RETURNED]
    assert told[1].messages[0].source == "Scheduler"
    assert "gives back" in told[1].messages[2].label


async def test_orders_are_paged_both_ways_without_skipping_one(bank: Database) -> None:
    await granted(bank, 1000)
    answers = [(await redeemed(bank, wish(), now=NOW + timedelta(seconds=each)))[0] for each in range(5)]
    newest_first = [answer.order_id for answer in answers[::-1]]
    async with bank.connection() as conn:
        first = await lists.page_orders(conn, Filter(), limit=2)
        second = await lists.page_orders(conn, Filter(), limit=2, cursor=first.next)
        third = await lists.page_orders(conn, Filter(), limit=2, cursor=second.next)
        back = await lists.page_orders(conn, Filter(), limit=2, cursor=third.previous)
    forwards = [*first.items, *second.items, *third.items]
    assert [each.order_id for each in forwards] == newest_first
    assert back.items == second.items
    assert (third.next, first.previous) == (None, None)
