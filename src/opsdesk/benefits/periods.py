"""Months of settlement: what is reported while a month is closed goes into one that is not.

Whoever says into which month something goes shares the lock of the periods; whoever closes a month has it alone.
"""

from datetime import date, datetime
from enum import IntEnum

from psycopg.pq import TransactionStatus

from opsdesk.benefits.rules import business_day
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

_SQL = statements(__file__)


class PeriodLock(IntEnum):
    """The advisory lock of the periods, by the number that the database knows it by."""

    PERIODS = 0x6F70_7064


async def share_periods(conn: Connection) -> None:
    """Keep months from being closed until the transaction ends; waits for one that is being closed."""
    await _lock(conn, "share")


async def take_periods(conn: Connection) -> None:
    """Wait for all who share, and keep others away until the transaction ends."""
    await _lock(conn, "take")


async def _lock(conn: Connection, name: str) -> None:
    assert conn.info.transaction_status is TransactionStatus.INTRANS, "a lock lasts as long as the transaction"
    await conn.execute(_SQL[name], {"key": int(PeriodLock.PERIODS)})


async def settle_month(conn: Connection, completed_at: datetime) -> date:
    """The first month that is not closed, from the one on in which the service was performed. The lock is held."""
    month = business_day(completed_at).replace(day=1)
    row = await (await conn.execute(_SQL["first_open"], {"month": month})).fetchone()
    assert row is not None
    first: date = row[0]
    return first
