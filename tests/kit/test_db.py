"""The pool and its transactions, on a real server."""

import asyncio
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from opsdesk.kit.db import ChangesCrossed, Connection, Database, DatabaseUnavailable
from opsdesk.kit.embedded import EmbeddedServer

CONNECTIONS = 4
KILL_THE_OTHERS = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

OTHERS_ALIVE = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@pytest.fixture
async def table(db: Database) -> str:
    async with db.connection() as conn:
        await conn.execute("CREATE TABLE entry (name text UNIQUE DEFERRABLE INITIALLY DEFERRED, value integer)")
    return "entry"


def kill_connections(database_url: str) -> None:
    """Return when the server has done with all of them, so that nothing of them is on its way any more."""
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute(KILL_THE_OTHERS)
        while other.execute(OTHERS_ALIVE).fetchone() != (0,):
            pass


async def entries(db: Database) -> list[str]:
    async with db.connection() as conn:
        return [name for (name,) in await (await conn.execute("SELECT name FROM entry ORDER BY name")).fetchall()]


@pytest.mark.usefixtures("table")
async def test_a_transaction_commits_when_its_block_ends(db: Database) -> None:
    async with db.transaction() as conn:
        await conn.execute("INSERT INTO entry VALUES ('kept', 1)")
    assert await entries(db) == ["kept"]


@pytest.mark.usefixtures("table")
async def test_a_transaction_rolls_back_when_its_block_raises(db: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with db.transaction() as conn:
            await conn.execute("INSERT INTO entry VALUES ('lost', 1)")
            raise ZeroDivisionError
    assert await entries(db) == []


@pytest.mark.usefixtures("table")
async def test_a_commit_that_fails_is_seen_by_the_caller(db: Database) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        async with db.transaction() as conn:
            await conn.execute("INSERT INTO entry VALUES ('twice', 1), ('twice', 2)")
    assert await entries(db) == []


@pytest.mark.usefixtures("table")
async def test_a_connection_that_dies_is_a_database_away(db: Database, database_url: str) -> None:
    with pytest.raises(DatabaseUnavailable):
        async with db.transaction() as conn:
            await conn.execute("INSERT INTO entry VALUES ('lost', 1)")
            kill_connections(database_url)
            await conn.execute("SELECT 1")
    assert await entries(db) == []


async def test_connections_that_died_in_the_pool_are_not_used(db: Database, database_url: str) -> None:
    everybody_has_one = asyncio.Barrier(CONNECTIONS)

    async def use() -> None:
        async with db.connection() as conn:
            await conn.execute("SELECT 1")
            await everybody_has_one.wait()

    await asyncio.gather(*(use() for _ in range(CONNECTIONS)))
    kill_connections(database_url)
    await asyncio.gather(*(use() for _ in range(CONNECTIONS)))


async def test_a_server_that_is_gone_is_a_database_away(session_folder: Path) -> None:
    server = EmbeddedServer(session_folder / uuid4().hex)
    database = Database(server.start(), wait_s=0.5)
    await database.open()
    async with database.connection() as conn:
        await conn.execute("SELECT 1")
    server.stop()
    with pytest.raises(DatabaseUnavailable):
        async with database.connection() as conn:
            await conn.execute("SELECT 1")
    await database.close()


async def test_a_server_that_comes_back_is_used_again(session_folder: Path) -> None:
    server = EmbeddedServer(session_folder / uuid4().hex)
    database = Database(server.start(), wait_s=0.5)
    await database.open()
    async with database.connection() as conn:
        await conn.execute("SELECT 1")
    server.stop()
    with pytest.raises(DatabaseUnavailable):
        async with database.connection() as conn:
            await conn.execute("SELECT 1")
    server.start()
    while not await answers(database):
        pass
    await database.close()
    server.stop()


async def answers(database: Database) -> bool:
    try:
        async with database.connection() as conn:
            await conn.execute("SELECT 1")
    except DatabaseUnavailable:
        return False
    return True


@pytest.mark.usefixtures("table")
async def test_a_deadlock_may_be_tried_again(db: Database) -> None:
    async with db.transaction() as conn:
        await conn.execute("INSERT INTO entry VALUES ('a', 0), ('b', 0)")
    both_have_one = asyncio.Barrier(2)

    async def lock(first: str, second: str) -> None:
        async with db.transaction() as conn:
            await conn.execute("SET LOCAL deadlock_timeout = '10ms'")
            await conn.execute("SELECT 1 FROM entry WHERE name = %s FOR UPDATE", (first,))
            await both_have_one.wait()
            await conn.execute("SELECT 1 FROM entry WHERE name = %s FOR UPDATE", (second,))

    outcomes = await asyncio.gather(lock("a", "b"), lock("b", "a"), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [ChangesCrossed.__name__, "NoneType"]


async def test_a_lock_that_is_not_to_be_had_is_no_outage(conn: Connection, worker_database_url: str) -> None:
    await conn.execute("SELECT pg_advisory_xact_lock(7)")
    database = Database(worker_database_url, pool_max=1)
    await database.open()
    with pytest.raises(psycopg.errors.LockNotAvailable):
        async with database.transaction() as other:
            await other.execute("SET LOCAL lock_timeout = '1ms'")
            await other.execute("SELECT pg_advisory_xact_lock(7)")
    await database.close()


async def test_who_is_stopped_while_it_handles_a_notification_leaves_its_connection_closed(db: Database) -> None:
    handling = asyncio.Event()

    async def listen() -> None:
        async with db.listener("news") as notifications:
            listening.set()
            async for _ in notifications:
                handling.set()
                await asyncio.Event().wait()

    listening = asyncio.Event()
    task = asyncio.create_task(listen())
    await listening.wait()
    async with db.connection() as conn:
        await conn.execute("notify news")
    await handling.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
