"""Whatever somebody does to the chain, together or alone: it is found, and nothing is blamed that was left alone."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsdesk.access.audit import Head, Report, verify
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from tests.access.audit.chains import KEY, chain, seal_all

PLACES = 12
BATCH = 4
TABLES = ("audit_entry", "audit_seal", "audit_batch", "audit_waiting")

CHANGES = {
    "change the actor": "update audit_entry set actor = actor || 'x' where entry_id = {n}",
    "change a time": "update audit_entry set at = at - interval '1 second' where entry_id = {n}",
    "change a hash of a value": "update audit_entry set after = '{{}}' where entry_id = {n}",
    "take an entry away": "delete from audit_entry where entry_id = {n}",
    "take a place away": "delete from audit_seal where seq = {n}",
    "change a hash": "update audit_seal set hash = sha256(hash) where seq = {n}",
    "change places": "update audit_seal set entry_id = 2 * {n} + 1 - entry_id where seq in ({n}, {n} + 1)",
    "move to the end": "update audit_seal set seq = seq + 100 where seq = {n}",
    "put an entry in": (
        "insert into audit_entry (at, actor, roles, action, object_kind, object_id, key_id, request_id) "
        "overriding system value select at, actor, roles, action, object_kind, object_id, key_id, request_id "
        "from saved_audit_entry where entry_id = {n}"
    ),
    "take a batch away": "delete from audit_batch where {n} between first_seq and last_seq",
    "change a signature": "update audit_batch set mac = sha256(mac) where {n} between first_seq and last_seq",
    "have a batch begin elsewhere": "update audit_batch set first_seq = first_seq - 1 where last_seq = {n}",
}
BATCH_KINDS = ("batch", "key", "head")

tamperings = st.lists(
    st.tuples(st.sampled_from(sorted(CHANGES)), st.integers(1, PLACES - 1)), min_size=1, max_size=4, unique=True
)


@pytest.fixture
async def saved(db: Database, clock: ManualClock) -> Head:
    """The head of a chain of which a copy is kept."""
    await chain(db, clock.now(), count=PLACES, batch=BATCH)
    head = await seal_all(db)
    assert head is not None
    async with db.transaction() as conn:
        await conn.execute(b"alter table audit_batch drop constraint audit_batch_last_seq_fkey")
        await conn.execute(b"alter table audit_batch drop constraint audit_batch_check")
        await conn.execute(b"alter table audit_seal drop constraint audit_seal_entry_id_key")
        for table in TABLES:
            await conn.execute(f"create table saved_{table} as table {table}".encode())
    return head


async def restore(conn: Connection) -> None:
    await conn.execute(b"set local session_replication_role = replica")
    for table in TABLES:
        await conn.execute(f"delete from {table}".encode())
        await conn.execute(f"insert into {table} overriding system value table saved_{table}".encode())


async def change(conn: Connection, what: str, place: int) -> bool:
    """Whether there was anything left to change."""
    return (await conn.execute(CHANGES[what].format(n=place).encode())).rowcount > 0


async def report_of(db: Database, head: Head) -> Report:
    async with db.transaction() as conn:
        return await verify(conn, keys=(KEY,), noted=head)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(wanted=tamperings)
async def test_whatever_is_done_to_the_chain_is_found_where_it_was_done(
    db: Database, saved: Head, wanted: list[tuple[str, int]]
) -> None:
    async with db.transaction() as conn:
        await restore(conn)
        done = [(what, place) for what, place in wanted if await change(conn, what, place)]
    report = await report_of(db, saved)
    assert report.whole is (not done)
    touched = {near for _, place in done for near in (place, place + 1)}
    for finding in report.findings:
        if not finding.kind.startswith(BATCH_KINDS):
            names = {finding.seq, finding.entry_id}
            new = any(name is not None and name > PLACES for name in names)
            assert new or names & touched, (finding, done)
    async with db.transaction() as conn:
        await restore(conn)
    assert (await report_of(db, saved)).whole
