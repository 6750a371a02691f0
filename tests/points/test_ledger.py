"""Points are moved as the rules say, and once."""

import asyncio
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from opsdesk.kit.db import Database
from opsdesk.kit.ids import new_id
from opsdesk.points import invariants, ledger
from opsdesk.points.errors import (
    CustomerUnnamed,
    GrantAlreadyExpired,
    GrantDiffers,
    GrantKeyInvalid,
    NothingHeld,
    PointsOutOfRange,
)
from opsdesk.points.model import POINTS_MAX, Release, Swept, Wanted
from tests.points.moving import BANK, NOW, days, granted, held, released, spent, swept, wallet

INSERT = (
    "insert into points_posting (kind, debit, credit, customer_id, lot_id, order_id, points, effective_at,"
    " recorded_at) "
)
WAITING = b"select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"


@pytest.mark.req("PTS-108")
async def test_lots_that_expire_first_are_used_first_and_of_two_the_older(points: Database) -> None:
    late = await granted(points, 50, expires_at=NOW + days(60))
    soon = await granted(points, 30, expires_at=NOW + days(10))
    twin = await granted(points, 30, expires_at=NOW + days(10))
    [(_, parts)] = await held(points, 80)
    assert parts is not None
    assert [(part.lot_id, part.points) for part in parts] == [(soon.lot_id, 30), (twin.lot_id, 30), (late.lot_id, 20)]
    left = await wallet(points)
    assert (left.available, left.held, [lot.remaining for lot in left.lots]) == (30, 80, [30])


@pytest.mark.req("PTS-108")
@pytest.mark.req("PTS-802")
async def test_a_lot_at_its_date_is_not_used_though_it_was_not_swept_yet(points: Database) -> None:
    await granted(points, 100, expires_at=NOW + days(1))
    assert [parts for _, parts in await held(points, 1, at=NOW + days(1))] == [None]
    just_before = NOW + days(1) - timedelta(microseconds=1)
    assert [parts is None for _, parts in await held(points, 100, at=just_before)] == [False]
    assert (await wallet(points, now=NOW + days(1))).available == 0


async def test_an_order_that_is_too_much_is_refused_and_those_behind_it_are_not(points: Database) -> None:
    await granted(points, 100)
    found = await held(points, 60, 50, 30, 20, 10, 10)
    assert [parts is not None for _, parts in found] == [True, False, True, False, True, False]
    assert (await wallet(points)).available == 0


async def test_a_customer_without_a_wallet_holds_nothing(points: Database) -> None:
    assert [parts for _, parts in await held(points, 1, customer="nobody")] == [None]
    assert await wallet(points, customer="nobody") == await wallet(points, customer="nobody", now=NOW + days(1))


async def test_a_wallet_that_came_after_the_lock_is_left_alone(points: Database) -> None:
    wanted = Wanted(new_id(), "C-1", 10)
    async with points.transaction() as conn:
        locked = await ledger.lock_wallets(conn, ["C-1"])
        await granted(points, 100)
        assert await ledger.hold(conn, [wanted], locked=locked, at=NOW) == {}
    assert (await wallet(points)).available == 100


@pytest.mark.req("PTS-803")
@pytest.mark.req("PTS-804")
async def test_points_go_back_to_their_lot_with_its_date_and_those_past_it_are_forfeited(points: Database) -> None:
    await granted(points, 30, expires_at=NOW + days(10))
    late = await granted(points, 50, expires_at=NOW + days(60))
    [(order_id, _)] = await held(points, 70)
    back = await released(points, order_id, at=NOW + days(10))
    assert (back.points_returned, back.points_forfeited) == (40, 30)
    left = await wallet(points, now=NOW + days(10))
    assert [(lot.lot_id, lot.remaining, lot.expires_at) for lot in left.lots] == [(late.lot_id, 50, late.expires_at)]
    assert left.held == 0


