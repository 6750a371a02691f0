"""Runs that carry out nodes of other runs, with a real database and real workers."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from opsdesk.flows import arrivals, family, run_list, runs
from opsdesk.flows.calls import Done, Failed, NodeCall, Wait
from opsdesk.flows.definitions import store_procedure
from opsdesk.flows.errors import ProcedureRefused
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from tests.actors import actor
from tests.flows.workers import HEAD, World, ended, facts_of, let_go, start, until, working

API = 'type: api, purpose: p, runtime: {url: "https://a.test"}'
SPAWN = f"""{HEAD}
inputs: [case]
nodes:
  - {{id: lead, {API}, outputs: [x]}}
  - {{id: helper, {API}, inputs: [x], outputs: [y]}}
  - {{id: sum, {API}, inputs: [y]}}
edges:
  - {{from: lead, to: helper, mode: spawn, spawn_count: 3}}
  - {{from: helper, to: sum}}
"""
OTHER = f"""
osop_version: "2.0"
id: other
name: Other
inputs: {{amount: {{type: integer}}}}
nodes:
  - {{id: inner, {API}, inputs: [amount], outputs: [y]}}
  - {{id: inner2, {API}}}
edges:
  - {{from: inner, to: inner2, mode: conditional, when: y > 0}}
"""
CALLING = f"""{HEAD}
nodes:
  - {{id: lead, {API}, outputs: [x]}}
  - id: call
    type: system
    purpose: p
    workflow_ref: other
    workflow_inputs: {{amount: "${{outputs.lead.x}}"}}
    outputs: [y]
  - {{id: after, {API}, inputs: [y]}}
edges:
  - {{from: lead, to: call}}
  - {{from: call, to: after}}
