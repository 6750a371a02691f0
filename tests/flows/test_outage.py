"""The database goes away while runs are at work, or gives a commit up: they go on where they were."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from structlog.testing import capture_logs

from opsdesk.app.wiring import MIGRATION_STEPS
from opsdesk.flows.calls import Done, NodeCall, NodeOutcome
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.writer import WRITERS, Append, Header, JournalWriter
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from opsdesk.kit.ids import new_id
from opsdesk.kit.migrate import migrate
from tests.app.own_server import own_server
from tests.flows.workers import CHAIN, World, ended, facts_of, start, working

RUNS = 5
WAITERS = b"select pid from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"


@pytest.mark.req("FLO-315")
async def test_runs_at_work_go_on_when_the_database_comes_back_and_it_is_told_once(
    session_folder: Path, clock: ManualClock
) -> None:
    called, answer, answered = asyncio.Semaphore(0), asyncio.Event(), asyncio.Semaphore(0)

    async def slow(call: NodeCall) -> NodeOutcome:
        called.release()
        await answer.wait()
        answered.release()
        return Done({"x": 1})

    world = World({"first": slow})
    with own_server(session_folder / uuid4().hex) as server, capture_logs() as lines:
        await migrate(server.url, steps=MIGRATION_STEPS)
        db = Database(server.url)
        await db.open()
        async with working(db, world, clock, lease_s=600):
            started = [await start(db, clock, CHAIN) for _ in range(RUNS)]
            for _ in range(RUNS):
                await called.acquire()
            server.go_away()
            answer.set()
            for _ in range(RUNS):
                await answered.acquire()
            while "database_unavailable" not in [line["event"] for line in lines]:
                await asyncio.sleep(0.02)
            server.come_back()
            for run_id in started:
                assert (await ended(db, run_id)).status == "completed"
                assert [fact for fact, _ in await facts_of(db, run_id)] == [
                    "run_started",
                    "node_ended",
                    "node_ended",
                    "run_ended",
                ]
        await db.close()
    assert [call.node.id for call in world.calls].count("first") == RUNS
    told = [line for line in lines if line["log_level"] in ("warning", "error")]
    assert [line["event"] for line in told].count("database_unavailable") == 1
    assert len(told) <= 4, told


async def test_headers_that_two_transactions_change_crosswise_are_all_written(
    db: Database, database_url: str, clock: ManualClock
) -> None:
    """A transaction that holds one run and wants another gets into the way of a group that changes both."""
    worker = new_id()
    held = sorted([await start(db, clock, CHAIN) for _ in range(9)])
    writer = JournalWriter(db, clock)
    writer.start()
    async with (
        AsyncExitStack() as at_the_end,
        db.connection() as conn,
        await psycopg.AsyncConnection.connect(database_url) as one,
        await psycopg.AsyncConnection.connect(database_url) as other,
    ):
        at_the_end.push_async_callback(writer.stop)
        await conn.execute(b"update flow_run set owner = %s, wake_at = null", (worker,))
        await one.execute(b"lock table flow_journal in access exclusive mode")
        before = [Append(new_id(), 1, [Fact(FactKind.IGNORED, clock.now())]) for _ in range(WRITERS)]
        group = [Append(run_id, 2, [], Header("waiting", None, worker, wake_name="test")) for run_id in held]
        writing = [asyncio.create_task(writer.append(append)) for append in [*before, *group]]
        while len(writer._waiting) < len(held) or (await conn.execute(WAITERS)).rowcount < WRITERS:
            await asyncio.sleep(0.02)
        await other.execute(b"set deadlock_timeout = '1h'")
        await other.execute(b"select from flow_run where run_id = %s for share", (held[4],))
        await one.rollback()
        while (await conn.execute(WAITERS)).rowcount < 1:
            await asyncio.sleep(0.02)
        # The group holds those that it came to before, and only it looks for a deadlock, so it is given up.
        await other.execute(b"select from flow_run where run_id = any(%s) for share", (held,))
        await other.rollback()
        await asyncio.gather(*writing)
        released = await conn.execute(b"select from flow_run where wake_name = 'test' and owner is null")
        assert released.rowcount == len(held)
