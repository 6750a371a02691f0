"""Two of the same at once, or of what cannot both be: one of them wins, and points move once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from opsdesk.benefits.errors import KeyInUse
from opsdesk.benefits.model import Answer, Order, Status
from opsdesk.kit.db import Database
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
from tests.points.moving import NOW, days, granted, swept, wallet

INSTANT = timedelta(microseconds=1)
ROUNDS = 4

Submit = Callable[[str], Awaitable[Answer]]


async def answered(submit: Submit, key: str) -> Answer:
    """As callers do: what is being answered at this moment is asked for again."""
    while True:
        try:
            return await submit(key)
        except KeyInUse:
            continue


async def booking(db: Database) -> tuple[Order, Submit]:
    order = await an_order(db)
    return order, lambda key: booked(db, order, key=key)


async def cancelling(db: Database) -> tuple[Order, Submit]:
    order = await an_order(db)
    await booked(db, order)
    told = await quoted(db, order)
    return order, lambda key: cancelled(db, order, quote=told, key=key)


async def refunding(db: Database) -> tuple[Order, Submit]:
    order = await an_order(db)
    told = await quoted(db, order)
    return order, lambda key: refunded(db, order, quote=told, key=key)


async def completing(db: Database) -> tuple[Order, Submit]:
    order = await an_order(db)
    await booked(db, order)
    return order, lambda key: completed(db, order, key=key)


SUBMITS = {
    "booking": (booking, "already_booked"),
    "cancelling": (cancelling, "already_cancelled"),
    "refunding": (refunding, "already_cancelled"),
    "completing": (completing, "already_completed"),
}


@pytest.mark.req("PTS-308", "PTS-508")
@pytest.mark.parametrize("what", SUBMITS)
async def test_what_is_submitted_twice_at_once_with_one_key_is_done_once_and_told_twice(
    bank: Database, what: str
) -> None:
    for each in range(ROUNDS):
        _, submit = await SUBMITS[what][0](bank)
        one, two, three = await asyncio.gather(*(answered(submit, f"key-{each}") for _ in range(3)))
        assert one == two == three
        assert one.is_ok


@pytest.mark.req("PTS-308", "PTS-502")
@pytest.mark.parametrize("what", SUBMITS)
async def test_what_is_submitted_twice_at_once_with_two_keys_is_done_by_one_of_them(bank: Database, what: str) -> None:
    make, refusal = SUBMITS[what]
    for each in range(ROUNDS):
        _, submit = await make(bank)
        found = await asyncio.gather(*(answered(submit, f"key-{each}-{nth}") for nth in range(3)))
        assert sorted(answer.code for answer in found) == ["OK", refusal, refusal]


@pytest.mark.req("PTS-109")
async def test_redemptions_at_once_take_points_once_for_a_key_and_each_time_for_others(bank: Database) -> None:
    await granted(bank, 100 * (ROUNDS + 3), expires_at=NOW + days(300))
    for each in range(ROUNDS):
        found = await asyncio.gather(*(redeemed(bank, wish(key=f"key-{each}")) for _ in range(3)))
        assert found[0] == found[1] == found[2]
    more = await asyncio.gather(*(redeemed(bank, wish()) for _ in range(5)))
    assert sorted(answer.code for [answer] in more) == ["OK"] * 3 + ["points_short"] * 2
    assert (await wallet(bank)).available == 0


@pytest.mark.req("PTS-305")
async def test_of_points_that_expire_after_the_quote_the_last_instant_still_returns_them(bank: Database) -> None:
    date = NOW + timedelta(minutes=2)
    for _ in range(2):
        await granted(bank, 40, expires_at=date)
        order = await an_order(bank, points_granted=60)
        await booked(bank, order)
        told = await quoted(bank, order)
        assert (told["returned"], told["valid_until"]) == (100, "2026-01-05T02:02:00Z")
        answer = await cancelled(bank, order, quote=told, now=date - INSTANT)
        assert (answer.body["returned"], answer.body["forfeited"]) == (100, 0)
        await swept(bank, now=date)


@pytest.mark.req("PTS-305", "PTS-804")
async def test_of_points_that_expire_at_the_instant_of_the_cancellation_nobody_loses_any_unasked(
    bank: Database,
) -> None:
    date = NOW + timedelta(minutes=2)
    await granted(bank, 40, expires_at=date)
    order = await an_order(bank, points_granted=60)
    await booked(bank, order)
    told = await quoted(bank, order)
    before = await wallet(bank, now=date)
    refused = await cancelled(bank, order, quote=told, now=date)
    assert refused.code == "quote_stale"
    assert (refused.body["quote"]["returned"], refused.body["quote"]["forfeited"]) == (60, 40)
    assert await wallet(bank, now=date) == before
    answer = await cancelled(bank, order, quote=refused.body["quote"], now=date)
    assert (answer.body["returned"], answer.body["forfeited"]) == (60, 40)


@pytest.mark.req("PTS-604", "PTS-805")
async def test_a_sweep_beside_a_release_leaves_nothing_behind_and_takes_nothing_twice(bank: Database) -> None:
    """What comes back to a lot after its date is swept, by this sweep or by the next."""
    for _ in range(ROUNDS):
        await granted(bank, 200, expires_at=NOW + days(95))
        [answer] = await redeemed(bank)
        late = NOW + days(96)
        _, first = await asyncio.gather(expired(bank, now=late), swept(bank, now=late))
        second = await swept(bank, now=late)
        assert answer.order_id is not None
        assert (await read(bank, answer.order_id)).returned == 100
        assert (first.points if first else 0) + (second.points if second else 0) == 200
        assert (await wallet(bank, now=late)).available == 0


@pytest.mark.req("PTS-606", "PTS-404")
async def test_a_refund_beside_the_expiry_of_the_same_order_ends_it_once_with_the_same_points(bank: Database) -> None:
    for _ in range(ROUNDS):
        order = await an_order(bank)
        told = await quoted(bank, order, now=order.expire_at)
        answer, _ = await asyncio.gather(
            refunded(bank, order, quote=told, now=order.expire_at), expired(bank, now=order.expire_at)
        )
        assert answer.code in ("OK", "order_expired")
        after = await read(bank, order)
        assert (after.status, after.returned, after.forfeited) == (Status.EXPIRED, 100, 0)
