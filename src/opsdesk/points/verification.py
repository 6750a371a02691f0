"""Verifying the chain over postings: each place is read once, in its order, and whatever does not fit is named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg.rows import dict_row

from opsdesk import access
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements
from opsdesk.points.chain import Head, Posting, read_head, sealed_content

ROWS_AT_ONCE = 1000
FINDINGS_TOLD_MAX = 100

_SQL = statements(__file__)


@dataclass(slots=True)
class ChainReport:
    """What verifying has seen."""

    head: Head
    places: int = 0
    found: int = 0
    findings: list[str] = field(default_factory=list)
    """Some of what was found, in words."""

    def add(self, what: str) -> None:
        self.found += 1
        if len(self.findings) < FINDINGS_TOLD_MAX:
            self.findings.append(what)


async def verify(conn: Connection, *, after: Head) -> ChainReport:
    """Look at the places behind one whose hash is trusted, or at all of them, as they are at one moment."""
    report = ChainReport(await read_head(conn))
    places = access.audit.Places(
        lambda finding: report.add(finding.what),
        content=sealed_content,
        noun="posting",
        after=(after.seq, after.hash),
    )
    async with conn.cursor(name="points_places", row_factory=dict_row) as rows:
        rows.itersize = ROWS_AT_ONCE
        await rows.execute(_SQL["places"], {"after": after.seq})
        async for row in rows:
            places.take(_place(row))
            report.places += 1
    places.end(last_hash_is_signed=True)
    if report.head.seq < after.seq:
        report.add(f"places {report.head.seq + 1} to {after.seq} are gone from the end of the chain")
    values = {"after_id": after.posting_id, "upto_id": report.head.posting_id}
    for (posting_id,) in await (await conn.execute(_SQL["inserted"], values)).fetchall():
        report.add(f"posting {posting_id} is behind the head of the chain and not in it")
    return report


def _place(row: dict[str, Any]) -> access.audit.Place:
    seq, sealed_id, hash_ = row.pop("seq"), row.pop("sealed_id"), row.pop("hash")
    return access.audit.Place(seq, sealed_id, hash_, None if row["posting_id"] is None else Posting(**row))


async def differing_heads(conn: Connection, heads: Sequence[Head]) -> Mapping[int, str]:
    """Of heads that were signed before, by their places, what has become of those that are not there any more."""
    differing = {}
    for head in heads:
        if head.seq == 0:
            continue
        row = await (await conn.execute(_SQL["hash_at"], {"seq": head.seq})).fetchone()
        if row is None or row[0] != head.hash:
            now = "is gone" if row is None else "has another"
            differing[head.seq] = f"place {head.seq}, whose hash was signed, {now}"
    return differing
