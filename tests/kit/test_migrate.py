"""Migrations: once, in turn, or not at all."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from opsdesk.kit.db import Connection, DatabaseUnavailable
from opsdesk.kit.migrate import (
    DatabaseNewer,
    MigrationBlocked,
    MigrationEdited,
    MigrationFailed,
    ServerTooOld,
    check_server_version,
    migrate,
    migrations,
    migrations_folder,
    pending,
)
from opsdesk.kit.schema import dump_schema
from tests.servers import Server

ROOT = Path(__file__).parents[2]

MIGRATE = """
import asyncio, sys
from pathlib import Path
from opsdesk.kit.migrate import migrate
applied = asyncio.run(migrate(sys.argv[1], folder=Path(sys.argv[2]), lock_timeout_s=60))
print(len(applied))
"""
WAITING = """
    SELECT wait_event FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' ORDER BY wait_event
"""


@pytest.fixture
def empty_url(server: Server) -> Iterator[str]:
    name = f"empty_{uuid4().hex}"
    server.execute(f"CREATE DATABASE {name}")
    yield server.database(name)
    server.drop(name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE first (value integer);\nINSERT INTO first VALUES (1);\n")
    (tmp_path / "0002_second.sql").write_text("CREATE TABLE second (note text DEFAULT '100%s');\n")
    return tmp_path


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as conn:
        return conn.execute(query.encode()).fetchall()


async def test_files_are_applied_in_their_order(empty_url: str, folder: Path) -> None:
    applied = await migrate(empty_url, folder=folder)
    assert [(migration.version, migration.name) for migration in applied] == [(1, "first"), (2, "second")]
    assert rows(empty_url, "SELECT version, name FROM schema_migration ORDER BY version") == [
        (1, "first"),
        (2, "second"),
    ]


async def test_a_second_time_nothing_is_applied(empty_url: str, folder: Path) -> None:
    await migrate(empty_url, folder=folder)
    assert await migrate(empty_url, folder=folder) == ()
    assert rows(empty_url, "SELECT value FROM first") == [(1,)]


async def test_pending_tells_and_changes_nothing(empty_url: str, folder: Path) -> None:
    async with await psycopg.AsyncConnection.connect(empty_url) as conn:
        assert [migration.version for migration in await pending(conn, folder=folder)] == [1, 2]
    assert rows(empty_url, "SELECT to_regclass('schema_migration')") == [(None,)]
    await migrate(empty_url, folder=folder)
    async with await psycopg.AsyncConnection.connect(empty_url) as conn:
        assert await pending(conn, folder=folder) == ()


async def test_an_edited_file_is_refused_by_name(empty_url: str, folder: Path) -> None:
    await migrate(empty_url, folder=folder)
    (folder / "0001_first.sql").write_text("CREATE TABLE first (value bigint);\n")
    with pytest.raises(MigrationEdited, match="name='first'"):
        await migrate(empty_url, folder=folder)


async def test_a_newer_database_is_refused_by_name(empty_url: str, folder: Path) -> None:
    await migrate(empty_url, folder=folder)
    (folder / "0002_second.sql").unlink()
    with pytest.raises(DatabaseNewer, match="version=2, name='second'"):
        await migrate(empty_url, folder=folder)


async def test_nothing_is_kept_of_a_file_that_fails(empty_url: str, folder: Path) -> None:
    (folder / "0003_third.sql").write_text("CREATE TABLE third (value integer);\nSELECT 1 / 0;\n")
    with pytest.raises(MigrationFailed, match="division by zero"):
        await migrate(empty_url, folder=folder)
    assert rows(empty_url, "SELECT to_regclass('second') IS NULL, to_regclass('third') IS NULL") == [(False, True)]
    assert rows(empty_url, "SELECT max(version) FROM schema_migration") == [(2,)]


async def test_a_migration_does_not_wait_long_for_a_lock(empty_url: str, folder: Path) -> None:
    await migrate(empty_url, folder=folder)
    (folder / "0003_third.sql").write_text("ALTER TABLE first ADD COLUMN note text;\n")
    with psycopg.connect(empty_url) as reader:
        reader.execute("SELECT * FROM first")
        with pytest.raises(MigrationBlocked, match="0003 third"):
            await migrate(empty_url, folder=folder, lock_timeout_s=0.001)
    assert [migration.name for migration in await migrate(empty_url, folder=folder)] == ["third"]


async def test_somebody_elses_turn_is_waited_for_and_not_forever(empty_url: str, folder: Path) -> None:
    (folder / "0003_third.sql").write_text("LOCK TABLE first;\n")
    await migrate(empty_url, folder=folder)
    (folder / "0004_fourth.sql").write_text("LOCK TABLE first;\n")
    with psycopg.connect(empty_url) as reader:
        reader.execute("SELECT * FROM first")
        other = await start_migrating(empty_url, folder)
        await until_waiting(empty_url, ["relation"])
        with pytest.raises(MigrationBlocked, match="another process is migrating"):
            await migrate(empty_url, folder=folder, turn_timeout_s=0.001)
    assert await count_applied(other) == 1


async def test_two_processes_that_start_at_once_take_turns(empty_url: str, folder: Path) -> None:
    await migrate(empty_url, folder=folder)
    (folder / "0003_third.sql").write_text("LOCK TABLE first;\nINSERT INTO first VALUES (3);\n")
    with psycopg.connect(empty_url) as reader:
        reader.execute("SELECT * FROM first")
        both = [await start_migrating(empty_url, folder) for _ in range(2)]
        await until_waiting(empty_url, ["advisory", "relation"])
    assert sorted([await count_applied(process) for process in both]) == [0, 1]
    assert rows(empty_url, "SELECT value FROM first ORDER BY value") == [(1,), (3,)]


async def test_steps_run_every_time_after_the_files(empty_url: str, folder: Path) -> None:
    seen: list[object] = []

    async def step(conn: Connection) -> None:
        seen.append(await (await conn.execute("SELECT count(*) FROM second")).fetchone())

    await migrate(empty_url, folder=folder, steps=[step])
    await migrate(empty_url, folder=folder, steps=[step])
    assert seen == [(0,), (0,)]


async def test_a_database_that_is_not_there_is_unavailable(session_folder: Path, folder: Path) -> None:
    with pytest.raises(DatabaseUnavailable):
        await migrate(f"postgresql:///nothing?host={session_folder}", folder=folder)


@pytest.mark.parametrize("number", [140_000, 150_018, 180_004])
def test_a_server_from_fourteen_on_is_accepted(number: int) -> None:
    check_server_version(number)


def test_a_server_before_fourteen_is_refused() -> None:
    with pytest.raises(ServerTooOld, match="found='13', oldest='14'"):
        check_server_version(139_999)


def test_the_projects_migrations_are_numbered_without_a_gap() -> None:
    versions = [migration.version for migration in migrations(migrations_folder())]
    assert versions == list(range(1, len(versions) + 1))


def test_schema_sql_shows_what_the_migrations_make(worker_database_url: str) -> None:
    """Mend it with `make schema`."""
    assert (ROOT / "schema.sql").read_text(encoding="utf-8") == dump_schema(worker_database_url)


async def start_migrating(url: str, folder: Path) -> Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-c", MIGRATE, url, str(folder), stdout=PIPE)


async def count_applied(process: Process) -> int:
    output, _ = await process.communicate()
    return int(output)


async def until_waiting(url: str, expected: list[str]) -> None:
    """Return when exactly these locks are waited for."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        while [event for (event,) in await (await conn.execute(WAITING.encode())).fetchall()] != expected:
            await asyncio.sleep(0)
