"""The oldest PostgreSQL at hand: a server of Debian's, made for this test and never the machine's own."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from opsdesk.app.wiring import MIGRATION_STEPS
from opsdesk.kit.migrate import SERVER_VERSION_MIN, migrate, pending
from opsdesk.kit.postmaster import Account, account_for
from opsdesk.kit.schema import dump_schema

DEBIAN = Path("/usr/lib/postgresql")
EVERY_TABLE = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"


def programs() -> Path:
    found = sorted(int(path.name) for path in DEBIAN.glob("*") if (path / "bin" / "initdb").exists())
    usable = [version for version in found if version >= SERVER_VERSION_MIN]
    if not usable:
        pytest.skip("no PostgreSQL of Debian's is installed (apt-get install postgresql)")
    return DEBIAN / str(usable[0]) / "bin"


@pytest.fixture
def oldest_url(session_folder: Path) -> Iterator[str]:
    folder = session_folder / uuid4().hex
    folder.mkdir(mode=0o700)
    bin_folder, account = programs(), account_for(session_folder / "none yet")
    account.let_through(session_folder)
    account.own(folder)
    run(
        account,
        bin_folder / "initdb",
        "-U",
        "postgres",
        "--auth=trust",
        "--no-sync",
        "-E",
        "UTF8",
        "--locale=C",
        "-D",
        folder,
    )
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
    run(account, bin_folder / "pg_ctl", "start", "-w", "-D", folder, "-l", folder / "log", "-o", options)
    yield f"postgresql://postgres@/postgres?host={folder}"
    run(account, bin_folder / "pg_ctl", "stop", "-w", "-m", "immediate", "-D", folder)


def run(account: Account, *command: str | Path) -> None:
    account.run([str(part) for part in command], stdout=subprocess.DEVNULL)


async def test_the_oldest_server_gets_the_same_tables(oldest_url: str, worker_database_url: str) -> None:
    await migrate(oldest_url, steps=MIGRATION_STEPS)
    assert dump_schema(oldest_url) == dump_schema(worker_database_url)


async def test_on_the_oldest_server_every_table_can_be_read(oldest_url: str) -> None:
    await migrate(oldest_url, steps=MIGRATION_STEPS)
    async with await psycopg.AsyncConnection.connect(oldest_url) as conn:
        assert await pending(conn) == ()
        tables = [name for (name,) in await (await conn.execute(EVERY_TABLE)).fetchall()]
        for name in tables:
            await conn.execute(f"SELECT * FROM {name}".encode())
    assert "flow_run" in tables
