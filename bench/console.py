"""What many open tabs cost that watch runs, beside a stated share of one core, and beside the bare server.

A real server in a process of its own, with the tabs of many people in this one; each tab asks every two seconds, as
the page does. First nothing changes, then each run changes every ten seconds. `/healthz` at the same rate is what the
server takes for answering at all.

    .venv/bin/python bench/console.py [--tabs 200] [--seconds 20] [--json]
"""

import asyncio
import os
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Any
from uuid import UUID

import aiohttp
import psutil

from figures import arguments, line, tell
from opsdesk.access import Actor, Scope, people, sessions
from opsdesk.access.sessions import Caller, SessionLimits, SignInMethod
from opsdesk.app import process
from opsdesk.app.wiring import MIGRATION_STEPS
from opsdesk.flows import arrivals, runs
from opsdesk.flows.definitions import store_procedure
from opsdesk.kit import log
from opsdesk.kit.db import Database
from opsdesk.kit.embedded import EmbeddedServer
from opsdesk.kit.migrate import migrate

EVERY_S = 2.0
CHANGE_EVERY_S = 10.0
PEOPLE = 20
CPU_LIMIT_PERCENT = 50.0
"""Of one core, for all tabs together, while nothing changes."""
CPU_CHANGING_LIMIT_PERCENT = 100.0
P99_LIMIT_MS = 250.0
START_WAIT_S = 30
BENCH = Actor(id="cli:bench", name="bench", roles=frozenset(), scopes=frozenset(Scope))
PROCEDURE = Path(__file__).parents[1] / "procedures" / "customer-onboarding.osop.yaml"
INPUTS = {"name": "Customer One", "email": "customer@example.com", "phone": "+8613000000000"}


@dataclass
class Watching:
    """Tabs that are open, and the server that they ask."""

    url: str
    server: psutil.Process
    database: Database
    tabs: Sequence[tuple[UUID, str]]
    """The run of each, and the session of who looks at it."""
    took_ms: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)


@asynccontextmanager
async def watching(tabs: int) -> AsyncIterator[Watching]:
    with tempfile.TemporaryDirectory(prefix="opsdesk-bench-") as folder, EmbeddedServer(Path(folder)) as database_url:
        await migrate(database_url, steps=MIGRATION_STEPS)
        database = Database(database_url)
        await database.open()
        server, url = await _serve(database_url, Path(folder))
        try:
            opened = await _open_tabs(database, tabs)
            yield Watching(url, psutil.Process(server.pid), database, opened)
        finally:
            server.terminate()
            await server.wait()
            await database.close()


async def _serve(database_url: str, folder: Path) -> tuple[asyncio.subprocess.Process, str]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    settings = {
        "OPSDESK_DATABASE_URL": database_url,
        "OPSDESK_DATA_DIR": str(folder / "data"),
        "OPSDESK_BASE_URL": url,
        "OPSDESK_PORT": str(port),
        "OPSDESK_LOG_LEVEL": "warning",
    }
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "opsdesk", "serve", env={**os.environ, **settings}, cwd=folder
    )
    async with asyncio.timeout(START_WAIT_S), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"{url}/readyz") as answer:
                    if answer.status == 200:
                        return server, url
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.1)


async def _open_tabs(database: Database, tabs: int) -> list[tuple[UUID, str]]:
    now = datetime.now(UTC)
    limits = SessionLimits(idle_s=3600, absolute_s=43_200)
    caller = Caller(user_agent="bench", address="127.0.0.1")
    tokens, ids = [], []
    with log.bound(request_id="bench"):
        async with database.transaction() as conn:
            text = PROCEDURE.read_text(encoding="utf-8")
            await store_procedure(conn, text=text, file_name=PROCEDURE.name, actor=BENCH, now=now)
            for number in range(PEOPLE):
                person = await people.create_person(
                    conn, email=f"{number}@example.com", name="Auditor", roles=["auditor"], actor=BENCH, now=now
                )
                begun = await sessions.begin_session(
                    conn,
                    person=person,
                    method=SignInMethod.PASSWORD,
                    caller=caller,
                    limits=limits,
                    verified=True,
                    now=now,
                )
                tokens.append(begun.token)
            for _ in range(tabs):
                run, _new = await runs.start_run(
                    conn, procedure_id="customer-onboarding", inputs=INPUTS, actor=BENCH, now=now
                )
                ids.append(run.run_id)
    return [(run_id, tokens[number % PEOPLE]) for number, run_id in enumerate(ids)]


