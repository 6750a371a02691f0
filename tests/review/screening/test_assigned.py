"""Who is given what, where leads assign and take back: the assigned first, and whatever happens nothing to two."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdesk.access import Actor, Scope
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.errors import OpsdeskError
from opsdesk.review import Ticket, TicketStatus, claim, release, show_ticket
from opsdesk.review.deadlines import escalate
from opsdesk.review.leading import ASSIGNED_FOR_S, Led, Outcome, assign_tickets, release_tickets
from opsdesk.review.model import Verdict
from opsdesk.review.reference.model import Bucket
from opsdesk.review.screening.deciding import Judgement, decide_screening
from opsdesk.review.screening.taking import claim_next, skip
from tests import configured
from tests.access.staff import person
from tests.review.screening.generating import nobody_is_told

LEAD = Actor("person:lead@example.com", "Lead", frozenset(), frozenset({Scope.DESK_LEAD}))
EMAILS = [f"reviewer-{number}@example.com" for number in range(3)]
TICKETS = 4
MOMENTS = [1, 200, 301, ASSIGNED_FOR_S - 100, ASSIGNED_FOR_S]
STEPS_MAX = 15


@dataclass
class Desk:
    """A desk with some tickets, the people at it, and what has to be so by all that was done."""

    conn: Connection
    clock: ManualClock
    people: list[Actor]
    tickets: list[UUID]
    held: dict[UUID, tuple[str, datetime]] = field(default_factory=dict)
    decided: dict[UUID, Ticket] = field(default_factory=dict)

    async def assign(self, ids: list[UUID], to: Actor) -> list[Outcome]:
        email = to.id.removeprefix("person:")
        outcomes = await assign_tickets(self.conn, ticket_ids=ids, email=email, actor=LEAD, now=self.clock.now())
        for each in outcomes:
            if each.led is Led.ASSIGNED:
                self.given(each.ticket, to)
        return outcomes

    async def take_back(self, ids: list[UUID]) -> None:
        now = self.clock.now()
        outcomes = await release_tickets(self.conn, ticket_ids=ids, reason="is ill", actor=LEAD, now=now)
        for each in outcomes:
            if each.led is Led.RELEASED:
                assert self.holder(each.ticket_id) == each.held_by
                del self.held[each.ticket_id]

    async def claim(self, ticket_id: UUID, by: Actor) -> None:
        self.given(await claim(self.conn, ticket_id=ticket_id, actor=by, now=self.clock.now()), by)

    async def take_next(self, by: Actor) -> Ticket | None:
        taken = await claim_next(self.conn, bucket=Bucket.KYC, actor=by, now=self.clock.now())
        if taken is not None:
            self.given(taken, by)
        return taken

    async def give_back(self, ticket_id: UUID, by: Actor) -> None:
        await release(self.conn, ticket_id=ticket_id, actor=by, now=self.clock.now())
        self.let_go(ticket_id, by)

    async def skip(self, ticket_id: UUID, by: Actor) -> None:
        await skip(self.conn, ticket_id=ticket_id, reason="unclear", actor=by, now=self.clock.now())
        self.let_go(ticket_id, by)

    async def decide(self, ticket_id: UUID, by: Actor) -> None:
        done = await decide_screening(
            self.conn,
            ticket_id=ticket_id,
            judgement=Judgement(Verdict.PASS),
            actor=by,
            key=str(ticket_id),
            now=self.clock.now(),
            on_decided=nobody_is_told,
        )
        if ticket_id not in self.decided:  # the same again under the same key changes nothing
            assert self.holder(ticket_id) == by.id
            self.decided[ticket_id] = done
            # From then on it is nobody's, and whoever gives it back changes nothing.
            self.held.pop(ticket_id, None)

    def holder(self, ticket_id: UUID) -> str | None:
        who, until = self.held.get(ticket_id, (None, self.clock.now()))
        return who if until > self.clock.now() else None

    def given(self, ticket: Ticket | None, to: Actor) -> None:
        """Nobody else has it, it was not decided, and who had it already has it for no shorter."""
        assert ticket is not None
        assert ticket.id not in self.decided
        assert self.holder(ticket.id) in (None, to.id)
        claimed = ticket.claim_at(self.clock.now())
        assert claimed is not None
        assert claimed[0] == to.id
        assert claimed[1] >= self.held.get(ticket.id, claimed)[1] or self.holder(ticket.id) is None
        self.held[ticket.id] = claimed

    def let_go(self, ticket_id: UUID, by: Actor) -> None:
        assert self.holder(ticket_id) in (None, by.id)
        self.held.pop(ticket_id, None)

    async def check(self) -> None:
        """What is stored is what was told."""
        for ticket_id in self.tickets:
            ticket = await show_ticket(self.conn, ticket_id=ticket_id)
            if ticket_id in self.decided:
                assert ticket == self.decided[ticket_id]
                assert (ticket.status, ticket.claimed_by) == (TicketStatus.DECIDED, None)
            else:
                held = ticket.claim_at(self.clock.now())
                assert (held and held[0]) == self.holder(ticket_id)


@pytest.fixture
async def desk(conn: Connection, clock: ManualClock) -> Desk:
    return await furnished(conn, clock)


async def furnished(conn: Connection, clock: ManualClock) -> Desk:
    await configured.add_reference(conn, now=clock.now())
    found = await configured.add_type(conn, now=clock.now())
    await configured.add_adapt(conn, found, now=clock.now())
    tickets = []
    for number in range(TICKETS):
        tickets.append(await configured.add_ticket(conn, found, now=clock.now(), flow_no=f"F-{number}"))
        clock.advance(seconds=1)
    staff = [(await person(conn, clock, "reviewer", email=email)).actor for email in EMAILS]
    return Desk(conn, clock, staff, tickets)


@pytest.mark.req("REV-B13")
async def test_who_takes_the_next_is_given_what_was_assigned_to_them_before_all_others(desk: Desk) -> None:
    first, _, third, fourth = desk.tickets
    mine, other = desk.people[:2]
    await escalate(desk.conn, ticket_id=first, role=None, priority=9, now=desk.clock.now())
    await desk.assign([fourth, third], mine)
    for wanted in (third, fourth, first):
        taken = await desk.take_next(mine)
        assert taken is not None
        assert taken.id == wanted
        await desk.decide(wanted, mine)
    assert await desk.take_next(other) is not None


@pytest.mark.req("REV-B13")
async def test_nobody_takes_what_was_assigned_to_another(desk: Desk) -> None:
    mine, other = desk.people[:2]
    await desk.assign(desk.tickets, mine)
    assert await desk.take_next(other) is None
    desk.clock.advance(seconds=ASSIGNED_FOR_S)
    assert await desk.take_next(other) is not None


@pytest.mark.req("REV-B13")
async def test_what_is_given_back_after_it_was_assigned_is_there_for_all(desk: Desk) -> None:
    mine, other = desk.people[:2]
    await desk.assign(desk.tickets[:1], mine)
    await desk.give_back(desk.tickets[0], mine)
    taken = await desk.take_next(other)
    assert taken is not None
    assert (taken.id, taken.assigned_by) == (desk.tickets[0], None)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["assign", "back", "claim", "next", "give", "skip", "decide", "time"]),
        st.integers(0, len(EMAILS) - 1),
        st.lists(st.integers(0, TICKETS - 1), min_size=1, max_size=TICKETS),
        st.sampled_from(MOMENTS),
    ),
    min_size=1,
    max_size=STEPS_MAX,
)


@asynccontextmanager
async def one_desk(url: str, clock: ManualClock) -> AsyncIterator[Desk]:
    """In a transaction that leaves nothing of it."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        async with conn.transaction(force_rollback=True):
            yield await furnished(conn, clock)


