"""FLO-501 and FLO-502: the reference path beside the bare limit and the coalesced limit, in one run.

The runtime and the limits take turns in this process, on one PostgreSQL with fsync on, against the same partner, with
the same HTTP library. Rounds alternate, and the medians count: machines are noisy.

    .venv/bin/python bench/flows.py [--rounds 5] [--seconds 4] [--json]
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from figures import arguments, line, tell
from grounds import nobody, partners, reference, store
from limits import INPUT, Limits
from opsdesk.app import process
from opsdesk.app.observation import Observation
from opsdesk.flows.nodes.api import api_node
from opsdesk.flows.nodes.callbacks import CallbackAddresses
from opsdesk.flows.ports import Ports
from opsdesk.flows.procedure import NodeType
from opsdesk.flows.runtime import Runtime
from opsdesk.flows.state import RunStatus
from opsdesk.kit.clock import SystemClock
from opsdesk.kit.db import Database
from opsdesk.kit.embedded import EmbeddedServer
from opsdesk.kit.http_client import HttpClient
from opsdesk.kit.ids import new_id
from opsdesk.kit.migrate import migrate

CONCURRENCIES = (16, 64)
LATENCY_FLOWS = 200
COST_FLOWS = 500
REPORTED_S = 11.0
COST = """
select (
        select coalesce(sum(fsyncs), 0)::bigint from pg_stat_io
        where object = 'wal' and backend_type = 'client backend' -- and not autovacuum, which tidies up after all rounds
    ),
    pg_database_size(current_database()), pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint
"""

Flow = Callable[[], Awaitable[None]]


class Bench:
    """The runtime and the limits, ready to run flows."""

    def __init__(self, db: Database, url: str, partner: str) -> None:
        clock = SystemClock()
        self._http = HttpClient(allow_networks="127.0.0.0/8")
        self._clock = clock
        self._partner = partner
        self._db = db
        ports = Ports(
            clock=clock,
            nodes={NodeType.API: api_node(self._http, secrets=lambda name: name)},
            open_ticket=nobody,
            close_ticket=nobody,
            callback_url=CallbackAddresses("http://127.0.0.1:8700", b"bench-callback-key-of-32-bytes..").url,
            observer=Observation(db),
        )
        self.runtime = Runtime(db, ports)
        self.limits = Limits(url, partner)

    async def open(self) -> None:
        self._definition_id = await store(self._db, reference(self._partner), now=self._clock.now())
        await self.runtime.start()
        await self.limits.open()

    async def close(self) -> None:
        await self.runtime.stop()
        await self.limits.close()
        await self._http.close()

    async def opsdesk(self) -> None:
        run = await self.runtime.begin(run_id=new_id(), definition_id=self._definition_id, inputs=INPUT, actor="bench")
        state = await run
        assert state.outcome is RunStatus.COMPLETED, state.outcome_reason


async def throughput(flow: Flow, *, concurrency: int, seconds: float) -> float:
    """Flows a second."""
    started = time.perf_counter()
    done = 0

    async def loop() -> None:
        nonlocal done
        while time.perf_counter() - started < seconds:
            await flow()
            done += 1

    await asyncio.gather(*[loop() for _ in range(concurrency)])
    return done / (time.perf_counter() - started)


async def latency_ms(flow: Flow) -> float:
    """Median of flows one after the other."""
    times = []
    for _ in range(LATENCY_FLOWS):
        started = time.perf_counter()
        await flow()
        times.append((time.perf_counter() - started) * 1000)
    return median(times)


@asynccontextmanager
async def bench() -> AsyncIterator[tuple[Bench, str]]:
    with (
        partners() as partner,
        tempfile.TemporaryDirectory(prefix="opsdesk-bench-") as folder,
        EmbeddedServer(Path(folder)) as url,
    ):
        await migrate(url)
        db = Database(url)
        await db.open()
        ready = Bench(db, url, partner)
        await ready.open()
        try:
            yield ready, url
        finally:
            await ready.close()
            await db.close()


async def cost(ready: Bench, url: str, *, flows: int, settle_s: float) -> tuple[float, float, float]:
    """WAL fsyncs, bytes of database growth and bytes of WAL for one run at concurrency 1.

    The fsyncs of heartbeats, which are there while nothing happens, are measured before and taken off, for as long as
    the flows took. Where a heartbeat falls is chance, so that fsyncs are told to a hundredth.
    """
    began = time.perf_counter()
    heartbeats, _, _ = await _spent(url, ready, flows=0, settle_s=settle_s)
    still_s = time.perf_counter() - began
    fsyncs, growth, wal = await _spent(url, ready, flows=flows, settle_s=settle_s)
    flows_s = time.perf_counter() - began - still_s
    return round((fsyncs - heartbeats * flows_s / still_s) / flows, 2), growth / flows, wal / flows


async def _spent(url: str, ready: Bench, *, flows: int, settle_s: float) -> tuple[int, int, int]:
    async def snapshot() -> tuple[int, int, int]:
        # Backends report what they did after a while: wait until they have.
        await asyncio.sleep(settle_s)
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
            row = await (await conn.execute(COST.encode())).fetchone()
        assert row is not None
        return row

    before = await snapshot()
    for _ in range(flows):
        await ready.opsdesk()
    fsyncs, growth, wal = (late - early for early, late in zip(before, await snapshot(), strict=True))
    return fsyncs, growth, wal


async def measure(rounds: int, seconds: float, *, flows: int, settle_s: float) -> list[dict[str, Any]]:
    async with bench() as (ready, url):
        paths: dict[str, Flow] = {
            "bare": ready.limits.bare,
            "coalesced": ready.limits.coalesced,
            "opsdesk": ready.opsdesk,
        }
        for flow in paths.values():
            await throughput(flow, concurrency=8, seconds=min(seconds, 2))
        rates: dict[str, dict[int, list[float]]] = {name: {c: [] for c in CONCURRENCIES} for name in paths}
        p50s: dict[str, list[float]] = {name: [] for name in paths}
        for _ in range(rounds):
            for name, flow in paths.items():
                p50s[name].append(await latency_ms(flow))
                for concurrency in CONCURRENCIES:
                    rates[name][concurrency].append(await throughput(flow, concurrency=concurrency, seconds=seconds))
        fsyncs, growth, wal = await cost(ready, url, flows=flows, settle_s=settle_s)
    best = {name: max(median(values) for values in by.values()) for name, by in rates.items()}
    p50 = {name: median(values) for name, values in p50s.items()}
    return [
        line("rate_bare", best["bare"], "flows/s"),
        line("rate_beside_coalesced", best["opsdesk"], "flows/s", limit=best["coalesced"], at_least=0.5),
        line("p50_beside_bare", p50["opsdesk"], "ms", limit=p50["bare"], at_most=1.3),
        line("wal_fsyncs_per_run", fsyncs, "fsyncs", limit=6, at_most=1.0),
        line("database_growth_per_run", growth, "bytes", limit=3072, at_most=1.0),
        line("wal_per_run", wal, "bytes"),
    ]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--flows", type=int, default=COST_FLOWS, help="flows that the costs of one are taken from")
    parser.add_argument("--settle", type=float, default=REPORTED_S, help="seconds until PostgreSQL reports its costs")
    options = parser.parse_args()
    lines = process.run(measure(options.rounds, options.seconds, flows=options.flows, settle_s=options.settle))
    return tell(lines, options)


if __name__ == "__main__":
    sys.exit(main())
