"""Deadlines of tickets while their run is under way: in working time, standing, and escalated in time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from opsdesk import review
from opsdesk.access import Actor, Scope
from opsdesk.app import desk
from opsdesk.flows import arrivals, runs
from opsdesk.flows.calls import Done, NodeCall, Wait
from opsdesk.flows.definitions import store_procedure
from opsdesk.flows.nodes.callbacks import CallbackTarget
from opsdesk.flows.ports import Ports
from opsdesk.flows.procedure import NodeType
from opsdesk.flows.runtime import Runtime
from opsdesk.flows.tickets import EscalateTicketFunction
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from tests.actors import actor
from tests.app.serving import until
from tests.app.test_desk_races import ended, somebody_waits_for_a_lock

MONDAY = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
"""Nine o'clock in Shanghai, where the office opens."""
CARE = """
osop_version: "2.0"
id: care
name: Care
x-calendars: {office: {time_zone: Asia/Shanghai, hours: {mon-fri: "09:00-18:00"}}}
nodes:
  - {id: papers, type: api, name: Papers, runtime: {url: "https://p.test"}, timeout_sec: 9999999, x-waits-for: customer}
  - id: review
    type: human
    name: Review
    role: officer
    outputs: [decision]
    approval_gate: {timeout_hours: 10}
    x-calendar: office
    x-escalate: [{at: 50%, to: lead, priority: 3, event: review_late}, {before: 1h, priority: 9}]
  - {id: file, type: system, name: File, runtime: {operation: log, message: m}}
edges:
  - {from: papers, to: file}
"""
ONLY_REVIEW = CARE.replace("  - {from: papers, to: file}\n", "  - {from: review, to: file}\n").replace(
    '  - {id: papers, type: api, name: Papers, runtime: {url: "https://p.test"}, timeout_sec: 9999999, '
    "x-waits-for: customer}\n",
    "",
)
LEAD = Actor("key:lead", "lead", frozenset({"lead"}), frozenset(Scope))
OFFICER = Actor("key:officer", "officer", frozenset({"officer"}), frozenset(Scope))


async def promised(_: NodeCall) -> Wait:
    return Wait()


async def logged(_: NodeCall) -> Done:
    return Done({})


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(MONDAY)


@asynccontextmanager
async def running(
    db: Database, clock: ManualClock, document: str, escalate: EscalateTicketFunction = desk.escalate_ticket
) -> AsyncIterator[UUID]:
    """A run of the procedure, and a worker with the review desk."""
    ports = Ports(
        clock=clock,
        nodes={NodeType.API: promised, NodeType.SYSTEM: logged},
        open_ticket=desk.open_ticket,
        close_ticket=desk.close_ticket,
        callback_url=lambda _run, _node, _iteration: "",
        escalate_ticket=escalate,
        move_clock=desk.move_clock,
    )
    async with db.transaction() as conn:
        await store_procedure(conn, text=document, file_name="care.osop.yaml", actor=actor(), now=clock.now())
        run, _ = await runs.start_run(conn, procedure_id="care", inputs={}, actor=actor("key:anna"), now=clock.now())
    runtime = Runtime(db, ports)
    await runtime.start()
    try:
        yield run.run_id
    finally:
        await runtime.stop()


async def ticket_of(db: Database, run_id: UUID, **wanted: Any) -> review.Ticket | None:
    """The ticket of the run, once it is as it is wanted."""
    async with db.connection() as conn:
        found = (await review.list_tickets(conn, search=str(run_id), now=MONDAY)).items
        if not found:
            return None
        ticket = await review.show_ticket(conn, ticket_id=found[0].id)
    return ticket if all(getattr(ticket, name) == value for name, value in wanted.items()) else None


async def kinds(db: Database, ticket_id: UUID) -> list[str]:
    async with db.connection() as conn:
        return [str(event.kind) for event in await review.ticket_history(conn, ticket_id=ticket_id)]


async def answer(db: Database, clock: ManualClock, ticket: review.Ticket, who: Actor) -> review.Ticket:
    async with db.transaction() as conn:
        return await review.decide(
            conn,
            ticket_id=ticket.id,
            actor=who,
            answers={"decision": "fine"},
            key="1",
            now=clock.now(),
            on_decided=desk.on_decided,
        )


@pytest.mark.req("FLO-313")
async def test_a_ticket_is_due_when_its_working_time_is_over_and_expires_then(db: Database, clock: ManualClock) -> None:
    async with running(db, clock, ONLY_REVIEW) as run_id:
        due = MONDAY + timedelta(days=1, hours=1)
        ticket = await until(lambda: ticket_of(db, run_id, due_at=due))
        clock.advance(seconds=25 * 3600)
        await until(lambda: ticket_of(db, run_id, status=review.TicketStatus.EXPIRED))
        assert ticket.role == "officer"


