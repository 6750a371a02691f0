"""Files that were issued, as providers and operators find them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from psycopg.rows import class_row

from opsdesk.benefits.settlement.errors import SettlementFileUnknown
from opsdesk.kit.db import Connection
from opsdesk.kit.paging import Page, page_of
from opsdesk.kit.sql import statements

NAME_PATTERN = r"^[a-z0-9][a-z0-9-]{0,31}-[0-9]{6}\.txt\.gz$"
_NAME = re.compile(NAME_PATTERN, re.ASCII)
_SQL = statements(__file__)


@dataclass(frozen=True, slots=True)
class SettlementFile:
    """A file of a provider and a month. It never changes."""

    name: str
    provider: str
    month: date
    rows: int
    total_fen: int
    bytes: int
    sha256: str
    content_sha256: str
    manifest: str
    """As it lies beside the file."""
    generated_at: datetime
    """When the month was closed, which is what the file itself says."""
    published_at: datetime
    notified_at: datetime | None
    """When the provider was told."""
    notice_problem: str | None
    downloads: int
    """How often something of it was fetched."""


async def find_file(conn: Connection, name: str, *, provider: str | None = None) -> SettlementFile:
    """Of that provider, if one is named: there are none of others for it. Raises SettlementFileUnknown."""
    if not _NAME.fullmatch(name):
        raise SettlementFileUnknown(name)
    async with conn.cursor(row_factory=class_row(SettlementFile)) as rows:
        found = await (await rows.execute(_SQL["find"], {"name": name, "provider": provider})).fetchone()
    if found is None:
        raise SettlementFileUnknown(name)
    return found


async def list_files(
    conn: Connection,
    *,
    size: int,
    provider: str | None = None,
    month: date | None = None,
    after: tuple[date, str] | None = None,
) -> Page[SettlementFile]:
    """The newest month first, in it by provider."""
    after_month, after_provider = after or (None, "")
    values = {
        "provider": provider,
        "month": month,
        "after_month": after_month,
        "after_provider": after_provider,
        "limit": size + 1,
    }
    async with conn.cursor(row_factory=class_row(SettlementFile)) as rows:
        found = await (await rows.execute(_SQL["list"], values)).fetchall()
    return page_of(found, size=size, key=lambda each: [each.month.isoformat(), each.provider])


async def issued_of(conn: Connection, month: date) -> Sequence[str]:
    """The providers that have their file of a month."""
    rows = await conn.execute(_SQL["issued_of"], {"month": month})
    return [row[0] for row in await rows.fetchall()]


@dataclass(frozen=True, slots=True)
class Access:
    """An address that was given out, or something that was fetched by one."""

    at: datetime
    kind: str
    """`address` or `fetch`."""
    actor: str
    client: str
    range_begin: int | None
    range_end: int | None


async def list_accesses(conn: Connection, name: str, *, limit: int) -> Sequence[Access]:
    """The last ones of a file, the newest first."""
    async with conn.cursor(row_factory=class_row(Access)) as rows:
        return await (await rows.execute(_SQL["accesses"], {"name": name, "limit": limit})).fetchall()


@dataclass(frozen=True, slots=True)
class ProviderTotal:
    """What a provider was settled in a month."""

    provider: str
    name_zh: str
    name_en: str
    month: date
    rows: int
    total_fen: int


async def totals_by_provider(conn: Connection, *, months: int, providers: int) -> Sequence[ProviderTotal]:
    """Of the last months that have files, for the providers with the most in them; by month and provider."""
    async with conn.cursor(row_factory=class_row(ProviderTotal)) as rows:
        return await (await rows.execute(_SQL["totals"], {"months": months, "providers": providers})).fetchall()
