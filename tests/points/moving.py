"""Moving points in tests."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from opsdesk.kit.db import Database
from opsdesk.kit.ids import new_id
from opsdesk.points import ledger
from opsdesk.points.model import Lot, Part, Release, Released, Swept, Wallet, Wanted
from tests.actors import actor

BANK = actor("key:bank")
NOW = datetime.fromisoformat("2026-01-05T10:00:00+08:00")


LATER = NOW + timedelta(days=30)


def days(count: float) -> timedelta:
    return timedelta(days=count)


async def granted(
    db: Database, points: int, *, expires_at: datetime = LATER, customer: str = "C-1", now: datetime = NOW
) -> Lot:
    async with db.transaction() as conn:
        lot, is_new = await ledger.grant(
            conn,
            customer_id=customer,
            points=points,
            expires_at=expires_at,
            grant_key=str(new_id()),
            actor=BANK,
            now=now,
        )
    assert is_new
    return lot


async def held(
    db: Database, *points: int, customer: str = "C-1", at: datetime = NOW
) -> Sequence[tuple[UUID, Sequence[Part] | None]]:
    """One order for each of the points, asked for together; with what it holds, or None where it was refused."""
    wanted = [Wanted(new_id(), customer, each) for each in points]
    async with db.transaction() as conn:
        locked = await ledger.lock_wallets(conn, [customer])
        found: Mapping[UUID, Sequence[Part]] = await ledger.hold(conn, wanted, locked=locked, at=at)
    return [(each.order_id, found.get(each.order_id)) for each in wanted]


async def released(db: Database, order_id: UUID, *, at: datetime = NOW, now: datetime | None = None) -> Released:
    async with db.transaction() as conn:
        return (await ledger.release(conn, [Release(order_id, at)], now=now or at))[order_id]


async def spent(db: Database, order_id: UUID, *, at: datetime = NOW) -> None:
    async with db.transaction() as conn:
        await ledger.spend(conn, order_id=order_id, effective_at=at, now=at)


async def swept(db: Database, *, now: datetime, lots: int = 1000) -> Swept | None:
    async with db.transaction() as conn:
        return await ledger.sweep(conn, now=now, lots=lots)


async def wallet(db: Database, *, customer: str = "C-1", now: datetime = NOW) -> Wallet:
    async with db.connection() as conn:
        return await ledger.read_wallet(conn, customer_id=customer, now=now)
