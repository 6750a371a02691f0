"""Each kind of tampering, by somebody who owns the tables, is found and named."""

import tracemalloc

import pytest

from opsdesk.access.audit import Head, chain_state, seal
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from tests.access.audit.chains import KEY, OTHER_KEY, chain, found, seal_all, sealed, tampering, verified, write


async def test_a_chain_that_nobody_touched_is_whole(db: Database, clock: ManualClock) -> None:
    await chain(db, clock.now())
    await write(db, clock.now(), count=2)
    report = await verified(db)
    assert (report.whole, report.entries, report.batches, report.unsealed) == (True, 9, 3, 2)


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'person:somebody@example.com'",
        "at = at + interval '1 microsecond'",
        "roles = '{admin}'",
        "action = 'key.revoke'",
        "object_id = 'another'",
        "object_kind = 'run'",
        "after = null",
        """after = '{"name": "00"}'""",
        "before = '{}'",
        "reason = 'because'",
        "request_id = 'another'",
        "key_id = 2",
    ],
)
@pytest.mark.parametrize("seq", [1, 5, 6, 9])
async def test_a_changed_entry_is_named(db: Database, clock: ManualClock, change: str, seq: int) -> None:
    await chain(db, clock.now())
    async with tampering(db) as conn:
        await conn.execute(f"update audit_entry set {change} where entry_id = {seq}".encode())
    assert await found(db) == [("entry_changed", seq, seq)]


@pytest.mark.parametrize("seq", [1, 5, 6, 9])
async def test_a_missing_entry_is_named(db: Database, clock: ManualClock, seq: int) -> None:
    await chain(db, clock.now())
    async with tampering(db) as conn:
        await conn.execute(f"delete from audit_entry where entry_id = {seq}".encode())
    assert await found(db) == [("entry_missing", seq, seq)]


@pytest.mark.parametrize("seq", [1, 5])
async def test_a_place_that_was_taken_out_is_named(db: Database, clock: ManualClock, seq: int) -> None:
    await chain(db, clock.now())
    async with tampering(db) as conn:
        await conn.execute(f"delete from audit_seal where seq = {seq}".encode())
        await conn.execute(f"delete from audit_entry where entry_id = {seq}".encode())
    assert await found(db) == [("seal_missing", seq, None)]


async def test_an_entry_that_was_put_in_is_named(db: Database, clock: ManualClock) -> None:
    await chain(db, clock.now())
    async with tampering(db) as conn:
        await conn.execute(
            b"insert into audit_entry (at, actor, roles, action, object_kind, object_id, key_id, request_id) "
            b"select at, actor, roles, action, object_kind, object_id, key_id, request_id from audit_entry limit 1"
        )
    assert await found(db) == [("entry_inserted", None, 10)]


async def test_entries_that_changed_places_are_named(db: Database, clock: ManualClock) -> None:
    await chain(db, clock.now())
    async with tampering(db) as conn:
        await conn.execute(b"update audit_seal set entry_id = 13 - entry_id where seq in (5, 8)")
    assert await found(db) == [("entry_moved", 5, 5), ("entry_moved", 8, 8)]


@pytest.mark.parametrize("seq", [1, 4, 5])
async def test_a_changed_hash_is_not_blamed_on_its_neighbours(db: Database, clock: ManualClock, seq: int) -> None:
    await chain(db, clock.now())
    async with tampering(db) as conn:
        await conn.execute(f"update audit_seal set hash = sha256(hash) where seq = {seq}".encode())
    assert await found(db) == [("seal_changed", seq, seq)]


async def test_a_changed_hash_at_the_end_is_told_from_a_changed_entry(db: Database, clock: ManualClock) -> None:
    await chain(db, clock.now())
    async with tampering(db) as conn:
        await conn.execute(b"update audit_seal set hash = sha256(hash) where seq = 9")
    assert await found(db) == [("batch_changed", 9, None), ("seal_changed", 9, 9)]


