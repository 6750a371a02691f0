"""A ticket like the one of the customer onboarding, and the people around it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from opsdesk.access import Actor, Scope
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.review import NewTicket, Ticket, TicketDecision, TicketField, open_ticket

OpenTicket = Callable[..., Awaitable[Ticket]]
IsWaiting = Callable[[Connection, asyncio.Task[Any]], Awaitable[None]]


def reviewer(name: str, *, roles: tuple[str, ...] = ("compliance_officer",)) -> Actor:
    return Actor(id=f"key:{name}", name=name, roles=frozenset(roles), scopes=frozenset({Scope.TICKETS_DECIDE}))


async def nothing_more(conn: Connection, ticket: Ticket, decision: TicketDecision) -> None:
    """What a ticket's owner does who has nothing to do."""


@pytest.fixture
def anna() -> Actor:
    return reviewer("anna")


@pytest.fixture
def bo() -> Actor:
    return reviewer("bo")


@pytest.fixture
def new_ticket(clock: ManualClock) -> NewTicket:
    return NewTicket(
        source="run",
        subject="0197a3c0-0000-7000-8000-000000000001",
        node="compliance_review",
        iteration=1,
        title="合规审核",
        purpose="Decide about a customer whom the identity check flagged",
        role="compliance_officer",
        shown={"customer_id": "c-1", "kyc_score": 0.65, "name": "张\u0000三", "watchlist_match": True, "big": 1e22},
        shown_personal=frozenset({"name"}),
        asked=(
            TicketField(
                name="compliance_decision",
                label="Decision",
                schema={"enum": ["approved", "rejected", "escalated"]},
                required=True,
                personal=False,
            ),
            TicketField(name="review_notes", label="Notes", schema={"type": "string"}, required=False, personal=True),
        ),
        required_approvers=1,
        due_at=clock.now() + timedelta(minutes=1440),
        requested_by="key:requester",
    )


@pytest.fixture
def ticket_opener(new_ticket: NewTicket, clock: ManualClock) -> OpenTicket:
    """Opens the ticket, with what is given changed in it."""

    async def open_one(conn: Connection, **changes: Any) -> Ticket:
        return await open_ticket(conn, replace(new_ticket, **changes), now=clock.now())

    return open_one


@pytest.fixture
async def is_waiting(database_url: str, db: Database) -> AsyncIterator[IsWaiting]:
    """Returns once a task waits for a lock on its connection, or is done without: what a race is staged with."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as observer:

        async def until_it_waits(conn: Connection, task: asyncio.Task[Any]) -> None:
            question = b"select wait_event_type = 'Lock' from pg_stat_activity where pid = %(pid)s"
            while not task.done():
                row = await (await observer.execute(question, {"pid": conn.info.backend_pid})).fetchone()
                if row is not None and row[0]:
                    return

        yield until_it_waits
