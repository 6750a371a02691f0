"""Workers on a real database: claims, leases, tickets, arrivals, rate limits, and what happens when they die."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from opsdesk.flows import arrivals, runs
from opsdesk.flows.calls import Done, Failed, NodeCall, NodeOutcome, Wait
from opsdesk.flows.definitions import store_procedure
from opsdesk.flows.errors import AnswerInvalid, InputsInvalid, KeyReused, NotWaiting, RunFinished
from opsdesk.flows.nodes.callbacks import CallbackTarget
from opsdesk.flows.ports import Ports
from opsdesk.flows.procedure import NodeType
from opsdesk.flows.runtime import Runtime
from opsdesk.flows.state import OPEN
from opsdesk.flows.tickets import TicketRequest
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.ids import new_id

HEAD = """
osop_version: "2.0"
id: test
name: Test
"""
CHAIN = f"""{HEAD}
nodes:
  - {{id: first, type: api, purpose: p, runtime: {{url: "https://a.test"}}, outputs: [x]}}
  - {{id: second, type: api, purpose: p, runtime: {{url: "https://a.test"}}, inputs: [x], outputs: [y]}}
edges:
  - {{from: first, to: second}}
"""
REVIEW = f"""{HEAD}
nodes:
  - id: review
    type: human
    purpose: p
    role: officer
    outputs: [decision]
    approval_gate: {{required_approvers: 1, timeout_min: 60}}
  - {{id: after, type: api, purpose: p, runtime: {{url: "https://a.test"}}, inputs: [decision]}}
edges:
  - {{from: review, to: after, mode: conditional, condition: "decision == 'approved'"}}
"""
LIMITED = f"""{HEAD}
nodes:
  - id: only
    type: api
    purpose: p
    runtime: {{url: "https://a.test"}}
    security: {{rate_limit: "2/minute"}}
  - {{id: after, type: api, purpose: p, runtime: {{url: "https://a.test"}}}}
edges:
  - {{from: only, to: after}}
"""


@dataclass
class World:
    """A partner and a review desk of the test's own: what they were asked, and what they answer."""

    answers: dict[str, Callable[[NodeCall], Any]] = field(default_factory=dict)
    calls: list[NodeCall] = field(default_factory=list)
    tickets: list[TicketRequest] = field(default_factory=list)
    closed: list[tuple[str, str]] = field(default_factory=list)

    async def call(self, call: NodeCall) -> NodeOutcome:
        self.calls.append(call)
        outcome = self.answers.get(call.node.id, lambda _: Done({"x": 1, "y": 2}))(call)
        if asyncio.iscoroutine(outcome):
            outcome = await outcome
        assert isinstance(outcome, Done | Failed | Wait)
        return outcome

    async def open_ticket(self, conn: Connection, request: TicketRequest, now: datetime) -> str:
        self.tickets.append(request)
        return f"ticket-{len(self.tickets)}"

    async def close_ticket(self, conn: Connection, ticket: str, reason: str, now: datetime) -> None:
        self.closed.append((ticket, reason))

    def ports(self, clock: ManualClock) -> Ports:
        return Ports(
            clock=clock,
            nodes={NodeType.API: self.call},
            open_ticket=self.open_ticket,
            close_ticket=self.close_ticket,
            callback_url=lambda run_id, node, iteration: f"https://opsdesk.test/{run_id}/{node}/{iteration}",
        )


@asynccontextmanager
async def working(db: Database, world: World, clock: ManualClock, **more: Any) -> AsyncIterator[Runtime]:
    runtime = Runtime(db, world.ports(clock), **more)
    await runtime.start()
    try:
        yield runtime
    finally:
        await runtime.stop(grace_s=5)


async def start(
    db: Database, clock: ManualClock, text: str, inputs: Mapping[str, Any] | None = None, **more: Any
) -> UUID:
    async with db.transaction() as conn:
        await store_procedure(conn, text=text, file_name="test.osop.yaml", now=clock.now())
        run, _ = await runs.start_run(
            conn, procedure_id="test", inputs=inputs or {}, actor="tester", now=clock.now(), **more
        )
    return run.run_id


async def until(db: Database, run_id: UUID, reached: Callable[[runs.Run], bool]) -> runs.Run:
    """Polls, because what is waited for happens in another process in real life; pytest-timeout ends a wait in vain."""
    while True:
        async with db.connection() as conn:
            run = await runs.show_run(conn, run_id)
        if reached(run):
            return run
        await asyncio.sleep(0.02)


def let_go(run: runs.Run) -> bool:
    return run.status != "running" and not run.owned


async def ended(db: Database, run_id: UUID) -> runs.Run:
    return await until(db, run_id, lambda run: run.status not in OPEN)


async def facts_of(db: Database, run_id: UUID) -> list[tuple[str, str]]:
    async with db.connection() as conn:
        return [(row.fact, row.node) for row in await runs.read_journal(conn, run_id)]


