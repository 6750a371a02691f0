"""Orders: read, listed, and the steps that they take.

Each step is written with its event, and only from where it may begin.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.pq import TransactionStatus
from psycopg.rows import class_row

from opsdesk.benefits.errors import OrderUnknown
from opsdesk.benefits.model import Asked, Channel, Order, Status
from opsdesk.kit import sql
from opsdesk.kit.db import Connection

_SQL = sql.statements(__file__)
_LIST_BACKWARDS = sql.backwards(_SQL["list_orders"])


@dataclass(frozen=True, slots=True)
class Event:
    """A step that an order took."""

    event_id: int
    order_id: UUID
    was: Status | None
    status: Status
    effective_at: datetime
    recorded_at: datetime
    actor: str
    trace_id: str
    path: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "was", None if self.was is None else Status(self.was))
        object.__setattr__(self, "status", Status(self.status))


@dataclass(frozen=True, slots=True)
class Filter:
    """Which orders are listed; None is all of them."""

    customer_id: str | None = None
    status: Status | None = None
    service: str | None = None
    provider: str | None = None
    channel: Channel | None = None
    redeemed_from: datetime | None = None
    redeemed_until: datetime | None = None


async def read_order(conn: Connection, order_id: UUID) -> Order:
    """Raises OrderUnknown."""
    async with conn.cursor(row_factory=class_row(Order)) as rows:
        order = await (await rows.execute(_SQL["read_order"], {"order_id": order_id})).fetchone()
    if order is None:
        raise OrderUnknown(order_id)
    return order


async def find_code(conn: Connection, benefit_code: str) -> Order | None:
    """The order that a benefit code is of."""
    async with conn.cursor(row_factory=class_row(Order)) as rows:
        return await (await rows.execute(_SQL["find_code"], {"benefit_code": benefit_code})).fetchone()


async def list_orders(
    conn: Connection, which: Filter, *, limit: int, after: UUID | None = None, backwards: bool = False
) -> Sequence[Order]:
    """The newest first, from behind `after`; `backwards`: the oldest first, from before it."""
    values = {
        "customer_id": which.customer_id,
        "status": which.status and int(which.status),
        "service": which.service,
        "provider": which.provider,
        "channel": which.channel,
        "redeemed_from": which.redeemed_from,
        "redeemed_until": which.redeemed_until,
        "after": after,
        "limit": limit,
    }
    async with conn.cursor(row_factory=class_row(Order)) as rows:
        return await (await rows.execute(_LIST_BACKWARDS if backwards else _SQL["list_orders"], values)).fetchall()


async def list_events(conn: Connection, order_id: UUID) -> Sequence[Event]:
    """The steps of an order, the first one first."""
    async with conn.cursor(row_factory=class_row(Event)) as rows:
        return await (await rows.execute(_SQL["list_events"], {"order_id": order_id})).fetchall()


async def lock_order(conn: Connection, order_id: UUID) -> Order:
    """Lock an order until the transaction ends, and read it as it is then. Raises OrderUnknown."""
    await _lock(conn, _SQL["lock_order"], {"order_id": order_id})
    return await read_order(conn, order_id)


async def lock_code(conn: Connection, benefit_code: str) -> Order | None:
    """Lock the order that a benefit code is of, and read it as it is then."""
    await _lock(conn, _SQL["lock_code"], {"benefit_code": benefit_code})
    return await find_code(conn, benefit_code)


async def _lock(conn: Connection, statement: bytes, values: Mapping[str, Any]) -> None:
    assert conn.info.transaction_status is TransactionStatus.INTRANS, "a lock lasts as long as the transaction"
    await conn.execute(statement, values)


async def take_step(
    conn: Connection,
    order: Order,
    status: Status,
    *,
    asked: Asked,
    effective_at: datetime,
    now: datetime,
    **changed: Any,
) -> Order:
    """Write that an order, whose lock is held, stands elsewhere now; `changed` are columns that come with it.

    Returns the order as it is then. The statement itself looks at where it stood.
    """
    values = {
        "order_id": order.order_id,
        "was": int(order.status),
        "status": int(status),
        "effective_at": effective_at,
        "now": now,
        "actor": asked.actor.id,
        "trace_id": asked.trace_id,
        "path": asked.path,
        "booked_at": None,
        "completed_at": None,
        "reported_at": None,
        "settle_month": None,
        "is_late": None,
        "closed_at": None,
        "returned": None,
        "forfeited": None,
    } | changed
    async with conn.cursor(row_factory=class_row(Order)) as rows:
        stepped = await (await rows.execute(_SQL["take_step"], values)).fetchone()
    assert stepped is not None, "the order is locked, and stands where it was read"
    return stepped


async def put_back_stock(conn: Connection, services: Collection[str]) -> None:
    """One more is left of each service for each time that it is named, where a number of them is kept."""
    await conn.execute(_SQL["put_back_stock"], {"services": list(services)})