@pytest.mark.req("FLO-313")
async def test_a_ticket_goes_to_another_role_before_it_is_due_and_each_step_once(
    db: Database, clock: ManualClock
) -> None:
    async with running(db, clock, ONLY_REVIEW) as run_id:
        ticket = await until(lambda: ticket_of(db, run_id))
        async with db.transaction() as conn:
            await review.claim(conn, ticket_id=ticket.id, actor=OFFICER, now=clock.now())
        clock.advance(seconds=5 * 3600)
        escalated = await until(lambda: ticket_of(db, run_id, role="lead", priority=3))
        assert escalated.claimed_by is None
        clock.advance(seconds=4 * 3600)
        await until(lambda: ticket_of(db, run_id, role="lead", priority=9))
        with pytest.raises(review.errors.RoleMissing):
            await answer(db, clock, ticket, OFFICER)
        await answer(db, clock, ticket, LEAD)
        await until(lambda: ended(db, run_id))
    assert (await kinds(db, ticket.id)).count("escalated") == 2
    assert await events(db) == [("lead", 3, "review_late"), ("lead", 9, None)]


async def events(db: Database) -> list[tuple[str, int, str | None]]:
    """Of what operators are told: role, priority and event of each escalation, in order."""
    async with db.connection() as conn:
        rows = await conn.execute("select convert_from(payload, 'UTF8')::jsonb from pgqueuer order by id")
        told = [row[0] for row in await rows.fetchall()]
    payloads = [each["payload"] for each in told if each.get("name") == "TicketEscalated"]
    return [(each["role"], each["priority"], each["event"]) for each in payloads]


@dataclass
class FirstTimeLost:
    """The review desk; the connection is lost when the first escalation is made and not yet committed."""

    db: Database
    made: list[str] = field(default_factory=list)

    async def escalate(self, conn: Connection, ticket: str, **more: Any) -> None:
        self.made.append(ticket)
        await desk.escalate_ticket(conn, ticket, **more)
        if len(self.made) == 1:
            async with self.db.connection() as other:
                await other.execute("select pg_terminate_backend(%s)", (conn.info.backend_pid,))


@pytest.mark.req("FLO-313", "FLO-315")
async def test_an_escalation_that_was_lost_before_its_commit_is_made_once(db: Database, clock: ManualClock) -> None:
    lossy = FirstTimeLost(db)
    async with running(db, clock, ONLY_REVIEW, lossy.escalate) as run_id:
        ticket = await until(lambda: ticket_of(db, run_id))
        clock.advance(seconds=5 * 3600)
        await until(lambda: ticket_of(db, run_id, role="lead"))
    assert len(lossy.made) == 2
    assert (await kinds(db, ticket.id)).count("escalated") == 1


@pytest.mark.req("FLO-313")
async def test_a_decision_just_before_an_escalation_counts(db: Database, clock: ManualClock) -> None:
    async with running(db, clock, ONLY_REVIEW) as run_id:
        ticket = await until(lambda: ticket_of(db, run_id))
        async with db.transaction() as conn:
            await conn.execute("select from ticket where id = %s for update", (ticket.id,))
            clock.advance(seconds=5 * 3600)
            # The run is about to escalate the ticket.
            await until(lambda: somebody_waits_for_a_lock(db))
            await review.decide(
                conn,
                ticket_id=ticket.id,
                actor=OFFICER,
                answers={"decision": "fine"},
                key="1",
                now=clock.now(),
                on_decided=desk.on_decided,
            )
        run = await until(lambda: ended(db, run_id))
    assert run.status == "completed"
    assert "escalated" not in await kinds(db, ticket.id)
    assert await events(db) == []


@pytest.mark.req("FLO-313")
async def test_the_clock_of_a_ticket_stands_until_the_customer_has_answered(db: Database, clock: ManualClock) -> None:
    async with running(db, clock, CARE) as run_id:
        ticket = await until(lambda: ticket_of(db, run_id, due_at=None, stands_since=MONDAY))
        clock.advance(seconds=30 * 86_400)
        async with db.connection() as conn:
            counts = await review.queue.count_open(conn, now=clock.now())
        assert counts == (1, 0)
        target = CallbackTarget(run_id, "papers", 1)
        async with db.transaction() as conn:
            await arrivals.accept_callback(conn, target=target, answer={}, now=clock.now())
        due = MONDAY + timedelta(days=31, hours=1)
        await until(lambda: ticket_of(db, run_id, due_at=due, stands_since=None))
        assert (await kinds(db, ticket.id))[-2:] == ["clock_stopped", "clock_started"]
        async with db.connection() as conn:
            assert await runs.stalled_runs(conn, now=clock.now()) == []
