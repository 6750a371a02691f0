"""Files are fetched: by an address that is good for a while, whole or in parts, and each time is written down."""

import hmac
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from opsdesk import access
from opsdesk.benefits.settlement.errors import AddressRefused, RangeUnsatisfiable, StoredFileMissing
from opsdesk.benefits.settlement.files import SettlementFile, find_file
from opsdesk.benefits.settlement.issuing import Settlement
from opsdesk.benefits.settlement.stores import NotStored
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

CLIENT_CHARS_MAX = 64
_SQL = statements(__file__)
_RANGE = re.compile(r"bytes=(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a file can be fetched from, by whoever has the address."""

    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """What of a file is to be sent."""

    file: SettlementFile
    begin: int
    end: int
    """The byte behind the last."""
    is_whole: bool


async def give_address(
    conn: Connection,
    settlement: Settlement,
    name: str,
    *,
    provider: str | None,
    actor: access.Actor,
    client: str,
    now: datetime,
) -> Address:
    """An address of a file, for its provider, or for an operator (`provider` None). Raises SettlementFileUnknown."""
    file = await find_file(conn, name, provider=provider)
    expires_at = (now.astimezone(UTC) + timedelta(seconds=settlement.address_lasts_s)).replace(microsecond=0)
    expires = int(expires_at.timestamp())
    query = urlencode({"expires": expires, "signature": _signature(settlement, file.name, expires)})
    await _note(conn, file.name, kind="address", actor=actor.id, client=client, now=now)
    await access.audit.record(
        conn,
        actor=actor,
        action="settlement_file.address",
        object_kind="settlement_file",
        object_id=file.name,
        after={"expires_at": expires_at.isoformat()},
        now=now,
    )
    base = settlement.base_url.rstrip("/")
    return Address(f"{base}/open/v1/files/{file.name}/content?{query}", expires_at)


async def fetch(
    conn: Connection,
    settlement: Settlement,
    name: str,
    *,
    expires: int,
    signature: str,
    wanted: str | None,
    unchanged: str | None,
    client: str,
    now: datetime,
) -> Part:
    """What of the file is to be sent, by the headers `Range` and `If-Range`; that it is, is written down.

    Raises AddressRefused, SettlementFileUnknown, RangeUnsatisfiable.
    """
    genuine = hmac.compare_digest(_signature(settlement, name, expires).encode(), signature.encode())
    if not genuine or now.timestamp() >= expires:
        raise AddressRefused
    file = await find_file(conn, name)
    if unchanged is not None and unchanged != etag(file):
        wanted = None
    found = range_of(wanted, size=file.bytes)
    begin, end = found or (0, file.bytes)
    values = {"range_begin": begin, "range_end": end}
    await _note(conn, name, kind="fetch", actor=f"partner:{file.provider}", client=client, now=now, **values)
    return Part(file, begin, end, is_whole=found is None)


async def content(settlement: Settlement, part: Part) -> AsyncIterator[bytes]:
    """The bytes. Raises StoredFileMissing, StoreUnavailable."""
    try:
        async for piece in settlement.store.read(part.file.name, begin=part.begin, end=part.end):
            yield piece
    except NotStored:
        raise StoredFileMissing(part.file.name) from None


async def is_there(settlement: Settlement, part: Part) -> None:
    """Raises StoredFileMissing, StoreUnavailable: before anything is sent, while it can still be said."""
    try:
        await settlement.store.size(part.file.name)
    except NotStored:
        raise StoredFileMissing(part.file.name) from None


def etag(file: SettlementFile) -> str:
    return f'"{file.sha256}"'


def range_of(wanted: str | None, *, size: int) -> tuple[int, int] | None:
    """Where it begins and ends; None: the whole, as for several ranges at once, and for what is no range.

    Raises RangeUnsatisfiable.
    """
    found = _RANGE.fullmatch(wanted) if wanted else None
    first, last = (found["first"], found["last"]) if found else ("", "")
    if not (first or last) or (first and last and int(last) < int(first)):
        return None
    begin = int(first) if first else max(size - int(last), 0)
    end = min(int(last) + 1, size) if first and last else size
    if begin >= end:
        raise RangeUnsatisfiable(size)
    return begin, end


def _signature(settlement: Settlement, name: str, expires: int) -> str:
    return hmac.digest(settlement.keys.addresses, f"opsdesk/download/v1\n{name}\n{expires}".encode(), "sha256").hex()


async def _note(
    conn: Connection,
    name: str,
    *,
    kind: str,
    actor: str,
    client: str,
    now: datetime,
    range_begin: int | None = None,
    range_end: int | None = None,
) -> None:
    values = {"name": name, "kind": kind, "actor": actor, "client": client[:CLIENT_CHARS_MAX], "now": now}
    await conn.execute(_SQL["note"], values | {"range_begin": range_begin, "range_end": range_end})
