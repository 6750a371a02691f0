"""What operators do to runs that workers execute: pause, resume, skip, run again."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from opsdesk.access import Actor, Scope
from opsdesk.flows import arrivals, runs, steering
from opsdesk.flows.calls import Done, Failed, NodeCall, NodeOutcome, Wait
from opsdesk.flows.errors import (
    AnswerInvalid,
    KeyReused,
    NodeNotReached,
    NodeNotSkippable,
    NodeUnknown,
    NotWaiting,
    RunFinished,
    RunIsPaused,
    RunNotPaused,
)
from opsdesk.flows.nodes.callbacks import CallbackTarget
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from tests.flows.workers import CHAIN, REVIEW, World, ended, facts_of, let_go, start, until, working

OPS = Actor("key:ops", "ops", frozenset(), frozenset(Scope))
Act = Callable[..., Awaitable[None]]
REASON = {"reason": "asked to"}


async def act(db: Database, clock: ManualClock, done: Act, run_id: UUID, **more: Any) -> None:
    async with db.transaction() as conn:
        await done(conn, run_id=run_id, actor=OPS, now=clock.now(), **more)


def paused(run: runs.Run) -> bool:
    return run.status == "paused" and not run.owned


@pytest.mark.req("FLO-307", "FLO-314")
async def test_a_paused_run_is_held_by_nobody_and_goes_on_when_it_is_resumed(db: Database, clock: ManualClock) -> None:
    run_id = await start(db, clock, CHAIN)
    await act(db, clock, steering.pause, run_id, **REASON)
    world = World()
    async with working(db, world, clock):
        run = await until(db, run_id, paused)
        assert (run.wake_name, run.wake_at, world.calls) == ("operator: paused by key:ops", None, [])
        async with db.connection() as conn:
            assert await runs.stalled_runs(conn, now=clock.now() + timedelta(days=9)) == []
        await act(db, clock, steering.resume, run_id)
        assert (await ended(db, run_id)).status == "completed"


@pytest.mark.req("FLO-307")
async def test_a_call_under_way_is_recorded_in_a_paused_run_and_nothing_follows(
    db: Database, clock: ManualClock
) -> None:
    called, answered = asyncio.Event(), asyncio.Event()

    async def slowly(call: NodeCall) -> NodeOutcome:
        called.set()
        await answered.wait()
        return Done({"x": 1})

    world = World({"first": slowly})
    async with working(db, world, clock):
        run_id = await start(db, clock, CHAIN)
        await called.wait()
        await act(db, clock, steering.pause, run_id, **REASON)
        await until(db, run_id, lambda run: run.status == "paused")
        answered.set()
        await until(db, run_id, paused)
        assert (await facts_of(db, run_id))[1:] == [("run_paused", ""), ("node_ended", "first")]
        assert [call.node.id for call in world.calls] == ["first"]
        await act(db, clock, steering.resume, run_id)
        await ended(db, run_id)


@pytest.mark.req("FLO-307")
async def test_a_signal_during_a_pause_is_kept_and_leads_on_when_it_ends(db: Database, clock: ManualClock) -> None:
    world = World({"first": lambda _: Wait()})
    async with working(db, world, clock):
        run_id = await start(db, clock, CHAIN)
        await until(db, run_id, let_go)
        await act(db, clock, steering.pause, run_id, **REASON)
        await until(db, run_id, paused)
        async with db.transaction() as conn:
            await arrivals.signal(conn, run_id=run_id, node="first", answer={"x": 7}, actor=OPS, now=clock.now())
        while ("node_ended", "first") not in await facts_of(db, run_id):
            await asyncio.sleep(0.02)
        assert [call.node.id for call in world.calls] == ["first"]
        await act(db, clock, steering.resume, run_id)
        assert (await ended(db, run_id)).status == "completed"
    assert dict(world.calls[-1].inputs) == {"x": 7}


@pytest.mark.req("FLO-307")
async def test_a_run_is_paused_and_resumed_only_where_that_changes_something(db: Database, clock: ManualClock) -> None:
    async with working(db, World({"first": lambda _: Wait()}), clock):
        run_id = await start(db, clock, CHAIN)
        await until(db, run_id, let_go)
        with pytest.raises(RunNotPaused) as refused:
            await act(db, clock, steering.resume, run_id)
        assert refused.value.state == "waiting"
        await act(db, clock, steering.pause, run_id, **REASON, key="k")
        await until(db, run_id, paused)
        await act(db, clock, steering.pause, run_id, **REASON, key="k")
        with pytest.raises(KeyReused):
            await act(db, clock, steering.pause, run_id, reason="another", key="k")
        with pytest.raises(RunIsPaused):
            await act(db, clock, steering.pause, run_id, **REASON)
        async with db.transaction() as conn:
            await arrivals.cancel(conn, run_id=run_id, reason="asked to", actor=OPS, now=clock.now())
        await ended(db, run_id)
        for done, more in ((steering.pause, REASON), (steering.resume, {})):
            with pytest.raises(RunFinished):
                await act(db, clock, done, run_id, **more)


@pytest.mark.req("FLO-307")
async def test_an_incident_is_skipped_with_outputs_that_the_next_node_is_given(
    db: Database, clock: ManualClock
) -> None:
    world = World({"first": lambda _: Failed("E", "broken")})
    async with working(db, world, clock):
        run_id = await start(db, clock, CHAIN)
        await until(db, run_id, let_go)
        with pytest.raises(AnswerInvalid):
            await act(db, clock, steering.skip, run_id, node="first", outputs={}, **REASON)
        with pytest.raises(AnswerInvalid):
            await act(db, clock, steering.skip, run_id, node="first", outputs={"x": 1, "z": 1}, **REASON)
        await act(db, clock, steering.skip, run_id, node="first", outputs={"x": 9}, **REASON)
        assert (await ended(db, run_id)).status == "completed"
    assert dict(world.calls[-1].inputs) == {"x": 9}


@pytest.mark.req("FLO-307")
async def test_a_node_that_has_not_begun_or_has_ended_is_not_skipped(db: Database, clock: ManualClock) -> None:
    async with working(db, World({"second": lambda _: Wait()}), clock):
        run_id = await start(db, clock, CHAIN)
        await until(db, run_id, let_go)
        with pytest.raises(NodeUnknown):
            await act(db, clock, steering.skip, run_id, node="third", **REASON)
        with pytest.raises(NodeNotSkippable) as refused:
            await act(db, clock, steering.skip, run_id, node="first", **REASON)
    assert refused.value.state == "done"


@pytest.mark.req("FLO-307", "FLO-309")
async def test_nobody_is_approved_by_skipping_the_person_who_decides(db: Database, clock: ManualClock) -> None:
    async with working(db, World(), clock):
        run_id = await start(db, clock, REVIEW)
        await until(db, run_id, let_go)
        for outputs in (None, {"decision": "approved"}):
            with pytest.raises(NodeNotSkippable):
                await act(db, clock, steering.skip, run_id, node="review", outputs=outputs, **REASON)


@pytest.mark.req("FLO-307")
async def test_a_run_again_has_another_key_and_the_answer_to_the_call_before_is_refused(
    db: Database, clock: ManualClock
) -> None:
    world = World({"first": lambda _: Wait()})
    async with working(db, world, clock):
        run_id = await start(db, clock, CHAIN)
        await until(db, run_id, let_go)
        await act(db, clock, steering.rerun, run_id, node="first", **REASON, key="k")
        while len(world.calls) < 2:
            await asyncio.sleep(0.02)
        await until(db, run_id, let_go)
        await act(db, clock, steering.rerun, run_id, node="first", **REASON, key="k")
        assert [call.idempotency_key for call in world.calls] == [f"{run_id}:first:1", f"{run_id}:first:2"]
        with pytest.raises(NotWaiting):
            await answer(db, clock, CallbackTarget(run_id, "first", 1))
        await answer(db, clock, CallbackTarget(run_id, "first", 2))
        assert (await ended(db, run_id)).status == "completed"


async def answer(db: Database, clock: ManualClock, target: CallbackTarget) -> None:
    async with db.transaction() as conn:
        await arrivals.accept_callback(conn, target=target, answer={"x": 1}, now=clock.now())


@pytest.mark.req("FLO-307")
async def test_the_ticket_of_the_iteration_before_is_closed_and_another_is_opened(
    db: Database, clock: ManualClock
) -> None:
    world = World()
    async with working(db, world, clock):
        run_id = await start(db, clock, REVIEW)
        await until(db, run_id, let_go)
        await act(db, clock, steering.rerun, run_id, node="review", **REASON)
        while len(world.tickets) < 2:
            await asyncio.sleep(0.02)
        await until(db, run_id, let_go)
    assert world.closed == [("ticket-1", "cancelled")]
    assert [(ticket.iteration, ticket.generation) for ticket in world.tickets] == [(1, 1), (2, 1)]


async def test_a_run_does_not_begin_again_where_it_has_not_come(db: Database, clock: ManualClock) -> None:
    async with working(db, World({"first": lambda _: Wait()}), clock):
        run_id = await start(db, clock, CHAIN)
        await until(db, run_id, let_go)
        with pytest.raises(NodeNotReached) as refused:
            await act(db, clock, steering.rerun, run_id, node="second", **REASON)
        with pytest.raises(NodeUnknown):
            await act(db, clock, steering.rerun, run_id, node="third", **REASON)
    assert refused.value.state == "pending"


async def test_a_call_that_was_begun_again_while_it_was_under_way_is_made_once_more(
    db: Database, clock: ManualClock
) -> None:
    called, answered = asyncio.Event(), asyncio.Event()

    async def slowly(call: NodeCall) -> NodeOutcome:
        called.set()
        await answered.wait()
        return Done({"x": call.iteration})

    world = World({"first": slowly})
    async with working(db, world, clock):
        run_id = await start(db, clock, CHAIN)
        await called.wait()
        await act(db, clock, steering.rerun, run_id, node="first", **REASON)
        while ("node_rerun", "first") not in await facts_of(db, run_id):
            await asyncio.sleep(0.02)
        answered.set()
        assert (await ended(db, run_id)).status == "completed"
    assert dict(world.calls[-1].inputs) == {"x": 2}
