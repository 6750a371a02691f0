"""FLO-503 and FLO-504: what a million runs that wait cost those that do not, and how late timers fire under load.

Two databases in one PostgreSQL with fsync on: one is nearly empty, in the other so many runs wait, made by copying a
run that was left waiting by the product itself, with its journal and its customers. Both are measured in turns in one
run, and the medians count. Then timers become due one after the other while the reference path runs in the same worker.

    .venv/bin/python bench/waiting.py [--waiting 1000000] [--timers 100000] [--rounds 3] [--seconds 5] [--json]
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from uuid import UUID

from figures import arguments, line, tell
from grounds import ACTOR, nobody, partners, reference, store
from limits import INPUT
from opsdesk.app import process
from opsdesk.app.wiring import MIGRATION_STEPS
from opsdesk.flows import arrivals, leases, runs
from opsdesk.flows.calls import Done, NodeCall, NodeOutcome, Wait
from opsdesk.flows.nodes.api import api_node
from opsdesk.flows.nodes.callbacks import CallbackAddresses
from opsdesk.flows.nodes.system import system_node
from opsdesk.flows.ports import Ports
from opsdesk.flows.procedure import NodeType
from opsdesk.flows.runtime import Runtime
from opsdesk.kit.clock import SystemClock
from opsdesk.kit.db import Database
from opsdesk.kit.embedded import EmbeddedServer
from opsdesk.kit.http_client import HttpClient
from opsdesk.kit.ids import new_id
from opsdesk.kit.log import bound
from opsdesk.kit.migrate import migrate

ASKED = """
osop_version: "2.0"
id: bench-asked
name: A partner answers later
nodes:
  - {id: ask, type: api, purpose: p, runtime: {url: "https://a.example.com"}, inputs: [email], outputs: [x],
     timeout_sec: 2592000}
  - {id: after, type: api, purpose: p, runtime: {url: "https://a.example.com"}, inputs: [x]}
edges:
  - {from: ask, to: after}
"""
TIMED = """
osop_version: "2.0"
id: bench-timed
name: A time is waited for
nodes:
  - {id: rest, type: system, purpose: p, runtime: {operation: timer, duration: 30d}}
  - {id: after, type: api, purpose: p, runtime: {url: "https://a.example.com"}}
edges:
  - {from: rest, to: after}
"""
RUN_OF = "(lpad(to_hex(%(first)s::bigint + n), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid"
COPIES = (
    f"""
insert into flow_run (run_id, definition_id, procedure_id, status, actor, started_at, wake_at, wake_name)
select {RUN_OF}, definition_id, procedure_id, status, actor, started_at - make_interval(secs => n),
    %(due)s::timestamptz + make_interval(secs => n * %(apart_s)s), wake_name
from generate_series(1, %(count)s) as n, flow_run where run_id = %(like)s
""",
    f"""
insert into flow_journal (run_id, seq, iteration, at, fact, node, payload)
select {RUN_OF}, seq, iteration, at, fact, node, case when fact = 'node_waiting'
    then jsonb_set(payload, '{{until}}', to_jsonb(%(due)s::timestamptz + make_interval(secs => n * %(apart_s)s)))
    else payload end
from generate_series(1, %(count)s) as n, flow_journal where run_id = %(like)s
""",
    f"""
