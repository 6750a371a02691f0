"""The journals of ended runs in the audit chain: by their digests, so that a changed journal is found later.

Nothing of it happens while a run is executed. Whoever seals the chain looks for runs that have ended since.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from opsdesk import access
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

ENDS_AT_ONCE = 500
ACTION = "run.ended"

_SQL = statements(__file__)
_ENDS_TO_RECORD = _SQL["ends_to_record"]
_DIGESTS = _SQL["digests"]
_NOTE_RECORDED = _SQL["note_recorded"]
_COUNT_RECORDED = _SQL["count_recorded"]


async def record_ends(conn: Connection, *, actor: access.Actor, now: datetime) -> int:
    """Record the digests of runs that have ended, ENDS_AT_ONCE at most; returns how many.

    Locks them, and leaves out what another one is recording.
    """
    rows = await (await conn.execute(_ENDS_TO_RECORD, {"limit": ENDS_AT_ONCE})).fetchall()
    run_ids = [run_id for (run_id,) in rows]
    if not run_ids:
        return 0
    after = {str(run_id): fields for run_id, fields in (await _digests(conn, run_ids)).items()}
    await access.audit.record_each(conn, actor=actor, action=ACTION, object_kind="run", after=after, now=now)
    await conn.execute(_NOTE_RECORDED, {"run_ids": run_ids})
    return len(run_ids)


async def verify_journals(conn: Connection, *, tell: Callable[[access.audit.Finding], None]) -> int:
    """Compare the journals of ended runs with what the chain says of them; returns how many. In a transaction."""
    compared = 0
    async for page in access.audit.recorded(conn, action=ACTION):
        found = await _digests(conn, [UUID(evidence.entry.object_id) for evidence in page])
        for evidence in page:
            compared += 1
            fields = found.get(UUID(evidence.entry.object_id))
            if fields is None or not evidence.proves(fields):
                tell(_changed(evidence.entry, "is gone" if fields is None else "is not what it was when the run ended"))
    row = await (await conn.execute(_COUNT_RECORDED)).fetchone()
    assert row is not None
    if row[0] != compared:
        what = f"{row[0]} runs are said to have their ends in the chain, and {compared} have"
        tell(access.audit.Finding(access.audit.FindingKind.JOURNAL_CHANGED, what))
    return compared


def _changed(entry: access.audit.Entry, what: str) -> access.audit.Finding:
    return access.audit.Finding(
        access.audit.FindingKind.JOURNAL_CHANGED,
        f"the journal of run {entry.object_id} {what}",
        entry_id=entry.entry_id,
        run_id=entry.object_id,
    )


async def _digests(conn: Connection, run_ids: list[UUID]) -> dict[UUID, dict[str, object]]:
    rows = await (await conn.execute(_DIGESTS, {"run_ids": run_ids})).fetchall()
    return {run_id: {"facts": facts, "journal_sha256": digest} for run_id, facts, digest in rows}
