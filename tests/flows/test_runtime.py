"""What a worker does with runs: executes them, asks people, keeps rate limits."""

import asyncio

import pytest

from opsdesk.flows import arrivals, run_list, runs
from opsdesk.flows.definitions import store_procedure
from opsdesk.flows.errors import InputsInvalid
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from tests.actors import actor
from tests.flows.workers import CHAIN, LIMITED, REVIEW, World, ended, facts_of, let_go, start, until, working


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


async def test_inputs_that_do_not_fit_start_nothing(db: Database, clock: ManualClock) -> None:
    text = CHAIN + "inputs:\n  amount: {type: integer}\n  note: {type: string}\n"
    with pytest.raises(InputsInvalid) as refused:
        await start(db, clock, text, {"amount": "7", "other": 1})
    assert refused.value.problems[1:] == ["note is missing", "other is not an input of test"]
    assert refused.value.problems[0].startswith("amount")
    async with db.connection() as conn:
        assert (await run_list.list_runs(conn)).items == []


async def test_an_input_that_is_left_out_has_the_default_of_its_schema(db: Database, clock: ManualClock) -> None:
    text = CHAIN + "inputs:\n  tier: {type: string, default: free}\n"
    run_id = await start(db, clock, text)
    async with db.connection() as conn:
        assert (await runs.read_journal(conn, run_id))[0].payload["inputs"] == {"tier": "free"}


@pytest.mark.req("FLO-308")
async def test_a_run_keeps_the_version_that_it_was_started_with(db: Database, clock: ManualClock) -> None:
    old = await start(db, clock, CHAIN)
    async with db.transaction() as conn:
        newer = CHAIN.replace("name: Test", "name: Newer")
        await store_procedure(conn, text=newer, file_name="test.osop.yaml", actor=actor(), now=clock.now())
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
                decided_by="officer-1",
                actor=actor("officer-1"),
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
