"""A settlement file is written: out of one snapshot, without ever being in memory, the same to the byte each time."""

import asyncio
import hashlib
import os
import zlib
from collections.abc import AsyncIterator
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

from psycopg.abc import Buffer
from psycopg.pq import TransactionStatus

from opsdesk.benefits.rules import midnight
from opsdesk.benefits.settlement.manifest import FORMAT, Manifest
from opsdesk.benefits.settlement.months import file_name, write_moment, write_month
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

GZIP_LEVEL = 1
"""What is in a file compresses little better with more."""
GZIP_WINDOW = zlib.MAX_WBITS | 16
"""A gzip stream, whose head zlib writes without a time and a name."""
PIECE_LINES = 16_384
"""How many are collected before they are hashed and compressed: about a megabyte and a half."""

_SQL = statements(__file__)


async def make_file(conn: Connection, *, provider: str, month: date, closed_at: datetime, path: Path) -> Manifest:
    """Write the file of a provider and a closed month to `path`; what it is.

    In a transaction of its own, as nothing was read in it before. The customers of the month are fixed already.
    """
    assert conn.info.transaction_status is TransactionStatus.INTRANS, "a file is of one snapshot"
    await conn.execute(_SQL["snapshot"])
    about = {"provider": provider, "month": month, "begin": midnight(month)}
    rows, total_fen = await totals(conn, provider=provider, month=month)
    generated = write_moment(closed_at)
    head = f"H|{provider}|{month:%Y%m}|{FORMAT}|{rows}|{total_fen}|{generated}\n"
    counted = 0
    with path.open("wb") as file:
        written = _Written(file)
        written.add(head.encode())
        # While a piece is compressed, the next one is read.
        adding: asyncio.Future[None] | None = None
        try:
            async for piece, lines in _pieces(conn, about):
                counted += lines
                if adding is not None:
                    await adding
                adding = asyncio.ensure_future(asyncio.to_thread(written.add, piece))
        finally:
            if adding is not None:
                await adding
        await asyncio.to_thread(written.end, f"T|{rows}|{total_fen}\n".encode())
    assert counted == rows, "every line has its customer, and both were counted in one snapshot"
    return Manifest(
        name=file_name(provider, month),
        provider=provider,
        month=write_month(month),
        rows=rows,
        total_fen=total_fen,
        generated=generated,
        bytes=written.bytes,
        sha256=written.compressed.hexdigest(),
        content_sha256=written.content.hexdigest(),
    )


async def totals(conn: Connection, *, provider: str, month: date) -> tuple[int, int]:
    """How many lines a provider has in a month, and what they come to in fen."""
    row = await (await conn.execute(_SQL["totals"], {"provider": provider, "month": month})).fetchone()
    assert row is not None
    return row[0], row[1]


async def _pieces(conn: Connection, about: dict[str, Any]) -> AsyncIterator[tuple[bytes, int]]:
    """What the database sends, a line each time, in pieces that are worth a thread's while; and how many lines."""
    lines: list[Buffer] = []
    async with conn.cursor() as cursor, cursor.copy(_SQL["lines"], about) as copy:
        async for line in copy:
            lines.append(line)
            if len(lines) == PIECE_LINES:
                yield b"".join(lines), PIECE_LINES
                lines.clear()
    if lines:
        yield b"".join(lines), len(lines)


class _Written:
    """What is added is hashed, compressed, hashed again and written.

    The compressed stream tells neither a time nor a name.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.content = hashlib.sha256()
        self.compressed = hashlib.sha256()
        self.bytes = 0
        self._file = file
        self._gzip = zlib.compressobj(GZIP_LEVEL, wbits=GZIP_WINDOW)

    def add(self, piece: bytes) -> None:
        self.content.update(piece)
        self._take(self._gzip.compress(piece))

    def end(self, piece: bytes) -> None:
        self.add(piece)
        self._take(self._gzip.flush())
        self._file.flush()
        os.fsync(self._file.fileno())

    def _take(self, compressed: bytes) -> None:
        self.compressed.update(compressed)
        self.bytes += len(compressed)
        self._file.write(compressed)
