"""Triggers by the clock in a whole installation: fired by its workers, once also where one is killed, or an alarm."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from structlog.testing import capture_logs

from opsdesk import flows
from opsdesk.app.stalls import stall_check
from opsdesk.benefits.settlement.months import Calendar
from opsdesk.kit.clock import ManualClock
from tests.actors import actor
from tests.app.serving import Api, serving, until
from tests.app.triggered import ORDERS

KILL_LOCK = 7_316
# Whoever starts a run waits in the middle of its transaction, for as long as the test holds the lock.
HOLD = f"""
create function hold() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock({KILL_LOCK});
    return new;
end $$;
create trigger hold before insert on flow_journal for each row execute function hold();
"""
WAITERS = "select pid from pg_locks where locktype = 'advisory' and objid = %s and not granted"
UNLOCKED = b"select trigger_id from flow_trigger where kind = 'cron' for update skip locked"
WORKER = """
import asyncio, sys
from datetime import datetime
from opsdesk.flows.triggers.firing import fire_due
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from opsdesk.kit.log import bound

async def main():
    database = Database(sys.argv[1])
    await database.open()
    with bound(request_id="job:1"):
        await fire_due(database, clock=ManualClock(datetime.fromisoformat(sys.argv[2])))

asyncio.run(main())
"""


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        key = await api.key()
        await api.store(ORDERS, key=key)
        assert (await api.post("/v1/triggers/orders/cron/activations", {}, key=key)).status == 201
        yield api


async def starts(api: Api) -> list[tuple[str, str]]:
    """Who started each run, and for which time."""
    async with api.installation.database.connection() as conn:
        rows = await conn.execute(
            "select actor, payload->'inputs'->>'order' from flow_run join flow_journal using (run_id) where seq = 1"
        )
        return list(await rows.fetchall())


@pytest.mark.req("FLO-306")
async def test_the_worker_of_jobs_fires_what_is_due(api: Api, clock: ManualClock) -> None:
    worker = api.installation.job_worker()
    running = asyncio.create_task(worker.run())

    async def is_scheduled() -> bool:
        async with api.installation.database.connection() as conn:
            row = await conn.execute("select from pgqueuer where entrypoint = 'cron:fire_triggers'")
            return await row.fetchone() is not None

    try:
        await until(is_scheduled)
        clock.advance(seconds=86_400)
        await until(lambda: starts(api))
    finally:
        await worker.stop()
        await running
    assert await starts(api) == [("trigger:cron:orders/cron", "2026-01-06")]


@pytest.mark.req("FLO-306", "FLO-315")
@pytest.mark.parametrize("committed", [False, True], ids=["before-its-commit", "after-its-commit"])
async def test_a_worker_killed_while_it_fires_leaves_one_run_for_one_time(
    api: Api, clock: ManualClock, database_url: str, *, committed: bool
) -> None:
    clock.advance(seconds=86_400)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn:
        await conn.execute(HOLD.encode())
        await conn.execute(b"select pg_advisory_lock(%s)", (KILL_LOCK,))
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WORKER, database_url, clock.now().isoformat()
        )

        async def waits() -> object:
            return await (await conn.execute(WAITERS.encode(), (KILL_LOCK,))).fetchone()

        backend = await until(waits)
        if committed:
            await conn.execute(b"select pg_advisory_unlock(%s)", (KILL_LOCK,))
            assert await worker.wait() == 0
        else:
            os.kill(worker.pid, signal.SIGKILL)
            await worker.wait()
            await conn.execute(b"select pg_terminate_backend(%s)", (backend[0],))
            await conn.execute(b"select pg_advisory_unlock(%s)", (KILL_LOCK,))

        async def nobody_holds_it() -> bool:
            row = await (await conn.execute(UNLOCKED)).fetchone()
            return row is not None

        await until(nobody_holds_it)
    fired = [await flows.triggering.fire_due(api.installation.database, clock=clock) for _ in range(2)]
    assert fired == [0 if committed else 1, 0]
    assert len(await starts(api)) == 1


@pytest.mark.req("FLO-314")
async def test_a_trigger_that_nobody_fires_is_an_alarm_in_the_log_and_in_the_metrics(
    api: Api, clock: ManualClock
) -> None:
    key = await api.key()
    clock.advance(seconds=86_400)
    with capture_logs() as lines:
        await stall_check(clock, Calendar())(api.installation.database, {})
    (line,) = [line for line in lines if line["event"] == "trigger_overdue"]
    assert (line["log_level"], line["procedure"], line["trigger"]) == ("error", "orders", "cron")
    assert "opsdesk_triggers_overdue 1.0" in (await api.get("/metrics", key=key)).body


async def test_a_trigger_that_was_paused_is_no_alarm(api: Api, clock: ManualClock) -> None:
    async with api.installation.database.transaction() as conn:
        await flows.triggering.pause(conn, procedure_id="orders", name="cron", actor=actor(), now=clock.now())
        assert await flows.triggering.overdue_triggers(conn, now=clock.now()) == []
    clock.advance(seconds=86_400)
    async with api.installation.database.connection() as conn:
        assert await flows.triggering.overdue_triggers(conn, now=clock.now()) == []
