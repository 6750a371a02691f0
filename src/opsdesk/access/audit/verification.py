"""Verifying: the whole chain is read once, in its order, and whatever does not fit is named.

However long the chain is, only a few rows of it are in memory at a time.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from psycopg.rows import class_row, dict_row

from opsdesk.access.audit.chain import Batch, Head, SealingKey, read_head
from opsdesk.access.audit.entries import Entry
from opsdesk.access.audit.findings import Finding, FindingKind, Report
from opsdesk.access.audit.places import Place, Places
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

ROWS_AT_ONCE = 1000

_SQL = statements(__file__)
_ONE_SNAPSHOT = _SQL["one_snapshot"]
_PLACES = _SQL["places"]
_BATCHES = _SQL["batches"]
_NOT_SEALED = _SQL["not_sealed"]
_WAITING_FOR_NOTHING = _SQL["waiting_for_nothing"]


async def verify(conn: Connection, *, keys: Sequence[SealingKey] | None = None, noted: Head | None = None) -> Report:
    """Look at all of the chain as it is at one moment; the first thing that its transaction does.

    `keys` are those that batches may be signed with; None: the signatures are not checked, and whoever made the whole
    chain anew is not found. `noted` is a head that was noted elsewhere: places that were taken from the end, and all
    that was sealed anew since, are found by nothing else where the key is known to whoever did it.
    """
    await conn.execute(_ONE_SNAPSHOT)
    report = Report(signatures_checked=keys is not None)
    batches = _Batches(conn, report, keys)
    await batches.advance()
    places = Places(report.add)
    async for place in _places(conn):
        places.take(place)
        report.entries += 1
        await batches.take(place)
        if noted is not None and place.seq == noted.seq and place.hash != noted.hash:
            report.add(_head_differs(noted, "has another hash now"))
    places.end(last_hash_is_signed=await batches.end())
    report.head = await read_head(conn)
    if noted is not None and (report.head is None or report.head.seq < noted.seq):
        report.add(_head_differs(noted, "is gone, and whatever came after it"))
    await _look_beside_the_chain(conn, report)
    return report


def _head_differs(noted: Head, what: str) -> Finding:
    return Finding(FindingKind.HEAD_DIFFERS, f"place {noted.seq}, which was noted, {what}", seq=noted.seq)


async def _places(conn: Connection) -> AsyncIterator[Place]:
    async with conn.cursor(name="audit_places", row_factory=dict_row) as rows:
        rows.itersize = ROWS_AT_ONCE
        await rows.execute(_PLACES)
        async for row in rows:
            seq, sealed_id, hash_ = row.pop("seq"), row.pop("sealed_id"), row.pop("hash")
            yield Place(seq, sealed_id, hash_, None if row["entry_id"] is None else Entry(**row))


class _Batches:
    """The batches beside the places that they signed."""

    def __init__(self, conn: Connection, report: Report, keys: Sequence[SealingKey] | None) -> None:
        self._rows = _stream(conn, "audit_batches", _BATCHES, Batch)
        self._report = report
        self._keys = None if keys is None else {key.id: key for key in keys}
        self._batch: Batch | None = None
        self._outside_since: int | None = None
        self._last_is_signed = True

    async def advance(self) -> None:
        self._batch = await anext(self._rows, None)
        if self._batch is not None:
            self._report.batches += 1
            self._report.last_sealed_at = self._batch.sealed_at

    async def take(self, place: Place) -> None:
        """The next place, which is in the batch at hand, or ends it, or is in none."""
        while self._batch is not None and place.seq > self._batch.last_seq:
            self._tell(self._batch, "its last place is missing")
            await self.advance()
        if self._batch is None or place.seq < self._batch.first_seq:
            self._last_is_signed = False
            if self._outside_since is None:
                self._outside_since = place.seq
            return
        self._tell_outside(place.seq - 1)
        if place.seq == self._batch.last_seq:
            self._check(self._batch, place.hash)
            await self.advance()

    async def end(self) -> bool:
        """No more places. Whether the hash of the last one is what was signed."""
        self._tell_outside(None)
        while self._batch is not None:
            self._tell(self._batch, "its last place is missing")
            await self.advance()
        return self._last_is_signed

    def _check(self, batch: Batch, last_hash: str) -> None:
        self._last_is_signed = True
        if self._keys is None:
            return
        key = self._keys.get(batch.mac_key)
        if key is None:
            what = (
                f"places {batch.first_seq} to {batch.last_seq} were signed with the key {batch.mac_key}, not known here"
            )
            self._report.add(Finding(FindingKind.KEY_UNKNOWN, what, seq=batch.last_seq))
            return
        signed = key.mac(
            first_seq=batch.first_seq, last_seq=batch.last_seq, sealed_at=batch.sealed_at, last_hash=last_hash
        )
        if signed != batch.mac:
            self._last_is_signed = False
            self._tell(batch, "its signature does not fit")

    def _tell(self, batch: Batch, problem: str) -> None:
        what = f"the batch of places {batch.first_seq} to {batch.last_seq}: {problem}"
        self._report.add(Finding(FindingKind.BATCH_CHANGED, what, seq=batch.last_seq))

    def _tell_outside(self, last: int | None) -> None:
        if self._outside_since is None:
            return
        what = f"places {self._outside_since} to {last or 'the end'} belong to no batch"
        self._report.add(Finding(FindingKind.BATCH_MISSING, what, seq=self._outside_since))
        self._outside_since = None


async def _look_beside_the_chain(conn: Connection, report: Report) -> None:
    async for row in _stream(conn, "audit_not_sealed", _NOT_SEALED):
        if row["waits_s"] is None:
            what = f"entry {row['entry_id']} is not in the chain and does not wait to be sealed"
            report.add(Finding(FindingKind.ENTRY_INSERTED, what, entry_id=row["entry_id"]))
        else:
            report.unsealed += 1
            report.oldest_unsealed_s = max(report.oldest_unsealed_s or 0.0, float(row["waits_s"]))
    async for row in _stream(conn, "audit_waiting_for_nothing", _WAITING_FOR_NOTHING):
        what = f"entry {row['entry_id']} waits to be sealed and {'was sealed already' if row['sealed'] else 'is gone'}"
        report.add(Finding(FindingKind.WAITING_FOR_NOTHING, what, entry_id=row["entry_id"]))


async def _stream(conn: Connection, name: str, statement: bytes, kind: type[Any] | None = None) -> AsyncIterator[Any]:
    async with conn.cursor(name=name, row_factory=class_row(kind) if kind else dict_row) as rows:
        rows.itersize = ROWS_AT_ONCE
        await rows.execute(statement)
        async for row in rows:
            yield row
