"""Circuits: what is counted, when one opens, and who tries whether the endpoint answers."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.flows import circuits, runs
from opsdesk.flows.calls import Done, Failed, NodeCall, NodeOutcome
from opsdesk.flows.circuits import Circuit, CircuitState, OutageLimits, counted, missed
from opsdesk.flows.outage_watch import Admitted, OutageWatch
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from opsdesk.kit.ids import new_id
from tests.conftest import MONDAY_TEN_IN_SHANGHAI as START
from tests.flows.workers import HEAD, World, ended, facts_of, let_go, start, until, working

ENDPOINT = "https://a.test:443"
OUT = Failed("Unreachable", "no connection to a.test", retryable=True, outage=True)
PATIENT = OutageLimits(runs=2, pause_s=10, pause_max_s=60, release_per_s=1000)
ONE = f"""{HEAD}
timeout_sec: 86400
nodes:
  - id: only
    type: api
    purpose: p
    runtime: {{url: "{ENDPOINT}"}}
    outputs: [x]
    retry_policy: {{max_retries: 1, backoff_sec: 3600}}
edges: []
"""
ELSEWHERE = f"""{HEAD}
nodes:
  - {{id: only, type: api, purpose: p, runtime: {{url: "{ENDPOINT}"}}, outputs: [x]}}
  - {{id: instead, type: api, purpose: p, runtime: {{url: "https://b.test:443"}}, outputs: [x]}}
edges:
  - {{from: only, to: instead, mode: fallback}}
