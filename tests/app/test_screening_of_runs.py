"""Human nodes that name a screening type: its ticket, who decides it, and what comes back into the run."""

import pytest

from opsdesk import review
from opsdesk.app import desk
from opsdesk.flows import arrivals, runs, steering
from opsdesk.flows.text_view import told
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from opsdesk.review.errors import (
    AlreadyAnswered,
    DataChanged,
    DecidedWithReasons,
    OwnRequest,
    RoleMissing,
    TicketFrozen,
)
from opsdesk.review.evidence import AnswerStanding, ticket_evidence
from opsdesk.review.model import Verdict
from opsdesk.review.screening.errors import VerdictInvalid
from opsdesk.review.screening.frozen import modules_of
from tests import configured
from tests.app.screened import BO, CY, another, asked, blocked, document, ended, judged, officer, reason_of, running
from tests.app.serving import until


@pytest.mark.req("REV-G01", "REV-K04", "REV-K05")
async def test_the_screening_type_makes_the_ticket_out_of_the_inputs_of_the_node(
    db: Database, clock: ManualClock
) -> None:
    async with running(db, clock, document(approvers=2)) as run_id:
        ticket = await asked(db, run_id)
    assert (ticket.source, ticket.subject, ticket.node, ticket.iteration) == ("run", str(run_id), "review", 1)
    assert (ticket.role, ticket.required_approvers, ticket.requested_by) == ("officer", 2, "key:anna")
    assert ticket.due_at is not None
    assert ticket.screening is not None
    assert (ticket.screening.bucket, ticket.screening.user_id) == ("kyc", "cus-1")
    values = [each.value for module in modules_of(ticket.shown) for each in module.keys]
    assert values == ["text of the front", "text of the face", "测试甲", None, None]


@pytest.mark.req("REV-G01", "REV-R01")
async def test_a_rejection_comes_back_with_its_codes_and_reasons_as_the_outputs_of_the_node(
    db: Database, clock: ManualClock
) -> None:
    async with running(db, clock, document()) as run_id:
        ticket = await asked(db, run_id)
        ticked = (await reason_of(db, ticket),)
        await judged(db, ticket, clock, Verdict.REJECT, ticked=ticked, remark="another face")
        outputs = await ended(db, run_id)
        async with db.connection() as conn:
            _, state, _ = await runs.read_state(conn, run_id)
    expected = {"outcome": "rejected", "codes": ["AF-1001"], "why": ["人脸与证件不一致"], "notes": "another face"}
    assert outputs == expected
    assert state.nodes["tell"].phase == "done"


@pytest.mark.req("FLO-309")
async def test_two_approvers_have_to_pass_and_the_starter_is_none_of_them(db: Database, clock: ManualClock) -> None:
    async with running(db, clock, document(approvers=2)) as run_id:
        ticket = await asked(db, run_id)
        with pytest.raises(OwnRequest):
            await judged(db, ticket, clock, Verdict.PASS, by=officer("anna"))
        with pytest.raises(RoleMissing):
            await judged(db, ticket, clock, Verdict.PASS, by=officer("di", roles=frozenset({"greeter"})))
        assert (await judged(db, ticket, clock, Verdict.PASS)).status is review.TicketStatus.OPEN
        with pytest.raises(AlreadyAnswered):
            async with db.transaction() as conn:
                await review.claim(conn, ticket_id=ticket.id, actor=BO, now=clock.now())
        assert (await judged(db, ticket, clock, Verdict.PASS, by=CY)).status is review.TicketStatus.DECIDED
        outputs = await ended(db, run_id)
    assert (outputs["outcome"], outputs["codes"]) == ("approved", [])


@pytest.mark.req("FLO-309")
async def test_as_many_have_to_pass_as_the_procedure_says_whatever_the_type_says_of_second_looks(
    db: Database, clock: ManualClock
) -> None:
    async with running(db, clock, document(approvers=3), review={"second": "all"}) as run_id:
        ticket = await asked(db, run_id)
        for name in ("bo", "cy"):
            assert (await judged(db, ticket, clock, Verdict.PASS, by=officer(name))).required_approvers == 3
        assert (await judged(db, ticket, clock, Verdict.PASS, by=officer("di"))).status is review.TicketStatus.DECIDED


