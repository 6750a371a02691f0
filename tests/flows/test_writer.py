"""Group commit: what one append suffers, the others beside it do not; what is not known to be written is found out."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest

from opsdesk.flows import runs
from opsdesk.flows.definitions import store_procedure
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.writer import (
    APPEND,
    APPEND_FACTS,
    APPEND_FACTS_ABOUT,
    WRITERS,
    Append,
    Header,
    JournalWriter,
    NewRun,
    RunLost,
    write,
)
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import BY_INDEX, Database
from opsdesk.kit.ids import new_id
from tests.actors import actor
from tests.flows.cut_off import way_to
from tests.flows.workers import CHAIN, World, ended, facts_of, start, working

HOLD = """
create function hold() returns trigger language plpgsql as $$ begin
    perform pg_advisory_xact_lock(1);
    return new;
end $$;
create trigger hold before insert on flow_journal for each row when (new.run_id = '{run_id}') execute function hold();
"""
NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
async def writer(db: Database, clock: ManualClock) -> AsyncIterator[JournalWriter]:
    writer = JournalWriter(db, clock)
    writer.start()
    yield writer
    await writer.stop()


def fact(**payload: Any) -> Fact:
    return Fact(FactKind.IGNORED, NOW, payload=payload)


@pytest.fixture
async def journal_held(database_url: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """Nobody can write to the journal until this transaction ends."""
    async with await psycopg.AsyncConnection.connect(database_url) as conn:
        await conn.execute("lock table flow_journal in access exclusive mode")
        yield conn


async def gathered(writer: JournalWriter, *appends: Append) -> list[asyncio.Task[None]]:
    """These appends, waiting together until the writers, which are held up, come back."""
    await connected(writer)
    before = [Append(new_id(), 1, [fact()]) for _ in range(WRITERS)]
    tasks = [asyncio.create_task(writer.append(append)) for append in [*before, *appends]]
    while len(writer._waiting) < len(appends):
        await asyncio.sleep(0)
    return tasks[WRITERS:]


@pytest.mark.parametrize("unwritable", ["a\0b", object()], ids=["by-postgresql", "by-json"])
async def test_a_fact_that_cannot_be_stored_is_the_trouble_of_its_own_run_only(
    db: Database, writer: JournalWriter, journal_held: psycopg.AsyncConnection, unwritable: object
) -> None:
    good = [new_id() for _ in range(3)]
    appends = [Append(run_id, 1, [fact()]) for run_id in good]
    bad = Append(new_id(), 1, [fact(value=unwritable)])
    one, trouble, two, three = await gathered(writer, appends[0], bad, *appends[1:])
    await journal_held.rollback()
    await asyncio.gather(one, two, three)
    with pytest.raises((psycopg.DataError, TypeError)):
        await trouble
    assert [len(await facts_of(db, run_id)) for run_id in good] == [1, 1, 1]


async def test_a_run_let_go_while_its_group_is_written_one_by_one_holds_up_nobody(
    writer: JournalWriter, journal_held: psycopg.AsyncConnection
) -> None:
    lost = new_id()
    appends = [Append(lost, 1, [fact()]), Append(new_id(), 1, [fact()]), Append(new_id(), 1, [fact()])]
    taken, let_go, other = await gathered(writer, *appends)
    await write(journal_held, [Append(lost, 1, [fact()])], now=NOW)
    await journal_held.execute(HOLD.format(run_id=lost).encode())
    await journal_held.execute("select pg_advisory_lock(1)")
    await journal_held.commit()
    while writer._waiting:
        await asyncio.sleep(0.01)
    let_go.cancel()
    await asyncio.wait([let_go])
    await journal_held.execute("select pg_advisory_unlock(1)")
    await journal_held.commit()
    with pytest.raises(RunLost):
        await taken
    await other
    assert let_go.cancelled()


async def held_by(db: Database, clock: ManualClock, worker: UUID) -> UUID:
    run_id = await start(db, clock, CHAIN)
    async with db.connection() as conn:
        await conn.execute(b"update flow_run set owner = %s, wake_at = null", (worker,))
    return run_id


@pytest.mark.req("FLO-314", "FLO-315")
@pytest.mark.parametrize("company", [0, 1], ids=["alone", "in-a-group"])
async def test_a_worker_cannot_change_the_header_of_a_run_that_was_taken_over(
    db: Database, clock: ManualClock, company: int
) -> None:
    frozen, now_its_owner = new_id(), new_id()
    run_id = await held_by(db, clock, now_its_owner)
    late = Append(run_id, 2, [], Header("waiting", None, frozen, wake_name="event: long past"))
    others = [Append(new_id(), 1, [fact()]) for _ in range(company)]
    async with db.connection() as conn:
        with pytest.raises(psycopg.errors.NotNullViolation):
            await write(conn, [late, *others], now=NOW)
        run = await runs.show_run(conn, run_id)
    assert (run.status, run.owned, run.wake_name) == ("running", True, "worker: start")


async def test_a_run_that_ends_as_it_begins_has_ended_in_its_header_too(db: Database, clock: ManualClock) -> None:
    worker = new_id()
    other = await held_by(db, clock, worker)
    async with db.connection() as conn:
        run_id, definition_id = new_id(), (await runs.show_run(conn, other)).definition_id
        begun = NewRun(definition_id, "test", "tester", NOW, worker)
        header = Header("timed_out", None, worker, ended_at=NOW, outcome_reason="too late")
        await write(conn, [Append(run_id, 1, [fact()], header, new_run=begun)], now=NOW)
        run = await runs.show_run(conn, run_id)
    assert (run.status, run.outcome_reason, run.owned) == ("timed_out", "too late", False)


@pytest.mark.req("FLO-315")
@pytest.mark.parametrize("nth", range(2))
async def test_a_commit_whose_answer_was_lost_is_neither_lost_nor_made_twice(
    db: Database, database_url: str, clock: ManualClock, nth: int
) -> None:
    world = World()
    async with way_to(database_url) as way:
        through = Database(way.url)
        await through.open()
        try:
            async with working(through, world, clock):
                way.cut_at, way.let_through = b"INSERT 0 ", nth
                run = await ended(db, await start(db, clock, CHAIN))
        finally:
            await through.close()
    assert way.cuts == 1
    assert run.status == "completed"
    assert [name for name, _ in await facts_of(db, run.run_id)] == [
        "run_started",
        "node_ended",
        "node_ended",
        "run_ended",
    ]
    assert [call.node.id for call in world.calls] == ["first", "second"]


@pytest.mark.parametrize("nth", range(3))
async def test_whoever_began_a_run_is_told_its_end_also_when_the_answer_to_its_commit_was_lost(
    db: Database, database_url: str, clock: ManualClock, nth: int
) -> None:
    definition_id = await a_definition(db, clock)
    async with way_to(database_url) as way:
        through = Database(way.url)
        await through.open()
        try:
            async with working(through, World(), clock) as runtime:
                await connected(runtime._writer)
                way.cut_at, way.let_through = b"INSERT 0 ", nth
                begun = await runtime.begin(run_id=new_id(), definition_id=definition_id, inputs={}, actor="tester")
                state = await begun
        finally:
            await through.close()
    assert (way.cuts, state.outcome) == (1, "completed")


async def a_definition(db: Database, clock: ManualClock) -> int:
    async with db.transaction() as conn:
        stored = await store_procedure(conn, text=CHAIN, file_name="test.osop.yaml", actor=actor(), now=clock.now())
    return stored.definition_id


async def connected(writer: JournalWriter) -> None:
    while len(writer._idle) < WRITERS:
        await asyncio.sleep(0.01)


@pytest.mark.req("FLO-405")
@pytest.mark.parametrize("company", ["alone", "of facts", "with a header"])
async def test_whom_a_run_is_about_is_written_with_its_facts_whatever_is_written_beside(
    db: Database, clock: ManualClock, company: str
) -> None:
    about, other = await start(db, clock, CHAIN), await start(db, clock, CHAIN)
    appends = [Append(about, 2, [fact()], subjects=[7, -8])]
    async with db.transaction() as conn:
        await conn.execute(b"update flow_run set owner = %s, wake_at = null", (about,))
        if company == "of facts":
            appends.append(Append(other, 2, [fact()]))
        if company == "with a header":
            appends.append(Append(other, 2, [fact()], Header("waiting", None, about, wake_name="timer: x")))
        await write(conn, appends, now=NOW)
        rows = await (await conn.execute(b"select digest, run_id from flow_subject order by 1")).fetchall()
    assert rows == [(-8, about), (7, about)]
    for run_id in (about, other)[: len(appends)]:
        assert len(await facts_of(db, run_id)) == 2


@pytest.mark.parametrize("statement", [APPEND, APPEND_FACTS, APPEND_FACTS_ABOUT])
async def test_a_group_is_written_without_reading_a_table_from_end_to_end(db: Database, statement: bytes) -> None:
    """By plans that are made while the tables are empty, as they are in the worker that starts first."""
    nothing = dict.fromkeys(("facts", "subjects", "new_runs", "headers"), "[]")
    values = {**nothing, "taken": [1], "now": NOW}
    async with db.dedicated(options=BY_INDEX) as conn:
        rows = await (await conn.execute(b"explain " + statement, values)).fetchall()
    plan = [line.strip() for (line,) in rows]
    reads = [place for place, line in enumerate(plan) if line.startswith(("->  Index", "->  Bitmap Index", "->  Seq"))]
    assert all("Index Cond" in plan[place + 1] for place in reads), "\n".join(plan)
    assert len(reads) == (2 if statement is APPEND else 0)
