"""Copies of pictures: asked for when a ticket is made, and kept or given up for good, once for each."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from opsdesk import jobs
from opsdesk.access import audit, system_actor
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements
from opsdesk.review.pictures.model import PictureState, WhyNot, picture_url
from opsdesk.review.screening.model import DisplayType

if TYPE_CHECKING:
    from opsdesk.review.pictures.images import Cleaned

JOB = "fetch_pictures"
"""The kind of the job that fetches the pictures of a ticket; its payload is `{"ticket_id": …}`."""
TOKEN_BYTES = 24
KEEPER = system_actor("pictures")

_SQL = statements(__file__)
_INSERT_PICTURES = _SQL["insert_pictures"]
_BEGIN_ATTEMPT = _SQL["begin_attempt"]
_NOTE_REASON = _SQL["note_reason"]
_INSERT_CONTENT = _SQL["insert_content"]
_LOCK_TICKET = _SQL["lock_ticket"]
_SETTLE_PICTURE = _SQL["settle_picture"]
_COUNT_DOWN = _SQL["count_down"]


def picture_keys(shown: Mapping[str, Any]) -> Sequence[str]:
    """The ids of the keys of a frozen document whose values are addresses of pictures. Pure."""
    keys = (key for module in shown["modules"] for key in module["keys"] if key["display"] == DisplayType.IMG)
    return [key["id"] for key in keys if picture_url(shown["values"].get(key["id"]))]


async def ask_for_pictures(conn: Connection, *, ticket_id: UUID, key_ids: Sequence[str]) -> None:
    """Have the pictures of a ticket fetched once the transaction that makes it has committed."""
    tokens = [secrets.token_urlsafe(TOKEN_BYTES) for _ in key_ids]
    await conn.execute(_INSERT_PICTURES, {"ticket_id": ticket_id, "key_ids": list(key_ids), "tokens": tokens})
    await jobs.enqueue(conn, kind=JOB, payload={"ticket_id": str(ticket_id)}, key=str(ticket_id))


async def begin_attempt(conn: Connection, *, ticket_id: UUID, key_id: str) -> int | None:
    """Count an attempt and say which one it is; None: the picture is settled."""
    row = await (await conn.execute(_BEGIN_ATTEMPT, {"ticket_id": ticket_id, "key_id": key_id})).fetchone()
    return row[0] if row else None


async def note_reason(conn: Connection, *, ticket_id: UUID, key_id: str, reason: WhyNot) -> None:
    """Keep why an attempt failed that others will follow."""
    await conn.execute(_NOTE_REASON, {"ticket_id": ticket_id, "key_id": key_id, "reason": reason})


async def keep_picture(
    conn: Connection, *, ticket_id: UUID, key_id: str, source_sha256: str, cleaned: "Cleaned", now: datetime
) -> None:
    """Keep the copy; where the same picture is kept already, that one. Locks the ticket."""
    await conn.execute(_INSERT_CONTENT, asdict(cleaned))
    values = {
        "state": PictureState.KEPT,
        "reason": None,
        "source_sha256": source_sha256,
        "content_sha256": cleaned.sha256,
    }
    await _settle(conn, values, ticket_id=ticket_id, key_id=key_id, now=now)


async def give_up_picture(conn: Connection, *, ticket_id: UUID, key_id: str, reason: WhyNot, now: datetime) -> None:
    """Leave it at that: the ticket is decided without this picture, and says why it is not there. Locks the ticket."""
    values = {"state": PictureState.GIVEN_UP, "reason": reason, "source_sha256": None, "content_sha256": None}
    await _settle(conn, values, ticket_id=ticket_id, key_id=key_id, now=now)


async def _settle(conn: Connection, values: Mapping[str, Any], *, ticket_id: UUID, key_id: str, now: datetime) -> None:
    at = {"ticket_id": ticket_id, "key_id": key_id}
    await conn.execute(_LOCK_TICKET, at)
    settled = await conn.execute(_SETTLE_PICTURE, {**at, **values, "now": now})
    if settled.rowcount == 0:
        return  # by another worker, which had taken this one for dead
    await conn.execute(_COUNT_DOWN, at)
    await audit.record(
        conn,
        actor=KEEPER,
        action="ticket.picture",
        object_kind="ticket",
        object_id=str(ticket_id),
        after={"key_id": key_id, **values},
        now=now,
    )
