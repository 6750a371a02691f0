"""`opsdesk demo` as a newcomer meets it: a process of its own, with everything that it starts."""

import asyncio
import json
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import aiohttp
import psutil
import pytest

from tests.sandbox.outside import EMAIL, IDENTITY, KYC, SEND, enter_sandbox
from tests.stories.documented import BLOCK, missing_line
from tests.stories.installation import ROOT

PROGRAMS = Path(sys.executable).parent
UP = "Try in another terminal"
RIGHT = "Both paths ended right."
KEY = re.compile(r"opsdesk_\w{12}_\w{43}")

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def folder(session_folder: Path) -> Path:
    """Not in pytest's own folder, which other sessions of pytest close to the database's account as they start."""
    return session_folder / uuid4().hex / "a folder"


def environment(folder: Path, *, port: int = 0) -> dict[str, str]:
    around = {name: value for name, value in os.environ.items() if not name.startswith("OPSDESK_")}
    return {**around, "OPSDESK_DATA_DIR": str(folder), "OPSDESK_PORT": str(port or free_port())}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


async def started(folder: Path, *arguments: str, port: int = 0, **more: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        PROGRAMS / "opsdesk",
        "demo",
        *arguments,
        env={**environment(folder, port=port), **more},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def ended(demo: asyncio.subprocess.Process) -> tuple[int, str]:
    said, _ = await demo.communicate()
    assert demo.returncode is not None
    return demo.returncode, said.decode()


async def said_until(demo: asyncio.subprocess.Process, words: str) -> str:
    assert demo.stdout is not None
    said = ""
    while words not in said:
        line = await demo.stdout.readline()
        assert line, f"the demo ended before it said {words!r}:\n{said}"
        said += line.decode()
    return said


@asynccontextmanager
async def staying(folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A demo that is up, and what it has said; ended with the block if it still runs."""
    demo = await started(folder)
    try:
        yield demo, await said_until(demo, UP)
    finally:
        if demo.returncode is None:
            demo.terminate()
            await demo.communicate()


async def shell(folder: Path, script: str) -> str:
    """What a shell prints that has read demo.env and nothing else."""
    bare = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
    process = await asyncio.create_subprocess_exec(
        "/bin/sh", "-euc", f'. "{folder}/demo.env"; {script}', env=bare, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    return said.decode()


async def keys(folder: Path) -> list[tuple[str, str | None]]:
    """Every API key of the installation: its name, and since when it is worth nothing."""
    process = await asyncio.create_subprocess_exec(
        PROGRAMS / "opsdesk", "key", "list", "--json", env=environment(folder), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    found = [(key["name"], key["revoked_at"]) for key in json.loads(said)["items"]]
    assert found, "there have to be some"
    return found


def processes(folder: Path) -> list[psutil.Process]:
    """Sandbox, server and worker, in this order."""
    return [psutil.Process(pid) for pid, _ in json.loads((folder / "demo.processes").read_text())]


def still_there(folder: Path) -> list[list[str]]:
    """Every process whose command names the folder: partners and database among them."""
    everything = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    return [command for command in everything if any(str(folder) in word for word in command)]


@pytest.mark.req("FLO-001", "FLO-005", "FLO-006", "FLO-008")
async def test_the_demo_checks_both_paths_twice_in_a_row_also_when_its_port_is_taken(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = await ended(await started(folder, "--check", port=port))
    assert (code, RIGHT in said) == (0, True), said
    assert f"(port {port} is taken)" in said
    code, said = await ended(await started(folder, "--check"))
    assert (code, RIGHT in said) == (0, True), said
    assert "is taken" not in said
    assert said.count("completed run") == 2
    assert still_there(folder) == []
    assert not KEY.search(said)


async def test_the_demo_prints_what_the_readme_shows(folder: Path) -> None:
    (shown,) = [text for kind, text in BLOCK.findall((ROOT / "README.md").read_text()) if kind == "text"]
    _, said = await ended(await started(folder, "--check"))
    assert missing_line(tuple(shown.splitlines()), said) is None


async def test_the_demo_stays_up_for_those_who_have_its_keys_and_ends_with_them(folder: Path) -> None:
    async with staying(folder) as (demo, said):
        runs = json.loads(await shell(folder, "opsdesk run list --json"))
        assert [run["status"] for run in runs["items"]] == ["waiting", "completed", "completed"]
        assert await shell(folder, "command -v python") == f"{PROGRAMS}/python\n"
        key = (await shell(folder, 'echo "$DEMO_API_KEY"')).strip()
        assert key in KEY.findall(said)
        url = (await shell(folder, 'echo "$OPSDESK_BASE_URL"')).strip()
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as session:
            async with session.get(f"{url}/v1/runs/{runs['items'][1]['id']}/diagram") as response:
                assert response.content_type == "image/svg+xml"
            async with session.get(f"{url}/v1/openapi.json") as response:
                assert response.status == 200
        demo.send_signal(signal.SIGINT)
        code, _ = await ended(demo)
    assert code == 0
    assert still_there(folder) == []
    assert not (folder / "demo.env").exists()
    assert [name for name, revoked_at in await keys(folder) if revoked_at is None] == []


async def test_a_second_demo_in_the_same_folder_says_that_one_is_running(folder: Path) -> None:
    async with staying(folder):
        code, said = await ended(await started(folder, "--check"))
        assert code == 1
        assert f"A demo is running already in {folder}" in said
        assert all(process.is_running() for process in processes(folder))


async def test_a_demo_whose_worker_dies_ends_and_shows_the_end_of_its_log(folder: Path) -> None:
    async with staying(folder) as (demo, _):
        processes(folder)[2].kill()
        code, said = await ended(demo)
    assert code == 1
    assert "The worker has ended by itself." in said
    assert '{"' in said.partition("ended by itself.")[2]
    assert f"Its log: {folder / 'logs' / 'worker.log'}" in said
    assert still_there(folder) == []


async def test_a_demo_after_one_that_was_killed_ends_what_that_one_left_behind(folder: Path) -> None:
    async with staying(folder) as (demo, _):
        left = processes(folder)
        demo.kill()
        await demo.wait()
    assert all(process.is_running() for process in left)
    try:
        code, said = await ended(await started(folder, "--check"))
        assert (code, RIGHT in said) == (0, True), said
        assert not any(process.is_running() for process in left)
        assert still_there(folder) == []
    finally:
        for process in filter(psutil.Process.is_running, left):
            process.kill()


async def test_the_demo_keeps_away_from_a_database_that_is_not_its_own(folder: Path) -> None:
    foreign = "postgresql://nobody@127.0.0.1:1/foreign?connect_timeout=1"
    code, said = await ended(await started(folder, "--check", OPSDESK_DATABASE_URL=foreign))
    assert (code, RIGHT in said) == (0, True), said
    assert "OPSDESK_DATABASE_URL is set and not used" in said


async def test_the_check_fails_where_a_person_had_to_be_asked_on_the_automatic_path(folder: Path) -> None:
    async with enter_sandbox(folder / "sandbox") as outside:
        await outside.script(KYC, IDENTITY, "*", "lowscore")
    code, said = await ended(await started(folder, "--check"))
    assert (code, RIGHT in said) == (1, False)
    assert "A person was asked on the automatic path." in said


async def test_the_check_fails_where_a_run_stops_at_an_incident(folder: Path) -> None:
    async with enter_sandbox(folder / "sandbox") as outside:
        await outside.script(EMAIL, SEND, "*", "badrequest")
    code, said = await ended(await started(folder, "--check"))
    assert (code, RIGHT in said) == (1, False)
    assert "has an incident at send_welcome" in said
    assert still_there(folder) == []


async def test_the_check_fails_where_the_welcome_never_arrives(folder: Path) -> None:
    async with enter_sandbox(folder / "sandbox") as outside:
        answer = {"welcome_email_id": "msg_0", "message_id": "msg_0"}
        await outside.script(EMAIL, SEND, "*", "answer", status=200, body=answer)
    code, said = await ended(await started(folder, "--check"))
    assert (code, RIGHT in said) == (1, False)
    assert "got 0 welcome messages" in said


async def test_a_demo_with_a_setting_that_cannot_be_says_which(folder: Path) -> None:
    code, said = await ended(await started(folder, "--check", OPSDESK_PORT="zero"))
    assert (code, "OPSDESK_PORT" in said, "Traceback" in said) == (2, True, False)


async def test_a_demo_that_cannot_start_its_partners_says_why_and_leaves_nothing_running(folder: Path) -> None:
    (folder / "sandbox").mkdir(parents=True)
    (folder / "sandbox" / "sandbox.sqlite").write_text("this is no database" * 100)
    code, said = await ended(await started(folder, "--check"))
    assert code == 1
    assert "The sandbox ended before it was ready." in said
    assert "file is not a database" in said
    assert still_there(folder) == []


async def test_a_demo_that_is_told_to_end_before_both_paths_have_is_no_success(folder: Path) -> None:
    demo = await started(folder, "--check")
    await said_until(demo, "started   database")
    demo.terminate()
    code, said = await ended(demo)
    assert code == 1
    assert RIGHT not in said
    assert still_there(folder) == []
