"""A chain to look at, and hands that change it as the owner of the tables can."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from opsdesk import access
from opsdesk.access.audit import Finding, Head, Report, SealingKey, record, seal, verify
from opsdesk.kit.db import Connection, Database

KEY = SealingKey("a key of at least thirty-two characters")
OTHER_KEY = SealingKey("another key of thirty-two characters and more")
OFFICER = access.Actor("person:officer@example.com", "officer", frozenset({"reviewer", "admin"}), frozenset())
TABLES = ("audit_entry", "audit_seal", "audit_batch")


async def write(db: Database, now: datetime, *, count: int = 1, actor: access.Actor = OFFICER, **more: Any) -> None:
    """So many entries, in one transaction."""
    about: dict[str, Any] = {"action": "key.create", "object_kind": "key", "after": {"name": "portal"}, **more}
    async with db.transaction() as conn:
        for number in range(count):
            await record(conn, actor=actor, now=now, **{"object_id": f"k{number}", **about})


async def sealed(db: Database, *, key: SealingKey = KEY, limit: int = 500) -> tuple[int, Head | None]:
    """One batch."""
    async with db.transaction() as conn:
        return await seal(conn, key=key, limit=limit)


async def seal_all(db: Database, *, key: SealingKey = KEY, limit: int = 500) -> Head | None:
    while True:
        count, head = await sealed(db, key=key, limit=limit)
        if count == 0:
            return head


async def chain(db: Database, now: datetime, *, count: int = 9, batch: int = 3) -> None:
    """A chain of so many places, in batches."""
    await write(db, now, count=count)
    await seal_all(db, limit=batch)


async def verified(db: Database, *, keys: tuple[SealingKey, ...] | None = (KEY,), noted: Head | None = None) -> Report:
    async with db.transaction() as conn:
        return await verify(conn, keys=keys, noted=noted)


async def found(db: Database, **more: Any) -> list[tuple[str, int | None, int | None]]:
    """Kind, place and entry of each finding."""
    return [_short(finding) for finding in (await verified(db, **more)).findings]


def _short(finding: Finding) -> tuple[str, int | None, int | None]:
    return finding.kind.value, finding.seq, finding.entry_id


@asynccontextmanager
async def tampering(db: Database) -> AsyncIterator[Connection]:
    """A connection of somebody who owns the tables and has switched off what protects them."""
    async with db.transaction() as conn:
        for table in TABLES:
            await conn.execute(f"alter table {table} disable trigger all".encode())
        await conn.execute(b"alter table audit_batch drop constraint if exists audit_batch_last_seq_fkey")
        await conn.execute(b"alter table audit_seal drop constraint if exists audit_seal_entry_id_key")
        yield conn
        await conn.execute(b"set constraints all immediate")
