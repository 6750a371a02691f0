"""The guide about backups, followed word by word: dumps and points in time, on real servers, with runs that go on."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from aiohttp import web

from opsdesk.app.wiring import MIGRATION_STEPS, Opsdesk, open_app
from opsdesk.flows import runs
from opsdesk.kit import postmaster
from opsdesk.kit.embedded import EmbeddedServer, programs
from opsdesk.kit.migrate import migrate
from opsdesk.kit.settings import Settings
from tests.app.documents import greet
from tests.app.serving import BASE_URL, PARTNERS_HERE, Api, partner, serving_for, until, working_for
from tests.stories.documented import BLOCK, examples
from tests.stories.installation import ROOT

GUIDE = (ROOT / "docs" / "guides" / "backup.md").read_text(encoding="utf-8")
DUMP, RESTORE_DUMP, BASE_BACKUP, RESTORE_BASE = [example.commands for example in examples(GUIDE)]
CHECKS = "\n".join(line for line in RESTORE_DUMP.splitlines() if line.startswith("opsdesk"))
"""What the guide has done on a database that was restored, in whichever way."""
APPROVED = {"answers": {"decision": "approved"}}
OURSELVES = postmaster.Account(None, None)


class Partner:
    """Answers at once, or promises to; keeps the callback addresses and the idempotency keys."""

    def __init__(self) -> None:
        self.callbacks: list[str] = []
        self.keys: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.keys.append(request.headers["Idempotency-Key"])
        self.callbacks.append(request.headers["Opsdesk-Callback-Url"].removeprefix(BASE_URL))
        later = (await request.json())["email"].startswith("later")
        return web.json_response({"score": 0.5}, status=202 if later else 200)


async def guided(
    commands: str, folder: Path, variables: Mapping[str, str], *, account: postmaster.Account = OURSELVES
) -> None:
    """Follow the commands of the guide in a shell that stops at the first that fails."""
    path = f"{programs()}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPSDESK_", "PG"))}
    shell = await asyncio.create_subprocess_exec(
        "bash",
        "-euc",
        commands,
        cwd=folder,
        env={**kept, "PATH": path, **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        user=account.user,
        group=account.group,
        extra_groups=None if account.user is None else [],
    )
    printed, _ = await shell.communicate()
    assert shell.returncode == 0, printed.decode()


@contextmanager
def server_in(folder: Path, **settings: str) -> Iterator[str]:
    with EmbeddedServer(folder, settings=settings) as url:
        yield url


@asynccontextmanager
async def opened(url: str, data: Path) -> AsyncIterator[Opsdesk]:
    settings = Settings(database_url=url, data_dir=data, base_url=BASE_URL, allow_networks=PARTNERS_HERE)
    async with open_app(settings) as opsdesk:
        yield opsdesk


async def begun(api: Api, key: str, url: str) -> tuple[str, str]:
    """A run that waits for a person, and one that waits for the partner."""
    await api.store(greet(url), key=key)
    started = [await api.start("greet", key=key, once=who, email=f"{who}@example.com") for who in ("now", "later")]
    await all_are(api, started, "waiting")
    return started[0], started[1]


async def all_are(api: Api, run_ids: list[str], status: str) -> None:
    async def are() -> bool:
        return all([await has_status(api, run_id, status) for run_id in run_ids])

    await until(are)


async def has_status(api: Api, run_id: str, status: str) -> bool:
    async with api.installation.database.connection() as conn:
        run = await runs.show_run(conn, UUID(run_id))
    return run.status == status and not run.owned


async def approve(api: Api, run_id: str, key: str) -> None:
    async def ticket() -> str | None:
        (node,) = [
            node for node in (await api.get(f"/v1/runs/{run_id}", key=key)).body["nodes"] if node["id"] == "review"
        ]
        return node["wait"] and str(node["wait"]["ticket"])

    path = f"/v1/tickets/{await until(ticket)}/decisions"
    assert (await api.post(path, APPROVED, key=key, once=uuid4().hex)).status == 201
    await until(lambda: has_status(api, run_id, "completed"))


@pytest.mark.timeout(300)
async def test_a_dump_is_restored_elsewhere_and_its_runs_go_on(session_folder: Path) -> None:
    folder = session_folder / f"dump-{uuid4().hex}"
    (folder / "backups").mkdir(parents=True)
    asked = Partner()
    async with partner(asked.answer) as url:
        with server_in(folder / "old") as database:
            await migrate(database, steps=MIGRATION_STEPS)
            async with opened(database, folder / "data") as opsdesk, serving_for(opsdesk) as api:
                key, desk = await api.key(name="portal"), await api.key(name="desk", roles=["greeter"])
                async with working_for(opsdesk):
                    person, later = await begun(api, key, url)
                    variables = {"BACKUPS": str(folder / "backups"), "OPSDESK_DATA_DIR": str(folder / "data")}
                    await guided(DUMP, folder, {**variables, "OPSDESK_DATABASE_URL": database})
        with server_in(folder / "new") as database:
            variables["OPSDESK_DATA_DIR"] = str(folder / "restored")
            await guided(RESTORE_DUMP, folder, {**variables, "OPSDESK_DATABASE_URL": database})
            async with opened(database, folder / "restored") as opsdesk, serving_for(opsdesk) as api:
                async with working_for(opsdesk):
                    await approve(api, person, desk)
                    assert (await api.post(asked.callbacks[1], {"score": 0.4})).status == 200
                    await approve(api, later, desk)
    assert len(asked.keys) == len(set(asked.keys)) == 2


def archiving(folder: Path) -> dict[str, str]:
    """The settings of the server as the guide shows them, with the archive in this folder."""
    (block,) = [text for kind, text in BLOCK.findall(GUIDE) if kind == "ini"]
    lines = block.replace("/var/backups/opsdesk", str(folder)).splitlines()
    return {name.strip(): value.strip().strip("'") for name, value in (line.split("=", 1) for line in lines)}


async def archived(url: str) -> None:
    """Have what is written until now archived."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        cursor = await conn.execute("select pg_walfile_name(pg_switch_wal())")
        (last,) = await cursor.fetchone() or ("",)

        async def taken() -> bool:
            cursor = await conn.execute("select last_archived_wal >= %s from pg_stat_archiver", [last])
            return bool((await cursor.fetchone() or (False,))[0])

        await until(taken)