"""


def closed() -> Circuit:
    return Circuit(ENDPOINT, new_id(), CircuitState.WATCHED)


@pytest.mark.req("FLO-312")
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 400)), max_size=30), st.integers(1, 4))
def test_a_circuit_opens_when_so_many_different_runs_in_a_row_were_failed(
    failures: Sequence[tuple[int, int]], runs_max: int
) -> None:
    circuit, now, limits = closed(), START, OutageLimits(runs=runs_max)
    row: list[tuple[int, Any]] = []
    for run, pause_s in failures:
        now += timedelta(seconds=pause_s)
        if row and (now - row[0][1]).total_seconds() > circuits.WINDOW_S:
            row = []
        row.append((run, now))
        circuit = counted(circuit, UUID(int=run), OUT, limits=limits, now=now)
        if len({run for run, _ in row}) >= runs_max:
            assert (circuit.state, circuit.since) == (CircuitState.OPEN, now)
            return
        assert circuit.state is CircuitState.WATCHED


@pytest.mark.req("FLO-312")
@given(st.integers(0, 40), st.floats(0.1, 60), st.floats(1, 600))
def test_pauses_grow_and_are_bounded_and_no_two_circuits_have_the_same(
    times: int, pause_s: float, pause_max_s: float
) -> None:
    limits = OutageLimits(runs=1, pause_s=pause_s, pause_max_s=pause_max_s)
    circuit = counted(closed(), UUID(int=1), OUT, limits=limits, now=START)
    pauses = [circuit.pause_s]
    for _ in range(times):
        circuit = missed(circuit, OUT, limits=limits, now=START)
        pauses.append(circuit.pause_s)
        assert circuit.probe_at is not None
        assert circuit.pause_s <= (circuit.probe_at - START).total_seconds() <= circuit.pause_s * (1 + circuits.JITTER)
    assert pauses == sorted(pauses)
    assert max(pauses) <= pause_max_s


@pytest.mark.req("FLO-312")
async def test_a_call_to_an_endpoint_that_answers_asks_no_database(clock: ManualClock) -> None:
    watch = OutageWatch(cast(Any, None), clock, lambda _: ENDPOINT, OutageLimits())
    call = cast(NodeCall, None)
    assert await watch.admit(call) == Admitted()
    assert await watch.judge(call, Done({}), Admitted()) == Done({})


def out(_: NodeCall) -> NodeOutcome:
    return OUT


async def state_of(db: Database) -> Circuit | None:
    async with db.connection() as conn:
        return await circuits.read_circuit(conn, ENDPOINT)


async def opened(db: Database, clock: ManualClock, text: str = ONE, *, runs_started: int = 2) -> list[UUID]:
    """So many runs that the circuit opens: all but the first are parked, the first waits for its second attempt."""
    started = []
    for _ in range(runs_started):
        run_id = await start(db, clock, text)
        await until(db, run_id, let_go)
        started.append(run_id)
        clock.advance(seconds=1)
    return started


async def over(db: Database, clock: ManualClock) -> None:
    """Time goes on until everything that waited is let through."""
    while await state_of(db) is not None:
        clock.advance(seconds=0.1)
        await asyncio.sleep(0.02)


async def probed(db: Database, *, probes: int) -> Circuit:
    while True:
        circuit = await state_of(db)
        assert circuit is not None
        if circuit.probes >= probes and circuit.canary_run is None:
            return circuit
        await asyncio.sleep(0.02)


@pytest.mark.req("FLO-312")
async def test_an_outage_parks_the_calls_and_its_end_lets_them_through_in_order_of_age(
    db: Database, clock: ManualClock
) -> None:
    world = World({"only": out}, limits=PATIENT)
    async with working(db, world, clock) as _, working(db, world, clock):
        first, *others = await opened(db, clock, runs_started=5)
        calls_before = len(world.calls)
        assert calls_before == 2, "the others were not even tried"
        for run_id in others:
            async with db.connection() as conn:
                run = await runs.show_run(conn, run_id)
            assert (run.status, run.wake_name) == ("waiting", f"outage: {ENDPOINT} (only)")
        world.answers.clear()
        clock.advance(seconds=13)
        await over(db, clock)
        for run_id in others:
            assert (await ended(db, run_id)).status == "completed"
        assert world.calls[calls_before].run_id == others[0], "the oldest is the canary"
        clock.advance(seconds=3600)
        assert (await ended(db, first)).status == "completed"
    assert {call.attempt for call in world.calls if call.run_id != first} == {1}, "no retry was used up"
    assert {call.idempotency_key for call in world.calls if call.run_id == others[0]} == {f"{others[0]}:only:1"}
    assert [fact for fact, _ in await facts_of(db, others[-1])] == [
        "run_started",
        "node_waiting",
        "node_released",
        "node_ended",
        "run_ended",
    ]


@pytest.mark.req("FLO-312")
async def test_one_canary_at_a_time_tries_and_each_that_fails_makes_the_pause_longer(
    db: Database, clock: ManualClock
) -> None:
    called, answer = asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def slow(_: NodeCall) -> NodeOutcome:
        called.release()
        await answer.acquire()
        return OUT

    world = World({"only": out}, limits=PATIENT)
    async with working(db, world, clock), working(db, world, clock):
        await opened(db, clock, runs_started=6)
        world.answers["only"] = slow
        calls_before = len(world.calls)
        for number, pause_s in enumerate((20, 40, 60, 60), start=1):
            clock.advance(seconds=75)
            await called.acquire()
            clock.advance(seconds=75)
            for _ in range(3):
                async with db.transaction() as conn:
                    await circuits.look_after(conn, endpoint=ENDPOINT, limits=PATIENT, now=clock.now())
            async with db.connection() as conn:
                let_through = b"select from flow_inbox where kind = 'release' and taken_at is null"
                assert (await conn.execute(let_through)).rowcount == 0, "nobody else is let through meanwhile"
            assert len(world.calls) == calls_before + number
            answer.release()
            circuit = await probed(db, probes=number)
            assert (circuit.state, circuit.pause_s) == (CircuitState.OPEN, pause_s)
        canaries = world.calls[calls_before:]
        assert {call.attempt for call in canaries} == {1}
        assert len({call.run_id for call in canaries}) == 1, "the oldest keeps its place"


@pytest.mark.req("FLO-312")
async def test_another_worker_takes_the_canary_of_one_that_died(db: Database, clock: ManualClock) -> None:
    called = asyncio.Semaphore(0)

    async def never(_: NodeCall) -> NodeOutcome:
        called.release()
        await asyncio.Event().wait()
        raise AssertionError

    dying, other = World({"only": out}, limits=PATIENT), World(limits=PATIENT)
    async with working(db, dying, clock, lease_s=0.5) as runtime:
        _, waiting = await opened(db, clock)
        dying.answers["only"] = never
        clock.advance(seconds=13)
        await called.acquire()
        # As a process that is killed: nothing is said to anybody.
        for task in [*runtime._tasks, *runtime._drives.values()]:
            task.cancel()
        async with working(db, other, clock):
            assert (await ended(db, waiting)).status == "completed"
            await over(db, clock)
    assert [call.idempotency_key for call in other.calls] == [dying.calls[-1].idempotency_key]


@pytest.mark.req("FLO-312")
async def test_where_the_procedure_says_how_to_go_on_an_outage_leads_there_at_once(
    db: Database, clock: ManualClock
) -> None:
    world = World({"only": out}, limits=PATIENT)
    async with working(db, world, clock):
        for _ in range(3):
            run_id = await start(db, clock, ELSEWHERE)
            assert (await ended(db, run_id)).status == "completed"
    assert [call.node.id for call in world.calls] == ["only", "instead", "only", "instead", "instead"]


@pytest.mark.req("FLO-312")
async def test_an_outage_does_not_keep_a_run_beyond_its_own_time_limit(db: Database, clock: ManualClock) -> None:
    world = World({"only": out}, limits=PATIENT)
    async with working(db, world, clock):
        _, parked = await opened(db, clock)
        clock.advance(seconds=2 * 86400)
        assert (await ended(db, parked)).status == "timed_out"
        async with db.connection() as conn:
            waiting = await (await conn.execute(b"select from flow_parked where run_id = %s", (parked,))).fetchall()
    assert waiting == []


@pytest.mark.req("FLO-312")
async def test_an_answer_between_failures_means_that_the_provider_is_there(db: Database, clock: ManualClock) -> None:
    world = World({"only": out}, limits=PATIENT)
    async with working(db, world, clock):
        await opened(db, clock, runs_started=1)
        world.answers.clear()
        assert (await ended(db, await start(db, clock, ONE))).status == "completed"
        assert await state_of(db) is None
        world.answers["only"] = out
        await opened(db, clock, runs_started=1)
        circuit = await state_of(db)
    assert circuit is not None
    assert circuit.state is CircuitState.WATCHED


@pytest.mark.req("FLO-312")
async def test_what_waits_is_let_through_at_the_pace_that_is_set(db: Database, clock: ManualClock) -> None:
    """The clock stands still, so that nothing but the first is due, however often it is looked."""
    world = World({"only": out}, limits=OutageLimits(runs=2, pause_s=10, release_per_s=2))
    async with working(db, world, clock):
        _, *parked = await opened(db, clock, runs_started=8)
        world.answers.clear()
        clock.advance(seconds=13)
        for released in (2, 4, 6):
            while len([call for call in world.calls if call.run_id in parked[: released + 1]]) < released + 1:
                await asyncio.sleep(0.02)
            assert len(world.calls) == 2 + released
            clock.advance(seconds=1)
        for run_id in parked:
            assert (await ended(db, run_id)).status == "completed"


@pytest.mark.req("FLO-312")
async def test_a_canary_whose_run_was_paused_before_it_tried_is_followed_by_the_next(
    db: Database, clock: ManualClock
) -> None:
    async with working(db, World({"only": out}, limits=PATIENT), clock):
        _, oldest, next_one = await opened(db, clock, runs_started=3)
    clock.advance(seconds=13)
    await look_after(db, clock)
    assert await canary_of(db) == oldest
    await look_after(db, clock)
    assert await canary_of(db) == oldest, "it has not had its turn yet"
    async with db.connection() as conn:
        await conn.execute(b"update flow_run set status = 'paused' where run_id = %s", (oldest,))
    await look_after(db, clock)
    assert await canary_of(db) == next_one


async def look_after(db: Database, clock: ManualClock) -> None:
    async with db.transaction() as conn:
        await circuits.look_after(conn, endpoint=ENDPOINT, limits=PATIENT, now=clock.now())


async def canary_of(db: Database) -> UUID | None:
    circuit = await state_of(db)
    assert circuit is not None
    return circuit.canary_run