insert into flow_subject (digest, run_id)
select ('x' || substr(md5(digest::text || n::text), 1, 16))::bit(64)::bigint, {RUN_OF}
from generate_series(1, %(count)s) as n, flow_subject where run_id = %(like)s
""",
)
WAKES = 100
STARTERS = 8
LOAD = 8
DUE = 500
MONTH_S = 30 * 86_400.0


class Installation:
    """A database, and a worker on it whose partners are in this process."""

    def __init__(self, url: str, partner: str) -> None:
        self.db, self.clock = Database(url), SystemClock()
        self.partner = partner
        self.called: dict[UUID, asyncio.Future[datetime]] = {}
        self._http = HttpClient(allow_networks="127.0.0.0/8")
        self._api = api_node(self._http, secrets=lambda name: name)

    async def open(self) -> None:
        await self.db.open()
        now = self.clock.now()
        await store(self.db, ASKED, now=now)
        await store(self.db, TIMED, now=now)
        self.reference_id = await store(self.db, reference(self.partner), now=now)

    async def close(self) -> None:
        await self.db.close()
        await self._http.close()

    async def _call(self, call: NodeCall) -> NodeOutcome:
        if call.node.id == "ask":
            return Wait()
        if call.node.id == "after":
            if call.run_id in self.called:
                self.called[call.run_id].set_result(datetime.now(UTC))
            return Done({})
        return await self._api(call)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[Runtime]:
        ports = Ports(
            clock=self.clock,
            nodes={NodeType.API: self._call, NodeType.SYSTEM: system_node(lambda name: name, nobody)},
            open_ticket=nobody,
            close_ticket=nobody,
            callback_url=CallbackAddresses("http://127.0.0.1:8700", b"bench-callback-key-of-32-bytes..").url,
        )
        runtime = Runtime(self.db, ports)
        await runtime.start()
        try:
            yield runtime
        finally:
            await runtime.stop()

    async def start(self, procedure: str) -> UUID:
        with bound(request_id="bench"):
            async with self.db.transaction() as conn:
                inputs = {"email": f"{new_id()}@example.com"} if procedure == "bench-asked" else {}
                run, _ = await runs.start_run(
                    conn, procedure_id=procedure, inputs=inputs, actor=ACTOR, now=self.clock.now()
                )
        return run.run_id

    async def left_waiting(self, procedure: str) -> UUID:
        """A run that waits and that no worker holds."""
        run_id = await self.start(procedure)
        while True:
            async with self.db.connection() as conn:
                run = await runs.show_run(conn, run_id)
            if run.status == "waiting" and not run.owned:
                return run_id
            await asyncio.sleep(0.01)

    async def fill(self, like: UUID, *, count: int, due: datetime, apart_s: float, first: int) -> None:
        """So many copies of a run that waits, due one after the other."""
        values = {"like": like, "count": count, "due": due, "apart_s": apart_s, "first": first}
        async with self.db.transaction() as conn:
            for statement in COPIES:
                await conn.execute(statement.encode(), values)

    async def tidy(self) -> None:
        """As autovacuum would after a while."""
        async with self.db.connection() as conn:
            await conn.execute(b"vacuum analyze")


async def start_rate(there: Installation, seconds: float) -> float:
    """Runs started a second, each durable and audited when it is answered."""
    began, done = time.perf_counter(), 0

    async def loop() -> None:
        nonlocal done
        while time.perf_counter() - began < seconds:
            await there.start("bench-asked")
            done += 1

    await asyncio.gather(*[loop() for _ in range(STARTERS)])
    return done / (time.perf_counter() - began)


async def wake_ms(there: Installation) -> float:
    """From an answer that comes in to the call of the next node: the median."""
    times = []
    async with there.working():
        waiting = [await there.left_waiting("bench-asked") for _ in range(WAKES)]
        for run_id in waiting:
            there.called[run_id] = asyncio.get_running_loop().create_future()
            began = time.perf_counter()
            with bound(request_id="bench"):
                async with there.db.transaction() as conn:
                    await arrivals.signal(
                        conn, run_id=run_id, node="ask", answer={"x": 1}, actor=ACTOR, now=there.clock.now()
                    )
            await there.called[run_id]
            times.append((time.perf_counter() - began) * 1000)
    return median(times)


async def look_ms(there: Installation) -> float:
    """What a worker does twice a second, with nothing due: the median."""
    times = []
    async with there.db.connection() as conn:
        worker_id = new_id()
        await leases.register(conn, worker_id=worker_id, lease_s=60)
        for _ in range(WAKES):
            began = time.perf_counter()
            await leases.claim(conn, worker_id=worker_id, now=there.clock.now() - timedelta(days=1), limit=500)
            times.append((time.perf_counter() - began) * 1000)
        await leases.leave(conn, worker_id=worker_id, now=there.clock.now())
    return median(times)


async def lateness(there: Installation, like: UUID, seconds: float) -> tuple[list[float], float]:
    """How late each of the timers that become due meanwhile fires, in seconds, and flows of the load a second."""
    due, apart_s, first = there.clock.now() + timedelta(seconds=2), seconds / DUE, 0x300000000000
    await there.fill(like, count=DUE, due=due, apart_s=apart_s, first=first)
    loop = asyncio.get_running_loop()
    moments = {
        UUID(f"{first + n:012x}70008000{n:012x}"): due + timedelta(seconds=n * apart_s) for n in range(1, DUE + 1)
    }
    there.called.update({run_id: loop.create_future() for run_id in moments})
    done = 0
    async with there.working() as runtime:

        async def load() -> None:
            nonlocal done
            while True:
                await (
                    await runtime.begin(run_id=new_id(), definition_id=there.reference_id, inputs=INPUT, actor="bench")
                )
                done += 1

        began = time.perf_counter()
        loads = [asyncio.create_task(load()) for _ in range(LOAD)]
        fired = {run_id: await there.called[run_id] for run_id in moments}
        rate = done / (time.perf_counter() - began)
        for each in loads:
            each.cancel()
        await asyncio.gather(*loads, return_exceptions=True)
    return [(fired[run_id] - moment).total_seconds() for run_id, moment in moments.items()], rate


@asynccontextmanager
async def installations() -> AsyncIterator[tuple[Installation, Installation]]:
    """Two on one server."""
    with (
        partners() as partner,
        tempfile.TemporaryDirectory(prefix="opsdesk-bench-") as folder,
        EmbeddedServer(Path(folder)) as url,
    ):
        empty = Database(url)
        await empty.open()
        async with empty.connection() as conn:
            await conn.execute(b"create database crowded")
        await empty.close()
        both = []
        for address in (url, url.replace("postgres?", "crowded?")):
            await migrate(address, steps=MIGRATION_STEPS)
            both.append(Installation(address, partner))
            await both[-1].open()
        try:
            yield both[0], both[1]
        finally:
            for each in both:
                await each.close()


async def measure(*, waiting: int, timers: int, rounds: int, seconds: float) -> list[dict[str, Any]]:
    async with installations() as (empty, crowded):
        now = crowded.clock.now()
        async with crowded.working():
            asked, timed = await crowded.left_waiting("bench-asked"), await crowded.left_waiting("bench-timed")
        began = time.perf_counter()
        far = now + timedelta(days=1)
        await crowded.fill(asked, count=waiting, due=far, apart_s=MONTH_S / waiting, first=0x100000000000)
        await crowded.fill(timed, count=timers, due=far, apart_s=86_400 / timers, first=0x200000000000)
        filled_s = time.perf_counter() - began
        await crowded.tidy()
        starts: dict[str, list[float]] = {"empty": [], "crowded": []}
        wakes: dict[str, list[float]] = {"empty": [], "crowded": []}
        looks: dict[str, list[float]] = {"empty": [], "crowded": []}
        for _ in range(rounds):
            for name, there in (("empty", empty), ("crowded", crowded)):
                starts[name].append(await start_rate(there, seconds))
                wakes[name].append(await wake_ms(there))
                looks[name].append(await look_ms(there))
        late, load = await lateness(crowded, timed, seconds)
    return [
        line("runs_waiting", waiting + timers, "runs"),
        line("filled_in", filled_s, "s"),
        line("start_rate", median(starts["crowded"]), "runs/s", limit=median(starts["empty"]), at_least=0.8),
        line("wake_up", median(wakes["crowded"]), "ms", limit=median(wakes["empty"]), at_most=1.2),
        line("look_for_due_runs", median(looks["crowded"]), "ms", limit=median(looks["empty"])),
        line("load_beside_timers", load, "flows/s"),
        line("timer_late_p50", median(late), "s"),
        line("timer_late_p99", quantiles(late, n=100)[98], "s", limit=1.0, at_most=1.0),
    ]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--waiting", type=int, default=1_000_000, help="runs that wait for an answer")
    parser.add_argument("--timers", type=int, default=100_000, help="runs that wait for a time")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    given = parser.parse_args()
    figures = measure(waiting=given.waiting, timers=given.timers, rounds=given.rounds, seconds=given.seconds)
    return tell(process.run(figures), given)


if __name__ == "__main__":
    sys.exit(main())
