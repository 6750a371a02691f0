"""Orders that were not booked: refunded at the bank, or expired by their date, once, and with what is still good."""

import asyncio

import pytest

from opsdesk.benefits.model import Status
from opsdesk.kit.db import Database
from opsdesk.points.model import Swept
from tests.benefits.making import an_order, booked, broken, expired, furnish, quoted, read, refunded
from tests.points.moving import NOW, days, granted, swept, wallet


@pytest.mark.req("PTS-401", "PTS-402")
async def test_a_refund_says_what_is_lost_and_gives_the_rest_back(bank: Database) -> None:
    await granted(bank, 40, expires_at=NOW + days(1))
    order = await an_order(bank, points_granted=60, expires_at=NOW + days(2))
    told = await quoted(bank, order, now=NOW + days(1))
    assert told["message"] == "存在已过期幸福点40,只能退还未过期幸福点60,是否继续?"
    answer = await refunded(bank, order, quote=told, now=NOW + days(1))
    assert (answer.body["status"], answer.body["message"]) == (400, "已退还60幸福点")


@pytest.mark.req("PTS-402")
async def test_nothing_is_asked_where_nothing_has_expired(bank: Database) -> None:
    order = await an_order(bank)
    told = await quoted(bank, order)
    assert told["message"] == ""
    assert (await refunded(bank, order, quote=told)).body["message"] == "已退还100幸福点"


@pytest.mark.req("PTS-403")
async def test_a_quote_that_nobody_agrees_to_changes_nothing(bank: Database) -> None:
    order = await an_order(bank)
    await quoted(bank, order)
    assert await read(bank, order) == order


async def test_a_booked_order_is_not_refunded_at_the_bank(bank: Database) -> None:
    order = await an_order(bank)
    told = await quoted(bank, order)
    await booked(bank, order)
    assert (await refunded(bank, order, quote=told)).code == "refund_booked"


@pytest.mark.req("PTS-404")
async def test_a_refund_after_the_date_is_an_expiry_with_the_same_points(bank: Database) -> None:
    await granted(bank, 40, expires_at=NOW + days(89))
    order = await an_order(bank, points_granted=60, expires_at=NOW + days(91))
    late = NOW + days(92)
    answer = await refunded(bank, order, now=late)
    assert (answer.body["status"], answer.body["returned"], answer.body["forfeited"]) == (500, 60, 40)
    assert (await read(bank, order)).closed_at == order.expire_at


@pytest.mark.req("PTS-601", "PTS-602", "PTS-604")
async def test_a_late_job_gives_back_what_was_good_at_the_date_of_the_order(bank: Database) -> None:
    await granted(bank, 40, expires_at=NOW + days(89))
    order = await an_order(bank, points_granted=60, expires_at=NOW + days(91))
    found = await expired(bank, now=NOW + days(200))
    assert found is not None
    assert (found.orders, found.returned, found.forfeited) == (1, 60, 40)
    after = await read(bank, order)
    assert (after.status, after.returned, after.forfeited) == (Status.EXPIRED, 60, 40)
    assert await swept(bank, now=NOW + days(200)) == Swept(2, 60)


async def test_nothing_expires_before_its_date(bank: Database) -> None:
    order = await an_order(bank)
    assert await expired(bank, now=order.expire_at - days(0.0001)) is None
    assert await expired(bank, now=order.expire_at) is not None
    assert await expired(bank, now=order.expire_at) is None


@pytest.mark.req("PTS-605")
async def test_two_nodes_expire_each_order_once(bank: Database) -> None:
    for _ in range(12):
        await an_order(bank)
    late = NOW + days(90)

    async def work() -> int:
        count = 0
        while found := await expired(bank, now=late, limit=2):
            count += found.orders
        return count

    assert sum(await asyncio.gather(work(), work(), work())) == 12
    assert (await wallet(bank, now=late)).available == 1200


@pytest.mark.req("PTS-606")
async def test_at_its_date_an_order_is_expired_and_not_booked(bank: Database) -> None:
    for _ in range(4):
        order = await an_order(bank)
        answer, _ = await asyncio.gather(booked(bank, order, now=order.expire_at), expired(bank, now=order.expire_at))
        assert answer.code == "order_expired"
        await expired(bank, now=order.expire_at)
        assert (await read(bank, order)).status is Status.EXPIRED


DAMAGE = {
    "I5": b"update benefit_order set points = points + 1",
    "I8": b"update benefit_order set points = points + 1",
    "I9": b"delete from benefit_event",
    "I11": b"update benefit_answer set order_id = null where code = 'OK'",
    "I13": b"insert into benefit_event (order_id, was, status, effective_at, recorded_at, actor) "
    b"select order_id, 100, 200, now(), now(), 'x' from benefit_order",
}


@pytest.mark.parametrize("name", DAMAGE)
async def test_damage_of_the_books_is_found_by_its_invariant(db: Database, name: str) -> None:
    async with db.transaction() as conn:
        await furnish(conn)
    await an_order(db)
    async with db.connection() as conn:
        await conn.execute(b"set session_replication_role = replica")
        await conn.execute(DAMAGE[name])
        await conn.execute(b"set session_replication_role = default")
    assert name in await broken(db)
