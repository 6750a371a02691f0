"""Outages as people see them and handle them."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.flows import outage_control, runs, text_view
from opsdesk.flows.circuits import CircuitState
from opsdesk.flows.draw import svg
from opsdesk.flows.errors import EndpointUnreadable, OutageNotFound
from opsdesk.flows.runs import read_state
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from tests.actors import actor
from tests.flows.test_circuits import ENDPOINT, ONE, PATIENT, opened, out, over, state_of
from tests.flows.workers import World, ended, let_go, start, until, working

OPERATOR = actor("operator")


@pytest.mark.req("FLO-312")
async def test_a_held_endpoint_is_called_by_nobody_until_it_is_released(db: Database, clock: ManualClock) -> None:
    world = World(limits=PATIENT)
    async with db.transaction() as conn:
        await outage_control.hold(conn, endpoint=ENDPOINT, reason="night", actor=OPERATOR, now=clock.now())
    async with working(db, world, clock):
        run_id = await start(db, clock, ONE)
        run = await until(db, run_id, let_go)
        assert (run.wake_name, world.calls) == (f"outage: {ENDPOINT} (only)", [])
        clock.advance(seconds=7200)
        async with db.transaction() as conn:
            outage = await outage_control.show_outage(conn, endpoint=ENDPOINT)
            assert (outage.runs, outage.circuit.state, outage.circuit.held_because) == (1, CircuitState.HELD, "night")
            await outage_control.release(conn, endpoint=ENDPOINT, reason="morning", actor=OPERATOR, now=clock.now())
        await over(db, clock)
        assert (await ended(db, run_id)).status == "completed"


@pytest.mark.req("FLO-312")
async def test_a_person_lets_calls_through_without_a_canary(db: Database, clock: ManualClock) -> None:
    world = World({"only": out}, limits=PATIENT)
    async with working(db, world, clock):
        _, parked = await opened(db, clock)
        world.answers.clear()
        async with db.transaction() as conn:
            await outage_control.release(conn, endpoint=ENDPOINT, reason="back", actor=OPERATOR, now=clock.now())
        await over(db, clock)
        assert (await ended(db, parked)).status == "completed"


@pytest.mark.req("FLO-312")
@pytest.mark.req("FLO-402")
async def test_the_picture_and_the_text_of_a_run_say_who_is_out_since_when_and_how_many_wait(
    db: Database, clock: ManualClock
) -> None:
    world = World({"only": out}, limits=PATIENT)
    async with working(db, world, clock):
        *_, parked = await opened(db, clock, runs_started=4)
        async with db.connection() as conn:
            procedure, state, _ = await read_state(conn, parked)
            told = await outage_control.told_of(conn, state)
    assert told[ENDPOINT].waiting == 3
    for drawn in (
        svg(procedure, state, now=clock.now(), outages=told),
        text_view.timeline(procedure, state, (), now=clock.now(), outages=told),
    ):
        assert f"{ENDPOINT} does not answer" in drawn
        assert "since 02:00" in drawn
        assert "3 waiting" in drawn


@pytest.mark.req("FLO-312")
@pytest.mark.req("FLO-314")
async def test_a_run_that_waits_for_an_outage_is_stalled_only_where_nobody_looks_after_it(
    db: Database, clock: ManualClock
) -> None:
    world = World({"only": out}, limits=PATIENT)
    async with working(db, world, clock):
        first, parked = await opened(db, clock)
    late = clock.now() + timedelta(minutes=10)
    async with db.connection() as conn:
        assert await runs.stalled_runs(conn, now=clock.now()) == []
        # No worker is there to try whether the endpoint answers.
        assert [(run.run_id, run.reason) for run in await runs.stalled_runs(conn, now=late)] == [
            (parked, "outage over")
        ]
        await conn.execute(b"delete from flow_parked")
        assert [run.run_id for run in await runs.stalled_runs(conn, now=clock.now())] == [parked]
    assert first != parked


@pytest.mark.req("FLO-312")
async def test_a_run_that_ends_while_it_waits_is_counted_no_more_and_another_is_the_canary(
    db: Database, clock: ManualClock
) -> None:
    world = World({"only": out}, limits=PATIENT)
    async with working(db, world, clock):
        _, oldest, next_one = await opened(db, clock, runs_started=3)
        async with db.transaction() as conn:
            await conn.execute(b"update flow_run set status = 'paused' where run_id = %s", (oldest,))
        world.answers.clear()
        clock.advance(seconds=13)
        assert (await ended(db, next_one)).status == "completed"
        async with db.transaction() as conn:
            await conn.execute(b"update flow_run set status = 'waiting' where run_id = %s", (oldest,))
        await over(db, clock)
        assert (await ended(db, oldest)).status == "completed"


@pytest.mark.req("FLO-312")
async def test_what_is_only_counted_so_far_is_no_outage(db: Database, clock: ManualClock) -> None:
    world = World({"only": out}, limits=PATIENT)
    async with working(db, world, clock):
        await opened(db, clock, runs_started=1)
        while await state_of(db) is None:
            await asyncio.sleep(0.02)
    async with db.transaction() as conn:
        assert await outage_control.list_outages(conn) == []
        with pytest.raises(OutageNotFound):
            await outage_control.release(conn, endpoint=ENDPOINT, reason="r", actor=OPERATOR, now=clock.now())


@pytest.mark.req("FLO-312")
@given(st.lists(st.lists(st.integers(0, 12), max_size=3), max_size=12))
def test_runs_that_share_a_value_are_about_one_customer(about: list[list[int]]) -> None:
    groups: list[set[int]] = []
    for digests in about:
        if digests:
            touched = [group for group in groups if group & set(digests)]
            groups = [group for group in groups if group not in touched] + [set(digests).union(*touched)]
    assert outage_control.distinct_customers(about) == len(groups)


@pytest.mark.parametrize(
    ("given", "endpoint"),
    [
        ("https://Partner.example.com", "https://partner.example.com:443"),
        (" http://10.0.0.1:8080/ ", "http://10.0.0.1:8080"),
        ("postgresql://db.internal", "postgresql://db.internal:5432"),
        ("https://[::1]:8443", "https://[::1]:8443"),
    ],
)
def test_an_endpoint_is_known_by_scheme_host_and_port(given: str, endpoint: str) -> None:
    assert outage_control.normalised(given) == endpoint


@pytest.mark.parametrize(
    "given", ["", "partner", "https://", "https://a:b@c.example", "https://a.example:99999", "mailto:a"]
)
def test_what_is_no_endpoint_is_not_held(given: str) -> None:
    with pytest.raises(EndpointUnreadable):
        outage_control.normalised(given)
