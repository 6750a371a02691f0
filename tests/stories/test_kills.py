"""Workers that are killed with SIGKILL: at every step of the reference run, and at random under load."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from uuid import UUID

import psycopg
import pytest

from opsdesk.flows import arrivals, run_list, runs
from opsdesk.flows.state import RunStatus
from opsdesk.kit.db import Connection
from tests.actors import actor
from tests.stories.installation import ROOT, Installation, installation

SEED = ROOT.parent / "shared" / "seeds" / "customer-onboarding.osop.yaml"
OWN = ROOT / "procedures" / "customer-onboarding.osop.yaml"
# Where the source document is not here, the procedure shipped is the reference: it has the same graph and more.
REFERENCE = SEED if SEED.is_file() else OWN
KILL_LOCK = 7_315
HOLD = f"""
create table kill_point (seq integer);
create function hold() returns trigger language plpgsql as $$
begin
    if new.seq = (select seq from kill_point) then
        perform pg_advisory_xact_lock({KILL_LOCK});
    end if;
    return new;
end $$;
create trigger hold before insert on flow_journal for each row execute function hold();
"""
WAITERS = "select pid from pg_locks where locktype = 'advisory' and objid = %s and not granted"
STORM_RUNS = 200
STORM_KILLS = 12


@asynccontextmanager
async def held_at(database_url: str, seq: int) -> AsyncIterator[psycopg.AsyncConnection]:
    """Whoever writes the fact of this number waits, in the middle of its commit, until the block ends."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn:
        await conn.execute(HOLD.encode())
        await conn.execute(b"insert into kill_point values (%s)", (seq,))
        await conn.execute(b"select pg_advisory_lock(%s)", (KILL_LOCK,))
        yield conn
        await conn.execute(b"delete from kill_point")
        await conn.execute(b"select pg_advisory_unlock(%s)", (KILL_LOCK,))


async def someone_waits(conn: psycopg.AsyncConnection) -> int:
    while True:
        row = await (await conn.execute(WAITERS.encode(), (KILL_LOCK,))).fetchone()
        if row is not None:
            return int(row[0])
        await asyncio.sleep(0.02)


async def people_do_their_part(story: Installation, run_id: UUID, *, reviewed: bool) -> None:
    """The customer confirms the address; where the score is low, an officer approves."""
    await story.confirm(run_id)
    if reviewed:
        ticket = await story.ticket(run_id)
        await story.decide(ticket, compliance_decision="approved", review_notes="seen")


async def everything_happened_once(story: Installation, run_id: UUID) -> None:
    facts = await story.facts(run_id)
    assert [fact.seq for fact in facts] == list(range(1, len(facts) + 1))
    ended = Counter(fact.node for fact in facts if fact.fact == "node_ended")
    assert set(ended.values()) == {1}
    assert facts[-1].fact == "run_ended"
    customer = next(fact for fact in facts if fact.node == "register").payload["outputs"]["customer_id"]
    calls = await story.outside.calls(customer_id=customer, wait_s="10")
    by_path = Counter(call["path"] for call in calls)
    assert set(by_path.values()) == {1}, "a partner was called with two keys for one step"
    assert {call["performed"] for call in calls} == {1}
    accounts = [item for item in (await story.outside.control("accounts"))["items"] if item["customer_id"] == customer]
    assert len(accounts) == 1


@pytest.mark.req("FLO-315", "FLO-007")
@pytest.mark.parametrize("committed", [False, True], ids=["before-its-commit", "after-its-commit"])
@pytest.mark.parametrize(
    ("customer", "seq"),
    [("Customer Clear", seq) for seq in range(2, 10)] + [("Customer Lowscore", seq) for seq in range(6, 12)],
)
async def test_a_worker_killed_at_any_fact_of_the_reference_run_loses_nothing_and_repeats_nothing(
    tmp_path: Path, database_url: str, customer: str, seq: int, *, committed: bool
) -> None:
    async with installation(tmp_path, database_url, works=False) as story:
        procedure = await story.add(REFERENCE.read_text())
        async with held_at(database_url, seq) as conn:
            worker = await story.work()
            run_id = await story.start(procedure, customer)
            people = asyncio.create_task(people_do_their_part(story, run_id, reviewed=customer.endswith("Lowscore")))
            backend = await someone_waits(conn)
            await story.kill(worker)
            if not committed:
                await conn.execute(b"select pg_terminate_backend(%s)", (backend,))
        await story.work()
        await people
        run = await story.ended(run_id)
        assert run.status == "completed"
        await everything_happened_once(story, run_id)


LOOP = """
osop_version: "2.0"
id: each-row
name: Each row
inputs: [name, email, phone]
nodes:
  - {id: list, type: cli, name: List, runtime: {command: [echo, '{"rows": ["a", "b", "c"]}']}, outputs: [rows]}
  - {id: each, type: cli, name: Each, runtime: {command: [echo, '{"row": "${loop.row}"}']}, outputs: [row]}
edges:
  - {from: list, to: each, mode: loop, for_each: rows, iterator_var: row}
"""


