"""Providers and their services, at what they cost now."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from psycopg.rows import class_row

from opsdesk import access, points
from opsdesk.benefits.errors import CatalogueInvalid, ProviderUnknown, ServiceUnknown
from opsdesk.kit import sql
from opsdesk.kit.db import Connection

NAME_CHARACTERS_MAX = 100
FEN_MAX = 10**12
STOCK_MAX = 10**9
QUOTA_MAX = 10**6

_SQL = sql.statements(__file__)
_PROVIDERS_BACKWARDS = sql.backwards(_SQL["list_providers"])
_SERVICES_BACKWARDS = sql.backwards(_SQL["list_services"])
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


@dataclass(frozen=True, slots=True)
class Provider:
    """A company that renders services."""

    provider: str
    name_zh: str
    name_en: str
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class Service:
    """What a customer can have for points."""

    service: str
    provider: str
    name_zh: str
    name_en: str
    points: int
    settle_fen: int
    """What the provider is paid for each that it completed."""
    is_open: bool = True
    stock: int | None = None
    """How many are left; None: as many as are wanted."""
    quota: int | None = None
    """How many a customer may have that were not cancelled and did not expire."""


async def put_provider(conn: Connection, provider: Provider, *, actor: access.Actor, now: datetime) -> Provider:
    """Add or change one, by its id; what is so already is not recorded again. Raises CatalogueInvalid."""
    _check_id("provider", provider.provider)
    _check_names(provider)
    await conn.execute(_SQL["lock_provider"], {"provider": provider.provider})
    before = await _find_provider(conn, provider.provider)
    if before == provider:
        return provider
    await conn.execute(_SQL["put_provider"], asdict(provider))
    await _record(conn, "benefit_provider", provider.provider, before, provider, actor=actor, now=now)
    return provider


async def put_service(
    conn: Connection, service: Service, *, actor: access.Actor, now: datetime, keep_stock: bool = False
) -> Service:
    """Add or change one, by its id; orders keep what it cost then, and what is so already is not recorded again.

    `keep_stock`: of one that is there, what is left by now stays, whatever the caller has seen. Returns it as it is
    then. Locks it. Raises CatalogueInvalid, ProviderUnknown.
    """
    _check_id("service", service.service)
    _check_names(service)
    _check_number("points", service.points, least=1, most=points.model.POINTS_MAX)
    _check_number("settle_fen", service.settle_fen, least=0, most=FEN_MAX)
    if service.stock is not None:
        _check_number("stock", service.stock, least=0, most=STOCK_MAX)
    if service.quota is not None:
        _check_number("quota", service.quota, least=1, most=QUOTA_MAX)
    await read_provider(conn, service.provider)
    await conn.execute(_SQL["lock_service"], {"service": service.service})
    before = await _find_service(conn, service.service)
    if before and before.provider != service.provider:
        raise CatalogueInvalid("provider", f"the service is {before.provider}'s: what it has rendered is paid to it")
    if before and keep_stock:
        service = replace(service, stock=before.stock)
    if before == service:
        return service
    await conn.execute(_SQL["put_service"], asdict(service))
    await _record(conn, "benefit_service", service.service, before, service, actor=actor, now=now)
    return service


def _check_id(field: str, value: str) -> None:
    if not _ID.fullmatch(value):
        raise CatalogueInvalid(field, "has to have 1 to 32 of a-z, 0-9 and -, and not to begin with -")


def _check_names(entry: Provider | Service) -> None:
    for field, value in (("name_zh", entry.name_zh), ("name_en", entry.name_en)):
        if (
            not value.isprintable()
            or not 1 <= len(value.strip()) <= NAME_CHARACTERS_MAX
            or len(value) > NAME_CHARACTERS_MAX
        ):
            raise CatalogueInvalid(field, f"has to have 1 to {NAME_CHARACTERS_MAX} printable characters")


def _check_number(field: str, value: int, *, least: int, most: int) -> None:
    if not least <= value <= most:
        raise CatalogueInvalid(field, f"has to be {least} to {most}")


async def read_provider(conn: Connection, provider: str) -> Provider:
    """Raises ProviderUnknown."""
    found = await _find_provider(conn, provider)
    if found is None:
        raise ProviderUnknown(provider)
    return found


async def read_service(conn: Connection, service: str) -> Service:
    """Raises ServiceUnknown."""
    found = await _find_service(conn, service)
    if found is None:
        raise ServiceUnknown(service)
    return found


async def _find_provider(conn: Connection, provider: str) -> Provider | None:
    if not _ID.fullmatch(provider):
        return None
    async with conn.cursor(row_factory=class_row(Provider)) as rows:
        return await (await rows.execute(_SQL["read_provider"], {"provider": provider})).fetchone()


async def _find_service(conn: Connection, service: str) -> Service | None:
    if not _ID.fullmatch(service):
        return None
    async with conn.cursor(row_factory=class_row(Service)) as rows:
        return await (await rows.execute(_SQL["read_service"], {"service": service})).fetchone()


async def list_providers(
    conn: Connection, *, limit: int, after: str | None = None, backwards: bool = False
) -> Sequence[Provider]:
    """By their ids, from behind `after`; `backwards`: from before it, the last one first."""
    statement = _PROVIDERS_BACKWARDS if backwards else _SQL["list_providers"]
    async with conn.cursor(row_factory=class_row(Provider)) as rows:
        return await (await rows.execute(statement, {"after": after, "limit": limit})).fetchall()


async def list_services(
    conn: Connection,
    *,
    limit: int,
    after: str | None = None,
    provider: str | None = None,
    open_only: bool = False,
    backwards: bool = False,
) -> Sequence[Service]:
    """By their ids, from behind `after` or `backwards` from before it; `open_only`: those that can be had now."""
    statement = _SERVICES_BACKWARDS if backwards else _SQL["list_services"]
    values = {"after": after, "limit": limit, "provider": provider, "open_only": open_only}
    async with conn.cursor(row_factory=class_row(Service)) as rows:
        return await (await rows.execute(statement, values)).fetchall()


async def _record(
    conn: Connection,
    kind: str,
    name: str,
    before: Provider | Service | None,
    after: Provider | Service,
    *,
    actor: access.Actor,
    now: datetime,
) -> None:
    await access.audit.record(
        conn,
        actor=actor,
        action=f"{kind}.put",
        object_kind=kind,
        object_id=name,
        before=asdict(before) if before else None,
        after=asdict(after),
        now=now,
    )
