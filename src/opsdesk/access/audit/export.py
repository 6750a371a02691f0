"""The chain as JSON Lines: one place a line, whose hash anybody can compute again from the line alone.

A line is the RFC 8785 form of a JSON object. Without its member `hash`, the SHA-256 of that form is the hash;
`previous` is the hash of the place before.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict
from typing import Any

import orjson
from psycopg.rows import dict_row

from opsdesk.access.audit.chain import Head, hash_of
from opsdesk.access.audit.entries import Entry
from opsdesk.access.audit.findings import Finding, FindingKind, Report
from opsdesk.access.audit.listing import EntryFilter
from opsdesk.access.audit.values import canonical
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

ROWS_AT_ONCE = 1000
LINE_BYTES_MAX = 1024 * 1024

_SQL = statements(__file__)
_EXPORTED = _SQL["exported"]


async def export_lines(conn: Connection, wanted: EntryFilter) -> AsyncIterator[bytes]:
    """The sealed entries that pass the filter, in the order of the chain; `conn` is in a transaction.

    What is still to be sealed is not among them.
    """
    async with conn.cursor(name="audit_export", row_factory=dict_row) as rows:
        rows.itersize = ROWS_AT_ONCE
        await rows.execute(_EXPORTED, asdict(wanted))
        async for row in rows:
            yield canonical(row) + b"\n"


def verify_lines(lines: Iterable[bytes], *, noted: Head | None = None) -> Report:
    """Compute each hash of an exported file again, and see that each line follows the one before.

    A file that was exported through a filter leaves places out; lines that follow each other in the chain are linked
    all the same. `noted` is a head that was noted elsewhere, and has to be in the file.
    """
    report = Report()
    noted_is_there = noted is None
    for number, line in enumerate(lines, start=1):
        row = _read(line)
        if row is None:
            report.add(Finding(FindingKind.ENTRY_CHANGED, f"line {number} is not a line of an export"))
            continue
        report.entries += 1
        _check(row, report, number=number)
        report.head = Head(row["seq"], row["hash"])
        noted_is_there |= report.head == noted
    if noted is not None and not noted_is_there:
        what = f"place {noted.seq}, which was noted, is not in the file with that hash"
        report.add(Finding(FindingKind.HEAD_DIFFERS, what, seq=noted.seq))
    return report


def _read(line: bytes) -> dict[str, Any] | None:
    try:
        row = orjson.loads(line) if len(line) <= LINE_BYTES_MAX else None
    except ValueError:
        return None
    names = {*Entry.__dataclass_fields__, "seq", "previous", "hash"}
    if not isinstance(row, dict) or set(row) != names:
        return None
    return row if isinstance(row["hash"], str) and type(row["seq"]) is int else None


def _check(row: dict[str, Any], report: Report, *, number: int) -> None:
    seq, where = row["seq"], f"line {number}: "
    about = {"seq": seq, "entry_id": row["entry_id"] if type(row["entry_id"]) is int else None}
    if hash_of({name: value for name, value in row.items() if name != "hash"}) != row["hash"]:
        what = f"{where}the entry at place {seq} is not what was sealed"
        report.add(Finding(FindingKind.ENTRY_CHANGED, what, **about))
    before = report.head
    if before is not None and seq <= before.seq:
        what = f"{where}place {seq} comes after place {before.seq}"
        report.add(Finding(FindingKind.ENTRY_MOVED, what, **about))
    elif before is not None and seq == before.seq + 1 and row["previous"] != before.hash:
        what = f"{where}place {seq} was sealed after another place {before.seq} than that of the line before"
        report.add(Finding(FindingKind.ENTRY_CHANGED, what, **about))