async def _cpu_percent(of: Watching, work: Callable[[], Awaitable[None]]) -> float:
    """Of one core, by the server process, while the work goes on."""
    before, started = sum(of.server.cpu_times()[:2]), time.perf_counter()
    await work()
    return (sum(of.server.cpu_times()[:2]) - before) / (time.perf_counter() - started) * 100


async def _ask(
    of: Watching, session: aiohttp.ClientSession, number: int, *, seconds: float, address: Callable[[str], str]
) -> None:
    """One tab: asks at its own moment of every two seconds, with what it saw last."""
    run_id, token = of.tabs[number]
    seen, until = "", time.perf_counter() + seconds
    await asyncio.sleep(EVERY_S * number / len(of.tabs))
    while time.perf_counter() < until:
        asked = time.perf_counter()
        headers = {"Cookie": f"opsdesk={token}", "HX-Request": "true"}
        async with session.get(of.url + address(f"/runs/{run_id}/live?seen={seen}"), headers=headers) as answer:
            html = await answer.text()
        of.took_ms.append((time.perf_counter() - asked) * 1000)
        of.statuses[answer.status] = of.statuses.get(answer.status, 0) + 1
        if "live?seen=" in html:
            seen = html.partition("live?seen=")[2].partition('"')[0]
        await asyncio.sleep(max(EVERY_S - (time.perf_counter() - asked), 0))


async def _all_tabs(of: Watching, *, seconds: float, address: Callable[[str], str] = lambda path: path) -> None:
    of.took_ms, of.statuses = [], {}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(
            *[_ask(of, session, number, seconds=seconds, address=address) for number in range(len(of.tabs))]
        )


async def _change_all(of: Watching) -> None:
    """Something comes in for one run after the other, each once in ten seconds, until this is cancelled."""
    while True:
        for run_id, _ in of.tabs:
            with log.bound(request_id="bench"):
                async with of.database.transaction() as conn:
                    await arrivals.cancel(conn, run_id=run_id, reason="bench", actor=BENCH, now=datetime.now(UTC))
            await asyncio.sleep(CHANGE_EVERY_S / len(of.tabs))


async def _while_changing(of: Watching, *, seconds: float) -> None:
    changing = asyncio.create_task(_change_all(of))
    try:
        await _all_tabs(of, seconds=seconds)
    finally:
        changing.cancel()
        await asyncio.gather(changing, return_exceptions=True)


def _p99(times: Sequence[float]) -> float:
    return quantiles(times, n=100)[98]


async def measure(*, tabs: int, seconds: float) -> list[dict[str, Any]]:
    async with watching(tabs) as of:
        await _all_tabs(of, seconds=EVERY_S)  # each has its page now
        bare = await _cpu_percent(of, lambda: _all_tabs(of, seconds=seconds, address=lambda _: "/healthz"))
        still = await _cpu_percent(of, lambda: _all_tabs(of, seconds=seconds))
        still_p99, answered = _p99(of.took_ms), dict(of.statuses)
        assert answered.get(204, 0) > answered.get(200, 0), answered
        changing = await _cpu_percent(of, lambda: _while_changing(of, seconds=seconds))
        assert of.statuses.get(200, 0) > tabs, of.statuses
        return [
            line("cpu_bare_answers", bare, "% of core"),
            line("cpu_tabs_nothing_changes", still, "% of core", limit=CPU_LIMIT_PERCENT, at_most=1.0),
            line("cpu_tabs_all_change", changing, "% of core", limit=CPU_CHANGING_LIMIT_PERCENT, at_most=1.0),
            line("p99_nothing_changes", still_p99, "ms", limit=P99_LIMIT_MS, at_most=1.0),
            line("p99_all_change", _p99(of.took_ms), "ms", limit=P99_LIMIT_MS, at_most=1.0),
        ]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--tabs", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    lines = process.run(measure(tabs=options.tabs, seconds=options.seconds))
    return tell(lines, options)


if __name__ == "__main__":
    sys.exit(main())