@pytest.fixture
def around(worker_database_url: str, clock: ManualClock) -> Iterator[tuple[asyncio.Runner, Desk]]:
    """A desk that many walks begin at, and the loop that it lives in."""
    desk = one_desk(worker_database_url, clock)
    with asyncio.Runner() as runner:
        yield runner, runner.run(desk.__aenter__())
        runner.run(desk.__aexit__(None, None, None))


@pytest.mark.req("REV-B13")
def test_whatever_is_assigned_taken_and_released_no_ticket_is_held_by_two(
    around: tuple[asyncio.Runner, Desk], clock: ManualClock
) -> None:
    """And none that was decided is touched again."""
    runner, furnished_desk = around
    started = clock.now()

    @settings(max_examples=40, deadline=None)
    @given(STEPS)
    def walk(steps: list[tuple[str, int, list[int], int]]) -> None:
        runner.run(walked(steps))

    async def walked(steps: list[tuple[str, int, list[int], int]]) -> None:
        desk = Desk(furnished_desk.conn, ManualClock(started), furnished_desk.people, furnished_desk.tickets)
        async with desk.conn.transaction(force_rollback=True):
            for what, who, which, seconds in steps:
                await step(desk, what, desk.people[who], [desk.tickets[place] for place in which], seconds)
                await desk.check()

    walk()


async def step(desk: Desk, what: str, by: Actor, some: list[UUID], seconds: int) -> None:
    one = some[0]
    acts: dict[str, Callable[[], Awaitable[Any]]] = {
        "assign": lambda: desk.assign(some, by),
        "back": lambda: desk.take_back(some),
        "claim": lambda: desk.claim(one, by),
        "next": lambda: desk.take_next(by),
        "give": lambda: desk.give_back(one, by),
        "skip": lambda: desk.skip(one, by),
        "decide": lambda: desk.decide(one, by),
    }
    if what == "time":
        desk.clock.advance(seconds=seconds)
        return
    with suppress(OpsdeskError):
        await acts[what]()


@pytest.mark.req("REV-B13")
async def test_leads_and_takers_at_the_same_moment_give_no_ticket_to_two(db: Database, clock: ManualClock) -> None:
    async with db.transaction() as conn:
        desk = await furnished(conn, clock)

    async def given_to(actor: Actor, *, ids: list[UUID]) -> list[tuple[UUID, str]]:
        async with db.transaction() as conn:
            own = Desk(conn, clock, desk.people, desk.tickets)
            outcomes = await own.assign(ids, actor)
            return [(each.ticket_id, actor.id) for each in outcomes if each.led is Led.ASSIGNED]

    async def taken_by(actor: Actor) -> list[tuple[UUID, str]]:
        async with db.transaction() as conn:
            taken = await Desk(conn, clock, desk.people, desk.tickets).take_next(actor)
            return [(taken.id, actor.id)] if taken else []

    anna, bo, cy = desk.people
    backwards = desk.tickets[::-1]
    all_at_once = [given_to(anna, ids=desk.tickets), given_to(bo, ids=backwards), taken_by(cy), taken_by(anna)]
    got = [pair for pairs in await asyncio.gather(*all_at_once) for pair in pairs]
    holders: dict[UUID, set[str]] = {}
    for ticket_id, actor_id in got:
        holders.setdefault(ticket_id, set()).add(actor_id)
    assert holders
    assert {len(each) for each in holders.values()} == {1}
