"""Runs that workers undo: cancelled, with calls under way, tickets open, undos that fail."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from opsdesk.flows import arrivals, runs
from opsdesk.flows.calls import Done, Failed, NodeCall, NodeOutcome
from opsdesk.flows.errors import RunIsUndone
from opsdesk.flows.record import osop_log
from opsdesk.flows.run_report import report_of
from opsdesk.flows.run_report_text import text as report_text
from opsdesk.flows.text_view import timeline
from opsdesk.flows.views import RunDetail, sight
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from tests.flows.test_steering import OPS, act
from tests.flows.workers import HEAD, World, ended, facts_of, let_go, start, until, working

ORDER = f"""{HEAD}
nodes:
  - {{id: reserve, type: api, purpose: p, runtime: {{url: "https://a.test"}}, outputs: [x], x-compensate: unreserve}}
  - {{id: charge, type: api, purpose: p, runtime: {{url: "https://a.test"}}, outputs: [y], x-compensate: refund}}
  - {{id: review, type: human, purpose: p, role: officer}}
  - {{id: unreserve, type: api, purpose: p, runtime: {{url: "https://a.test"}}, inputs: [x]}}
  - {{id: refund, type: %s, purpose: p, runtime: {{url: "https://a.test"}}}}
edges:
  - {{from: reserve, to: charge}}
  - {{from: charge, to: review}}
