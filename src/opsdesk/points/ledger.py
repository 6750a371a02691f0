"""Moving points. Whoever moves them locks the wallets first, and says by which moment lots are past their date.

Locks, in this order: wallets by the customer's id, then lots, which only the holder of their wallet's lock changes. A
caller with rows of its own (an order) locks those before. All of it is in the caller's transaction.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from uuid import UUID

from psycopg.errors import UniqueViolation
from psycopg.pq import TransactionStatus
from psycopg.rows import class_row

from opsdesk import access
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements
from opsdesk.points.errors import (
    CustomerUnnamed,
    GrantAlreadyExpired,
    GrantDiffers,
    GrantKeyInvalid,
    NothingHeld,
    PointsOutOfRange,
)
from opsdesk.points.model import POINTS_MAX, Lot, Part, Release, Released, Swept, Wallet, Wanted

CUSTOMER_CHARACTERS_MAX = 64
GRANT_KEY_CHARACTERS_MAX = 128

_SQL = statements(__file__)


async def lock_wallets(conn: Connection, customers: Collection[str]) -> frozenset[str]:
    """Lock these wallets until the transaction ends; returns the customers that have one."""
    assert conn.info.transaction_status is TransactionStatus.INTRANS, "a lock lasts as long as the transaction"
    rows = await (await conn.execute(_SQL["lock_wallets"], {"customers": sorted(set(customers))})).fetchall()
    return frozenset(customer for (customer,) in rows)


async def grant(
    conn: Connection,
    *,
    customer_id: str,
    points: int,
    expires_at: datetime,
    grant_key: str,
    actor: access.Actor,
    now: datetime,
) -> tuple[Lot, bool]:
    """Give a customer a lot; returns it, and whether it is new. Locks the wallet.

    The key is the granting side's own: asked again, the same lot is told, and nothing moves. Raises PointsOutOfRange,
    CustomerUnnamed, GrantKeyInvalid, GrantAlreadyExpired, GrantDiffers.
    """
    _check_grant(customer_id, points, grant_key)
    await conn.execute(_SQL["open_wallet"], {"customer_id": customer_id})
    await lock_wallets(conn, [customer_id])
    before = await _granted_before(conn, grant_key)
    if before is None:
        if expires_at <= now:
            raise GrantAlreadyExpired(expires_at)
        values = {"customer_id": customer_id, "grant_key": grant_key, "points": points, "expires_at": expires_at}
        try:
            async with conn.transaction(), conn.cursor(row_factory=class_row(Lot)) as rows:
                lot = await (await rows.execute(_SQL["grant"], values | {"now": now})).fetchone()
        except UniqueViolation:
            # Another customer's grant has the key since a moment ago.
            raise GrantDiffers(grant_key) from None
        assert lot is not None
        await access.audit.record(
            conn,
            actor=actor,
            action="points.grant",
            object_kind="lot",
            object_id=str(lot.lot_id),
            before=None,
            after={"customer": customer_id, "points": points, "expires_at": expires_at.isoformat()},
            now=now,
        )
        return lot, True
    if (before.customer_id, before.granted, before.expires_at) != (customer_id, points, expires_at):
        raise GrantDiffers(grant_key)
    return before, False


def _check_grant(customer_id: str, points: int, grant_key: str) -> None:
    if not customer_id.isprintable() or not 1 <= len(customer_id) <= CUSTOMER_CHARACTERS_MAX:
        raise CustomerUnnamed
    if not grant_key.isprintable() or not 1 <= len(grant_key) <= GRANT_KEY_CHARACTERS_MAX:
        raise GrantKeyInvalid
    if not 1 <= points <= POINTS_MAX:
        raise PointsOutOfRange(points, POINTS_MAX)


async def _granted_before(conn: Connection, grant_key: str) -> Lot | None:
    async with conn.cursor(row_factory=class_row(Lot)) as rows:
        return await (await rows.execute(_SQL["granted_before"], {"grant_key": grant_key})).fetchone()


async def hold(
    conn: Connection, wanted: Sequence[Wanted], *, locked: Collection[str], at: datetime
) -> Mapping[UUID, Sequence[Part]]:
    """Hold points for orders, each wholly or not at all, as if they had come one after the other.

    Lots that expire first are used first; one that is past its date by `at` is not used, swept or not. Returns what
    each order holds; one that is not there was refused, as its customer had too few.

    `locked` is what `lock_wallets` gave in this transaction. A customer who is not among them had no wallet then, and
    is refused: one that came since is not locked.
    """
    held: dict[UUID, Sequence[Part]] = {}
    waiting = [each for each in wanted if each.customer_id in locked]
    while waiting:
        values = {
            "orders": [each.order_id for each in waiting],
            "customers": [each.customer_id for each in waiting],
            "points": [each.points for each in waiting],
            "at": at,
        }
        rows = await (await conn.execute(_SQL["hold"], values)).fetchall()
        judged = {order_id: list(parts) for order_id, parts in groupby(rows, key=itemgetter(0))}
        for order_id, parts in judged.items():
            if parts[0][1]:
                held[order_id] = [Part(*part) for _, _, *part in parts]
        # Behind one that was refused: asked again without it.
        waiting = [each for each in waiting if each.order_id not in judged]
    return held


async def release(
    conn: Connection, orders: Sequence[Release], *, now: datetime, customers: Collection[str] | None = None
) -> Mapping[UUID, Released]:
    """Let go of what these orders hold: to the lots it came from, and forfeited where a lot is past its date.

    All of them or none. Locks the wallets; `customers` are those of the orders, where the caller knows them. Raises
    NothingHeld.
    """
    about = {"orders": [each.order_id for each in orders]}
    if customers is None:
        holders = await (await conn.execute(_SQL["customers_of"], about)).fetchall()
        customers = [customer for (customer,) in holders]
    await lock_wallets(conn, customers)
    values = about | {"moments": [each.effective_at for each in orders], "now": now}
    rows = await (await conn.execute(_SQL["release"], values)).fetchall()
    released = {order_id: Released(returned, forfeited) for order_id, returned, forfeited in rows}
    for each in orders:
        if each.order_id not in released:
            raise NothingHeld(each.order_id)
    return released


async def spend(conn: Connection, *, order_id: UUID, effective_at: datetime, now: datetime) -> None:
    """What the order holds is spent, and comes back no more. Moves nothing of the wallet. Raises NothingHeld.

    Locks nothing: whoever lets go of the same order at this moment is refused by the index, with their transaction.
    """
    values = {"order_id": order_id, "effective_at": effective_at, "now": now}
    if not (await conn.execute(_SQL["spend"], values)).rowcount:
        raise NothingHeld(order_id)


async def sweep(conn: Connection, *, now: datetime, lots: int) -> Swept | None:
    """Take out of wallets what lots hold that are past their date; None where there is none such.

    About `lots` of them, those that expired first; nothing is swept where another one was first, and there may be more
    all the same. Locks the wallets of their customers, once: to be called again in a transaction of its own.
    """
    rows = await (await conn.execute(_SQL["customers_to_sweep"], {"now": now, "lots": lots})).fetchall()
    customers = [customer for (customer,) in rows]
    if not customers:
        return None
    await lock_wallets(conn, customers)
    swept = await (await conn.execute(_SQL["sweep"], {"customers": customers, "now": now})).fetchone()
    assert swept is not None
    return Swept(*swept)


async def available(conn: Connection, customers: Collection[str], *, now: datetime) -> Mapping[str, int]:
    """What each of these customers can use now; one without a wallet has nothing, and is there all the same."""
    rows = await (await conn.execute(_SQL["available"], {"customers": sorted(customers), "now": now})).fetchall()
    return dict.fromkeys(customers, 0) | dict(rows)


async def read_held(conn: Connection, order_id: UUID) -> Sequence[Part]:
    """What an order holds and has not let go of, of each lot; nothing where that was let go of."""
    rows = await (await conn.execute(_SQL["held_for"], {"order_id": order_id})).fetchall()
    return [Part(*row) for row in rows]


async def read_wallet(conn: Connection, *, customer_id: str, now: datetime) -> Wallet:
    """What a customer has now; one who was never granted anything has nothing."""
    values = {"customer_id": customer_id, "now": now}
    async with conn.cursor(row_factory=class_row(Lot)) as rows:
        lots = await (await rows.execute(_SQL["lots"], values)).fetchall()
    held = await (await conn.execute(_SQL["held"], values)).fetchone()
    assert held is not None
    return Wallet(customer_id, sum(lot.remaining for lot in lots), held[0], lots)
