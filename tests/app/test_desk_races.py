"""Moments in which a run and the review desk could come apart, each staged."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import pytest

from opsdesk import review
from opsdesk.access import Actor, Scope
from opsdesk.app import desk
from opsdesk.flows import runs, steering
from opsdesk.flows.definitions import store_procedure
from opsdesk.flows.ports import Ports
from opsdesk.flows.runtime import Runtime
from opsdesk.flows.tickets import OpenTicketFunction, TicketRequest
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from tests.actors import actor
from tests.app.serving import until

ASK = """\
osop_version: "2.0"
id: ask
name: Ask
nodes:
  - {id: review, type: human, name: Look, purpose: Decide, role: greeter, timeout_sec: 3600, outputs: [decision]}
edges: []
"""


@dataclass
class FirstTimeLost:
    """The review desk; the connection is lost when the first ticket is there and not yet committed."""

    db: Database
    opened: list[str] = field(default_factory=list)

    async def open_ticket(self, conn: Connection, request: TicketRequest, now: datetime) -> str:
        self.opened.append(await desk.open_ticket(conn, request, now))
        if len(self.opened) == 1:
            async with self.db.connection() as other:
                await other.execute("select pg_terminate_backend(%s)", (conn.info.backend_pid,))
        return self.opened[-1]


@pytest.mark.req("FLO-314")
async def test_a_run_never_waits_for_a_ticket_that_is_not_there(db: Database, clock: ManualClock) -> None:
    desk_of_the_test = FirstTimeLost(db)
    async with running(db, clock, desk_of_the_test.open_ticket) as run_id:
        ticket = await until(lambda: ticket_waited_for(db, run_id))
    assert len(desk_of_the_test.opened) == 2
    async with db.connection() as conn:
        assert (await review.show_ticket(conn, ticket_id=UUID(ticket))).status is review.TicketStatus.OPEN


@pytest.mark.req("FLO-006")
async def test_an_answer_counts_that_comes_while_its_time_is_running_out(db: Database, clock: ManualClock) -> None:
    bo = Actor("key:bo", "bo", frozenset({"greeter"}), frozenset(Scope))
    async with running(db, clock, desk.open_ticket) as run_id:
        ticket = UUID(await until(lambda: ticket_waited_for(db, run_id)))
        async with db.transaction() as conn:
            await conn.execute("select from ticket where id = %s for update", (ticket,))
            clock.advance(seconds=3601)
            # The run has looked for answers, found none, and is about to close the ticket.
            await until(lambda: somebody_waits_for_a_lock(db))
            await review.decide(
                conn,
                ticket_id=ticket,
                actor=bo,
                answers={"decision": "approved"},
                key="1",
                now=clock.now(),
                on_decided=desk.on_decided,
            )
        run = await until(lambda: ended(db, run_id))
    assert (run.status, run.outcome_node) == ("completed", "review")


@pytest.mark.req("FLO-307")
async def test_a_decision_during_a_pause_is_kept_and_ends_the_run_when_it_is_resumed(
    db: Database, clock: ManualClock
) -> None:
    bo = Actor("key:bo", "bo", frozenset({"greeter"}), frozenset(Scope))
    async with running(db, clock, desk.open_ticket) as run_id:
        ticket = UUID(await until(lambda: ticket_waited_for(db, run_id)))
        async with db.transaction() as conn:
            await steering.pause(conn, run_id=run_id, reason="a holiday", actor=bo, now=clock.now())
        await until(lambda: stands(db, run_id, "paused"))
        clock.advance(seconds=7200)
        async with db.transaction() as conn:
            decided = await review.decide(
                conn,
                ticket_id=ticket,
                actor=bo,
                answers={"decision": "approved"},
                key="1",
                now=clock.now(),
                on_decided=desk.on_decided,
            )
        assert decided.status is review.TicketStatus.DECIDED
        await until(lambda: taken_in(db, run_id))
        assert await stands(db, run_id, "paused")
        async with db.transaction() as conn:
            await steering.resume(conn, run_id=run_id, actor=bo, now=clock.now())
        run = await until(lambda: ended(db, run_id))
    assert (run.status, run.outcome_node) == ("completed", "review")


async def stands(db: Database, run_id: UUID, status: str) -> bool:
    async with db.connection() as conn:
        return (await runs.show_run(conn, run_id)).status == status


async def taken_in(db: Database, run_id: UUID) -> bool:
    async with db.connection() as conn:
        return not await runs.has_arrivals(conn, run_id)


@asynccontextmanager
async def running(db: Database, clock: ManualClock, open_ticket: OpenTicketFunction) -> AsyncIterator[UUID]:
    """A run of the procedure, and a worker."""
    ports = Ports(
        clock=clock,
        nodes={},
        open_ticket=open_ticket,
        close_ticket=desk.close_ticket,
        callback_url=lambda _run, _node, _iteration: "",
    )
    async with db.transaction() as conn:
        await store_procedure(conn, text=ASK, file_name="ask.osop.yaml", actor=actor(), now=clock.now())
        run, _ = await runs.start_run(conn, procedure_id="ask", inputs={}, actor=actor("key:anna"), now=clock.now())
    runtime = Runtime(db, ports)
    await runtime.start()
    try:
        yield run.run_id
    finally:
        await runtime.stop()


async def ended(db: Database, run_id: UUID) -> runs.Run | None:
    async with db.connection() as conn:
        run = await runs.show_run(conn, run_id)
    return run if run.ended_at else None


async def somebody_waits_for_a_lock(db: Database) -> bool:
    async with db.connection() as conn:
        waiting = await conn.execute(
            "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        )
        return await waiting.fetchone() is not None


async def ticket_waited_for(db: Database, run_id: UUID) -> str | None:
    async with db.connection() as conn:
        _procedure, state, _facts = await runs.read_state(conn, run_id)
    wait = state.nodes["review"].wait
    return wait.ticket if wait else None
