"""Who holds a run: several workers, dead ones, frozen ones, and runs that nobody would wake."""

import asyncio
from contextlib import AsyncExitStack
from datetime import datetime

import psycopg
import pytest

from opsdesk.flows import arrivals, leases, runs
from opsdesk.flows.calls import Done, NodeCall, NodeOutcome, Wait
from opsdesk.flows.definitions import store_procedure
from opsdesk.flows.runtime import Runtime
from opsdesk.flows.tickets import TicketRequest
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.ids import new_id
from tests.actors import actor
from tests.conftest import POOL_MAX
from tests.flows.workers import CHAIN, REVIEW, World, ended, facts_of, let_go, start, until, working


async def test_two_workers_share_the_runs_and_execute_each_node_once(db: Database, clock: ManualClock) -> None:
    world = World()
    async with working(db, world, clock), working(db, world, clock):
        started = [await start(db, clock, CHAIN) for _ in range(30)]
        for run_id in started:
            assert (await ended(db, run_id)).status == "completed"
    executed = [(call.run_id, call.node.id) for call in world.calls]
    assert len(executed) == len(set(executed)) == 60


async def test_a_stopping_worker_lets_calls_end_and_gives_its_runs_back(db: Database, clock: ManualClock) -> None:
    called, answer = asyncio.Event(), asyncio.Event()

    async def slow(call: NodeCall) -> NodeOutcome:
        called.set()
        await answer.wait()
        return Done({"x": 1})

    world = World({"first": slow})
    async with working(db, world, clock) as runtime:
        run_id = await start(db, clock, CHAIN)
        await called.wait()
        stopping = asyncio.create_task(runtime.stop(grace_s=30))
        await asyncio.sleep(0)
        answer.set()
        await stopping
        async with db.connection() as conn:
            run = await runs.show_run(conn, run_id)
        assert not run.owned
        assert [call.node.id for call in world.calls] == ["first"]
        assert ("node_ended", "first") in await facts_of(db, run_id)
    async with working(db, World(), clock):
        assert (await ended(db, run_id)).status == "completed"


async def _abandon(runtime: Runtime) -> None:
    """Leaves the worker as a killed process leaves it: registered, holding its runs, and silent."""
    for task in [*runtime._tasks, *runtime._drives.values()]:
        task.cancel()
    await asyncio.gather(*runtime._tasks, *runtime._drives.values(), return_exceptions=True)
    await runtime._writer.stop()


@pytest.mark.req("FLO-315")
async def test_the_runs_of_a_dead_worker_are_taken_over_with_the_same_key(db: Database, clock: ManualClock) -> None:
    called = asyncio.Event()

    async def never(call: NodeCall) -> NodeOutcome:
        called.set()
        await asyncio.Event().wait()
        return Done({})

    dying = World({"second": never})
    runtime = Runtime(db, dying.ports(clock), lease_s=0.5)
    await runtime.start()
    run_id = await start(db, clock, CHAIN)
    await called.wait()
    await _abandon(runtime)
    world = World()
    async with working(db, world, clock):
        assert (await ended(db, run_id)).status == "completed"
    assert [call.node.id for call in world.calls] == ["second"]
    assert world.calls[0].idempotency_key == dying.calls[-1].idempotency_key
    assert ("lease_lost", "") in await facts_of(db, run_id)


@pytest.mark.req("FLO-316")
async def test_a_run_that_keeps_losing_its_worker_is_set_aside_and_can_be_resumed(
    db: Database, clock: ManualClock
) -> None:
    class Fatal(World):
        async def open_ticket(self, conn: Connection, request: TicketRequest, now: datetime) -> str:
            raise SystemError("the desk breaks the worker")

    async with working(db, Fatal(), clock):
        run_id = await start(db, clock, REVIEW)
        healthy = await start(db, clock, CHAIN)

        async def set_aside() -> runs.Run:
            while True:
                async with db.connection() as conn:
                    run = await runs.show_run(conn, run_id)
                if run.status == "blocked" and not run.owned:
                    return run
                clock.advance(seconds=60)
                await asyncio.sleep(0.05)

        run = await set_aside()
        assert (await ended(db, healthy)).status == "completed"
    assert run.wake_name is not None
    assert "lost its worker 5 times without progress, at review: SystemError" in run.wake_name
    world = World()
    async with db.transaction() as conn:
        await arrivals.retry(conn, run_id=run_id, node=None, new_key=False, actor=actor("ops"), now=clock.now())
    async with working(db, world, clock):
        assert (await until(db, run_id, lambda run: run.status == "waiting" and not run.owned)).wake_name


async def test_a_worker_that_has_lost_the_run_cannot_append_to_it(db: Database, clock: ManualClock) -> None:
    called, answer = asyncio.Event(), asyncio.Event()

    async def slow(call: NodeCall) -> NodeOutcome:
        called.set()
        await answer.wait()
        return Done({"x": 1})

    slow_world, world = World({"first": slow}), World()
    async with working(db, slow_world, clock) as frozen:
        run_id = await start(db, clock, CHAIN)
        await called.wait()
        for task in frozen._tasks:
            task.cancel()
        async with db.connection() as conn:
            # As if its lease had run out: the run will be another's.
            await conn.execute(b"update flow_run set owner = null, wake_at = started_at, wake_name = 'test'")
        async with working(db, world, clock):
            await ended(db, run_id)
            answer.set()
            await asyncio.sleep(0.1)
        facts = await facts_of(db, run_id)
    assert len(facts) == len(set(facts)) == 4


