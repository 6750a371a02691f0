"""Months are closed: nothing more is settled in them from then on, and what their files say of customers is fixed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from psycopg.rows import class_row

from opsdesk import access
from opsdesk.benefits.periods import take_periods
from opsdesk.benefits.rules import midnight
from opsdesk.benefits.settlement.errors import PeriodOpen
from opsdesk.benefits.settlement.keys import CustomerKey
from opsdesk.benefits.settlement.months import Calendar, next_month, previous_month, write_month
from opsdesk.kit.db import Connection
from opsdesk.kit.paging import Page, page_of
from opsdesk.kit.sql import statements

_SQL = statements(__file__)


@dataclass(frozen=True, slots=True)
class Period:
    """A month that was closed, or is open and has something in it."""

    month: date
    closed_at: datetime | None
    files: int
    """How many providers have their file of it."""
    rows: int
    total_fen: int


@dataclass(frozen=True, slots=True)
class Missing:
    """A file that should have been issued by now."""

    provider: str
    month: date


async def close_period(
    conn: Connection, month: date, *, calendar: Calendar, actor: access.Actor, now: datetime
) -> Sequence[date]:
    """Close the month and those before it that are still open; which were closed by this. Twice is the same as once.

    Waits for everything that is being put into a month, and has the lock of the periods until the transaction ends.
    Raises: PeriodOpen.
    """
    closes_at = calendar.closes_at(month)
    if now < closes_at:
        raise PeriodOpen(month=write_month(month), closes_at=closes_at)
    await take_periods(conn)
    rows = await conn.execute(_SQL["close"], {"month": month, "now": now})
    closed = [row[0] for row in await rows.fetchall()]
    await access.audit.record_each(
        conn,
        actor=actor,
        action="settlement_period.close",
        object_kind="settlement_period",
        after={write_month(each): {"closed_at": now.isoformat()} for each in closed},
        now=now,
    )
    return closed


async def freeze_customers(conn: Connection, month: date, keys: Mapping[str, CustomerKey], *, now: datetime) -> None:
    """Keep what the files of a closed month say of customers: masked, and under the keyed hash of each provider.

    Once a month; whoever comes at the same time waits, and does nothing.
    """
    locked = await (await conn.execute(_SQL["lock_period"], {"month": month})).fetchone()
    assert locked is not None, "the month was closed"
    if locked[0] is not None:
        return
    values = {
        "month": month,
        "providers": list(keys),
        "inner": [key.inner for key in keys.values()],
        "outer": [key.outer for key in keys.values()],
    }
    await conn.execute(_SQL["freeze_customers"], values)
    await conn.execute(_SQL["note_frozen"], {"month": month, "now": now})


async def closed_at(conn: Connection, month: date) -> datetime | None:
    row = await (await conn.execute(_SQL["closed_at"], {"month": month})).fetchone()
    return row[0] if row else None


async def list_periods(conn: Connection, *, size: int, before: date | None = None) -> Page[Period]:
    """The newest first; months that are open and have something in them are among them."""
    async with conn.cursor(row_factory=class_row(Period)) as rows:
        found = await (await rows.execute(_SQL["list_periods"], {"before": before, "limit": size + 1})).fetchall()
    return page_of(found, size=size, key=lambda each: [each.month.isoformat()])


async def unfinished(conn: Connection, until: date) -> Sequence[date]:
    """Closed months, of which a provider has no file yet; the oldest first."""
    rows = await conn.execute(_SQL["unfinished"], {"until": until})
    return [row[0] for row in await rows.fetchall()]


async def missing_files(conn: Connection, *, calendar: Calendar, now: datetime) -> Sequence[Missing]:
    """What should have been issued by now: the alarm."""
    month = calendar.last_due(now)
    if now < calendar.alarm_at(month):
        month = previous_month(month)
    async with conn.cursor(row_factory=class_row(Missing)) as rows:
        values = {"until": month, "ended_at": midnight(next_month(month))}
        return await (await rows.execute(_SQL["missing_files"], values)).fetchall()


async def providers_of(conn: Connection, month: date) -> Sequence[str]:
    """Who gets a file of a closed month: every provider that there was when it was closed."""
    rows = await conn.execute(_SQL["providers_of"], {"month": month})
    return [row[0] for row in await rows.fetchall()]
