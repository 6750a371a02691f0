"""The statement of a wallet: every movement of a customer's points, and what the wallet held after each."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from opsdesk import access
from opsdesk.kit.db import Connection
from opsdesk.kit.paging import Page, decode_place, page_of
from opsdesk.kit.sql import backwards, statements
from opsdesk.points.errors import WalletUnknown
from opsdesk.points.ledger import read_wallet
from opsdesk.points.model import PostingKind, Wallet

PAGE_ROWS = 50

_SQL = statements(__file__)
_POSTINGS = _SQL["postings"]
_BEFORE = backwards(_POSTINGS)
_IS_KNOWN = _SQL["is_known"]
_KINDS = list(PostingKind)


@dataclass(frozen=True, slots=True)
class StatementFilter:
    """Which lines of a statement; times are those at which they were written."""

    kinds: Collection[PostingKind] = ()
    """None: all."""
    since: datetime | None = None
    until: datetime | None = None
    """Not included."""


@dataclass(frozen=True, slots=True)
class Line:
    """One movement of one lot."""

    posting_id: int
    kind: PostingKind
    points: int
    change: int
    """Of what the wallet holds; nothing where what was held is spent or forfeited."""
    balance: int
    """What the wallet held then, in lots that were past their date and not swept yet as well."""
    lot_id: int
    expires_at: datetime
    order_id: UUID | None
    effective_at: datetime
    recorded_at: datetime


async def show_wallet(conn: Connection, *, customer_id: str, actor: access.Actor, now: datetime) -> Wallet:
    """What a customer has now. Raises WalletUnknown, ScopeMissing."""
    access.require(actor, access.Scope.POINTS_READ)
    await _check_known(conn, customer_id)
    return await read_wallet(conn, customer_id=customer_id, now=now)


async def list_postings(
    conn: Connection,
    *,
    customer_id: str,
    only: StatementFilter | None = None,
    actor: access.Actor,
    limit: int = PAGE_ROWS,
    cursor: str | None = None,
) -> Page[Line]:
    """A page of a customer's statement, the newest line first. Raises WalletUnknown, BadCursor, ScopeMissing."""
    access.require(actor, access.Scope.POINTS_READ)
    await _check_known(conn, customer_id)
    only = only or StatementFilter()
    place = decode_place(cursor, shape=(int,))
    values = {
        "customer_id": customer_id,
        "after": place.key[0] if place.key else None,
        "kinds": [kind.number for kind in only.kinds] or None,
        "since": only.since,
        "until": only.until,
        "rows": limit + 1,
    }
    rows = await conn.cursor(row_factory=dict_row).execute(_BEFORE if place.backwards else _POSTINGS, values)
    lines = [_line(row) for row in await rows.fetchall()]
    return page_of(lines, size=limit, key=lambda line: (line.posting_id,), place=place)


def _line(row: dict[str, Any]) -> Line:
    return Line(**row | {"kind": _KINDS[row["kind"] - 1]})


async def _check_known(conn: Connection, customer_id: str) -> None:
    row = await (await conn.execute(_IS_KNOWN, {"customer_id": customer_id})).fetchone()
    assert row is not None
    if not row[0]:
        raise WalletUnknown
