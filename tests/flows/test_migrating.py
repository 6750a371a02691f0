"""Waiting runs moved to another stored version, with their open tickets and with what has come in for them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from opsdesk.access import audit
from opsdesk.flows import arrivals, migrating, runs
from opsdesk.flows.calls import Done, Failed, Wait
from opsdesk.flows.definitions import find_named_version, store_procedure
from opsdesk.flows.errors import ProcedureNotFound, RunDoesNotFit, RunFinished, RunHeld, VersionIsTheSame
from opsdesk.flows.nodes.callbacks import CallbackTarget
from opsdesk.flows.text_view import timeline
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from tests.actors import actor
from tests.flows.test_steering import OPS, act, paused
from tests.flows.workers import World, ended, facts_of, let_go, start, until, working

NODES = """
  - {id: ask, type: api, purpose: p, runtime: {url: "https://a.test"}, outputs: [x]}
  - id: review
    type: human
    purpose: p
    role: officer
    inputs: [x]
    outputs: [decision]
  - {id: after, type: api, purpose: p, runtime: {url: "https://a.test"}, inputs: [decision]}
"""
EDGES = """
  - {from: ask, to: review}
  - {from: review, to: after, condition: "decision == 'approved'"}
"""


def version(named: str, *, nodes: str = NODES, edges: str = EDGES, head: str = "") -> str:
    return f'osop_version: "2.0"\nid: test\nname: Test\nversion: "{named}"\n{head}\nnodes:{nodes}\nedges:{edges}'


FIRST = version("1")
SECOND = version(
    "2",
    nodes=f'{NODES}\n  - {{id: tell, type: api, purpose: p, runtime: {{url: "https://a.test"}}}}',
    edges="""
  - {from: review, to: tell, condition: "decision != 'approved'"}
  - {from: review, to: after, condition: "decision == 'approved'"}
  - {from: ask, to: review}
