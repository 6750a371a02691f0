"""FLO-503: what a second worker process does to the rate: never less, and more while a core is free.

Runs are put into the database of a PostgreSQL with fsync on, and `opsdesk worker` processes execute them: one, then
two, in turns on one server; the medians count. `calls` is the reference path with six HTTP nodes: worker, partners and
PostgreSQL share the cores. `sums` computes in the worker and writes little, so that one worker keeps one core busy and
leaves the others free.

    .venv/bin/python bench/workers.py [--runs 1000] [--rounds 3] [--json]
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

from figures import arguments, line, tell
from grounds import ACTOR, partners, reference, store
from limits import INPUT
from opsdesk.app import process
from opsdesk.app.wiring import MIGRATION_STEPS
from opsdesk.flows import runs
from opsdesk.kit.clock import SystemClock
from opsdesk.kit.db import Database
from opsdesk.kit.embedded import EmbeddedServer
from opsdesk.kit.log import bound
from opsdesk.kit.migrate import migrate

EXPRESSIONS = 50
NUMBERS = [*range(200)]
SUMS = f"""
osop_version: "2.0"
id: bench-sums
name: Work for the processor
nodes:
  - id: sums
    type: data
    purpose: p
    inputs: [numbers]
    outputs: [x0]
    runtime:
      transform:
{chr(10).join(f'        x{n}: "numbers.filter(a, a * {n + 2} % 7 > 3).size()"' for n in range(EXPRESSIONS))}
edges: []
"""
WAIT_S = 120
STARTED_TOGETHER = 50
SUMS_LESS = 4
NOT_YET = b"update flow_run set wake_at = now() + interval '1 day' where ended_at is null and owner is null"
ALL_DUE = b"update flow_run set wake_at = now() where ended_at is null returning pg_notify('opsdesk_flow', '')"
LEFT = b"select count(*) from flow_run where ended_at is null"
WORKERS = b"select count(*) from flow_worker"


class Work:
    """A database with runs to execute, and the workers that do."""

    def __init__(self, url: str, folder: Path) -> None:
        self.db, self.clock = Database(url), SystemClock()
        self._settings = {
            "OPSDESK_DATABASE_URL": url,
            "OPSDESK_DATA_DIR": str(folder / "data"),
            "OPSDESK_ALLOW_NETWORKS": "127.0.0.0/8",
            "OPSDESK_LOG_LEVEL": "error",
        }
        self._folder = folder
        self._workers: list[asyncio.subprocess.Process] = []

    async def rate(self, procedure: str, inputs: dict[str, Any], *, count: int) -> float:
        """Runs a second, from the moment that all are due until the last has ended."""
        left = count
        while left > 0:
            with bound(request_id="bench"):
                async with self.db.transaction() as conn:
                    for _ in range(min(left, STARTED_TOGETHER)):
                        await runs.start_run(
                            conn, procedure_id=procedure, inputs=inputs, actor=ACTOR, now=self.clock.now()
                        )
                    await conn.execute(NOT_YET)
            left -= STARTED_TOGETHER
        async with self.db.transaction() as conn:
            await conn.execute(ALL_DUE)
        began = time.perf_counter()
        await self._until(LEFT, 0)
        return count / (time.perf_counter() - began)

    async def add_worker(self) -> None:
        """One more process; returns when it works."""
        started = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "opsdesk", "worker", env={**os.environ, **self._settings}, cwd=self._folder
        )
        self._workers.append(started)
        await self._until(WORKERS, len(self._workers))

    async def stop_workers(self) -> None:
        for each in self._workers:
            each.terminate()
        await asyncio.gather(*[each.wait() for each in self._workers])
        self._workers.clear()

    async def _until(self, question: bytes, answer: int) -> None:
        async with asyncio.timeout(WAIT_S), self.db.connection() as conn:
            while (await (await conn.execute(question)).fetchone()) != (answer,):
                await asyncio.sleep(0.02)


@asynccontextmanager
async def work() -> AsyncIterator[Work]:
    with (
        partners() as partner,
        tempfile.TemporaryDirectory(prefix="opsdesk-bench-") as folder,
        EmbeddedServer(Path(folder)) as url,
    ):
        await migrate(url, steps=MIGRATION_STEPS)
        ready = Work(url, Path(folder))
        await ready.db.open()
        try:
            await store(ready.db, reference(partner), now=ready.clock.now())
            await store(ready.db, SUMS, now=ready.clock.now())
            yield ready
        finally:
            await ready.stop_workers()
            await ready.db.close()


async def measure(*, count: int, rounds: int) -> list[dict[str, Any]]:
    rates: dict[tuple[str, int], list[float]] = {}
    async with work() as ready:
        for _ in range(rounds):
            for workers in (1, 2):
                await ready.add_worker()
                for procedure, inputs in (("bench-reference", dict(INPUT)), ("bench-sums", {"numbers": NUMBERS})):
                    # Sums take many times as long.
                    turn = count if procedure == "bench-reference" else max(count // SUMS_LESS, STARTED_TOGETHER)
                    rate = await ready.rate(procedure, inputs, count=turn)
                    rates.setdefault((procedure, workers), []).append(rate)
            await ready.stop_workers()
    calls, more_calls = median(rates["bench-reference", 1]), median(rates["bench-reference", 2])
    sums, more_sums = median(rates["bench-sums", 1]), median(rates["bench-sums", 2])
    return [
        line("cores", os.cpu_count() or 1, "cores"),
        line("calls_two_workers", more_calls, "runs/s", limit=calls, at_least=1.0),
        line("sums_two_workers", more_sums, "runs/s", limit=sums, at_least=1.2),
    ]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--runs", type=int, default=1000, help="in each turn of calls")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    return tell(process.run(measure(count=given.runs, rounds=given.rounds)), given)


if __name__ == "__main__":
    sys.exit(main())