async def moment(url: str) -> datetime:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        row = await (await conn.execute("select clock_timestamp()")).fetchone()
    assert row is not None
    return datetime.fromisoformat(str(row[0]))


@pytest.mark.timeout(300)
async def test_a_point_in_time_is_restored_and_its_runs_go_on(session_folder: Path) -> None:
    folder = session_folder / f"point-{uuid4().hex}"
    backups = folder / "backups"
    (backups / "wal").mkdir(parents=True)
    account = postmaster.account_for(folder / "none yet")
    for own in (folder, backups, backups / "wal"):
        account.own(own)
    account.let_through(folder)
    asked = Partner()
    async with partner(asked.answer) as url:
        with server_in(folder / "old", **archiving(backups)) as database:
            await migrate(database, steps=MIGRATION_STEPS)
            variables = {"BACKUPS": str(backups), "PGDATA": str(folder / "new" / "postgres")}
            await guided(BASE_BACKUP, folder, {**variables, "OPSDESK_DATABASE_URL": database}, account=account)
            async with opened(database, folder / "data") as opsdesk, serving_for(opsdesk) as api:
                key, desk = await api.key(name="portal"), await api.key(name="desk", roles=["greeter"])
                async with working_for(opsdesk):
                    person, later = await begun(api, key, url)
                    good = await moment(database)
                    for run_id in (person, later):
                        await api.post(f"/v1/runs/{run_id}/cancellations", {"reason": "by mistake"}, key=key)
                    await all_are(api, [person, later], "cancelled")
            await archived(database)
        (folder / "new").mkdir()
        account.own(folder / "new")
        await guided(RESTORE_BASE, folder, {**variables, "RESTORE_TO": good.isoformat()}, account=account)
        with server_in(folder / "new") as database:
            await until(lambda: takes_writes(database))
            checks = {"OPSDESK_DATABASE_URL": database, "OPSDESK_DATA_DIR": str(folder / "data")}
            await guided(CHECKS, folder, checks)
            async with opened(database, folder / "data") as opsdesk, serving_for(opsdesk) as api:
                assert await has_status(api, person, "waiting")
                async with working_for(opsdesk):
                    await approve(api, person, desk)
                    assert (await api.post(asked.callbacks[1], {"score": 0.4})).status == 200
                    await approve(api, later, desk)
    assert len(asked.keys) == len(set(asked.keys)) == 2


async def takes_writes(url: str) -> bool:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        row = await (await conn.execute("select pg_is_in_recovery()")).fetchone()
    return row == (False,)


def test_the_guide_names_the_variables_that_its_commands_use() -> None:
    commands = DUMP + RESTORE_DUMP + BASE_BACKUP + RESTORE_BASE
    prose = re.sub(BLOCK, "", GUIDE)
    assert {name for name in re.findall(r"\$([A-Z_]+)", commands) if f"`{name}`" not in prose} == set()
