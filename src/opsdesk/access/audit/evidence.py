"""Entries as evidence: whether a value that somebody has now is the one that was written then."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.rows import class_row

from opsdesk.access.audit.entries import Entry
from opsdesk.access.audit.listing import ListedEntry, show_entry
from opsdesk.access.audit.values import hashed
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

ENTRIES_AT_ONCE = 500
ENTRIES_ABOUT_MAX = 1000

_SQL = statements(__file__)
_KEY = _SQL["key"]
_KEYS = _SQL["keys"]
_RECORDED = _SQL["recorded"]
_ABOUT = _SQL["about"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """An entry of the chain, and the key that its hashes were made with."""

    entry: Entry
    key: bytes

    def proves(self, after: Mapping[str, Any]) -> bool:
        """Whether these fields, all of them and no others, are what was written."""
        about = {"object_kind": self.entry.object_kind, "object_id": self.entry.object_id}
        return hashed(after, key=self.key, **about) == self.entry.after

    def proves_some(self, after: Mapping[str, Any]) -> bool:
        """Whether what was written are fields out of these, at least one of them, with these values."""
        written = self.entry.after or {}
        return bool(written) and written.keys() <= after.keys() and self.proves({name: after[name] for name in written})


async def compare(
    conn: Connection, *, entry_id: int, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Mapping[str, bool]:
    """Whether these values are those that an entry was made with, by `before.name` and `after.name`.

    Whoever may ask this can find a value by trying: ask for more than the permission to read the chain. Raises
    EntryUnknown.
    """
    entry = await show_entry(conn, entry_id)
    row = await (await conn.execute(_KEY, {"key_id": entry.key_id})).fetchone()
    key = bytes(row[0]) if row else b""
    same: dict[str, bool] = {}
    for side, given, kept in (("before", before, entry.before), ("after", after, entry.after)):
        hashes = hashed(given, key=key, object_kind=entry.object_kind, object_id=entry.object_id) or {}
        same |= {f"{side}.{name}": (kept or {}).get(name) == each for name, each in hashes.items()}
    return same


async def entries_about(conn: Connection, *, object_kind: str, object_id: str) -> Sequence[Evidence]:
    """The entries about one object in their order, each with its place in the chain, ENTRIES_ABOUT_MAX at most."""
    keys = {key_id: bytes(key) for key_id, key in await (await conn.execute(_KEYS)).fetchall()}
    values = {"object_kind": object_kind, "object_id": object_id, "limit": ENTRIES_ABOUT_MAX}
    async with conn.cursor(row_factory=class_row(ListedEntry)) as rows:
        found = await (await rows.execute(_ABOUT, values)).fetchall()
    return [Evidence(entry, keys.get(entry.key_id, b"")) for entry in found]


async def recorded(conn: Connection, *, action: str) -> AsyncIterator[Sequence[Evidence]]:
    """The entries of an action in their order, ENTRIES_AT_ONCE of them at a time; `conn` is in a transaction."""
    keys = {key_id: bytes(key) for key_id, key in await (await conn.execute(_KEYS)).fetchall()}
    async with conn.cursor(name="audit_recorded", row_factory=class_row(Entry)) as rows:
        await rows.execute(_RECORDED, {"action": action})
        while entries := await rows.fetchmany(ENTRIES_AT_ONCE):
            yield [Evidence(entry, keys.get(entry.key_id, b"")) for entry in entries]
