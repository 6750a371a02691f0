"""What is told of procedures and of the work as a whole."""

from datetime import timedelta

import pytest

from opsdesk.flows import reports
from opsdesk.flows.calls import Done, Failed
from opsdesk.flows.definitions import find_version, latest_definition, list_versions, store_procedure
from opsdesk.flows.errors import ProcedureNotFound
from opsdesk.flows.state import RunStatus
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from tests.actors import actor
from tests.flows.workers import CHAIN, REVIEW, World, ended, let_go, start, until, working

DOWN = Failed("Unreachable", "the name a.test was not found", retryable=True)
RETRIED = CHAIN.replace("outputs: [x]}", "outputs: [x], retry_policy: {max_retries: 1, backoff_sec: 600}}")


async def test_a_version_names_who_stored_it_and_is_found_by_the_beginning_of_its_digest(
    conn: Connection, clock: ManualClock
) -> None:
    for text in (CHAIN, CHAIN.replace("name: Test", "name: Other")):
        await store_procedure(conn, text=text, file_name="a.osop.yaml", actor=actor("ops"), now=clock.now())
    newest, oldest = await list_versions(conn, "test")
    assert (newest.stored_by, newest.name, oldest.name) == ("ops", "Other", "Test")
    for digest, name in ((None, "Other"), (oldest.digest, "Test"), (oldest.digest[:12], "Test")):
        definition, procedure = await find_version(conn, "test", digest)
        assert (definition.name, procedure.name) == (name, name)
    with pytest.raises(ProcedureNotFound):
        await find_version(conn, "test", "0" * 64)


async def test_times_are_counted_over_runs_from_where_a_node_could_begin_to_where_it_ended(
    db: Database, clock: ManualClock
) -> None:
    def slowly(_: object) -> Done:
        clock.advance(seconds=60)
        return Done({"x": 1, "y": 2})

    async with working(db, World({"second": slowly}), clock):
        for _ in range(3):
            await ended(db, await start(db, clock, CHAIN))
    async with db.connection() as conn:
        _, procedure = await latest_definition(conn, "test")
        times = await reports.durations(conn, procedure)
    assert (times.runs, times.by_status) == (3, {RunStatus.COMPLETED: 3})
    first, second = times.nodes
    assert first.took is not None
    assert second.took is not None
    assert (first.took.count, first.took.longest_s) == (3, 0.0)
    assert (second.took.median_s, second.took.average_s, second.failed) == (60.0, 60.0, 0)
    assert times.took == second.took


async def test_a_procedure_that_never_ran_has_no_times(conn: Connection, clock: ManualClock) -> None:
    await store_procedure(conn, text=CHAIN, file_name="a.osop.yaml", actor=actor(), now=clock.now())
    _, procedure = await latest_definition(conn, "test")
    times = await reports.durations(conn, procedure)
    assert (times.runs, times.took, [node.took for node in times.nodes]) == (0, None, [None, None])


@pytest.mark.req("FLO-312")
async def test_a_partner_that_does_not_answer_is_told_with_how_many_runs_wait_for_it_and_since_when(
    db: Database, clock: ManualClock
) -> None:
    began = clock.now()
    async with working(db, World({"first": lambda _: DOWN}), clock):
        for _ in range(2):
            await until(db, await start(db, clock, RETRIED), let_go)
        blocked = await start(db, clock, CHAIN)
        await until(db, blocked, let_go)
        await until(db, await start(db, clock, REVIEW), let_go)
        async with db.connection() as conn:
            (outage,) = await reports.outages(conn)
            (worker,) = await reports.list_workers(conn)
    assert (outage.partner, outage.runs, outage.since) == ("a.test", 3, began)
    assert outage.next_at == began + timedelta(seconds=600)
    (node,) = outage.nodes
    assert (node.node, node.retried, node.code, node.message) == ("first", 2, DOWN.code, DOWN.message)
    assert (worker.alive, worker.runs, worker.left_s > 0) == (True, 0, True)


async def test_there_is_no_outage_where_nothing_failed(db: Database, clock: ManualClock) -> None:
    async with working(db, World(), clock):
        await until(db, await start(db, clock, REVIEW), let_go)
        async with db.connection() as conn:
            assert await reports.outages(conn) == []