@pytest.mark.req("REV-B10")
async def test_the_type_has_a_second_person_look_where_the_procedure_wants_one(
    db: Database, clock: ManualClock
) -> None:
    async with running(db, clock, document(), review={"second": "all"}) as run_id:
        ticket = await asked(db, run_id)
        assert (await judged(db, ticket, clock, Verdict.PASS)).status is review.TicketStatus.OPEN
        ticked = (await reason_of(db, ticket),)
        second = await judged(db, ticket, clock, Verdict.REJECT, by=CY, ticked=ticked)
        assert (second.status, second.required_approvers) == (review.TicketStatus.OPEN, 3)
        await judged(db, ticket, clock, Verdict.PASS, by=officer("di"))
        assert (await ended(db, run_id))["outcome"] == "approved"


@pytest.mark.req("FLO-309")
async def test_a_rejection_decides_alone_and_the_evidence_says_on_what_each_decided(
    db: Database, clock: ManualClock
) -> None:
    async with running(db, clock, document(approvers=2)) as run_id:
        ticket = await asked(db, run_id)
        ticked = (await reason_of(db, ticket),)
        await judged(db, ticket, clock, Verdict.PASS)
        await judged(db, ticket, clock, Verdict.REJECT, by=CY, ticked=ticked)
        assert (await ended(db, run_id))["outcome"] == "rejected"
    async with db.connection() as conn:
        evidence = await ticket_evidence(conn, ticket_id=ticket.id)
    assert [each.standing for each in evidence.answers] == [AnswerStanding.DIFFERS, AnswerStanding.DECIDES]
    assert {each.answer.shown_sha256 for each in evidence.answers} == {ticket.shown_sha256}
    assert evidence.holds


@pytest.mark.req("FLO-309")
async def test_what_a_screening_ticket_shows_is_never_amended_behind_those_who_decide(
    db: Database, clock: ManualClock
) -> None:
    async with running(db, clock, document()) as run_id:
        ticket = await asked(db, run_id)
        with pytest.raises(DataChanged):
            await judged(db, ticket, clock, Verdict.PASS, seen="0" * 64)
        with pytest.raises(TicketFrozen):
            async with db.transaction() as conn:
                await desk.correct_inputs(
                    conn, run_id=run_id, values={"customer_id": "cus-2"}, reason="a typo", actor=CY, now=clock.now()
                )
        async with db.transaction() as conn:
            await steering.rerun(conn, run_id=run_id, node="review", reason="again", actor=CY, now=clock.now())
        anew = await until(lambda: another(db, run_id, ticket))
        async with db.connection() as conn:
            closed = await review.show_ticket(conn, ticket_id=ticket.id)
    assert closed.status is review.TicketStatus.CANCELLED
    assert anew.screening == ticket.screening


@pytest.mark.req("FLO-309")
async def test_the_way_for_derived_tickets_decides_no_screening_ticket(db: Database, clock: ManualClock) -> None:
    async with running(db, clock, document()) as run_id:
        ticket = await asked(db, run_id)
        with pytest.raises(DecidedWithReasons):
            async with db.transaction() as conn:
                await review.decide(
                    conn,
                    ticket_id=ticket.id,
                    actor=BO,
                    answers={"outcome": "approved"},
                    key="1",
                    now=clock.now(),
                    on_decided=desk.on_decided,
                )


async def test_a_remark_that_the_node_requires_is_asked_for_at_the_desk(db: Database, clock: ManualClock) -> None:
    async with running(db, clock, document(notes="true")) as run_id:
        ticket = await asked(db, run_id)
        with pytest.raises(VerdictInvalid) as refused:
            await judged(db, ticket, clock, Verdict.PASS, remark=" ")
        await judged(db, ticket, clock, Verdict.PASS, remark="it is them")
        assert (await ended(db, run_id))["notes"] == "it is them"
    assert refused.value.problems == {"remark": ["is required"]}


