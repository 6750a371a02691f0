"""Screening tickets are decided: with a claim, with reasons of the newest version, once, and for good."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from opsdesk.access import Actor
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.review import (
    Ticket,
    TicketClosing,
    TicketDecision,
    claim,
    close_ticket,
    decide,
    release,
    show_ticket,
    ticket_history,
)
from opsdesk.review.errors import AnswerKeyReused, DecidedWithReasons, OwnRequest, TicketClaimed, TicketNotOpen
from opsdesk.review.evidence import ticket_evidence
from opsdesk.review.model import ScreeningStatus, TicketStatus, Verdict
from opsdesk.review.reference import entries
from opsdesk.review.screening.asked import REMARK_CHARS_MAX
from opsdesk.review.screening.deciding import Judgement, decide_screening, rejection_panel, screening_decisions
from opsdesk.review.screening.errors import ClaimNeeded, NotScreening, ReasonsChanged, VerdictInvalid
from opsdesk.review.screening.model import stored
from opsdesk.review.screening.types import Saved, ScreeningType
from tests.review.conftest import OpenTicket, nothing_more, reviewer
from tests.review.screening.configuring import add, add_adapt, edit, with_key
from tests.review.screening.generating import ENGINE, judged, made, nobody_is_told
from tests.review.screening.samples import reason
from tests.review.screening.staged import one_waits_for_the_other

Desk = tuple[ScreeningType, Ticket]


@pytest.fixture
def anna() -> Actor:
    return reviewer("anna", roles=("reviewer",))


@pytest.fixture
def bo() -> Actor:
    return reviewer("bo", roles=("reviewer",))


@pytest_asyncio.fixture
async def waiting(desk: Database, risk: Actor, clock: ManualClock) -> AsyncIterator[Desk]:
    """A type with two reasons, and a ticket of it."""
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        await add_adapt(conn, found, risk, clock)
        ticket = await made(conn, found, clock)
    yield found, ticket


def ids(found: ScreeningType) -> list[str]:
    return [each.id for each in found.document.rejection.reasons]


def without_reason(found: ScreeningType, place: int) -> dict[str, Any]:
    document = stored(found.document)
    del document["rejection"]["reasons"][place]
    return document


@pytest.mark.req("REV-R01", "REV-R02", "REV-X47", "REV-X43")
async def test_a_rejection_keeps_the_reasons_as_they_are_and_the_codes_that_go_back(
    desk: Database, waiting: Desk, anna: Actor, clock: ManualClock
) -> None:
    found, ticket = waiting
    told: list[tuple[Ticket, TicketDecision]] = []

    async def hear(conn: Connection, ticket: Ticket, decision: TicketDecision) -> None:
        told.append((ticket, decision))

    async with desk.transaction() as conn:
        after = await judged(
            conn, ticket, Verdict.REJECT, *ids(found), actor=anna, clock=clock, remark=" 两张照片 ", on_decided=hear
        )
        [kept] = await screening_decisions(conn, ticket_id=ticket.id)
        history = [event.kind for event in await ticket_history(conn, ticket_id=ticket.id)]
        assert (await ticket_evidence(conn, ticket_id=ticket.id)).holds
    assert after.screening is not None
    assert (after.status, after.screening.result) == (TicketStatus.DECIDED, Verdict.REJECT)
    assert after.screening_status(clock.now()) is ScreeningStatus.COMPLETED
    assert (kept.verdict, kept.rejection_version, kept.remark) == (Verdict.REJECT, 1, "两张照片")
    assert kept.reasons == found.document.rejection.reasons
    assert kept.codes == ["AF-1002", "AF-1001"]
    assert history == ["opened", "claimed", "answered", "decided"]
    assert [(heard.id, decision.decided_by) for heard, decision in told] == [(ticket.id, (anna.id,))]


@pytest.mark.req("REV-R03", "REV-X46", "REV-K06")
async def test_a_pass_carries_no_reason(desk: Database, waiting: Desk, anna: Actor, clock: ManualClock) -> None:
    found, ticket = waiting
    async with desk.transaction() as conn:
        with pytest.raises(VerdictInvalid) as refused:
            await judged(conn, ticket, Verdict.PASS, ids(found)[0], actor=anna, clock=clock)
        assert list(refused.value.problems) == ["reasons"]
        after = await judged(conn, ticket, Verdict.PASS, actor=anna, clock=clock, version=None)
        [kept] = await screening_decisions(conn, ticket_id=ticket.id)
    assert after.screening is not None
    assert after.screening.result is Verdict.PASS
    assert (list(kept.reasons), list(kept.codes)) == ([], [])


@pytest.mark.req("REV-B17")
async def test_the_customer_can_be_asked_for_the_documents_again(
    desk: Database, waiting: Desk, anna: Actor, clock: ManualClock
) -> None:
    _, ticket = waiting
    async with desk.transaction() as conn:
        after = await judged(conn, ticket, Verdict.RESUBMIT, actor=anna, clock=clock, remark="blurred")
    assert after.screening is not None
    assert after.screening.result is Verdict.RESUBMIT


@pytest.mark.req("REV-R03", "REV-X46")
@pytest.mark.parametrize("choice", ["single", "multiple"])
async def test_a_rejection_needs_a_reason_and_exactly_one_where_the_choice_is_single(
    desk: Database, waiting: Desk, risk: Actor, anna: Actor, clock: ManualClock, choice: str
) -> None:
    found, ticket = waiting
    document = stored(found.document)
    document["rejection"]["choice"] = choice
    async with desk.transaction() as conn:
        newest = (await edit(conn, found, document, actor=risk, clock=clock)).type
        with pytest.raises(VerdictInvalid):
            await judged(conn, ticket, Verdict.REJECT, actor=anna, clock=clock, version=newest.version)
    with pytest.raises(VerdictInvalid if choice == "single" else NoRefusal):
        async with desk.transaction() as conn:
            await judged(conn, ticket, Verdict.REJECT, *ids(found), actor=anna, clock=clock, version=newest.version)
            raise NoRefusal


class NoRefusal(Exception):
    """What was tried went well."""


@pytest.mark.req("REV-X48", "REV-K07")
async def test_a_reason_that_was_removed_while_it_was_ticked_is_refused_with_those_that_still_hold(
    desk: Database, waiting: Desk, risk: Actor, anna: Actor, clock: ManualClock
) -> None:
    found, ticket = waiting
    first, second = ids(found)
    async with desk.transaction() as conn:
        await edit(conn, found, without_reason(found, 0), actor=risk, clock=clock)
    async with desk.transaction() as conn:
        with pytest.raises(ReasonsChanged) as refused:
            await judged(conn, ticket, Verdict.REJECT, first, second, actor=anna, clock=clock)
        assert (refused.value.rejection_version, refused.value.valid) == (2, [second])
        # The same panel, and what still holds: taken without asking, under the newest version.
        after = await judged(conn, ticket, Verdict.REJECT, second, actor=anna, clock=clock)
        [kept] = await screening_decisions(conn, ticket_id=ticket.id)
    assert after.screening is not None
    assert (after.screening.type_version, kept.rejection_version, kept.codes) == (1, 2, ["AF-1002"])


@pytest.mark.req("REV-X48")
async def test_a_reason_whose_words_or_code_were_changed_is_another_one(
    desk: Database, waiting: Desk, risk: Actor, anna: Actor, clock: ManualClock
) -> None:
    found, ticket = waiting
    document = stored(found.document)
    document["rejection"]["reasons"][0]["detail"] = "Something else altogether"
    document["rejection"]["reasons"].append(reason("A new one", code="SYS-9", priority=1))
    async with desk.transaction() as conn:
        newest = (await edit(conn, found, document, actor=risk, clock=clock)).type
    async with desk.transaction() as conn:
        with pytest.raises(ReasonsChanged) as refused:
            await judged(conn, ticket, Verdict.REJECT, *ids(found), actor=anna, clock=clock)
        assert refused.value.valid == [ids(found)[1]]
        after = await judged(conn, ticket, Verdict.REJECT, *ids(newest), actor=anna, clock=clock, version=2)
        [kept] = await screening_decisions(conn, ticket_id=ticket.id)
    assert after.status is TicketStatus.DECIDED
    assert kept.codes == ["AF-1002", "AF-1001", "SYS-9"]


@pytest.mark.req("REV-X22", "REV-X48")
async def test_a_reason_whose_code_went_inactive_is_refused_although_the_type_is_as_it_was(
    desk: Database, waiting: Desk, risk: Actor, anna: Actor, clock: ManualClock
) -> None:
    found, ticket = waiting
    async with desk.transaction() as conn:
        await entries.put_reject_code(
            conn, code="AF-1001", category="anti-fraud", description="", is_active=False, actor=risk, now=clock.now()
        )
        panel = await rejection_panel(conn, type_id=found.type_id)
        with pytest.raises(ReasonsChanged) as refused:
            await judged(conn, ticket, Verdict.REJECT, *ids(found), actor=anna, clock=clock)
    assert (panel.version, panel.codes["AF-1001"], panel.codes["AF-1002"]) == (1, False, True)
    assert refused.value.valid == [ids(found)[1]]


@pytest.mark.req("REV-X48")
@pytest.mark.parametrize("edited_first", [True, False])
async def test_of_a_decision_and_an_edit_at_the_same_moment_the_second_sees_the_first(
    desk: Database, waiting: Desk, risk: Actor, anna: Actor, clock: ManualClock, edited_first: bool
) -> None:
    """Staged: the one that began first holds the type, and the other waits for it."""
    found, ticket = waiting

    async def decision(conn: Connection) -> Ticket:
        return await judged(conn, ticket, Verdict.REJECT, ids(found)[0], actor=anna, clock=clock)

    async def edition(conn: Connection) -> Saved:
        return await edit(conn, found, without_reason(found, 0), actor=risk, clock=clock)

    first, then = (edition, decision) if edited_first else (decision, edition)
    came = await one_waits_for_the_other(desk, first, then)
    assert isinstance(came, ReasonsChanged if edited_first else Saved), came


@pytest.mark.req("REV-B01", "REV-X43")
async def test_only_who_holds_the_ticket_decides_it(
    desk: Database, waiting: Desk, anna: Actor, bo: Actor, clock: ManualClock
) -> None:
    _, ticket = waiting

    async def passed(conn: Connection, by: Actor) -> Ticket:
        judgement = Judgement(Verdict.PASS)
        return await decide_screening(
            conn,
            ticket_id=ticket.id,
            judgement=judgement,
            actor=by,
            key="k-1",
            now=clock.now(),
            on_decided=nobody_is_told,
        )

    async with desk.transaction() as conn:
        with pytest.raises(ClaimNeeded):
            await passed(conn, anna)
        held = await claim(conn, ticket_id=ticket.id, actor=bo, now=clock.now())
        assert held.screening_status(clock.now()) is ScreeningStatus.IN_REVIEW
        with pytest.raises(TicketClaimed):
            await passed(conn, anna)
        clock.advance(seconds=300)
        with pytest.raises(ClaimNeeded):
            await passed(conn, bo)
        await claim(conn, ticket_id=ticket.id, actor=anna, now=clock.now())
        await release(conn, ticket_id=ticket.id, actor=anna, now=clock.now())
        with pytest.raises(ClaimNeeded):
            await passed(conn, anna)


@pytest.mark.req("REV-B01")
async def test_of_two_who_decide_at_the_same_moment_one_does(
    desk: Database, waiting: Desk, anna: Actor, bo: Actor, clock: ManualClock
) -> None:
    _, ticket = waiting

    async def passed(by: Actor) -> Ticket:
        async with desk.transaction() as conn:
            return await judged(conn, ticket, Verdict.PASS, actor=by, clock=clock)

    came = await asyncio.gather(passed(anna), passed(bo), return_exceptions=True)
    assert sum(isinstance(each, Ticket) for each in came) == 1
    assert sum(isinstance(each, TicketNotOpen) for each in came) == 1


@pytest.mark.req("REV-B05")
async def test_the_same_key_decides_once(desk: Database, waiting: Desk, anna: Actor, clock: ManualClock) -> None:
    found, ticket = waiting

    async def again(conn: Connection, *ticked: str) -> Ticket:
        return await decide_screening(
            conn,
            ticket_id=ticket.id,
            judgement=Judgement(Verdict.REJECT, ticked, "", 1),
            actor=anna,
            key="k-1",
            now=clock.now(),
            on_decided=nobody_is_told,
        )

    async with desk.transaction() as conn:
        after = await judged(conn, ticket, Verdict.REJECT, ids(found)[0], actor=anna, clock=clock)
        assert await again(conn, ids(found)[0]) == after
        with pytest.raises(AnswerKeyReused):
            await again(conn, ids(found)[1])
        assert len(await screening_decisions(conn, ticket_id=ticket.id)) == 1


@pytest.mark.req("REV-X47")
@pytest.mark.parametrize("closed_by", ["decision", "cancellation"])
async def test_a_finished_ticket_never_changes(
    desk: Database, waiting: Desk, risk: Actor, anna: Actor, clock: ManualClock, closed_by: str
) -> None:
    found, ticket = waiting
    async with desk.transaction() as conn:
        if closed_by == "decision":
            await judged(conn, ticket, Verdict.REJECT, ids(found)[0], actor=anna, clock=clock)
        else:
            await close_ticket(conn, ticket_id=ticket.id, reason=TicketClosing.CANCELLED, now=clock.now())
        finished = await show_ticket(conn, ticket_id=ticket.id)
        kept = await screening_decisions(conn, ticket_id=ticket.id)
    async with desk.transaction() as conn:
        await edit(conn, found, with_key(found, "device"), actor=risk, clock=clock)
        assert await made(conn, found, clock) == finished
        assert await screening_decisions(conn, ticket_id=ticket.id) == kept
        with pytest.raises(TicketNotOpen):
            await judged(conn, ticket, Verdict.PASS, actor=anna, clock=clock, key="k-2")
    for statement in ("update ticket set priority = 1", "update screening_decision set codes = '{}'"):
        with pytest.raises(psycopg.errors.RestrictViolation):
            async with desk.transaction() as conn:
                await conn.execute(statement.encode())


@pytest.mark.req("REV-B04", "FLO-309")
async def test_each_kind_of_ticket_is_decided_in_its_own_way(
    desk: Database, waiting: Desk, ticket_opener: OpenTicket, anna: Actor, clock: ManualClock
) -> None:
    _, ticket = waiting
    async with desk.transaction() as conn:
        with pytest.raises(DecidedWithReasons):
            await decide(
                conn,
                ticket_id=ticket.id,
                actor=anna,
                answers={"decision": "pass"},
                key="k-1",
                now=clock.now(),
                on_decided=nothing_more,
            )
        of_a_procedure = await ticket_opener(conn, role=None)
        with pytest.raises(NotScreening):
            await judged(conn, of_a_procedure, Verdict.PASS, actor=anna, clock=clock)


async def test_who_had_a_ticket_made_does_not_decide_it(desk: Database, waiting: Desk, clock: ManualClock) -> None:
    _, ticket = waiting
    engine = Actor(ENGINE.id, ENGINE.name, frozenset(), reviewer("x").scopes)
    async with desk.transaction() as conn:
        with pytest.raises(OwnRequest):
            await judged(conn, ticket, Verdict.PASS, actor=engine, clock=clock)


@pytest.mark.req("REV-X24", "REV-X45")
async def test_a_remark_is_optional_and_has_a_limit(
    desk: Database, waiting: Desk, anna: Actor, clock: ManualClock
) -> None:
    _, ticket = waiting
    async with desk.transaction() as conn:
        with pytest.raises(VerdictInvalid):
            await judged(conn, ticket, Verdict.PASS, actor=anna, clock=clock, remark="r" * (REMARK_CHARS_MAX + 1))
        await judged(conn, ticket, Verdict.PASS, actor=anna, clock=clock, remark="r" * REMARK_CHARS_MAX)
