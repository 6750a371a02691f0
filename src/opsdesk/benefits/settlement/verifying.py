"""A file that was issued is compared with what it is said to be, and with the orders that it is about."""

import asyncio
import gzip
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

from opsdesk.benefits.settlement.files import SettlementFile, find_file
from opsdesk.benefits.settlement.issuing import Settlement
from opsdesk.benefits.settlement.making import make_file, totals
from opsdesk.benefits.settlement.manifest import SUFFIX, is_genuine, read_manifest
from opsdesk.benefits.settlement.stores import NotStored, Store
from opsdesk.kit.db import Connection, Database


class Flaw(StrEnum):
    """What can be wrong with a file."""

    MISSING = "missing"
    """It is not where it was put."""
    CHANGED = "changed"
    """It is not the one that was issued."""
    MANIFEST_CHANGED = "manifest_changed"
    """The manifest beside it is not the one that was issued."""
    NOT_SIGNED = "not_signed"
    """The manifest does not carry the bank's signature, by the key of today."""
    UNREADABLE = "unreadable"
    """It cannot be uncompressed, or its head and its end disagree with its lines."""
    OTHER_ORDERS = "other_orders"
    """Its number of lines or its total is not that of the orders."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was looked at, and what is wrong; nothing is right."""

    name: str
    sha256: str | None
    """Of what lies there; None: nothing does."""
    rows: int | None
    total_fen: int | None
    """As the lines of the file have it."""
    flaws: Sequence[Flaw]

    @property
    def is_good(self) -> bool:
        return not self.flaws


async def verify(conn: Connection, settlement: Settlement, name: str) -> Verified:
    """Hash the file anew, check its signature, add its lines up, and ask the orders. Raises SettlementFileUnknown."""
    file = await find_file(conn, name)
    flaws = [] if await _orders_agree(conn, file) else [Flaw.OTHER_ORDERS]
    flaws += [] if is_genuine(file.manifest, settlement.keys) and _says_so(file) else [Flaw.NOT_SIGNED]
    if not await _is_manifest(settlement.store, file):
        flaws.append(Flaw.MANIFEST_CHANGED)
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "file"
        try:
            await _fetch(settlement.store, name, copy)
        except NotStored:
            return Verified(name, None, None, None, [Flaw.MISSING, *flaws])
        sha256 = await asyncio.to_thread(_digest, copy)
        counted = await asyncio.to_thread(_counted, copy)
    if sha256 != file.sha256:
        flaws.append(Flaw.CHANGED)
    if counted != (file.rows, file.total_fen):
        flaws.append(Flaw.UNREADABLE)
    rows, total_fen = counted or (None, None)
    return Verified(name, sha256, rows, total_fen, sorted(flaws))


@dataclass(frozen=True, slots=True)
class MadeAgain:
    """A file that was made again, beside the one that was issued."""

    name: str
    sha256: str
    is_same: bool
    """To the byte."""
    content_is_same: bool
    """What is in it; another version of the compressor may write the same in other bytes."""


async def make_again(database: Database, settlement: Settlement, name: str) -> MadeAgain:
    """Make a file again from the orders, and compare; nothing is kept. Raises SettlementFileUnknown."""
    async with database.connection() as conn:
        file = await find_file(conn, name)
    with TemporaryDirectory() as folder:
        async with database.transaction() as conn:
            made = await make_file(
                conn,
                provider=file.provider,
                month=file.month,
                closed_at=file.generated_at,
                path=Path(folder) / "file",
            )
    return MadeAgain(name, made.sha256, made.sha256 == file.sha256, made.content_sha256 == file.content_sha256)


async def _orders_agree(conn: Connection, file: SettlementFile) -> bool:
    return await totals(conn, provider=file.provider, month=file.month) == (file.rows, file.total_fen)


def _says_so(file: SettlementFile) -> bool:
    said = read_manifest(file.manifest)
    return all(said.get(name) == getattr(file, name) for name in ("name", "rows", "total_fen", "bytes", "sha256"))


async def _is_manifest(store: Store, file: SettlementFile) -> bool:
    name = file.name + SUFFIX
    try:
        end = await store.size(name)
        return b"".join([piece async for piece in store.read(name, begin=0, end=end)]) == file.manifest.encode()
    except NotStored:
        return False


async def _fetch(store: Store, name: str, path: Path) -> None:
    with path.open("wb") as copy:
        async for piece in store.read(name, begin=0, end=await store.size(name)):
            copy.write(piece)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _counted(path: Path) -> tuple[int, int] | None:
    """How many lines there are and what they come to; None if the file is not what a file has to be."""
    rows = total = 0
    ends: list[list[bytes]] = []
    try:
        with gzip.open(path, "rb") as lines:
            for line in lines:
                fields = line.rstrip(b"\n").split(b"|")
                if fields[0] == b"D":
                    rows, total = rows + 1, total + int(fields[5])
                else:
                    ends.append(fields)
    except (OSError, EOFError, ValueError, IndexError):
        return None
    said = [[each[4], each[5]] if each[0] == b"H" else each[1:] for each in ends]
    wanted = [str(rows).encode(), str(total).encode()]
    return (rows, total) if [each[0] for each in ends] == [b"H", b"T"] and said == [wanted, wanted] else None