@pytest.mark.req("FLO-301", "FLO-315")
@pytest.mark.parametrize("committed", [False, True], ids=["before-its-commit", "after-its-commit"])
@pytest.mark.parametrize("seq", [2, 3, 4, 5])
async def test_a_worker_killed_in_any_round_of_a_loop_leaves_out_no_round_and_repeats_none(
    tmp_path: Path, database_url: str, seq: int, *, committed: bool
) -> None:
    async with installation(tmp_path, database_url, works=False) as story:
        procedure = await story.add(LOOP)
        async with held_at(database_url, seq) as conn:
            worker = await story.work()
            run_id = await story.start(procedure, "Customer Clear")
            backend = await someone_waits(conn)
            await story.kill(worker)
            if not committed:
                await conn.execute(b"select pg_terminate_backend(%s)", (backend,))
        await story.work()
        assert (await story.ended(run_id)).status == "completed"
        facts = [fact for fact in await story.facts(run_id) if fact.fact in ("node_ended", "round_begun")]
        assert [(fact.fact, fact.node, fact.iteration) for fact in facts] == [
            ("node_ended", "list", 1),
            ("node_ended", "each", 1),
            ("round_begun", "each", 2),
            ("node_ended", "each", 2),
            ("round_begun", "each", 3),
            ("node_ended", "each", 3),
        ]
        ended = [fact for fact in facts if (fact.fact, fact.node) == ("node_ended", "each")]
        assert [fact.payload["outputs"]["row"] for fact in ended] == ["a", "b", "c"]


CHILDREN = """
osop_version: "2.0"
id: with-children
name: With children
inputs: [name, email, phone]
nodes:
  - {id: lead, type: cli, name: Lead, runtime: {command: [echo, '{}']}}
  - {id: each, type: cli, name: Each, runtime: {command: [echo, '{"place": ${spawn.index}}']}, outputs: [place]}
  - {id: last, type: cli, name: Last, runtime: {command: [echo, '{}']}}
edges:
  - {from: lead, to: each, mode: spawn, spawn_count: 2}
  - {from: each, to: last}
"""


@pytest.mark.req("FLO-310", "FLO-315")
@pytest.mark.parametrize("committed", [False, True], ids=["before-its-commit", "after-its-commit"])
@pytest.mark.parametrize("seq", range(2, 9))
async def test_a_worker_killed_at_any_fact_of_a_parent_or_a_child_starts_each_once_and_loses_no_end(
    tmp_path: Path, database_url: str, seq: int, *, committed: bool
) -> None:
    async with installation(tmp_path, database_url, works=False) as story:
        procedure = await story.add(CHILDREN)
        async with held_at(database_url, seq) as conn:
            worker = await story.work()
            run_id = await story.start(procedure, "Customer Clear")
            backend = await someone_waits(conn)
            await story.kill(worker)
            if not committed:
                await conn.execute(b"select pg_terminate_backend(%s)", (backend,))
        await story.work()
        assert (await story.ended(run_id)).status == "completed"
        facts = await story.facts(run_id)
        assert [fact.seq for fact in facts] == list(range(1, len(facts) + 1))
        (waiting,) = [fact for fact in facts if fact.fact == "node_waiting"]
        ends = [(fact.payload["run"], fact.payload["outcome"]) for fact in facts if fact.fact == "child_ended"]
        assert sorted(ends) == [(run, "completed") for run in sorted(waiting.payload["runs"])]
        (each,) = [fact for fact in facts if (fact.fact, fact.node) == ("node_ended", "each")]
        assert each.payload["outputs"] == {"place": [0, 1]}
        async with story.opsdesk.database.connection() as conn:
            children = await run_list.children_of(conn, run_id)
            assert [child.status for child in children] == ["completed", "completed"]
            assert await runs.stalled_runs(conn, now=story.opsdesk.clock.now()) == []


WAITING_CHILDREN = CHILDREN.replace(
    """type: cli, name: Each, runtime: {command: [echo, '{"place": ${spawn.index}}']}, outputs: [place]""",
    "type: system, subtype: timer, name: Each, runtime: {duration: 9d}",
)


