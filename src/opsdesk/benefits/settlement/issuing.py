"""A month is settled: it is closed, and every provider gets its file of it, once, however often this is asked for.

It may be cut short anywhere, and be asked for on two nodes at once: what was made is found again, and what two make is
the same to the byte.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from opsdesk import access, jobs
from opsdesk.benefits.settlement import files, periods
from opsdesk.benefits.settlement.errors import StoredFileDiffers
from opsdesk.benefits.settlement.keys import SettlementKeys
from opsdesk.benefits.settlement.making import make_file
from opsdesk.benefits.settlement.manifest import SUFFIX, Manifest
from opsdesk.benefits.settlement.months import Calendar, file_name
from opsdesk.benefits.settlement.stores import AlreadyStored, Store
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.sql import statements

NOTICE_JOB = "settlement_notice"
ADDRESS_LASTS_S = 600

_INSERT = statements(files.__file__)["insert"]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What an installation settles with."""

    store: Store
    keys: SettlementKeys
    calendar: Calendar
    work_dir: Path
    """Where files are while they are being made."""
    base_url: str
    """How providers reach this installation."""
    address_lasts_s: int = ADDRESS_LASTS_S


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of it."""

    month: date
    closed: Sequence[date]
    """The months that were closed just now."""
    issued: Sequence[str]
    """The names of the files that were issued just now."""


async def settle(
    database: Database, settlement: Settlement, *, month: date | None, actor: access.Actor, now: datetime
) -> Settled:
    """Close a month and those before it, and issue every file that is missing of them; no month: the last one due.

    Takes several transactions. Raises PeriodOpen, StoredFileDiffers, StoreUnavailable.
    """
    month = month or settlement.calendar.last_due(now)
    async with database.transaction() as conn:
        closed = await periods.close_period(conn, month, calendar=settlement.calendar, actor=actor, now=now)
    async with database.connection() as conn:
        unfinished = await periods.unfinished(conn, month)
    issued = [name for each in unfinished for name in await issue_month(database, settlement, each, actor, now)]
    return Settled(month=month, closed=closed, issued=issued)


async def issue_month(
    database: Database, settlement: Settlement, month: date, actor: access.Actor, now: datetime
) -> Sequence[str]:
    """Issue every file of a closed month that is missing; the names of those that were issued by this."""
    async with database.transaction() as conn:
        providers = await periods.providers_of(conn, month)
        keys = {provider: settlement.keys.customer_key(provider) for provider in providers}
        await periods.freeze_customers(conn, month, keys, now=now)
        closed_at = await periods.closed_at(conn, month)
        done = await files.issued_of(conn, month)
    assert closed_at is not None, "only closed months have files that are missing"
    names = []
    for provider in sorted({*providers} - {*done}):
        if await _issue(database, settlement, provider, month, closed_at=closed_at, actor=actor, now=now):
            names.append(file_name(provider, month))
    return names


async def _issue(
    database: Database,
    settlement: Settlement,
    provider: str,
    month: date,
    *,
    closed_at: datetime,
    actor: access.Actor,
    now: datetime,
) -> bool:
    """Make a file, put it where it is kept, and then tell of it; False: another node was quicker."""
    settlement.work_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with TemporaryDirectory(dir=settlement.work_dir) as folder:
        path, beside = Path(folder) / "file", Path(folder) / "manifest"
        async with database.transaction() as conn:
            made = await make_file(conn, provider=provider, month=month, closed_at=closed_at, path=path)
        manifest = made.signed(settlement.keys)
        beside.write_text(manifest, encoding="utf-8")
        await _put(settlement.store, made.name, path)
        await _put(settlement.store, made.name + SUFFIX, beside)
    async with database.transaction() as conn:
        return await _publish(conn, made, month, manifest, actor=actor, now=now)


async def _publish(
    conn: Connection, made: Manifest, month: date, manifest: str, *, actor: access.Actor, now: datetime
) -> bool:
    """Both lie where they are kept: from now on there is this file, and its provider is told."""
    facts = {
        name: getattr(made, name) for name in ("provider", "rows", "total_fen", "bytes", "sha256", "content_sha256")
    }
    values = facts | {"name": made.name, "month": month, "manifest": manifest, "now": now}
    if (await conn.execute(_INSERT, values)).rowcount == 0:
        return False
    await jobs.enqueue(conn, kind=NOTICE_JOB, payload={"name": made.name}, key=made.name)
    await access.audit.record(
        conn,
        actor=actor,
        action="settlement_file.issue",
        object_kind="settlement_file",
        object_id=made.name,
        after=facts,
        now=now,
    )
    return True


async def _put(store: Store, name: str, path: Path) -> None:
    """Raises StoredFileDiffers if something else lies there; what a run left that was cut short is the same."""
    try:
        await store.put(name, path)
    except AlreadyStored:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if await digest_in(store, name) != digest:
            raise StoredFileDiffers(name) from None


async def digest_in(store: Store, name: str) -> str:
    """SHA-256 of what lies under a name. Raises NotStored, StoreUnavailable."""
    digest = hashlib.sha256()
    async for piece in store.read(name, begin=0, end=await store.size(name)):
        digest.update(piece)
    return digest.hexdigest()
