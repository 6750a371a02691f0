"""A run while a worker holds it, at the moments in which something could be missed, lost or done twice."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg
import pytest

from opsdesk.flows import arrivals, runs
from opsdesk.flows.calls import Done, Failed, NodeCall, NodeOutcome, Wait
from opsdesk.flows.nodes.callbacks import CallbackTarget
from opsdesk.flows.tickets import TicketRequest
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from tests.actors import actor
from tests.flows.workers import CHAIN, HEAD, REVIEW, World, ended, facts_of, let_go, start, until, working

TWO = f"""{HEAD}
nodes:
  - {{id: slow, type: api, purpose: p, runtime: {{url: "https://a.test"}}}}
  - id: again
    type: api
    purpose: p
    runtime: {{url: "https://a.test"}}
    retry_policy: {{max_retries: 1, backoff_sec: 3600}}
  - {{id: after, type: api, purpose: p, runtime: {{url: "https://a.test"}}}}
edges:
  - {{from: slow, to: after}}
  - {{from: again, to: after}}
"""
INSERT_ARRIVAL = b"""
insert into flow_inbox (run_id, kind, key, digest, node, iteration, payload, actor, at)
values (%s, %s, 'k', '', %s, 1, '{}', 'ops', now())
"""
WAITING_FOR_A_RUN = b"""
select from pg_stat_activity where wait_event_type = 'Lock' and query like '%flow_run%' and datname = current_database()
"""
WAITING_FOR_THE_JOURNAL = b"""
select from pg_stat_activity
where wait_event_type = 'Lock' and query like '%flow_journal%' and datname = current_database()
"""
READERS_OF_INBOX = b"""
select pg_terminate_backend(pid) from pg_stat_activity
where wait_event_type = 'Lock' and query like '%taken_at is null order by inbox_id;' and datname = current_database()
"""
WAITING_FOR_A_LOCK = b"select from pg_locks where locktype = 'advisory' and not granted"


class Slow:
    """A partner that takes its time."""

    def __init__(self) -> None:
        self.called, self.answer = asyncio.Event(), asyncio.Event()

    async def __call__(self, call: NodeCall) -> NodeOutcome:
        self.called.set()
        await self.answer.wait()
        return Done({"x": 1})


async def test_a_cancellation_is_not_forgotten_when_the_database_fails_as_it_is_read(
    db: Database, database_url: str, clock: ManualClock
) -> None:
    slow = Slow()
    async with working(db, World({"first": slow}), clock):
        run_id = await start(db, clock, CHAIN)
        await slow.called.wait()
        async with (
            await psycopg.AsyncConnection.connect(database_url) as holder,
            await psycopg.AsyncConnection.connect(database_url, autocommit=True) as other,
        ):
            await holder.execute(b"lock table flow_inbox in access exclusive mode")
            await other.execute("select pg_notify('opsdesk_flow', %s)", (str(run_id),))
            while not (await other.execute(READERS_OF_INBOX)).rowcount:
                await asyncio.sleep(0.02)
            # Kept without a notification: whoever forgot that it has to look again does not look.
            await holder.execute(INSERT_ARRIVAL, (run_id, "cancel", ""))
        assert (await ended(db, run_id)).status == "cancelled"


async def test_a_cancellation_is_found_that_came_while_nobody_listened(db: Database, clock: ManualClock) -> None:
    slow = Slow()
    async with working(db, World({"first": slow}), clock):
        run_id = await start(db, clock, CHAIN)
        await slow.called.wait()
        async with db.connection() as conn:
            await conn.execute(INSERT_ARRIVAL, (run_id, "cancel", ""))
            await conn.execute(b"select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %'")
        assert (await ended(db, run_id)).status == "cancelled"


@pytest.mark.req("FLO-316")
async def test_an_arrival_that_cannot_be_taken_in_becomes_an_incident_at_its_node(
    db: Database, clock: ManualClock
) -> None:
    async with working(db, World({"first": lambda _: Wait()}), clock):
        run_id = await start(db, clock, CHAIN)
        await until(db, run_id, let_go)
        async with db.connection() as conn:
            await conn.execute(INSERT_ARRIVAL, (run_id, "signal", "first"))
        run = await until(db, run_id, lambda run: run.status == "blocked" and not run.owned)
    assert run.wake_name == "operator: incident at first"
    assert [fact for fact, _ in await facts_of(db, run_id)] == ["run_started", "node_waiting", "node_failed"]


async def test_a_node_that_gives_itself_up_is_an_incident_and_not_waited_for(db: Database, clock: ManualClock) -> None:
    async def gives_up(call: NodeCall) -> NodeOutcome:
        raise asyncio.CancelledError

    async with working(db, World({"first": gives_up}), clock):
        run_id = await start(db, clock, CHAIN)
        run = await until(db, run_id, let_go)
    assert (run.status, run.wake_name) == ("blocked", "operator: incident at first")


async def test_a_run_that_goes_on_after_an_incident_says_that_it_is_running(db: Database, clock: ManualClock) -> None:
    slow = Slow()
    answers: list[Callable[[NodeCall], Any]] = [lambda _: Failed("E", "broken"), slow]
    async with working(db, World({"first": lambda call: answers.pop(0)(call)}), clock):
        run_id = await start(db, clock, CHAIN)
        await until(db, run_id, lambda run: run.status == "blocked" and not run.owned)
        async with db.transaction() as conn:
            await arrivals.retry(conn, run_id=run_id, node=None, new_key=False, actor=actor("ops"), now=clock.now())
        await slow.called.wait()
        async with db.connection() as conn:
            run = await runs.show_run(conn, run_id)
        assert (run.status, run.owned) == ("running", True)
        slow.answer.set()
        assert (await ended(db, run_id)).status == "completed"


async def test_a_timer_is_seen_when_the_clock_is_moved_while_a_partner_is_being_called(
    db: Database, clock: ManualClock
) -> None:
    slow, again = Slow(), asyncio.Event()
    answers: list[Callable[[], NodeOutcome]] = [lambda: Failed("Down", "down", retryable=True), lambda: Done({})]

    def answer(call: NodeCall) -> NodeOutcome:
        if len(answers) == 1:
            again.set()
        return answers.pop(0)()

    async with working(db, World({"slow": slow, "again": answer}), clock):
        run_id = await start(db, clock, TWO)
        await slow.called.wait()
        while ("attempt_failed", "again") not in await facts_of(db, run_id):
            await asyncio.sleep(0.02)
        clock.advance(seconds=3600)
        await again.wait()
        slow.answer.set()
        assert (await ended(db, run_id)).status == "completed"


@pytest.mark.req("FLO-003")
async def test_an_answer_that_is_kept_as_its_time_runs_out_counts(
    db: Database, database_url: str, clock: ManualClock
) -> None:
    slow = Slow()
    async with (
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as watching,
        working(db, World({"slow": slow, "again": lambda _: Wait()}), clock),
    ):
        run_id = await start(db, clock, TWO.replace("    retry_policy", "    timeout_sec: 600\n    retry_policy"))
        await slow.called.wait()
        while ("node_waiting", "again") not in await facts_of(db, run_id):
            await asyncio.sleep(0.02)
        async with db.transaction() as conn:
            target = CallbackTarget(run_id, "again", 1)
            await arrivals.accept_callback(conn, target=target, answer={}, now=clock.now())
            clock.advance(seconds=600)
            while not (await watching.execute(WAITING_FOR_A_RUN)).rowcount:
                await asyncio.sleep(0.02)
        slow.answer.set()
        assert (await ended(db, run_id)).status == "completed"


class CrossedOnce(World):
    """The first ticket gets into the way of another transaction, and is the one that PostgreSQL gives up."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    async def open_ticket(self, conn: Connection, request: TicketRequest, now: datetime) -> str:
        ticket = await super().open_ticket(conn, request, now)
        if len(self.tickets) == 1:
            async with await psycopg.AsyncConnection.connect(self.url) as other:
                await conn.execute("set local deadlock_timeout = '10ms'")
                await conn.execute("select pg_advisory_xact_lock(1)")
                await other.execute("select pg_advisory_xact_lock(2)")
                waiting = asyncio.create_task(other.execute("select pg_advisory_xact_lock(1)"))
                try:
                    while not (await conn.execute(WAITING_FOR_A_LOCK)).rowcount:
                        await asyncio.sleep(0.01)
                    await conn.execute("select pg_advisory_xact_lock(2)")
                finally:
                    waiting.cancel()
                    await asyncio.wait([waiting])
        return ticket


async def test_a_ticket_whose_transaction_was_given_up_is_opened_again(
    db: Database, database_url: str, clock: ManualClock
) -> None:
    world = CrossedOnce(database_url)
    async with working(db, world, clock):
        run_id = await start(db, clock, REVIEW)
        await until(db, run_id, let_go)
    assert len(world.tickets) == 2
    assert await facts_of(db, run_id) == [("run_started", ""), ("node_waiting", "review")]


async def test_no_call_is_made_before_what_it_rests_on_is_in_the_journal(
    db: Database, database_url: str, clock: ManualClock
) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as keeping:

        async def keep_the_journal(call: NodeCall) -> NodeOutcome:
            await keeping.execute("lock table flow_journal in share mode")
            return Done({"x": 1})

        world = World({"first": keep_the_journal})
        async with working(db, world, clock), db.connection() as conn:
            run_id = await start(db, clock, CHAIN)
            while not (await conn.execute(WAITING_FOR_THE_JOURNAL)).rowcount:
                await asyncio.sleep(0.01)
            assert [call.node.id for call in world.calls] == ["first"]
            await keeping.rollback()
            assert (await ended(db, run_id)).status == "completed"
    assert [call.node.id for call in world.calls] == ["first", "second"]