@pytest.mark.req("FLO-310", "FLO-315")
@pytest.mark.parametrize("committed", [False, True], ids=["before-its-commit", "after-its-commit"])
@pytest.mark.parametrize("seq", [3, 4], ids=["a-child", "the-parent"])
async def test_a_worker_killed_as_a_parent_is_cancelled_leaves_no_child_that_goes_on(
    tmp_path: Path, database_url: str, seq: int, *, committed: bool
) -> None:
    async with installation(tmp_path, database_url, works=False) as story:
        procedure = await story.add(WAITING_CHILDREN)
        worker = await story.work()
        run_id = await story.start(procedure, "Customer Clear")
        await _has_fact(story, run_id, "node_waiting", node="each")
        async with story.opsdesk.database.connection() as conn:
            children = [child.run_id for child in await run_list.children_of(conn, run_id)]
        for child in children:
            await _has_fact(story, child, "node_waiting", node="each")
        async with held_at(database_url, seq) as conn:
            async with story.opsdesk.database.transaction() as other:
                now = story.opsdesk.clock.now()
                await arrivals.cancel(other, run_id=run_id, reason="not wanted", actor=actor("ops"), now=now)
            backend = await someone_waits(conn)
            await story.kill(worker)
            if not committed:
                await conn.execute(b"select pg_terminate_backend(%s)", (backend,))
        await story.work()
        for run in (run_id, *children):
            assert (await story.ended(run)).status == "cancelled"
        async with story.opsdesk.database.connection() as conn:
            assert await runs.stalled_runs(conn, now=story.opsdesk.clock.now()) == []


@pytest.mark.req("FLO-307", "FLO-315")
@pytest.mark.parametrize("committed", [False, True], ids=["before-its-commit", "after-its-commit"])
@pytest.mark.parametrize("seq", [7, 8, 9], ids=["paused", "decided", "resumed"])
async def test_a_worker_killed_around_a_pause_loses_neither_the_pause_nor_the_answer(
    tmp_path: Path, database_url: str, seq: int, *, committed: bool
) -> None:
    async with installation(tmp_path, database_url, works=False) as story:
        procedure = await story.add(REFERENCE.read_text())
        async with held_at(database_url, seq) as conn:
            worker = await story.work()
            run_id = await story.start(procedure, "Customer Lowscore")
            people = asyncio.create_task(people_decide_during_a_pause(story, run_id))
            backend = await someone_waits(conn)
            await story.kill(worker)
            if not committed:
                await conn.execute(b"select pg_terminate_backend(%s)", (backend,))
        await story.work()
        await people
        assert (await story.ended(run_id)).status == "completed"
        await everything_happened_once(story, run_id)
        kinds = [fact.fact for fact in await story.facts(run_id)]
        assert (kinds.count("run_paused"), kinds.count("pause_ended")) == (1, 1)


async def people_decide_during_a_pause(story: Installation, run_id: UUID) -> None:
    """An operator pauses the run as it waits for an officer, who approves all the same; then it is resumed."""
    await story.confirm(run_id)
    ticket = await story.ticket(run_id)
    now = story.opsdesk.clock.now
    async with story.opsdesk.database.transaction() as conn:
        await arrivals.pause(conn, run_id=run_id, reason="a holiday", actor=actor("ops"), now=now())
    await _has_fact(story, run_id, "run_paused")
    await story.decide(ticket, compliance_decision="approved", review_notes="seen")
    await _has_fact(story, run_id, "node_ended", node="compliance_review")
    async with story.opsdesk.database.transaction() as conn:
        await arrivals.resume(conn, run_id=run_id, actor=actor("ops"), now=now())


async def _has_fact(story: Installation, run_id: UUID, kind: str, node: str = "") -> None:
    while (kind, node) not in [(fact.fact, fact.node) for fact in await story.facts(run_id)]:
        await asyncio.sleep(0.02)


@pytest.mark.req("FLO-315")
@pytest.mark.timeout(600)
async def test_a_storm_of_kills_under_load_loses_no_run_and_records_nothing_twice(
    tmp_path: Path, database_url: str
) -> None:
    random = Random(20_260_105)
    text = OWN.read_text().replace("rate_limit: 10/minute", "rate_limit: 100000/minute")
    async with installation(tmp_path, database_url, works=False) as story:
        procedure = await story.add(text)
        for _ in range(3):
            await story.work()
        started = [await story.start(procedure, "Customer Clear") for _ in range(STORM_RUNS)]
        confirming = asyncio.create_task(_confirm_all(story, started))
        for _ in range(STORM_KILLS):
            await _progress(story)
            await story.kill(random.choice(story.workers))
            await story.work()
        await confirming
        for run_id in started:
            assert (await story.ended(run_id)).status == "completed"
        for run_id in started:
            await everything_happened_once(story, run_id)
        async with story.opsdesk.database.connection() as conn:
            assert await runs.stalled_runs(conn, now=story.opsdesk.clock.now()) == []


async def _confirm_all(story: Installation, started: list[UUID]) -> None:
    for run_id in started:
        await story.confirm(run_id)


async def _progress(story: Installation) -> None:
    """Until some more facts are there, so that kills fall all over the work and not all at its beginning."""
    async with story.opsdesk.database.connection() as conn:
        goal = await _facts(conn) + STORM_RUNS * 9 // (STORM_KILLS + 2)
        while await _facts(conn) < goal and (await run_list.count_runs(conn))[RunStatus.COMPLETED] != STORM_RUNS:
            await asyncio.sleep(0.02)


async def _facts(conn: Connection) -> int:
    row = await (await conn.execute(b"select count(*) from flow_journal")).fetchone()
    assert row is not None
    return int(row[0])
