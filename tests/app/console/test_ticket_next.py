"""What somebody is given who asks for the next ticket."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from opsdesk import review
from opsdesk.access import Actor, Scope
from opsdesk.app import desk
from opsdesk.app.console.ticket_next import claim_next, waiting_for
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection
from opsdesk.review.deadlines import escalate, move_clock
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
