"""Every list that the console pages through is read backwards as it is read forwards."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from opsdesk import access, flows, review
from opsdesk.access.audit import EntryFilter
from opsdesk.app import desk
from opsdesk.flows.run_list import RunOrder
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection
from opsdesk.kit.paging import Page
from opsdesk.review.deadlines import escalate
from tests.access.staff import KEEPER
from tests.app.documents import greet
from tests.app.test_desk import request

ROWS = 5
Read = Callable[[str | None], Awaitable[Page[Any]]]


@pytest.fixture
async def filled(conn: Connection, clock: ManualClock) -> Connection:
    """Some of everything; of each procedure several versions."""
    for number in range(ROWS):
        await access.people.create_person(
            conn, email=f"p{number}@example.com", name="P", roles=["reviewer"], actor=KEEPER, now=clock.now()
        )
        for version in ("Greet", "Greet again"):
            text = greet().replace("id: greet", f"id: greet-{number}").replace("Greet the customer", version)
            await flows.definitions.store_procedure(conn, text=text, file_name="g.yaml", actor=KEEPER, now=clock.now())
        run, _ = await flows.runs.start_run(
            conn, procedure_id="greet-0", inputs={"email": "a@b.cn"}, actor=KEEPER, now=clock.now()
        )
        await conn.execute(
            "update flow_run set owner = null, wake_at = %s, wake_name = 'timer: x' where run_id = %s",
            (clock.now(), run.run_id),
        )
        ticket = await desk.open_ticket(conn, request(clock, iteration=number + 1), clock.now())
        if number % 2:
            await escalate(conn, ticket_id=UUID(ticket), role=None, priority=number, now=clock.now())
        clock.advance(seconds=60)
    return conn


def lists(conn: Connection, clock: ManualClock) -> dict[str, Read]:
    def of_runs(order: RunOrder) -> Read:
        return lambda cursor: flows.run_list.list_runs(conn, order=order, limit=2, cursor=cursor)

    later = clock.now() + timedelta(days=1)
    return {
        "tickets": lambda cursor: review.list_tickets(conn, now=later, limit=2, cursor=cursor),
        "open tickets": lambda cursor: review.list_tickets(
            conn, now=later, limit=2, cursor=cursor, status=review.TicketStatus.OPEN
        ),
        "people": lambda cursor: access.people.list_people(conn, limit=2, cursor=cursor),
        "audit": lambda cursor: access.audit.list_entries(conn, EntryFilter(action="ticket"), limit=2, cursor=cursor),
        "procedures": lambda cursor: flows.definitions.list_procedures(conn, limit=2, cursor=cursor),
        **{f"runs, {order}": of_runs(order) for order in RunOrder},
    }


@pytest.mark.req("FLO-405")
async def test_the_way_back_through_a_list_has_the_pages_of_the_way_there(
    filled: Connection, clock: ManualClock
) -> None:
    for name, read in lists(filled, clock).items():
        there = [await read(None)]
        while there[-1].next:
            there.append(await read(there[-1].next))
        assert len(there) >= 3, name
        back = [there[-1]]
        while back[-1].previous:
            back.append(await read(back[-1].previous))
        assert [page.items for page in reversed(back)] == [page.items for page in there], name
        assert [page.next for page in reversed(back)] == [page.next for page in there], name