@pytest.mark.req("PTS-805")
async def test_what_is_held_does_not_expire_before_its_order_ends(points: Database) -> None:
    await granted(points, 100, expires_at=NOW + days(10))
    [(kept, _), (given_up, _)] = await held(points, 40, 40)
    assert await swept(points, now=NOW + days(11)) == Swept(1, 20)
    assert (await wallet(points, now=NOW + days(11))).held == 80
    await spent(points, kept, at=NOW + days(12))
    back = await released(points, given_up, at=NOW + days(12))
    assert (back.points_returned, back.points_forfeited) == (0, 40)


@pytest.mark.req("PTS-604")
async def test_what_comes_back_late_to_a_lot_that_was_swept_is_swept_again(points: Database) -> None:
    await granted(points, 100, expires_at=NOW + days(10))
    [(order_id, _)] = await held(points, 40)
    assert await swept(points, now=NOW + days(11)) == Swept(1, 60)
    assert await swept(points, now=NOW + days(11)) is None
    back = await released(points, order_id, at=NOW + days(9), now=NOW + days(12))
    assert (back.points_returned, back.points_forfeited) == (40, 0)
    assert (await wallet(points, now=NOW + days(12))).available == 0
    assert await swept(points, now=NOW + days(12)) == Swept(1, 40)


async def test_an_order_is_let_go_of_once_whichever_way_comes_second(points: Database) -> None:
    await granted(points, 100)
    [(one, _), (two, _)] = await held(points, 10, 10)
    await released(points, one)
    await spent(points, two)
    for order_id in (one, two, new_id()):
        with pytest.raises(NothingHeld):
            await released(points, order_id)
        with pytest.raises(NothingHeld):
            await spent(points, order_id)
    assert (await wallet(points)).available == 90


async def test_of_several_orders_none_is_let_go_of_where_one_cannot_be(points: Database) -> None:
    await granted(points, 100)
    [(one, _), (two, _)] = await held(points, 10, 10)
    await spent(points, two)
    async with points.transaction() as conn:
        with pytest.raises(NothingHeld) as refused:
            await _release(conn, [Release(one, NOW), Release(two, NOW)])
    assert refused.value.order_id == two
    assert (await wallet(points)).held == 10


async def _release(conn: Any, orders: list[Release]) -> None:
    await ledger.release(conn, orders, now=NOW)


@pytest.mark.parametrize("kind", [3, 4, 5])
async def test_the_index_refuses_what_the_code_would_let_through(points: Database, kind: int) -> None:
    await granted(points, 100)
    [(order_id, _)] = await held(points, 10)
    await released(points, order_id)
    again = (
        INSERT
        + "select %s, 3, case %s when 3 then 2 when 4 then 5 else 4 end, customer_id, lot_id, order_id, points, %s, %s "
        "from points_posting where kind = 2"
    )
    with pytest.raises(psycopg.errors.UniqueViolation):
        async with points.transaction() as conn:
            await conn.execute(again.encode(), (kind, kind, NOW, NOW))


@pytest.mark.parametrize(
    "change",
    [
        "update points_posting set points = 1",
        "delete from points_posting",
        "truncate points_posting",
        "update points_lot set expires_at = expires_at + interval '1 day'",
        "update points_lot set granted = granted + 1",
        "delete from points_lot",
        "truncate points_wallet cascade",
    ],
)
async def test_what_happened_is_not_changed(points: Database, change: str) -> None:
    await granted(points, 100)
    with pytest.raises(psycopg.errors.RestrictViolation, match="evidence"):
        async with points.transaction() as conn:
            await conn.execute(change.encode())


@pytest.mark.parametrize(
    ("kind", "debit", "credit"), [(1, 2, 1), (2, 3, 2), (3, 2, 3), (5, 2, 4), (6, 3, 5), (7, 1, 2)]
)
async def test_a_movement_between_accounts_that_none_makes_is_refused(
    points: Database, kind: int, debit: int, credit: int
) -> None:
    lot = await granted(points, 100)
    insert = INSERT + "values (%s, %s, %s, 'C-1', %s, %s, 1, now(), now())"
    with pytest.raises(psycopg.errors.CheckViolation):
        async with points.transaction() as conn:
            await conn.execute(insert.encode(), (kind, debit, credit, lot.lot_id, None if kind in (1, 6) else new_id()))


