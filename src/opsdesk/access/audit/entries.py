"""Entries: one for each write, in the transaction of the write."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from psycopg.pq import TransactionStatus

from opsdesk.access.actor import Actor
from opsdesk.access.audit.values import hashed
from opsdesk.kit.db import Connection
from opsdesk.kit.log import request_id
from opsdesk.kit.masking import mask_text
from opsdesk.kit.sql import statements

_SQL = statements(__file__)
_NEWEST_KEY = _SQL["newest_key"]
_INSERT_ENTRY = _SQL["insert_entry"]
_INSERT_ENTRIES = _SQL["insert_entries"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody did. `before` and `after` have a keyed hash for each field; `reason` is masked."""

    entry_id: int
    at: datetime
    actor: str
    roles: list[str]
    action: str
    object_kind: str
    object_id: str
    before: Mapping[str, str] | None
    after: Mapping[str, str] | None
    key_id: int
    reason: str | None
    request_id: str


async def record(
    conn: Connection,
    *,
    actor: Actor,
    action: str,
    object_kind: str,
    object_id: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str | None = None,
    now: datetime,
) -> int:
    """Say in the transaction of a write who made it; returns the number of the entry.

    `action` is `noun.verb`. `before` and `after` are the fields that the write is about: their values are hashed here
    and not kept. The request is the one that the log context is bound to.
    """
    assert conn.info.transaction_status is TransactionStatus.INTRANS, "an entry commits with what it is about"
    key_id, key = await _newest_key(conn)
    about = {"object_kind": object_kind, "object_id": object_id}
    values = {
        "at": now,
        "actor": actor.id,
        "roles": sorted(actor.roles),
        "action": action,
        **about,
        "before": _json(hashed(before, key=key, **about)),
        "after": _json(hashed(after, key=key, **about)),
        "key_id": key_id,
        "reason": mask_text(reason) if reason else None,
        "request_id": request_id(),
    }
    row = await (await conn.execute(_INSERT_ENTRY, values)).fetchone()
    assert row is not None
    return int(row[0])


async def record_each(
    conn: Connection,
    *,
    actor: Actor,
    action: str,
    object_kind: str,
    after: Mapping[str, Mapping[str, Any]],
    request_ids: Mapping[str, str] | None = None,
    now: datetime,
) -> None:
    """Say the same of many objects at once: `after` has the fields of each, by its id.

    `request_ids` has the request of each, where they come from several that are answered together.
    """
    assert conn.info.transaction_status is TransactionStatus.INTRANS, "an entry commits with what it is about"
    key_id, key = await _newest_key(conn)
    hashes = [hashed(fields, key=key, object_kind=object_kind, object_id=each) for each, fields in after.items()]
    values = {
        "at": now,
        "actor": actor.id,
        "roles": sorted(actor.roles),
        "action": action,
        "object_kind": object_kind,
        "object_ids": list(after),
        "afters": [orjson.dumps(each).decode() for each in hashes],
        "key_id": key_id,
        "request_ids": [request_ids[each] for each in after] if request_ids else [request_id()] * len(after),
    }
    await conn.execute(_INSERT_ENTRIES, values)


async def _newest_key(conn: Connection) -> tuple[int, bytes]:
    row = await (await conn.execute(_NEWEST_KEY)).fetchone()
    assert row is not None, "the migration makes the first key"
    return row[0], row[1]


def _json(hashes: Mapping[str, str] | None) -> str | None:
    return None if hashes is None else orjson.dumps(hashes).decode()
