"""The chain: entries are given their place some time after they commit, so that no writer ever waits for another.

Entry ids come in the order in which writers ask for them, and commits in any order; so the place is given by whoever
seals, and there is only one at a time. The hash of a place covers its entry and the hash of the place before. Whoever
can change the database could make all of it anew; therefore each batch is signed with a secret from outside of it.
"""

import asyncio
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from psycopg.pq import TransactionStatus
from psycopg.rows import class_row

from opsdesk.access.audit.entries import Entry
from opsdesk.access.audit.errors import HeadInvalid, SealingKeyTooShort
from opsdesk.access.audit.values import canonical
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

BATCH_ENTRIES_MAX = 500
SEALER_KEY = 0x6F_70_73_65
"""Key of the advisory lock that there is one sealer at a time by."""
TURN_IDLE_S = 30
"""How long a sealer with the turn may do nothing before it loses its connection."""
BEFORE_THE_FIRST = "0" * 64
KEY_CHARS_MIN = 32
_ENTRY_FIELDS = tuple(field.name for field in fields(Entry))
HEAD_CHARS_SHOWN = 100
_HEAD_TEXT = re.compile(r"([1-9][0-9]{0,17}):([0-9a-fA-F]{64})", re.ASCII)
_PURPOSE = b"opsdesk audit 1\0"
"""Keeps a signature made for anything else with the same secret from being one of a batch."""

_SQL = statements(__file__)
_TAKE_TURN = _SQL["take_turn"]
_HEAD = _SQL["head"]
_WAITING = _SQL["waiting"]
_CLOCK = _SQL["clock"]
_INSERT_SEALS = _SQL["insert_seals"]
_INSERT_BATCH = _SQL["insert_batch"]
_END_WAITING = _SQL["end_waiting"]
_STATE = _SQL["state"]


@dataclass(frozen=True, slots=True)
class Head:
    """The last place of the chain; noted elsewhere, it proves later that nothing before it was taken away."""

    seq: int
    hash: str

    @classmethod
    def parse(cls, text: str) -> "Head":
        """A head as `str` writes it. Raises HeadInvalid."""
        found = _HEAD_TEXT.fullmatch(text.strip())
        if found is None:
            raise HeadInvalid(given=text[:HEAD_CHARS_SHOWN])
        return cls(int(found[1]), found[2].lower())

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


@dataclass(frozen=True, slots=True)
class ChainState:
    """How far the chain is."""

    head: Head | None
    unsealed: int
    oldest_unsealed_s: float | None
    """How long the oldest of the entries waits that are still to be sealed, by the database's clock."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What was sealed at one time."""

    first_seq: int
    last_seq: int
    sealed_at: datetime
    mac_key: str
    mac: bytes


class SealingKey:
    """The secret that batches are signed with. Its `id` says which one it is, and nothing about it."""

    def __init__(self, secret: str) -> None:
        """Raises SealingKeyTooShort."""
        if len(secret) < KEY_CHARS_MIN:
            raise SealingKeyTooShort(chars=len(secret), least=KEY_CHARS_MIN)
        self._secret = secret.encode()
        self.id = hashlib.sha256(_PURPOSE + b"id\0" + self._secret).hexdigest()[:16]

    def __repr__(self) -> str:
        return f"SealingKey(id={self.id!r})"

    def mac(self, *, first_seq: int, last_seq: int, sealed_at: datetime, last_hash: str) -> bytes:
        """The signature of a batch; through the hash of its last place it covers everything before."""
        content = {"first_seq": first_seq, "last_seq": last_seq, "sealed_at": sealed_at, "hash": last_hash}
        return hmac.digest(self._secret, _PURPOSE + canonical(content), "sha256")


def sealed_content(entry: Entry, *, seq: int, previous: str) -> dict[str, Any]:
    """What the hash of a place is made of, and what an export says of it."""
    return {"seq": seq, "previous": previous, **{name: getattr(entry, name) for name in _ENTRY_FIELDS}}


def hash_of(content: Mapping[str, Any]) -> str:
    """SHA-256 over the RFC 8785 form, in hexadecimal."""
    return hashlib.sha256(canonical(content)).hexdigest()


async def seal(conn: Connection, *, key: SealingKey, limit: int = BATCH_ENTRIES_MAX) -> tuple[int, Head | None]:
    """Give the entries that wait, `limit` of them at most, their places; returns how many, and the head after them.

    Nothing is done while another sealer is at work. What commits is whole, and what does not leaves no trace.
    """
    assert conn.info.transaction_status is TransactionStatus.INTRANS, "the turn lasts as long as the transaction"
    turn = await (await conn.execute(_TAKE_TURN, {"key": SEALER_KEY, "idle": f"{TURN_IDLE_S}s"})).fetchone()
    assert turn is not None
    # In a statement of its own: whoever had the turn before has committed by now, and this one sees what it left.
    head = await read_head(conn)
    if not turn[0]:
        return 0, head
    async with conn.cursor(row_factory=class_row(Entry)) as rows:
        entries = await (await rows.execute(_WAITING, {"limit": limit})).fetchall()
    if not entries:
        return 0, head
    return len(entries), await _append(conn, entries, after=head, key=key)


async def _append(conn: Connection, entries: list[Entry], *, after: Head | None, key: SealingKey) -> Head:
    first_seq = after.seq + 1 if after else 1
    # In a thread: what else this process does should not wait for it.
    hashes = await asyncio.to_thread(
        _chained, entries, first_seq=first_seq, previous=after.hash if after else BEFORE_THE_FIRST
    )
    head = Head(first_seq + len(entries) - 1, hashes[-1])
    now = await (await conn.execute(_CLOCK)).fetchone()
    assert now is not None
    batch = {"first_seq": first_seq, "last_seq": head.seq, "sealed_at": now[0]}
    ids = [entry.entry_id for entry in entries]
    await conn.execute(
        _INSERT_SEALS, {"first_seq": first_seq, "entry_ids": ids, "hashes": list(map(bytes.fromhex, hashes))}
    )
    await conn.execute(_INSERT_BATCH, {**batch, "mac_key": key.id, "mac": key.mac(**batch, last_hash=head.hash)})
    await conn.execute(_END_WAITING, {"entry_ids": ids})
    return head


def _chained(entries: list[Entry], *, first_seq: int, previous: str) -> list[str]:
    hashes = []
    for seq, entry in enumerate(entries, start=first_seq):
        previous = hash_of(sealed_content(entry, seq=seq, previous=previous))
        hashes.append(previous)
    return hashes


async def read_head(conn: Connection) -> Head | None:
    """The last place of the chain; None where nothing was sealed yet."""
    row = await (await conn.execute(_HEAD)).fetchone()
    return None if row is None else Head(row[0], row[1].hex())


async def chain_state(conn: Connection) -> ChainState:
    """How far the chain is, and what is still to be sealed."""
    row = await (await conn.execute(_STATE)).fetchone()
    assert row is not None
    unsealed, oldest_s = row
    return ChainState(await read_head(conn), unsealed, None if oldest_s is None else float(oldest_s))
