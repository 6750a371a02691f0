"""What comes in from outside: starts, callbacks, signals, decisions, cancellations, retries."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from opsdesk.flows import arrivals, runs
from opsdesk.flows.calls import Done, Failed, NodeCall, NodeOutcome, Wait
from opsdesk.flows.errors import AnswerInvalid, InputsInvalid, KeyReused, NotWaiting, RunFinished
from opsdesk.flows.nodes.callbacks import CallbackTarget
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from tests.actors import actor
from tests.flows.workers import CHAIN, REVIEW, World, ended, facts_of, let_go, start, until, working


@pytest.mark.req("FLO-307")
async def test_the_same_key_starts_one_run_and_other_content_is_refused(db: Database, clock: ManualClock) -> None:
    first = await start(db, clock, CHAIN, key="k")
    assert await start(db, clock, CHAIN, key="k") == first
    with pytest.raises(KeyReused):
        await start(db, clock, CHAIN, {"other": 1}, key="k")


async def test_a_cancelled_run_closes_its_ticket_and_takes_nothing_more(db: Database, clock: ManualClock) -> None:
    world = World()
    async with working(db, world, clock):
        run_id = await start(db, clock, REVIEW)
        await until(db, run_id, let_go)
        async with db.transaction() as conn:
            await arrivals.cancel(conn, run_id=run_id, reason="asked to", actor=actor("ops"), now=clock.now())
        run = await ended(db, run_id)
        assert (run.status, run.outcome_reason) == ("cancelled", "asked to")
        assert world.closed == [("ticket-1", "cancelled")]
        with pytest.raises(RunFinished) as refused:
            async with db.transaction() as conn:
                await arrivals.cancel(conn, run_id=run_id, reason="again", actor=actor("ops"), now=clock.now())
    assert refused.value.state == "cancelled"


async def test_a_cancellation_reaches_a_run_while_its_partner_is_being_called(db: Database, clock: ManualClock) -> None:
    called = asyncio.Event()

    async def never(call: NodeCall) -> NodeOutcome:
        called.set()
        await asyncio.Event().wait()
        return Done({})

    async with working(db, World({"first": never}), clock):
        run_id = await start(db, clock, CHAIN)
        await called.wait()
        async with db.transaction() as conn:
            await arrivals.cancel(conn, run_id=run_id, reason="asked to", actor=actor("ops"), now=clock.now())
        assert (await ended(db, run_id)).status == "cancelled"


@pytest.mark.req("FLO-003")
@pytest.mark.parametrize("later", [Wait(), Failed("PartnerFailing", "it answered 500")], ids=["taken", "failed"])
async def test_a_callback_that_was_kept_counts_whatever_becomes_of_its_request(
    db: Database, clock: ManualClock, later: NodeOutcome
) -> None:
    async def answers_first(call: NodeCall) -> NodeOutcome:
        async with db.transaction() as conn:
            target = CallbackTarget(call.run_id, "first", 1)
            assert await arrivals.accept_callback(conn, target=target, answer={"x": 7}, now=clock.now())
        return later

    world = World({"first": answers_first})
    async with working(db, world, clock):
        run_id = await start(db, clock, CHAIN)
        assert (await ended(db, run_id)).status == "completed"
    assert [dict(call.inputs) for call in world.calls if call.node.id == "second"] == [{"x": 7}]
    assert (await facts_of(db, run_id)).count(("node_ended", "first")) == 1


@pytest.mark.req("FLO-003")
async def test_a_callback_counts_once_and_no_worker_holds_the_run_while_it_waits(
    db: Database, clock: ManualClock
) -> None:
    world = World({"first": lambda _: Wait()})
    async with working(db, world, clock):
        run_id = await start(db, clock, CHAIN)
        run = await until(db, run_id, let_go)
        assert (run.status, run.wake_name) == ("waiting", "event: partner's answer (first)")
        target = CallbackTarget(run_id, "first", 1)

        async def answer(content: Any) -> bool:
            async with db.transaction() as conn:
                return await arrivals.accept_callback(conn, target=target, answer=content, now=clock.now())

        with pytest.raises(AnswerInvalid):
            await answer({"unknown": 1})
        assert await answer({"x": 7}) is True
        assert (await ended(db, run_id)).status == "completed"
        assert await answer({"x": 7}) is False
        with pytest.raises(KeyReused):
            await answer({"x": 8})
    assert [dict(call.inputs) for call in world.calls if call.node.id == "second"] == [{"x": 7}]


async def test_a_signal_answers_in_the_partners_place_but_never_in_a_reviewers(
    db: Database, clock: ManualClock
) -> None:
    async with working(db, World({"first": lambda _: Wait()}), clock):
        run_id = await start(db, clock, CHAIN)
        await until(db, run_id, let_go)
        async with db.transaction() as conn:
            await arrivals.signal(
                conn, run_id=run_id, node="first", answer={"x": 1}, actor=actor("ops"), now=clock.now()
            )
        assert (await ended(db, run_id)).status == "completed"
        reviewed = await start(db, clock, REVIEW)
        await until(db, reviewed, let_go)
        with pytest.raises(NotWaiting):
            async with db.transaction() as conn:
                await arrivals.signal(
                    conn,
                    run_id=reviewed,
                    node="review",
                    answer={"decision": "approved"},
                    actor=actor("ops"),
                    now=clock.now(),
                )


async def test_an_incident_is_retried_by_a_person_with_the_same_key_or_a_new_one(
    db: Database, clock: ManualClock
) -> None:
    outcomes: list[NodeOutcome] = [Failed("E", "broken"), Failed("E", "broken"), Done({"x": 1})]
    world = World({"first": lambda _: outcomes.pop(0)})
    async with working(db, world, clock):
        run_id = await start(db, clock, CHAIN)
        for incidents, new_key in enumerate((False, True), start=1):
            while [fact for fact, _ in await facts_of(db, run_id)].count("node_failed") < incidents:
                await asyncio.sleep(0.02)
            run = await until(db, run_id, let_go)
            assert (run.status, run.wake_name) == ("blocked", "operator: incident at first")
            async with db.transaction() as conn:
                await arrivals.retry(
                    conn, run_id=run_id, node=None, new_key=new_key, actor=actor("ops"), now=clock.now()
                )
        assert (await ended(db, run_id)).status == "completed"
    keys = [call.idempotency_key for call in world.calls if call.node.id == "first"]
    assert keys == [f"{run_id}:first:1", f"{run_id}:first:1", f"{run_id}:first:1:2"]


async def test_what_comes_in_while_a_run_ends_is_kept_in_its_journal(db: Database, clock: ManualClock) -> None:
    async with working(db, World(), clock):
        run_id = await start(db, clock, CHAIN)
        await ended(db, run_id)
        async with db.connection() as conn:
            for key in ("late-1", "late-2"):
                await conn.execute(
                    b"insert into flow_inbox (run_id, kind, key, digest, node, iteration, payload, actor, at)"
                    b" values (%s, 'signal', %s, '', 'first', 1, '{}', 'ops', %s)",
                    (run_id, key, clock.now()),
                )
        while [fact for fact, _ in await facts_of(db, run_id)][4:] != ["ignored", "ignored"]:
            await asyncio.sleep(0.02)


@pytest.mark.req("FLO-003", "FLO-307")
async def test_a_partner_answers_again_after_a_person_had_its_node_executed_again(
    db: Database, clock: ManualClock
) -> None:
    text = CHAIN.replace(
        "{from: first, to: second}", "{from: first, to: second, mode: conditional, condition: 'x > 1'}"
    )
    async with working(db, World({"first": lambda _: Wait()}), clock):
        run_id = await start(db, clock, text)
        target = CallbackTarget(run_id, "first", 1)
        for answer, status in (("no number", "blocked"), ("no number", "blocked"), (2, "completed")):
            await until(db, run_id, at_rest("waiting"))
            async with db.transaction() as conn:
                assert await arrivals.accept_callback(conn, target=target, answer={"x": answer}, now=clock.now())
            await until(db, run_id, at_rest(status))
            async with db.transaction() as conn:
                assert not await arrivals.accept_callback(conn, target=target, answer={"x": answer}, now=clock.now())
                if status == "blocked":
                    await arrivals.retry(
                        conn, run_id=run_id, node=None, new_key=False, actor=actor("ops"), now=clock.now()
                    )


def at_rest(status: str) -> Callable[[runs.Run], bool]:
    return lambda run: run.status == status and not run.owned


async def test_names_without_end_are_told_in_part(db: Database, clock: ManualClock) -> None:
    text = CHAIN + "inputs:\n  amount: {type: integer}\n"
    with pytest.raises(InputsInvalid) as refused:
        await start(db, clock, text, {"amount": 1, **{f"{number}{'x' * 200}": 1 for number in range(50)}})
    assert len(refused.value.problems) == 21
    assert max(map(len, refused.value.problems)) < 120
    assert refused.value.problems[-1] == "30 more names are no inputs of test"