"""
BY_CALL, BY_PERSON = ORDER % "api", ORDER % "human"


async def cancel(db: Database, clock: ManualClock, run_id: UUID) -> None:
    await act(db, clock, arrivals.cancel, run_id, reason="withdrawn")


def calls(world: World) -> list[tuple[str, str]]:
    return [(call.node.id, call.idempotency_key.split(":", 1)[1]) for call in world.calls]


@pytest.mark.req("FLO-311")
async def test_a_cancelled_run_undoes_what_it_has_done_and_closes_its_ticket_first(
    db: Database, clock: ManualClock
) -> None:
    world = World()
    async with working(db, world, clock):
        run_id = await start(db, clock, BY_CALL)
        await until(db, run_id, let_go)
        await cancel(db, clock, run_id)
        run = await ended(db, run_id)
    assert (run.status, run.outcome_reason) == ("cancelled", "withdrawn")
    assert calls(world)[2:] == [("refund", "refund:1"), ("unreserve", "unreserve:1")]
    assert world.calls[-1].inputs == {"x": 1}
    assert world.closed == [("ticket-1", "cancelled")]


@pytest.mark.req("FLO-311")
async def test_a_call_under_way_at_the_cancellation_is_waited_for_and_undone(db: Database, clock: ManualClock) -> None:
    called, answer = asyncio.Event(), asyncio.Event()

    async def slow(_: NodeCall) -> NodeOutcome:
        called.set()
        await answer.wait()
        return Done({"y": 2})

    world = World({"charge": slow})
    async with working(db, world, clock):
        run_id = await start(db, clock, BY_CALL)
        await called.wait()
        await cancel(db, clock, run_id)
        await until(db, run_id, lambda run: run.status == "compensating")
        assert [name for name, _ in calls(world)] == ["reserve", "charge"]
        answer.set()
        assert (await ended(db, run_id)).status == "cancelled"
    assert [name for name, _ in calls(world)][2:] == ["refund", "unreserve"]


@pytest.mark.req("FLO-311", "FLO-307")
async def test_an_undo_that_fails_is_an_incident_and_the_run_ends_when_a_person_skips_it(
    db: Database, clock: ManualClock
) -> None:
    world = World({"refund": lambda _: Failed("Gone", "no such payment")})
    async with working(db, world, clock):
        run_id = await start(db, clock, BY_CALL)
        await until(db, run_id, let_go)
        await cancel(db, clock, run_id)
        run = await until(db, run_id, lambda run: run.status == "blocked" and not run.owned)
        assert run.wake_name == "operator: incident at refund"
        with pytest.raises(RunIsUndone):
            await cancel(db, clock, run_id)
        with pytest.raises(RunIsUndone):
            await act(db, clock, arrivals.rerun, run_id, node="reserve", reason="again")
        await act(db, clock, arrivals.skip, run_id, node="refund", reason="paid back by hand")
        assert (await ended(db, run_id)).status == "cancelled"
    assert (await facts_of(db, run_id))[-4:] == [
        ("node_failed", "refund"),
        ("node_ended", "refund"),
        ("node_ended", "unreserve"),
        ("run_ended", ""),
    ]


@pytest.mark.req("FLO-311")
async def test_an_undo_that_a_person_answers_can_be_skipped_and_its_ticket_is_closed(
    db: Database, clock: ManualClock
) -> None:
    world = World()
    async with working(db, world, clock):
        run_id = await start(db, clock, BY_PERSON)
        await until(db, run_id, let_go)
        await cancel(db, clock, run_id)
        run = await until(db, run_id, lambda run: run.status == "compensating" and not run.owned)
        assert run.wake_name == "person: anyone (refund)"
        async with db.connection() as conn:
            assert await runs.stalled_runs(conn, now=clock.now() + timedelta(days=9)) == []
        await act(db, clock, arrivals.skip, run_id, node="refund", reason="nothing to pay back")
        assert (await ended(db, run_id)).status == "cancelled"
    assert world.closed == [("ticket-1", "cancelled"), ("ticket-2", "cancelled")]


async def undoing(db: Database, clock: ManualClock) -> tuple[UUID, Any]:
    """A run whose undoing waits for a person, and what is read of it."""
    async with working(db, World(), clock):
        run_id = await start(db, clock, BY_PERSON)
        await until(db, run_id, let_go)
        await cancel(db, clock, run_id)
        await until(db, run_id, lambda run: run.status == "compensating" and not run.owned)
    async with db.connection() as conn:
        return run_id, await runs.read_state(conn, run_id)


@pytest.mark.req("FLO-311", "FLO-404")
async def test_views_and_timeline_tell_how_far_the_undoing_is_and_how_the_run_ends_then(
    db: Database, clock: ManualClock
) -> None:
    run_id, (procedure, state, facts) = await undoing(db, clock)
    async with db.connection() as conn:
        run = await runs.show_run(conn, run_id)
    detail = RunDetail.whole(run, procedure, state, sight(OPS, procedure))
    assert detail.status == "compensating"
    assert detail.undoing is not None
    assert (detail.undoing.outcome, detail.undoing.reason, detail.undoing.actor) == (
        "cancelled",
        "withdrawn",
        "key:ops",
    )
    assert (detail.undoing.undone, detail.undoing.left) == (0, 2)
    assert next(node for node in detail.nodes if node.id == "refund").undoes == "charge"
    told = timeline(procedure, state, facts)
    assert "Then: Cancelled: withdrawn. 0 of 2 undone" in told
    assert "undoing begins" in told
    assert "随后：已取消：withdrawn。已撤销 0/2" in timeline(procedure, state, facts, language="zh-CN")


@pytest.mark.req("FLO-311", "FLO-401", "FLO-404")
async def test_the_log_says_what_each_undo_undid_and_that_others_had_nothing_to_undo(
    db: Database, clock: ManualClock
) -> None:
    world = World()
    async with working(db, world, clock):
        run_id = await start(db, clock, BY_CALL.replace("x-compensate: refund", "x-compensate: unreserve"))
        await until(db, run_id, let_go)
        await cancel(db, clock, run_id)
        await ended(db, run_id)
    async with db.connection() as conn:
        procedure, _, facts = await runs.read_state(conn, run_id)
    log = osop_log(procedure, str(run_id), facts)
    records = log["node_records"]
    told = report_text(report_of(procedure, log, now=clock.now()))
    assert "undoes charge" in told
    assert "undoes reserve" in told
    undone = [(each["node_id"], each.get("iteration", 1), each["undoes"]) for each in records if "undoes" in each]
    assert undone == [
        ("unreserve", 1, {"node_id": "charge", "iteration": 1}),
        ("unreserve", 2, {"node_id": "reserve", "iteration": 1}),
    ]
    assert next(each["reason"] for each in records if each["node_id"] == "review" and each["status"] == "SKIPPED") == (
        "the run was being undone before it had ended"
    )
