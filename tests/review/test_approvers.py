"""Who stands behind an approval: distinct people, never the one who asked, in the role that they hold just then."""

import asyncio
import re
from pathlib import Path

import pytest

from opsdesk.access import Actor, Scope, keys, people
from opsdesk.access.errors import ScopeMissing
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.review import Ticket, TicketStatus, claim, decide
from opsdesk.review.errors import AlreadyAnswered, OwnRequest, ReasonCodeInvalid, RoleMissing
from tests.access.staff import KEEPER
from tests.review.conftest import IsWaiting, OpenTicket, nothing_more, reviewer

APPROVED = {"compliance_decision": "approved"}
REJECTED = {"compliance_decision": "rejected"}
ROLE = "compliance_officer"
CODES = {"approved": {"meets_policy": "Meets it"}, "Rejected": {"forged": "Forged", "incomplete": ""}}
SOURCES = Path(__file__).parents[2] / "src" / "opsdesk"


async def officer(conn: Connection, clock: ManualClock, *, roles: tuple[str, ...] = (ROLE,)) -> people.Person:
    return await people.create_person(
        conn, email="officer@example.com", name="Officer", roles=roles, actor=KEEPER, now=clock.now()
    )


async def key_of(conn: Connection, clock: ManualClock, name: str, *, made_by: Actor) -> Actor:
    made = await keys.create_key(
        conn, name=name, scopes=[Scope.TICKETS_DECIDE], roles=[ROLE], actor=made_by, now=clock.now()
    )
    return await keys.authenticate(conn, key=made.key, now=clock.now())


async def answer(
    conn: Connection,
    clock: ManualClock,
    ticket: Ticket,
    actor: Actor,
    *,
    answers: dict[str, str] = APPROVED,
    key: str = "1",
    reason_code: str | None = None,
) -> Ticket:
    return await decide(
        conn,
        ticket_id=ticket.id,
        actor=actor,
        answers=answers,
        key=key,
        now=clock.now(),
        on_decided=nothing_more,
        reason_code=reason_code,
    )