@pytest.mark.parametrize(
    "change", ["sealed_at = sealed_at - interval '1 day'", "mac = sha256(mac)", "first_seq = 5", "last_seq = 5"]
)
async def test_a_changed_batch_is_named(db: Database, clock: ManualClock, change: str) -> None:
    await chain(db, clock.now())
    async with tampering(db) as conn:
        await conn.execute(f"update audit_batch set {change} where last_seq = 6".encode())
    assert {kind for kind, _, _ in await found(db)} <= {"batch_changed", "batch_missing"}
    assert await found(db) != []


async def test_a_missing_batch_is_named(db: Database, clock: ManualClock) -> None:
    await chain(db, clock.now())
    async with tampering(db) as conn:
        await conn.execute(b"delete from audit_batch where last_seq = 6")
    assert await found(db) == [("batch_missing", 4, None)]


async def test_a_chain_made_anew_without_the_key_is_found(db: Database, clock: ManualClock) -> None:
    await chain(db, clock.now())
    async with tampering(db) as conn:
        await conn.execute(b"update audit_entry set actor = 'person:nobody@example.com' where entry_id = 4")
        await conn.execute(b"delete from audit_batch where last_seq >= 4")
        await conn.execute(b"delete from audit_seal where seq >= 4")
        await conn.execute(b"insert into audit_waiting (entry_id) select entry_id from audit_entry where entry_id >= 4")
        await seal(conn, key=OTHER_KEY)
    assert await found(db) == [("key_unknown", 9, None)]
    async with tampering(db) as conn:
        await conn.execute(f"update audit_batch set mac_key = '{KEY.id}' where last_seq = 9".encode())
    assert await found(db) == [("batch_changed", 9, None)]
    assert (await verified(db, keys=None)).whole


async def test_an_end_that_was_cut_off_is_found_by_a_head_that_was_noted(db: Database, clock: ManualClock) -> None:
    await chain(db, clock.now())
    async with db.connection() as conn:
        noted = (await chain_state(conn)).head
    assert noted is not None
    async with tampering(db) as conn:
        await conn.execute(b"delete from audit_batch where last_seq > 6")
        await conn.execute(b"delete from audit_seal where seq > 6")
        await conn.execute(b"delete from audit_entry where entry_id > 6")
    assert await found(db) == []
    assert await found(db, noted=noted) == [("head_differs", 9, None)]
    await write(db, clock.now(), count=3)
    await seal_all(db)
    assert await found(db, noted=noted) == [("head_differs", 9, None)]


async def test_the_head_that_was_noted_may_be_anywhere_in_the_chain(db: Database, clock: ManualClock) -> None:
    await chain(db, clock.now())
    async with db.connection() as conn:
        noted = (await chain_state(conn)).head
    await write(db, clock.now())
    await sealed(db)
    assert await found(db, noted=noted) == []
    assert await found(db, noted=Head(10, "0" * 64)) == [("head_differs", 10, None)]


async def test_a_key_that_was_replaced_is_known_by_both(db: Database, clock: ManualClock) -> None:
    await chain(db, clock.now(), count=2)
    await write(db, clock.now(), count=2)
    await seal_all(db, key=OTHER_KEY)
    assert await found(db) == [("key_unknown", 4, None)]
    assert await found(db, keys=(OTHER_KEY, KEY)) == []


async def test_an_entry_that_was_taken_away_before_it_was_sealed_is_told_by_what_waits(
    db: Database, clock: ManualClock
) -> None:
    await write(db, clock.now(), count=2)
    async with tampering(db) as conn:
        await conn.execute(b"delete from audit_entry where entry_id = 1")
    assert await found(db) == [("waiting_for_nothing", None, 1)]


async def test_a_long_chain_is_never_in_memory_as_a_whole(db: Database, clock: ManualClock) -> None:
    await chain(db, clock.now(), count=10_000, batch=500)
    tracemalloc.start()
    assert (await verified(db)).entries == 10_000
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 6_000_000  # all of it at once takes fifteen


async def test_ten_thousand_places_are_looked_at_and_all_that_is_wrong_is_counted(
    db: Database, clock: ManualClock
) -> None:
    await chain(db, clock.now(), count=10_000, batch=500)
    assert (await verified(db)).whole
    async with tampering(db) as conn:
        await conn.execute(b"update audit_entry set actor = 'x' where entry_id % 5 = 0")
    report = await verified(db)
    assert (report.found, len(report.findings), report.entries) == (2000, 1000, 10_000)
