"""Runs that carry out nodes of other runs, with a real database and real workers."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from opsdesk.flows import family, runs
from opsdesk.flows.calls import Done, NodeCall
from opsdesk.flows.definitions import store_procedure
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from tests.actors import actor
from tests.flows.workers import HEAD, World, ended, facts_of, start, working

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
