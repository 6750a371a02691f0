"""What somebody is given who asks for the next ticket."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from opsdesk import review
from opsdesk.access import Actor, Scope, keys
from opsdesk.app import desk
from opsdesk.app.console.ticket_next import claim_next, waiting_for
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.review.deadlines import escalate, move_clock
from opsdesk.review.leading import assign_tickets
from tests.access.staff import KEEPER, person
from tests.app.test_desk import request

GREETER = Actor("key:bo", "bo", frozenset({"greeter"}), frozenset(Scope))


@pytest.mark.req("FLO-313")
async def test_what_was_escalated_is_next_and_what_stands_is_last(conn: Connection, clock: ManualClock) -> None:
    ids = [UUID(await desk.open_ticket(conn, request(clock, iteration=number), clock.now())) for number in range(1, 4)]
    now: dict[str, Any] = {"now": clock.now()}
    await move_clock(conn, ticket_id=ids[0], due_at=None, stands_since=clock.now(), **now)
    await move_clock(conn, ticket_id=ids[1], due_at=clock.now() + timedelta(minutes=1), stands_since=None, **now)
    await escalate(conn, ticket_id=ids[2], role=None, priority=4, **now)
    waiting = await waiting_for(conn, actor=GREETER, **now)
    assert [ticket.id for ticket in waiting] == [ids[2], ids[1], ids[0]]
    claimed = await claim_next(conn, actor=GREETER, **now)
    assert claimed is not None
    assert claimed.id == ids[2]


@pytest.mark.req("REV-B02", "REV-B10")
async def test_what_somebody_has_answered_waits_for_others_and_not_for_them(
    conn: Connection, clock: ManualClock
) -> None:
    ids = [UUID(await desk.open_ticket(conn, request(clock, iteration=number), clock.now())) for number in (1, 2)]
    await review.claim(conn, ticket_id=ids[0], actor=GREETER, now=clock.now())
    answers = {"decision": "approved", "notes": "fine"}
    at: dict[str, Any] = {"now": clock.now(), "on_decided": desk.on_decided}
    await review.decide(conn, ticket_id=ids[0], actor=GREETER, answers=answers, key="1", **at)
    assert [ticket.id for ticket in await waiting_for(conn, actor=GREETER, now=clock.now())] == [ids[1]]
    other = replace(GREETER, id="key:li", name="li")
    assert [ticket.id for ticket in await waiting_for(conn, actor=other, now=clock.now())] == ids


@pytest.mark.req("REV-B13")
async def test_what_was_assigned_to_somebody_is_next_for_them_and_for_nobody_else(
    conn: Connection, clock: ManualClock
) -> None:
    """However far back in the queue it is. A role of people is needed here: tickets are assigned to accounts."""
    now: dict[str, Any] = {"now": clock.now()}
    first, last = [
        UUID(await desk.open_ticket(conn, request(clock, iteration=number), clock.now())) for number in (1, 2)
    ]
    for ticket_id, priority in ((first, 9), (last, 0)):
        await escalate(conn, ticket_id=ticket_id, role="reviewer", priority=priority, **now)
    mine, other = [(await person(conn, clock, email=f"{name}@example.com")).actor for name in ("mine", "other")]
    await assign_tickets(conn, ticket_ids=[last], email="mine@example.com", actor=KEEPER, **now)
    assert [ticket.id for ticket in await waiting_for(conn, actor=mine, **now)] == [last, first]
    assert [ticket.id for ticket in await waiting_for(conn, actor=other, **now)] == [first]
    claimed = await claim_next(conn, actor=mine, **now)
    assert claimed is not None
    assert claimed.id == last


@pytest.mark.req("REV-B13")
async def test_a_ticket_that_is_passed_over_is_not_kept_locked(db: Database, clock: ManualClock) -> None:
    """Whoever holds one and waits for another would keep a lead waiting who locks them in the other order."""
    now: dict[str, Any] = {"now": clock.now()}
    async with db.transaction() as conn:
        taker = (await person(conn, clock)).actor
        await keys.create_key(conn, name="anna", scopes=[Scope.RUNS_WRITE], roles=(), actor=taker, **now)
        asked = [request(clock), replace(request(clock, iteration=2), requested_by="key:li")]
        own, free = [UUID(await desk.open_ticket(conn, each, clock.now())) for each in asked]
        for ticket_id, priority in ((own, 9), (free, 0)):
            await escalate(conn, ticket_id=ticket_id, role="reviewer", priority=priority, **now)
        assert [ticket.id for ticket in await waiting_for(conn, actor=taker, **now)] == [own, free]
    async with db.transaction() as taking, db.transaction() as leading:
        claimed = await claim_next(taking, actor=taker, **now)
        assert claimed is not None
        assert claimed.id == free
        lock = b"select id from ticket where id = %(id)s for update nowait"
        assert await (await leading.execute(lock, {"id": own})).fetchone() is not None