@pytest.mark.req("FLO-314")
async def test_runs_that_nothing_will_wake_are_found_and_none_otherwise(db: Database, clock: ManualClock) -> None:
    async with working(db, World({"first": lambda _: Wait()}), clock):
        waiting = await start(db, clock, CHAIN)
        await until(db, waiting, let_go)
    async with db.connection() as conn:
        assert await runs.stalled_runs(conn, now=clock.now()) == []
        clock.advance(seconds=8 * 86400)
        overdue = await runs.stalled_runs(conn, now=clock.now())
        assert [(run.run_id, run.reason) for run in overdue] == [(waiting, "wake-up overdue")]
        await conn.execute(b"update flow_run set owner = %s, wake_at = null", (new_id(),))
        gone = await runs.stalled_runs(conn, now=clock.now())
        assert [run.reason for run in gone] == ["worker gone"]


@pytest.mark.req("FLO-314", "FLO-315")
async def test_a_run_that_is_ours_by_the_database_and_driven_by_nobody_is_found_again(
    db: Database, clock: ManualClock
) -> None:
    async with working(db, World(), clock, lease_s=0.5) as runtime:
        async with db.transaction() as conn:
            await store_procedure(conn, text=CHAIN, file_name="test.osop.yaml", actor=actor(), now=clock.now())
            run, _ = await runs.start_run(conn, procedure_id="test", inputs={}, actor=actor("tester"), now=clock.now())
            # As if the answer to the claim had been lost on its way to the worker.
            await conn.execute(b"update flow_run set owner = %s, wake_at = null", (runtime.worker_id,))
        assert (await ended(db, run.run_id)).status == "completed"


@pytest.mark.req("FLO-316")
async def test_a_run_that_cannot_be_read_is_set_aside_and_the_others_go_on(db: Database, clock: ManualClock) -> None:
    broken, healthy = await start(db, clock, CHAIN), await start(db, clock, CHAIN)
    async with db.connection() as conn:
        await conn.execute(b"update flow_journal set fact = 'of_the_future' where run_id = %s", (broken,))
    async with working(db, World(), clock):
        assert (await ended(db, healthy)).status == "completed"
        run = await until(db, broken, lambda run: run.status == "blocked" and not run.owned)
        assert run.wake_name == "operator: unreadable (ValueError)"
        async with db.connection() as conn:
            await conn.execute(b"update flow_journal set fact = 'run_started' where run_id = %s", (broken,))
        clock.advance(seconds=60)
        assert (await ended(db, broken)).status == "completed"


@pytest.mark.req("FLO-315")
async def test_a_worker_whose_lease_has_run_out_claims_nothing(db: Database, clock: ManualClock) -> None:
    await start(db, clock, CHAIN)
    worker = new_id()
    async with db.connection() as conn:
        assert await leases.claim(conn, worker_id=worker, now=clock.now(), limit=9) == []
        await leases.register(conn, worker_id=worker, lease_s=60)
        assert len(await leases.claim(conn, worker_id=worker, now=clock.now(), limit=9)) == 1


async def test_a_lease_is_extended_however_many_wait_for_a_connection(
    db: Database, database_url: str, clock: ManualClock
) -> None:
    async with (
        working(db, World(), clock, lease_s=1),
        AsyncExitStack() as all_of_the_pool,
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn,
    ):
        for _ in range(POOL_MAX):
            await all_of_the_pool.enter_async_context(db.connection())
        seen: set[object] = set()
        while len(seen) < 3:
            seen.add(await (await conn.execute("select lease_until from flow_worker")).fetchone())
            await asyncio.sleep(0.02)


async def test_two_workers_record_what_came_late_for_one_run_without_getting_into_each_others_way(
    db: Database, clock: ManualClock
) -> None:
    async with working(db, World(), clock):
        run_id = await start(db, clock, CHAIN)
        await ended(db, run_id)
    async with db.connection() as conn:
        for key in ("late-1", "late-2"):
            await conn.execute(
                b"insert into flow_inbox (run_id, kind, key, digest, node, iteration, payload, actor, at)"
                b" values (%s, 'signal', %s, '', 'first', 1, '{}', 'ops', now())",
                (run_id, key),
            )
    second = Runtime(db, World().ports(clock))
    async with db.transaction() as conn:
        await conn.execute(b"update flow_inbox set taken_at = now() where key = 'late-1'")
        await conn.execute(
            b"insert into flow_journal (run_id, seq, iteration, at, fact, node, payload)"
            b" values (%s, 5, 1, now(), 'ignored', '', '{}')",
            (run_id,),
        )
        recording = asyncio.create_task(second._record_late_arrivals())
        while not (await conn.execute(b"select from pg_locks where not granted")).rowcount:
            await asyncio.sleep(0.02)
    await recording
    await second._record_late_arrivals()
    assert [fact for fact, _ in await facts_of(db, run_id)][4:] == ["ignored", "ignored"]