""",
)
UNFIT = version("3", edges=EDGES.replace("{from: ask, to: review}", "{from: ask, to: review, condition: 'x == 1'}"))


async def store(db: Database, clock: ManualClock, *texts: str) -> None:
    async with db.transaction() as conn:
        for text in texts:
            await store_procedure(conn, text=text, file_name="test.osop.yaml", actor=actor(), now=clock.now())


async def move(db: Database, clock: ManualClock, run_id: UUID, to: str = "2") -> migrating.Migration:
    async with db.transaction() as conn:
        return await migrating.migrate(conn, run_id=run_id, to=to, reason="mended", actor=OPS, now=clock.now())


async def decide(db: Database, clock: ManualClock, run_id: UUID, decision: str) -> None:
    async with db.transaction() as conn:
        await arrivals.deliver_decision(
            conn,
            run_id=run_id,
            node="review",
            iteration=1,
            ticket="ticket-1",
            answer={"decision": decision},
            decided_by="officer",
            actor=actor(),
            now=clock.now(),
        )


async def waits(db: Database, clock: ManualClock, text: str = FIRST, world: World | None = None) -> UUID:
    async with working(db, world or World(), clock):
        run_id = await start(db, clock, text)
        await until(db, run_id, let_go)
    return run_id


async def payloads(db: Database, run_id: UUID, kind: str) -> Sequence[Any]:
    async with db.connection() as conn:
        return [row.payload for row in await runs.read_journal(conn, run_id) if row.fact == kind]


@pytest.mark.req("FLO-308")
async def test_a_waiting_run_goes_on_in_the_new_version_with_the_ticket_that_was_open(
    db: Database, clock: ManualClock
) -> None:
    world = World()
    run_id = await waits(db, clock, world=world)
    await store(db, clock, SECOND)
    moved = await move(db, clock, run_id)
    assert (moved.moved, moved.misfits) == (True, ())
    async with working(db, world, clock):
        await decide(db, clock, run_id, "rejected")
        assert (await ended(db, run_id)).status == "completed"
    assert [call.node.id for call in world.calls] == ["ask", "tell"]
    assert (len(world.tickets), world.closed) == (1, [])
    (payload,) = await payloads(db, run_id, "run_migrated")
    assert (payload["actor"], payload["reason"], payload["edges"]) == ("key:ops", "mended", {"0": 2})


@pytest.mark.req("FLO-308")
async def test_an_answer_that_has_come_and_nobody_took_in_survives_the_move(db: Database, clock: ManualClock) -> None:
    run_id = await waits(db, clock)
    await store(db, clock, SECOND)
    await decide(db, clock, run_id, "rejected")
    await move(db, clock, run_id)
    world = World()
    async with working(db, world, clock):
        await ended(db, run_id)
    assert [call.node.id for call in world.calls] == ["tell"]


@pytest.mark.req("FLO-308", "FLO-307")
async def test_a_paused_run_is_moved_and_stays_paused(db: Database, clock: ManualClock) -> None:
    run_id = await waits(db, clock)
    await act(db, clock, arrivals.pause, run_id, reason="wait")
    async with working(db, World(), clock):
        await until(db, run_id, paused)
    await store(db, clock, SECOND)
    await move(db, clock, run_id)
    async with db.connection() as conn:
        run = await runs.show_run(conn, run_id)
        assert (run.status, run.wake_name) == ("paused", "operator: paused by key:ops")
        assert await runs.stalled_runs(conn, now=clock.now() + timedelta(days=9)) == []


@pytest.mark.req("FLO-308")
async def test_an_incident_goes_away_when_the_version_that_mends_it_is_retried(
    db: Database, clock: ManualClock
) -> None:
    strange = version("1", edges=EDGES.replace("{from: ask, to: review}", "{from: ask, to: review, when: x > 1}"))
    world = World({"ask": lambda _: Done({"x": "a text"})})
    run_id = await waits(db, clock, strange, world)
    await store(db, clock, FIRST.replace('version: "1"', 'version: "2"'))
    await move(db, clock, run_id)
    async with working(db, world, clock):
        async with db.transaction() as conn:
            await arrivals.retry(conn, run_id=run_id, node="ask", new_key=False, actor=OPS, now=clock.now())
        run = await until(db, run_id, lambda run: run.status == "waiting" and not run.owned)
    assert run.wake_name == "person: officer (review)"
    assert {call.idempotency_key.split(":", 1)[1] for call in world.calls} == {"ask:1"}


@pytest.mark.req("FLO-308")
async def test_a_promised_answer_comes_to_the_address_of_before(db: Database, clock: ManualClock) -> None:
    world = World({"ask": lambda _: Wait()})
    run_id = await waits(db, clock, world=world)
    await store(db, clock, SECOND)
    await move(db, clock, run_id)
    async with working(db, world, clock):
        async with db.transaction() as conn:
            target = CallbackTarget(run_id, "ask", 1)
            await arrivals.accept_callback(conn, target=target, answer={"x": 1}, now=clock.now())
        await until(db, run_id, lambda run: run.wake_name == "person: officer (review)")


@pytest.mark.req("FLO-308")
async def test_a_run_that_does_not_fit_stays_as_it_is_and_the_reasons_are_told(
    db: Database, clock: ManualClock
) -> None:
    run_id = await waits(db, clock)
    await store(db, clock, UNFIT)
    before = await facts_of(db, run_id)
    with pytest.raises(RunDoesNotFit) as refused:
        await move(db, clock, run_id, "3")
    assert [(each["fact"], each["node"], each["edge"]) for each in refused.value.misfits] == [
        (2, "ask", "ask → review (sequential)"),
        (2, "ask", "ask → review (conditional `x == 1`)"),
    ]
    async with db.connection() as conn:
        run = await runs.show_run(conn, run_id)
        source = await find_named_version(conn, "test", "1")
    assert (run.definition_id, await facts_of(db, run_id)) == (source.definition_id, before)


@pytest.mark.req("FLO-308")
async def test_a_check_says_what_fits_and_changes_nothing(db: Database, clock: ManualClock) -> None:
    run_id = await waits(db, clock)
    await store(db, clock, SECOND, UNFIT)
    before = await facts_of(db, run_id)
    async with db.transaction() as conn:
        fits = await migrating.check(conn, run_id=run_id, to="2")
        unfit = await migrating.check(conn, run_id=run_id, to="3")
    assert (fits.fits, fits.moved, unfit.fits) == (True, False, False)
    assert await facts_of(db, run_id) == before


@pytest.mark.req("FLO-308")
async def test_what_cannot_be_moved_is_refused_by_name(db: Database, clock: ManualClock) -> None:
    run_id = await waits(db, clock)
    with pytest.raises(VersionIsTheSame):
        await move(db, clock, run_id, "1")
    with pytest.raises(ProcedureNotFound):
        await move(db, clock, run_id, "9")
    await store(db, clock, SECOND)
    async with db.transaction() as conn:
        await conn.execute(b"update flow_run set owner = gen_random_uuid() where run_id = %s", (run_id,))
    with pytest.raises(RunHeld):
        await move(db, clock, run_id)
    async with db.transaction() as conn:
        await conn.execute(b"update flow_run set owner = null where run_id = %s", (run_id,))
    await act(db, clock, arrivals.cancel, run_id, reason="no more")
    async with working(db, World(), clock):
        await ended(db, run_id)
    with pytest.raises(RunFinished):
        await move(db, clock, run_id)


@pytest.mark.req("FLO-308")
async def test_all_open_runs_of_a_version_are_moved_batch_by_batch_but_those_that_do_not_fit(
    db: Database, clock: ManualClock
) -> None:
    world = World()
    async with working(db, world, clock):
        found = [await start(db, clock, FIRST) for _ in range(3)]
        for run_id in found:
            await until(db, run_id, let_go)
        world.answers["ask"] = lambda _: Failed("E", "e")
        blocked = await start(db, clock, FIRST)
        await until(db, blocked, let_go)
    await store(db, clock, SECOND, UNFIT)
    about: dict[str, Any] = {"procedure_id": "test", "before": "1", "reason": "r", "now": clock.now(), "actor": OPS}
    async with db.transaction() as conn:
        batch = await migrating.migrate_waiting(conn, **about, to="3")
    assert [each.run_id for each in batch.items if each.moved] == [blocked]
    assert (batch.moved, batch.fitting, len(batch.items), batch.last) == (1, 1, 4, None)
    moved: list[UUID] = []
    after: UUID | None = None
    for _ in range(2):
        async with db.transaction() as conn:
            batch = await migrating.migrate_waiting(conn, **about, to="2", after=after, limit=2)
        moved += [each.run_id for each in batch.items if each.moved]
        after = batch.last
    assert (moved, after) == (sorted(found), None)
    async with db.connection() as conn:
        assert sorted((await migrating.open_runs_of_versions(conn, "test")).values()) == [1, 3]


@pytest.mark.req("FLO-308")
async def test_without_an_actor_a_batch_is_only_looked_at(db: Database, clock: ManualClock) -> None:
    run_id = await waits(db, clock)
    await store(db, clock, SECOND)
    async with db.transaction() as conn:
        about: dict[str, Any] = {"procedure_id": "test", "before": "1", "to": "2", "reason": "", "now": clock.now()}
        batch = await migrating.migrate_waiting(conn, **about, actor=None)
    assert (batch.fitting, batch.moved, batch.items[0].run_id) == (1, 0, run_id)
    assert await payloads(db, run_id, "run_migrated") == []


@pytest.mark.req("FLO-308")
async def test_a_move_is_in_the_audit_chain_with_both_versions(db: Database, clock: ManualClock) -> None:
    run_id = await waits(db, clock)
    await store(db, clock, SECOND)
    await move(db, clock, run_id)
    async with db.connection() as conn:
        page = await audit.list_entries(conn, audit.EntryFilter(action="run.migrate"))
    assert [entry.object_id for entry in page.items] == [str(run_id)]


@pytest.mark.req("FLO-308")
async def test_a_run_that_was_moved_twice_is_read_in_the_words_of_its_version(db: Database, clock: ManualClock) -> None:
    run_id = await waits(db, clock)
    await store(db, clock, SECOND, version("4"))
    await move(db, clock, run_id)
    await move(db, clock, run_id, "4")
    async with db.connection() as conn:
        procedure, state, facts = await runs.read_state(conn, run_id)
        rows = await runs.read_journal(conn, run_id, limit=2)
        page = await runs.facts_of(conn, run_id, rows)
    assert page == facts[:2]
    assert state.edges == {0: True}
    assert "ask: done · → review" in timeline(procedure, state, facts)
