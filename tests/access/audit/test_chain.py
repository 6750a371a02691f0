import asyncio

import pytest

from opsdesk.access.audit import Head, SealingKey, chain_state, list_entries, record, seal
from opsdesk.access.audit.chain import BATCH_ENTRIES_MAX, KEY_CHARS_MIN, TURN_IDLE_S
from opsdesk.access.audit.errors import HeadInvalid, SealingKeyTooShort
from opsdesk.access.audit.listing import EntryFilter
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database, DatabaseUnavailable
from tests.access.audit.chains import KEY, OFFICER, found, seal_all, sealed, verified, write


async def test_entries_get_their_places_in_batches(db: Database, clock: ManualClock) -> None:
    await write(db, clock.now(), count=5)
    assert [(await sealed(db, limit=2))[0] for _ in range(4)] == [2, 2, 1, 0]
    report = await verified(db)
    assert (report.entries, report.batches, report.unsealed, report.whole) == (5, 3, 0, True)
    assert report.head is not None
    assert report.head.seq == 5


async def test_sealing_nothing_leaves_nothing(db: Database) -> None:
    assert await sealed(db) == (0, None)
    report = await verified(db)
    assert (report.entries, report.batches, report.head, report.whole) == (0, 0, None, True)


async def test_a_batch_has_its_limit_and_no_more(db: Database, clock: ManualClock) -> None:
    await write(db, clock.now(), count=BATCH_ENTRIES_MAX + 1)
    assert [(await sealed(db))[0] for _ in range(2)] == [BATCH_ENTRIES_MAX, 1]


async def test_what_commits_out_of_order_is_sealed_all_the_same(db: Database, clock: ManualClock) -> None:
    async with db.transaction() as early:
        number = await record_in(early, clock)
        await write(db, clock.now(), count=2)
        await seal_all(db)
        assert (await verified(db)).entries == 2
    assert (await verified(db)).unsealed == 1
    await seal_all(db)
    async with db.connection() as conn:
        listed = await list_entries(conn, EntryFilter())
    assert [(entry.entry_id, entry.seq) for entry in listed.items] == [(number + 2, 2), (number + 1, 1), (number, 3)]
    assert await found(db) == []


async def test_of_many_writers_and_sealers_at_once_each_entry_is_sealed_once(db: Database, clock: ManualClock) -> None:
    writing = asyncio.gather(*[write(db, clock.now(), count=1 + number % 3) for number in range(30)])
    while not writing.done():
        await asyncio.gather(sealed(db, limit=7), sealed(db, limit=7))
    await writing
    await seal_all(db)
    report = await verified(db)
    assert (report.entries, report.unsealed, report.findings) == (60, 0, [])


async def test_of_two_sealers_the_second_leaves_it_to_the_first(db: Database, clock: ManualClock) -> None:
    await write(db, clock.now(), count=3)
    async with db.transaction() as first, db.transaction() as second:
        assert (await seal(first, key=KEY))[0] == 3
        assert await seal(second, key=KEY) == (0, None)
    assert (await sealed(db))[0] == 0
    assert await found(db) == []


async def test_a_sealer_that_dies_in_the_middle_leaves_no_trace(db: Database, clock: ManualClock) -> None:
    await write(db, clock.now(), count=3)
    with pytest.raises(DatabaseUnavailable):
        async with db.transaction() as dying:
            await seal(dying, key=KEY)
            async with db.connection() as conn:
                await conn.execute(b"select pg_terminate_backend(%s)", (dying.info.backend_pid,))
            await dying.execute(b"select 1")
    report = await verified(db)
    assert (report.entries, report.unsealed, report.whole) == (0, 3, True)
    assert (await sealed(db))[0] == 3
    assert await found(db) == []


async def test_a_sealer_that_is_frozen_does_not_keep_the_turn(db: Database, clock: ManualClock) -> None:
    async with db.transaction() as conn:
        await seal(conn, key=KEY)
        row = await (await conn.execute(b"show idle_in_transaction_session_timeout")).fetchone()
    assert row == (f"{TURN_IDLE_S}s",)
    async with db.transaction() as conn:
        row = await (await conn.execute(b"show idle_in_transaction_session_timeout")).fetchone()
    assert row == ("0",)


async def test_what_waits_is_counted_with_its_age(db: Database, clock: ManualClock) -> None:
    async with db.connection() as conn:
        assert await chain_state(conn) == await chain_state(conn)
        await write(db, clock.now(), count=2)
        state = await chain_state(conn)
        assert (state.head, state.unsealed) == (None, 2)
        assert state.oldest_unsealed_s is not None
        assert 0 <= state.oldest_unsealed_s < 60
        head = await seal_all(db)
        assert await chain_state(conn) == type(state)(head, 0, None)


async def test_a_row_that_waits_for_nothing_keeps_nobody_from_being_sealed(db: Database, clock: ManualClock) -> None:
    await write(db, clock.now())
    await seal_all(db)
    async with db.connection() as conn:
        await conn.execute(b"insert into audit_waiting (entry_id) select entry_id from audit_entry")
        await conn.execute(b"insert into audit_waiting (entry_id) values (4711)")
    await write(db, clock.now())
    assert (await sealed(db))[0] == 1
    assert [kind for kind, _, _ in await found(db)] == ["waiting_for_nothing"] * 2


def test_a_key_has_its_length_and_shows_only_its_name() -> None:
    key = SealingKey("k" * KEY_CHARS_MIN)
    assert repr(key) == f"SealingKey(id='{key.id}')"
    with pytest.raises(SealingKeyTooShort):
        SealingKey("k" * (KEY_CHARS_MIN - 1))


def test_a_head_is_written_as_it_is_read() -> None:
    head = Head(7, "ab" * 32)
    assert Head.parse(str(head)) == Head.parse(f" {str(head).upper()}\n") == head


@pytest.mark.parametrize("text", ["", "7", "0:" + "ab" * 32, "7:" + "ab" * 31, "7:" + "xy" * 32, "-1:" + "ab" * 32])
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(HeadInvalid):
        Head.parse(text)


async def record_in(conn: Connection, clock: ManualClock) -> int:
    return await record(conn, actor=OFFICER, action="key.create", object_kind="key", object_id="early", now=clock.now())