"""


async def store(db: Database, clock: ManualClock, text: str) -> None:
    async with db.transaction() as conn:
        await store_procedure(conn, text=text, file_name="other.osop.yaml", actor=actor(), now=clock.now())


async def children(db: Database, run_id: UUID) -> list[family.ChildRun]:
    async with db.connection() as conn:
        return await family.children_of(conn, run_id)


def called(world: World, node: str) -> list[NodeCall]:
    return [call for call in world.calls if call.node.id == node]


async def payloads(db: Database, run_id: UUID, fact: str) -> list[Mapping[str, Any]]:
    async with db.connection() as conn:
        return [row.payload for row in await runs.read_journal(conn, run_id) if row.fact == fact]


@pytest.mark.req("FLO-310", "FLO-301")
async def test_a_spawn_edge_starts_so_many_runs_of_their_own_and_their_outputs_come_back_as_lists(
    db: Database, clock: ManualClock
) -> None:
    world = World({"helper": lambda call: Done({"y": call.scope["spawn.index"] * 10})})
    async with working(db, world, clock):
        run_id = await start(db, clock, SPAWN, {"case": "c-1"})
        assert (await ended(db, run_id)).status == "completed"
    found = await children(db, run_id)
    assert [(child.node, child.index, child.status, child.is_part) for child in found] == [
        ("helper", index, "completed", True) for index in range(3)
    ]
    assert [call.scope["y"] for call in called(world, "sum")] == [[0, 10, 20]]
    assert sorted(call.scope["spawn.index"] for call in called(world, "helper")) == [0, 1, 2]
    assert {call.run_id for call in called(world, "helper")} == {child.run_id for child in found}
    assert len({call.idempotency_key for call in called(world, "helper")}) == 3
    assert {call.outputs["lead"]["x"] for call in called(world, "helper")} == {1}
    kinds = [kind for kind, _ in await facts_of(db, run_id)]
    assert kinds.count("child_ended") == 3


@pytest.mark.req("FLO-310", "FLO-302")
async def test_a_node_runs_another_procedure_with_inputs_mapped_and_outputs_back(
    db: Database, clock: ManualClock
) -> None:
    world = World({"inner": lambda call: Done({"y": call.inputs["amount"] + 41}), "inner2": lambda _: Done({})})
    async with working(db, world, clock):
        await store(db, clock, OTHER)
        run_id = await start(db, clock, CALLING)
        assert (await ended(db, run_id)).status == "completed"
    (child,) = await children(db, run_id)
    assert (child.procedure_id, child.status, child.is_part) == ("other", "completed", False)
    assert [call.inputs["y"] for call in called(world, "after")] == [42]
    (waiting,) = await payloads(db, run_id, "node_waiting")
    assert (waiting["procedure"], waiting["digest"]) == ("other", child.digest)
    async with db.connection() as conn:
        parent = await family.parent_of(conn, child.run_id)
    assert parent is not None
    assert (parent.run_id, parent.node, parent.index) == (run_id, "call", 0)


@pytest.mark.req("FLO-310")
async def test_a_child_that_fails_has_the_parent_take_its_error_edge_with_the_code_and_the_run(
    db: Database, clock: ManualClock
) -> None:
    text = SPAWN + "  - {from: helper, to: lead2, mode: error, when: \"error.code == 'Broken'\"}\n"
    text = text.replace("edges:", f"  - {{id: lead2, {API}}}\nedges:")
    world = World({"helper": lambda call: Failed("Broken", "x") if call.scope["spawn.index"] == 1 else Done({"y": 1})})
    async with working(db, world, clock):
        run_id = await start(db, clock, text, {"case": "c-1"})
        assert (await ended(db, run_id)).status == "completed"
    found = await children(db, run_id)
    assert [child.status for child in found] == ["completed", "stopped", "completed"]
    (failure,) = await payloads(db, run_id, "node_failed")
    assert failure["code"] == "Broken"
    assert failure["message"].startswith(f"run {found[1].run_id} (2 of 3) ended as stopped at helper: Broken")
    assert len(called(world, "lead2")) == 1


@pytest.mark.req("FLO-310")
async def test_a_failure_that_the_parent_does_not_take_up_is_an_incident_at_the_child_and_is_retried_there(
    db: Database, clock: ManualClock
) -> None:
    broken = True
    world = World({"helper": lambda _: Failed("Broken", "x") if broken else Done({"y": 1})})
    async with working(db, world, clock):
        run_id = await start(db, clock, SPAWN, {"case": "c-1"})
        parent = await until(db, run_id, let_go)
        assert (parent.status, parent.wake_name) == ("waiting", "children: 3 of 3 (helper)")
        found = await children(db, run_id)
        for child in found:
            await until(db, child.run_id, lambda run: run.status == "blocked" and let_go(run))
        async with db.connection() as conn:
            assert await runs.stalled_runs(conn, now=clock.now()) == []
        broken = False
        for child in found:
            async with db.transaction() as conn:
                await arrivals.retry(
                    conn, run_id=child.run_id, node="helper", new_key=False, actor=actor(), now=clock.now()
                )
        assert (await ended(db, run_id)).status == "completed"


@pytest.mark.req("FLO-310")
@pytest.mark.parametrize(
    ("how", "outcomes", "last"),
    [
        ("wait", ["completed", "stopped", "completed"], "node_failed"),
        ("ignore", ["completed", "stopped", "completed"], "run_ended"),
    ],
)
async def test_what_becomes_of_the_node_when_a_child_fails_is_as_the_document_says(
    db: Database, clock: ManualClock, how: str, outcomes: list[str], last: str
) -> None:
    text = SPAWN.replace("inputs: [x], outputs: [y]", f"inputs: [x], outputs: [y], x-on-child-failure: {how}")
    text += "  - {from: helper, to: other, mode: fallback}\n"
    text = text.replace("edges:", f"  - {{id: other, {API}}}\nedges:")
    world = World({"helper": lambda call: Failed("Broken", "x") if call.scope["spawn.index"] == 1 else Done({"y": 7})})
    async with working(db, world, clock):
        run_id = await start(db, clock, text, {"case": "c-1"})
        assert (await ended(db, run_id)).status == "completed"
    assert [child.status for child in await children(db, run_id)] == outcomes
    assert bool(called(world, "other")) == (last == "node_failed")
    assert [call.scope["y"] for call in called(world, "sum")] == ([[7, None, 7]] if how == "ignore" else [])


@pytest.mark.req("FLO-310")
async def test_the_first_failure_cancels_the_other_children_where_the_document_says_so(
    db: Database, clock: ManualClock
) -> None:
    text = SPAWN.replace("inputs: [x], outputs: [y]", "inputs: [x], outputs: [y], x-on-child-failure: cancel")
    text += "  - {from: helper, to: other, mode: fallback}\n"
    text = text.replace("edges:", f"  - {{id: other, {API}}}\nedges:")
    world = World({"helper": lambda call: Failed("Broken", "x") if call.scope["spawn.index"] == 1 else Wait()})
    async with working(db, world, clock):
        run_id = await start(db, clock, text, {"case": "c-1"})
        assert (await ended(db, run_id)).status == "completed"
        found = await children(db, run_id)
        assert [(await ended(db, child.run_id)).status for child in found] == ["cancelled", "stopped", "cancelled"]


@pytest.mark.req("FLO-310")
async def test_cancelling_the_parent_cancels_the_children_that_are_open_at_whatever_worker(
    db: Database, clock: ManualClock
) -> None:
    world = World({"helper": lambda _: Wait()})
    async with working(db, world, clock), working(db, world, clock):
        run_id = await start(db, clock, SPAWN, {"case": "c-1"})
        await until(db, run_id, let_go)
        found = await children(db, run_id)
        for child in found:
            await until(db, child.run_id, let_go)
        async with db.transaction() as conn:
            await arrivals.cancel(conn, run_id=run_id, reason="not wanted", actor=actor(), now=clock.now())
        assert (await ended(db, run_id)).status == "cancelled"
        ends = [await ended(db, child.run_id) for child in found]
    assert [(run.status, run.outcome_reason) for run in ends] == [
        ("cancelled", "the run that started it has ended: cancelled")
    ] * 3
    assert "ignored" not in [kind for kind, _ in await facts_of(db, run_id)]


@pytest.mark.req("FLO-310")
async def test_a_child_that_somebody_cancels_fails_its_node_under_its_own_name(
    db: Database, clock: ManualClock
) -> None:
    text = CALLING + "  - {from: call, to: lead2, mode: fallback}\n"
    text = text.replace("edges:", f"  - {{id: lead2, {API}}}\nedges:")
    world = World({"inner": lambda _: Wait()})
    async with working(db, world, clock):
        await store(db, clock, OTHER)
        run_id = await start(db, clock, text)
        await until(db, run_id, let_go)
        (child,) = await children(db, run_id)
        async with db.transaction() as conn:
            await arrivals.cancel(conn, run_id=child.run_id, reason="a mistake", actor=actor(), now=clock.now())
        assert (await ended(db, run_id)).status == "completed"
    (failure,) = await payloads(db, run_id, "node_failed")
    assert (failure["code"], failure["message"]) == (
        "ChildCancelled",
        f"run {child.run_id} ended as cancelled: a mistake",
    )


@pytest.mark.req("FLO-310")
async def test_a_procedure_that_is_not_there_or_refuses_its_inputs_is_an_incident_that_can_be_retried(
    db: Database, clock: ManualClock
) -> None:
    world = World({"lead": lambda _: Done({"x": "many"}), "inner2": lambda _: Done({})})
    async with working(db, world, clock):
        run_id = await start(db, clock, CALLING)
        await until(db, run_id, lambda run: run.status == "blocked" and let_go(run))
        await store(db, clock, OTHER)
        async with db.transaction() as conn:
            await arrivals.retry(conn, run_id=run_id, node="call", new_key=False, actor=actor(), now=clock.now())
        while len(found := await payloads(db, run_id, "node_failed")) < 2:
            await asyncio.sleep(0.02)
    assert [(each["code"], each["message"].split(":")[1].strip()) for each in found] == [
        ("ChildNotStarted", "there is no procedure other"),
        ("ChildNotStarted", "other does not take its inputs"),
    ]
    assert await children(db, run_id) == []


@pytest.mark.req("FLO-310")
async def test_the_time_limit_of_a_node_ends_the_procedure_that_it_runs(db: Database, clock: ManualClock) -> None:
    text = CALLING.replace("    outputs: [y]", "    outputs: [y]\n    timeout_sec: 60")
    world = World({"inner": lambda _: Wait()})
    async with working(db, world, clock):
        await store(db, clock, OTHER)
        run_id = await start(db, clock, text)
        await until(db, run_id, let_go)
        clock.advance(seconds=61)
        assert (await ended(db, run_id)).status == "timed_out"
        (child,) = await children(db, run_id)
        assert (await ended(db, child.run_id)).status == "cancelled"


@pytest.mark.req("FLO-310")
async def test_procedures_that_run_each_other_are_refused_when_stored_and_end_by_depth_in_a_run(
    db: Database, clock: ManualClock
) -> None:
    calls_back = OTHER.replace('runtime: {url: "https://a.test"}, inputs: [amount], outputs: [y]', "outputs: [y]")
    calls_back = calls_back.replace("id: inner, type: api", "id: inner, workflow_ref: test, type: system")
    world = World()
    async with working(db, world, clock):
        await store(db, clock, OTHER)
        await start(db, clock, CALLING)
        with pytest.raises(ProcedureRefused) as refused:
            await store(db, clock, calls_back)
    assert [each["message"] for each in refused.value.findings] == ["other → test → other goes round in a circle"]


def deep(number: int) -> str:
    called = f"{{id: call, type: system, purpose: p, workflow_ref: p{number + 1}}}"
    return f'osop_version: "2.0"\nid: p{number}\nname: P\nnodes:\n  - {called}\n'


@pytest.mark.req("FLO-310")
async def test_runs_that_start_runs_end_at_a_depth_with_the_way_that_led_there(
    db: Database, clock: ManualClock
) -> None:
    async with working(db, World(), clock):
        for number in range(10):
            await store(db, clock, deep(number))
        async with db.transaction() as conn:
            run, _ = await runs.start_run(conn, procedure_id="p0", inputs={}, actor=actor(), now=clock.now())
        for _ in range(8):
            while not (found := await children(db, run.run_id)):
                await asyncio.sleep(0.02)
            run = await until(db, found[0].run_id, let_go)
        run = await until(db, run.run_id, lambda run: run.status == "blocked")
        (failure,) = await payloads(db, run.run_id, "node_failed")
    assert (run.procedure_id, failure["code"]) == ("p8", "ChildTooDeep")
    assert failure["message"].endswith("p0 → p1 → p2 → p3 → p4 → p5 → p6 → p7 → p8")


@pytest.mark.req("FLO-310")
async def test_a_child_that_may_not_start_runs_fails_by_name(db: Database, clock: ManualClock) -> None:
    text = SPAWN.replace("outputs: [x]}", "outputs: [x], spawn_policy: {max_children: 3}}", 1)
    text = text.replace(f"helper, {API}", "helper, type: system, purpose: p, workflow_ref: p1, workflow_inputs: {}")
    async with working(db, World(), clock):
        await store(db, clock, deep(1))
        run_id = await start(db, clock, text, {"case": "c-1"})
        await until(db, run_id, let_go)
        found = await children(db, run_id)
        for child in found:
            await until(db, child.run_id, lambda run: run.status == "blocked")
            (failure,) = await payloads(db, child.run_id, "node_failed")
            assert failure["code"] == "SpawnRefused"
    assert len(found) == 3


@pytest.mark.req("FLO-310")
async def test_a_procedure_is_started_anew_as_often_as_its_node_is_to_be_tried(
    db: Database, clock: ManualClock
) -> None:
    text = CALLING.replace("    outputs: [y]", "    outputs: [y]\n    retry_policy: {max_retries: 1}")
    answers = iter([Failed("Broken", "x"), Done({"y": 9})])
    world = World({"inner": lambda _: next(answers), "inner2": lambda _: Done({})})
    async with working(db, world, clock):
        await store(db, clock, OTHER)
        run_id = await start(db, clock, text)
        assert (await ended(db, run_id)).status == "completed"
    assert [child.status for child in await children(db, run_id)] == ["stopped", "completed"]
    assert [call.inputs["y"] for call in called(world, "after")] == [9]


@pytest.mark.req("FLO-310")
async def test_a_pause_of_the_parent_lets_its_children_go_on_and_keeps_their_ends(
    db: Database, clock: ManualClock
) -> None:
    gate = asyncio.Event()

    async def later(_: NodeCall) -> Done:
        await gate.wait()
        return Done({"y": 1})

    async with working(db, World({"helper": later}), clock):
        run_id = await start(db, clock, SPAWN, {"case": "c-1"})
        await until(db, run_id, let_go)
        async with db.transaction() as conn:
            await arrivals.pause(conn, run_id=run_id, reason="a holiday", actor=actor(), now=clock.now())
        await until(db, run_id, lambda run: run.status == "paused" and let_go(run))
        gate.set()
        for child in await children(db, run_id):
            assert (await ended(db, child.run_id)).status == "completed"
        while [kind for kind, _ in await facts_of(db, run_id)].count("child_ended") < 3:
            await asyncio.sleep(0.02)
        async with db.transaction() as conn:
            await arrivals.resume(conn, run_id=run_id, actor=actor(), now=clock.now())
        assert (await ended(db, run_id)).status == "completed"


@pytest.mark.req("FLO-310", "FLO-208")
async def test_runs_of_a_single_node_are_no_runs_of_the_procedure_for_who_asks_for_whole_ones(
    db: Database, clock: ManualClock
) -> None:
    world = World({"helper": lambda _: Done({"y": 1})})
    async with working(db, world, clock):
        run_id = await start(db, clock, SPAWN, {"case": "c-1"})
        await ended(db, run_id)
    async with db.connection() as conn:
        every = await run_list.list_runs(conn, only=run_list.RunFilter(procedure_id="test"))
        whole = await run_list.list_runs(conn, only=run_list.RunFilter(procedure_id="test", whole=True))
    assert (len(every.items), [run.run_id for run in whole.items]) == (4, [run_id])