async def test_a_grant_asked_for_again_is_told_and_given_once(points: Database) -> None:
    async def ask(count: int = 5, customer: str = "C-1", on: float = 9) -> tuple[int, bool]:
        async with points.transaction() as conn:
            lot, is_new = await _grant(conn, customer_id=customer, points=count, expires_at=NOW + days(on))
        return lot.lot_id, is_new

    lot_id, is_new = await ask()
    assert is_new
    assert await ask() == (lot_id, False)
    for other in ({"count": 6}, {"customer": "C-2"}, {"on": 10.0}):
        with pytest.raises(GrantDiffers):
            await ask(**other)
    assert (await wallet(points)).available == 5
    assert (await wallet(points, customer="C-2")).available == 0


async def _grant(conn: Any, **more: Any) -> Any:
    return await ledger.grant(conn, **{"grant_key": "G-1", "actor": BANK, "now": NOW, **more})


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"points": 0}, PointsOutOfRange),
        ({"points": POINTS_MAX + 1}, PointsOutOfRange),
        ({"customer_id": ""}, CustomerUnnamed),
        ({"customer_id": "a\nb"}, CustomerUnnamed),
        ({"customer_id": "a" * 65}, CustomerUnnamed),
        ({"grant_key": ""}, GrantKeyInvalid),
        ({"grant_key": "k" * 129}, GrantKeyInvalid),
        ({"expires_at": NOW}, GrantAlreadyExpired),
    ],
)
async def test_a_grant_that_makes_no_sense_is_refused_by_name(
    points: Database, given: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        async with points.transaction() as conn:
            await _grant(conn, **{"customer_id": "C-1", "points": 1, "expires_at": NOW + days(1), **given})
    assert (await wallet(points)).available == 0


async def test_who_waits_for_a_wallet_sees_what_was_left_in_it(points: Database) -> None:
    await granted(points, 100)
    async with points.connection() as watching, points.transaction() as first:
        await _lock_and_hold(first, 60)
        second = asyncio.create_task(_hold_alone(points, 60))
        third = asyncio.create_task(_hold_alone(points, 40))
        while (await watching.execute(WAITING)).rowcount < 2:
            await asyncio.sleep(0.01)
    assert sorted([await second, await third]) == [False, True]
    assert (await wallet(points)).available == 0


async def _lock_and_hold(conn: Any, points: int) -> bool:
    order_id = new_id()
    locked = await ledger.lock_wallets(conn, ["C-1"])
    return order_id in await ledger.hold(conn, [Wanted(order_id, "C-1", points)], locked=locked, at=NOW)


async def _hold_alone(db: Database, points: int) -> bool:
    async with db.transaction() as conn:
        return await _lock_and_hold(conn, points)


DAMAGE = [
    ("update points_wallet set balance = balance + 1", "I1"),
    ("update points_lot set remaining = remaining - 1", "I2"),
    ("update points_wallet set balance = balance + 1", "I3"),
    (
        "alter table points_lot drop constraint points_lot_check; update points_lot set remaining = granted + 1",
        "I4",
    ),
    (
        INSERT + "select 5, 3, 4, 'C-1', lot_id, gen_random_uuid(), 1, granted_at, granted_at from points_lot limit 1",
        "I6",
    ),
    (
        INSERT + "select 2, 2, 3, 'C-1', lot_id, gen_random_uuid(), 1, expires_at, expires_at from points_lot limit 1",
        "I7",
    ),
]


@pytest.mark.parametrize(("damage", "name"), DAMAGE)
async def test_damage_is_found_by_its_invariant(db: Database, damage: str, name: str) -> None:
    await granted(db, 100)
    async with db.transaction() as conn:
        await conn.execute(damage.encode())
    async with db.transaction() as conn:
        assert name in await invariants.broken(conn)


def test_every_invariant_is_seen_to_find_damage() -> None:
    assert {name for _, name in DAMAGE} == set(invariants.INVARIANTS)