async def test_a_started_run_is_executed_to_its_end(db: Database, clock: ManualClock) -> None:
    world = World()
    async with working(db, world, clock):
        run = await ended(db, await start(db, clock, CHAIN))
    assert (run.status, run.outcome_node) == ("completed", "second")
    assert await facts_of(db, run.run_id) == [
        ("run_started", ""),
        ("node_ended", "first"),
        ("node_ended", "second"),
        ("run_ended", ""),
    ]
    assert [dict(call.inputs) for call in world.calls] == [{}, {"x": 1}]


async def test_two_workers_share_the_runs_and_execute_each_node_once(db: Database, clock: ManualClock) -> None:
    world = World()
    async with working(db, world, clock), working(db, world, clock):
        started = [await start(db, clock, CHAIN) for _ in range(30)]
        for run_id in started:
            assert (await ended(db, run_id)).status == "completed"
    executed = [(call.run_id, call.node.id) for call in world.calls]
    assert len(executed) == len(set(executed)) == 60


@pytest.mark.req("FLO-307")
async def test_the_same_key_starts_one_run_and_other_content_is_refused(db: Database, clock: ManualClock) -> None:
    first = await start(db, clock, CHAIN, key="k")
    assert await start(db, clock, CHAIN, key="k") == first
    with pytest.raises(KeyReused):
        await start(db, clock, CHAIN, {"other": 1}, key="k")


async def test_inputs_that_do_not_fit_start_nothing(db: Database, clock: ManualClock) -> None:
    text = CHAIN + "inputs:\n  amount: {type: integer}\n  note: {type: string}\n"
    with pytest.raises(InputsInvalid) as refused:
        await start(db, clock, text, {"amount": "7", "other": 1})
    assert refused.value.problems[1:] == ["note is missing", "other is not an input of test"]
    assert refused.value.problems[0].startswith("amount")
    async with db.connection() as conn:
        assert (await runs.list_runs(conn)).items == []


@pytest.mark.req("FLO-308")
async def test_a_run_keeps_the_version_that_it_was_started_with(db: Database, clock: ManualClock) -> None:
    old = await start(db, clock, CHAIN)
    async with db.transaction() as conn:
        newer = CHAIN.replace("name: Test", "name: Newer")
        await store_procedure(conn, text=newer, file_name="test.osop.yaml", now=clock.now())
    async with working(db, World(), clock):
        assert (await ended(db, old)).status == "completed"
    async with db.connection() as conn:
        procedure, _, _ = await runs.read_state(conn, old)
    assert procedure.name == "Test"


@pytest.mark.req("FLO-006")
async def test_a_human_node_opens_one_ticket_and_its_decision_lets_the_run_go_on(
    db: Database, clock: ManualClock
) -> None:
    world = World()
    async with working(db, world, clock):
        run_id = await start(db, clock, REVIEW)
        run = await until(db, run_id, let_go)
        assert (run.status, run.wake_name) == ("waiting", "person: officer (review)")
        assert [ticket.requested_by for ticket in world.tickets] == ["tester"]
        async with db.transaction() as conn:
            await arrivals.deliver_decision(
                conn,
                run_id=run_id,
                node="review",
                iteration=1,
                ticket="ticket-1",
                answer={"decision": "approved"},
                actor="officer-1",
                now=clock.now(),
            )
        assert (await ended(db, run_id)).status == "completed"
    async with db.connection() as conn:
        decided = (await runs.read_journal(conn, run_id))[2]
    assert (decided.fact, decided.payload["actor"]) == ("node_ended", "officer-1")


async def test_a_ticket_that_nobody_answers_is_closed_when_its_time_runs_out(db: Database, clock: ManualClock) -> None:
    world = World()
    async with working(db, world, clock):
        run_id = await start(db, clock, REVIEW)
        await until(db, run_id, let_go)
        clock.advance(seconds=3600)
        run = await ended(db, run_id)
    assert (run.status, run.outcome_node) == ("timed_out", "review")
    assert world.closed == [("ticket-1", "expired")]


async def test_a_cancelled_run_closes_its_ticket_and_takes_nothing_more(db: Database, clock: ManualClock) -> None:
    world = World()
    async with working(db, world, clock):
        run_id = await start(db, clock, REVIEW)
        await until(db, run_id, let_go)
        async with db.transaction() as conn:
            await arrivals.cancel(conn, run_id=run_id, reason="asked to", actor="ops", now=clock.now())
        run = await ended(db, run_id)
        assert (run.status, run.outcome_reason) == ("cancelled", "asked to")
        assert world.closed == [("ticket-1", "cancelled")]
        with pytest.raises(RunFinished) as refused:
            async with db.transaction() as conn:
                await arrivals.cancel(conn, run_id=run_id, reason="again", actor="ops", now=clock.now())
    assert refused.value.state == "cancelled"


async def test_a_cancellation_reaches_a_run_while_its_partner_is_being_called(db: Database, clock: ManualClock) -> None:
    called = asyncio.Event()

    async def never(call: NodeCall) -> NodeOutcome:
        called.set()
        await asyncio.Event().wait()
        return Done({})

    async with working(db, World({"first": never}), clock):
        run_id = await start(db, clock, CHAIN)
        await called.wait()
        async with db.transaction() as conn:
            await arrivals.cancel(conn, run_id=run_id, reason="asked to", actor="ops", now=clock.now())
        assert (await ended(db, run_id)).status == "cancelled"


