"""Lists of benefits in pages, as the API, the pages and the commands show them: they are read both ways."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Protocol, TypeVar
from uuid import UUID

from opsdesk.benefits import catalogue, customers, disputes, orders
from opsdesk.benefits.catalogue import Provider, Service
from opsdesk.benefits.customers import CustomerList
from opsdesk.benefits.disputes import Dispute
from opsdesk.benefits.errors import BenefitFilterInvalid
from opsdesk.benefits.model import Order
from opsdesk.benefits.orders import Filter
from opsdesk.kit.db import Connection
from opsdesk.kit.paging import BadCursor, KeyPart, Page, decode_place, page_of, page_rows

FILTER_CHARACTERS_MAX = 200

Row_co = TypeVar("Row_co", covariant=True)
Row = TypeVar("Row")


class _Read(Protocol[Row_co]):
    """Reads some rows behind one of them, or those before it."""

    async def __call__(self, *, limit: int, after: Any, backwards: bool) -> Sequence[Row_co]: ...


async def page_providers(conn: Connection, *, limit: int | None = None, cursor: str | None = None) -> Page[Provider]:
    """By their ids. Raises BadPageSize, BadCursor."""

    async def read(*, limit: int, after: Any, backwards: bool) -> Sequence[Provider]:
        return await catalogue.list_providers(conn, limit=limit, after=after, backwards=backwards)

    return await _page(read, limit=limit, cursor=cursor, shape=str, key=lambda each: each.provider)


async def page_services(
    conn: Connection,
    *,
    provider: str | None = None,
    open_only: bool = False,
    limit: int | None = None,
    cursor: str | None = None,
) -> Page[Service]:
    """By their ids. Raises BenefitFilterInvalid, BadPageSize, BadCursor."""
    _check("provider", provider)

    async def read(*, limit: int, after: Any, backwards: bool) -> Sequence[Service]:
        return await catalogue.list_services(
            conn, limit=limit, after=after, provider=provider, open_only=open_only, backwards=backwards
        )

    return await _page(read, limit=limit, cursor=cursor, shape=str, key=lambda each: each.service)


async def page_orders(
    conn: Connection, which: Filter, *, limit: int | None = None, cursor: str | None = None
) -> Page[Order]:
    """The newest first. Raises BenefitFilterInvalid, BadPageSize, BadCursor."""
    for field in ("customer_id", "service", "provider"):
        _check(field, getattr(which, field))

    async def read(*, limit: int, after: Any, backwards: bool) -> Sequence[Order]:
        return await orders.list_orders(conn, which, limit=limit, after=after, backwards=backwards)

    return await _page(read, limit=limit, cursor=cursor, shape=UUID, key=lambda each: each.order_id)


async def page_disputes(
    conn: Connection, *, is_open: bool | None, limit: int | None = None, cursor: str | None = None
) -> Page[Dispute]:
    """The newest first; `is_open` None: those that are decided too. Raises BadPageSize, BadCursor."""

    async def read(*, limit: int, after: Any, backwards: bool) -> Sequence[Dispute]:
        return await disputes.list_disputes(conn, is_open=is_open, limit=limit, after=after, backwards=backwards)

    return await _page(read, limit=limit, cursor=cursor, shape=UUID, key=lambda each: each.dispute_id)


async def page_customer_lists(
    conn: Connection, *, limit: int | None = None, cursor: str | None = None
) -> Page[CustomerList]:
    """The newest day first. Raises BadPageSize, BadCursor."""

    async def read(*, limit: int, after: Any, backwards: bool) -> Sequence[CustomerList]:
        return await customers.list_lists(conn, limit=limit, after=_day(after), backwards=backwards)

    return await _page(read, limit=limit, cursor=cursor, shape=str, key=lambda each: each.day.isoformat())


def _day(after: str | None) -> date | None:
    try:
        return date.fromisoformat(after) if after else None
    except ValueError:
        raise BadCursor from None


def _check(field: str, text: str | None) -> None:
    if text is not None and ("\0" in text or len(text) > FILTER_CHARACTERS_MAX):
        raise BenefitFilterInvalid(field, f"has to have up to {FILTER_CHARACTERS_MAX} characters, and none is NUL")


async def _page(
    read: _Read[Row], *, limit: int | None, cursor: str | None, shape: type[Any], key: Callable[[Row], KeyPart]
) -> Page[Row]:
    size, place = page_rows(limit), decode_place(cursor, shape=(shape,))
    rows = await read(limit=size + 1, after=place.key[0] if place.key else None, backwards=place.backwards)
    return page_of(rows, size=size, key=lambda row: (key(row),), place=place)