@pytest.mark.parametrize(
    ("verdict", "remark", "wrong"),
    [(Verdict.RESUBMIT, "", "verdict"), (Verdict.PASS, "x" * 101, "remark")],
    ids=["no way on", "too long"],
)
async def test_a_verdict_that_the_node_does_not_take_is_refused_and_the_ticket_stays_open(
    db: Database, clock: ManualClock, verdict: Verdict, remark: str, wrong: str
) -> None:
    async with running(db, clock, document()) as run_id:
        ticket = await asked(db, run_id)
        with pytest.raises(VerdictInvalid) as refused:
            await judged(db, ticket, clock, verdict, remark=remark)
        async with db.connection() as conn:
            after = await review.show_ticket(conn, ticket_id=ticket.id)
    assert list(refused.value.problems) == [wrong]
    assert after.status is review.TicketStatus.OPEN
    assert after.answers_given == 0


async def test_a_ticket_whose_time_runs_out_is_closed_and_the_timeout_edge_is_taken(
    db: Database, clock: ManualClock
) -> None:
    async with running(db, clock, document()) as run_id:
        ticket = await asked(db, run_id)
        clock.advance(seconds=3601)
        await ended(db, run_id)
    async with db.connection() as conn:
        assert (await review.show_ticket(conn, ticket_id=ticket.id)).status is review.TicketStatus.EXPIRED


@pytest.mark.req("REV-X50")
@pytest.mark.parametrize(
    ("scene", "with_type", "more", "said"),
    [
        (
            "borrow",
            True,
            "      without_type: ticket\n",
            "has no adapt to the application cash_loan and the scene borrow",
        ),
        ("activation", False, "", "there is no screening type 人脸比对 here"),
    ],
    ids=["no adapt", "no type"],
)
async def test_a_type_or_adapt_that_is_not_there_is_an_incident_and_nobody_passes(
    db: Database, clock: ManualClock, scene: str, with_type: bool, more: str, said: str
) -> None:
    async with running(db, clock, document(scene=scene, more=more), with_type=with_type) as run_id:
        node = await until(lambda: blocked(db, run_id))
    assert node.error is not None
    assert node.error["code"] == "AdaptMissing"
    assert said in node.error["message"]
    async with db.connection() as conn:
        assert sum((await review.count_tickets(conn, now=clock.now())).values()) == 0
        rows = await (await conn.execute("select convert_from(payload, 'UTF8') from pgqueuer")).fetchall()
    assert any("AdaptMissing" in row[0] for row in rows)


async def test_an_incident_for_want_of_an_adapt_is_over_once_somebody_adds_it(db: Database, clock: ManualClock) -> None:
    async with running(db, clock, document(), with_type=False) as run_id:
        await until(lambda: blocked(db, run_id))
        async with db.transaction() as conn:
            found = await configured.add_type(conn, now=clock.now())
            await configured.add_adapt(conn, found, now=clock.now())
            await arrivals.retry(conn, run_id=run_id, node="review", new_key=False, actor=CY, now=clock.now())
        ticket = await asked(db, run_id)
    assert ticket.screening is not None
    assert ticket.generation == 2


async def test_a_node_that_says_so_is_asked_without_its_type_and_the_journal_tells_it(
    db: Database, clock: ManualClock
) -> None:
    text = document(more="      without_type: ticket\n")
    async with running(db, clock, text, with_type=False) as run_id:
        ticket = await asked(db, run_id)
        async with db.connection() as conn:
            procedure, _, facts = await runs.read_state(conn, run_id)
    assert ticket.screening is None
    assert [field.name for field in ticket.asked] == ["outcome", "codes", "why", "notes"]
    waits = next(fact for fact in facts if fact.kind == "node_waiting")
    assert waits.payload["without_type"] == "人脸比对"
    assert "no screening type 人脸比对 here" in told(procedure, waits)