@pytest.mark.req("FLO-003")
async def test_a_callback_counts_once_and_no_worker_holds_the_run_while_it_waits(
    db: Database, clock: ManualClock
) -> None:
    world = World({"first": lambda _: Wait()})
    async with working(db, world, clock):
        run_id = await start(db, clock, CHAIN)
        run = await until(db, run_id, let_go)
        assert (run.status, run.wake_name) == ("waiting", "event: partner's answer (first)")
        target = CallbackTarget(run_id, "first", 1)

        async def answer(content: Any) -> bool:
            async with db.transaction() as conn:
                return await arrivals.accept_callback(conn, target=target, answer=content, now=clock.now())

        with pytest.raises(AnswerInvalid):
            await answer({"unknown": 1})
        assert await answer({"x": 7}) is True
        assert (await ended(db, run_id)).status == "completed"
        assert await answer({"x": 7}) is False
        with pytest.raises(KeyReused):
            await answer({"x": 8})
    assert [dict(call.inputs) for call in world.calls if call.node.id == "second"] == [{"x": 7}]


async def test_a_signal_answers_in_the_partners_place_but_never_in_a_reviewers(
    db: Database, clock: ManualClock
) -> None:
    async with working(db, World({"first": lambda _: Wait()}), clock):
        run_id = await start(db, clock, CHAIN)
        await until(db, run_id, let_go)
        async with db.transaction() as conn:
            await arrivals.signal(conn, run_id=run_id, node="first", answer={"x": 1}, actor="ops", now=clock.now())
        assert (await ended(db, run_id)).status == "completed"
        reviewed = await start(db, clock, REVIEW)
        await until(db, reviewed, let_go)
        with pytest.raises(NotWaiting):
            async with db.transaction() as conn:
                await arrivals.signal(
                    conn, run_id=reviewed, node="review", answer={"decision": "approved"}, actor="ops", now=clock.now()
                )


async def test_an_incident_is_retried_by_a_person_with_the_same_key_or_a_new_one(
    db: Database, clock: ManualClock
) -> None:
    outcomes: list[NodeOutcome] = [Failed("E", "broken"), Failed("E", "broken"), Done({"x": 1})]
    world = World({"first": lambda _: outcomes.pop(0)})
    async with working(db, world, clock):
        run_id = await start(db, clock, CHAIN)
        for incidents, new_key in enumerate((False, True), start=1):
            while [fact for fact, _ in await facts_of(db, run_id)].count("node_failed") < incidents:
                await asyncio.sleep(0.02)
            run = await until(db, run_id, let_go)
            assert (run.status, run.wake_name) == ("blocked", "operator: incident at first")
            async with db.transaction() as conn:
                await arrivals.retry(conn, run_id=run_id, node=None, new_key=new_key, actor="ops", now=clock.now())
        assert (await ended(db, run_id)).status == "completed"
    keys = [call.idempotency_key for call in world.calls if call.node.id == "first"]
    assert keys == [f"{run_id}:first:1", f"{run_id}:first:1", f"{run_id}:first:1:2"]


@pytest.mark.req("FLO-002")
async def test_a_rate_limit_holds_over_runs_and_workers_and_calls_wait_their_turn(
    db: Database, clock: ManualClock
) -> None:
    world = World()
    async with working(db, world, clock), working(db, world, clock):
        started = [await start(db, clock, LIMITED) for _ in range(5)]
        for minute in range(3):
            done = [call.run_id for call in world.calls if call.node.id == "only"]
            while len(done) < min(5, 2 * minute + 2):
                await asyncio.sleep(0.02)
                done = [call.run_id for call in world.calls if call.node.id == "only"]
            waiting = [run_id for run_id in started if run_id not in done]
            for run_id in waiting:
                run = await until(db, run_id, let_go)
                assert (run.status, run.wake_name) == ("waiting", "timer: turn of only under its rate limit")
            assert len([call for call in world.calls if call.node.id == "only"]) == min(5, 2 * minute + 2)
            clock.advance(seconds=60)
        for run_id in started:
            assert (await ended(db, run_id)).status == "completed"


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
        await arrivals.retry(conn, run_id=run_id, node=None, new_key=False, actor="ops", now=clock.now())
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


async def test_what_comes_in_while_a_run_ends_is_kept_in_its_journal(db: Database, clock: ManualClock) -> None:
    async with working(db, World(), clock):
        run_id = await start(db, clock, CHAIN)
        await ended(db, run_id)
        async with db.connection() as conn:
            for key in ("late-1", "late-2"):
                await conn.execute(
                    b"insert into flow_inbox (run_id, kind, key, digest, node, iteration, payload, actor, at)"
                    b" values (%s, 'signal', %s, '', 'first', 1, '{}', 'ops', %s)",
                    (run_id, key, clock.now()),
                )
        while [fact for fact, _ in await facts_of(db, run_id)][4:] != ["ignored", "ignored"]:
            await asyncio.sleep(0.02)
