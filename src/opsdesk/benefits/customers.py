"""The day's list of customers, as the bank's own systems hand it in: who they are, and what they have with the bank."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from psycopg.rows import class_row

from opsdesk import access, points
from opsdesk.benefits.errors import CustomerListInvalid, CustomerListNotNewer
from opsdesk.benefits.rules import business_day
from opsdesk.kit import sql
from opsdesk.kit.db import Connection

COLUMNS = ("customer_id", "name", "mobile", "aum_fen")
AUM_FEN_MAX = 10**15
TEXT_CHARACTERS_MAX = 100

_SQL = sql.statements(__file__)
_LISTS_BACKWARDS = sql.backwards(_SQL["list_lists"])


@dataclass(frozen=True, slots=True)
class CustomerLine:
    """A customer of the list."""

    customer_id: str
    name: str
    mobile: str
    aum_fen: int


@dataclass(frozen=True, slots=True)
class CustomerList:
    """The list of a day that was taken."""

    day: date
    customers: int
    loaded_at: datetime


def read_csv(lines: Iterable[str]) -> Iterator[CustomerLine]:
    """The customers of a CSV file whose first line names the columns. Raises CustomerListInvalid."""
    rows = csv.reader(lines, strict=True)
    if tuple(next(rows, ())) != COLUMNS:
        raise CustomerListInvalid(1, f"has to be {','.join(COLUMNS)}")
    try:
        for row in rows:
            yield _line(row, rows.line_num)
    except csv.Error as error:
        raise CustomerListInvalid(rows.line_num, str(error)) from error


def _line(row: list[str], line: int) -> CustomerLine:
    if len(row) != len(COLUMNS):
        raise CustomerListInvalid(line, f"has {len(row)} columns instead of {len(COLUMNS)}")
    customer_id, name, mobile, aum = row
    if not customer_id.isprintable() or not 1 <= len(customer_id) <= points.ledger.CUSTOMER_CHARACTERS_MAX:
        raise CustomerListInvalid(
            line, f"customer_id has to have 1 to {points.ledger.CUSTOMER_CHARACTERS_MAX} printable characters"
        )
    for column, value in (("name", name), ("mobile", mobile)):
        if not value.isprintable() or len(value) > TEXT_CHARACTERS_MAX:
            raise CustomerListInvalid(line, f"{column} has to have up to {TEXT_CHARACTERS_MAX} printable characters")
    if not (aum.isascii() and aum.isdigit()) or len(aum) > len(str(AUM_FEN_MAX)) or int(aum) > AUM_FEN_MAX:
        raise CustomerListInvalid(line, f"aum_fen has to be a whole number of fen up to {AUM_FEN_MAX}")
    return CustomerLine(customer_id, name, mobile, int(aum))


async def load_list(
    conn: Connection, day: date, lines: Iterable[CustomerLine], *, actor: access.Actor, now: datetime
) -> int:
    """Take the list of a day, wholly or not at all; returns how many customers it has.

    From then on only who is in it can redeem. Locks the lists against each other. Raises CustomerListInvalid,
    CustomerListNotNewer.
    """
    if day > business_day(now):
        raise CustomerListInvalid(0, f"{day} has not come yet")
    await conn.execute(_SQL["lock_lists"])
    row = await (await conn.execute(_SQL["newest"])).fetchone()
    if row and row[0] is not None and row[0] >= day:
        raise CustomerListNotNewer(row[0])
    await conn.execute(_SQL["make_room"])
    async with conn.cursor() as cursor, cursor.copy(_SQL["copy"]) as copy:
        for line in lines:
            await copy.write_row((line.customer_id, line.name, line.mobile, line.aum_fen))
    twice = await (await conn.execute(_SQL["twice"])).fetchone()
    if twice:
        raise CustomerListInvalid(0, f"{twice[1]} lines have the customer_id of another one")
    await conn.execute(_SQL["insert_list"], {"day": day, "now": now})
    customers = (await conn.execute(_SQL["take"], {"day": day})).rowcount
    await access.audit.record(
        conn,
        actor=actor,
        action="benefit_customer_list.load",
        object_kind="benefit_customer_list",
        object_id=day.isoformat(),
        after={"customers": customers},
        now=now,
    )
    return customers


async def newest_list(conn: Connection) -> date | None:
    """The day of the newest list."""
    row = await (await conn.execute(_SQL["newest"])).fetchone()
    day: date | None = row[0] if row else None
    return day


async def list_lists(
    conn: Connection, *, limit: int, after: date | None = None, backwards: bool = False
) -> Sequence[CustomerList]:
    """The newest day first, from behind `after`; `backwards`: from before it, the oldest first."""
    statement = _LISTS_BACKWARDS if backwards else _SQL["list_lists"]
    async with conn.cursor(row_factory=class_row(CustomerList)) as rows:
        return await (await rows.execute(statement, {"after": after, "limit": limit})).fetchall()


async def find_customer(conn: Connection, customer_id: str) -> CustomerLine | None:
    """A customer as the last list that they were in has them; personal, so not for everybody's eyes."""
    async with conn.cursor(row_factory=class_row(CustomerLine)) as rows:
        return await (await rows.execute(_SQL["find_customer"], {"customer_id": customer_id})).fetchone()