@pytest.mark.req("FLO-309")
async def test_a_person_who_started_the_request_does_not_decide_it_by_a_key_that_they_made(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    person = await officer(conn, clock)
    robot = await key_of(conn, clock, "Robot", made_by=person.actor)
    ticket = await ticket_opener(conn, requested_by=person.actor.id)
    for who in (person.actor, robot):
        with pytest.raises(OwnRequest):
            await answer(conn, clock, ticket, who)


@pytest.mark.req("FLO-309")
async def test_whoever_made_the_key_that_started_the_request_does_not_decide_it(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    person = await officer(conn, clock)
    robot = await key_of(conn, clock, "Robot", made_by=person.actor)
    other = await key_of(conn, clock, "Other", made_by=person.actor)
    ticket = await ticket_opener(conn, requested_by=robot.id)
    for who in (person.actor, robot, other):
        with pytest.raises(OwnRequest):
            await answer(conn, clock, ticket, who)
    by_nobody_they_know = await key_of(conn, clock, "Third", made_by=KEEPER)
    assert (await answer(conn, clock, ticket, by_nobody_they_know)).status is TicketStatus.DECIDED


@pytest.mark.req("FLO-309")
async def test_one_person_approves_once_with_however_many_keys(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, bo: Actor
) -> None:
    person = await officer(conn, clock)
    first, second = [await key_of(conn, clock, name, made_by=person.actor) for name in ("One", "Two")]
    ticket = await ticket_opener(conn, required_approvers=2)
    await answer(conn, clock, ticket, first)
    for who in (first, second, person.actor):
        with pytest.raises(AlreadyAnswered):
            await answer(conn, clock, ticket, who, key="2")
    assert (await answer(conn, clock, ticket, bo)).status is TicketStatus.DECIDED


@pytest.mark.req("FLO-309")
async def test_a_role_lost_between_claim_and_decision_decides_nothing(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    person = await officer(conn, clock)
    ticket = await ticket_opener(conn)
    await claim(conn, ticket_id=ticket.id, actor=person.actor, now=clock.now())
    await people.change_roles(conn, person_id=person.id, roles=["reviewer"], actor=KEEPER, now=clock.now())
    with pytest.raises(RoleMissing):
        await answer(conn, clock, ticket, person.actor)


@pytest.mark.req("FLO-309")
async def test_a_role_that_is_being_taken_while_the_decision_waits_decides_nothing(
    db: Database, ticket_opener: OpenTicket, clock: ManualClock, is_waiting: IsWaiting
) -> None:
    async with db.transaction() as conn:
        person = await officer(conn, clock)
        ticket = await ticket_opener(conn)
    with pytest.raises(RoleMissing):
        async with db.transaction() as deciding:
            async with db.transaction() as conn:
                await people.change_roles(conn, person_id=person.id, roles=["reviewer"], actor=KEEPER, now=clock.now())
                late = asyncio.create_task(answer(deciding, clock, ticket, person.actor))
                await is_waiting(deciding, late)
            await late


@pytest.mark.req("FLO-309")
async def test_somebody_disabled_since_their_request_came_decides_nothing(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    person = await officer(conn, clock)
    ticket = await ticket_opener(conn, role=None)
    await people.disable_person(conn, person_id=person.id, actor=KEEPER, now=clock.now())
    with pytest.raises(ScopeMissing):
        await answer(conn, clock, ticket, person.actor)


@pytest.mark.req("FLO-309")
async def test_a_rejection_needs_one_of_the_codes_that_the_ticket_declares_for_it(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    ticket = await ticket_opener(conn, reasons=CODES)
    for code in (None, "unspecified", "meets_policy", "other"):
        with pytest.raises(ReasonCodeInvalid) as refused:
            await answer(conn, clock, ticket, anna, answers=REJECTED, reason_code=code)
        assert refused.value.reason_codes == ["forged", "incomplete"]
    decided = await answer(conn, clock, ticket, anna, answers=REJECTED, reason_code="forged")
    assert decided.status is TicketStatus.DECIDED


@pytest.mark.req("FLO-309")
@pytest.mark.parametrize("code", [None, "meets_policy"])
async def test_an_approval_may_carry_a_code_and_need_not(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor, code: str | None
) -> None:
    ticket = await ticket_opener(conn, reasons=CODES)
    assert (await answer(conn, clock, ticket, anna, reason_code=code)).status is TicketStatus.DECIDED


async def test_where_no_codes_are_declared_none_is_taken(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock, anna: Actor
) -> None:
    ticket = await ticket_opener(conn)
    with pytest.raises(ReasonCodeInvalid):
        await answer(conn, clock, ticket, anna, answers=REJECTED, reason_code="forged")
    assert (await answer(conn, clock, ticket, anna, answers=REJECTED)).status is TicketStatus.DECIDED


async def test_codes_for_every_decision_hold_where_it_has_none_of_its_own(
    conn: Connection, ticket_opener: OpenTicket, clock: ManualClock
) -> None:
    ticket = await ticket_opener(conn, reasons={"*": {"seen": ""}, "approved": {"fine": ""}})
    with pytest.raises(ReasonCodeInvalid):
        await answer(conn, clock, ticket, reviewer("bo"), reason_code="seen")
    await answer(conn, clock, ticket, reviewer("bo"), answers=REJECTED, reason_code="seen")


@pytest.mark.req("FLO-309")
def test_only_the_one_write_path_writes_answers_and_decisions() -> None:
    """Walks every statement: what writes the evidence of a ticket is where it belongs, and nowhere else."""
    writes = re.compile(r"\b(insert\s+into|update|delete\s+from|truncate)\s+(ticket\w*)", re.IGNORECASE)
    found: dict[str, set[str]] = {}
    for path in SOURCES.rglob("*.sql"):
        for verb, table in writes.findall(path.read_text(encoding="utf-8")):
            place = path.relative_to(SOURCES).as_posix()
            found.setdefault(f"{' '.join(verb.lower().split())} {table}", set()).add(place)
    assert found == {
        "insert into ticket": {"review/tickets.sql"},
        "update ticket": {
            f"review/{name}.sql"
            for name in ("tickets", "claims", "amendments", "deadlines", "decisions", "pictures/keeping")
        },
        "insert into ticket_answer": {"review/decisions.sql"},
        "insert into ticket_amendment": {"review/amendments.sql"},
        "insert into ticket_event": {"review/tickets.sql"},
        "insert into ticket_reveal": {"review/pictures/reading.sql"},
    }
    statements = "".join(path.read_text(encoding="utf-8") for path in (SOURCES / "review").glob("*.sql"))
    assert len(re.findall(r"set[^;]*\bdecision\s*=", statements)) == 1
    users = {
        path.relative_to(SOURCES).as_posix()
        for path in SOURCES.rglob("*.py")
        if re.search(r"\b(mark_decided|_INSERT_ANSWER)\b", path.read_text(encoding="utf-8"))
    }
    assert users == {"review/tickets.py", "review/decisions.py"}
