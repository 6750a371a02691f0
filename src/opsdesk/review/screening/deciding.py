"""Screening tickets are decided: passed, or rejected with reasons that are those of the newest version of the type."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from opsdesk.access import Actor, Scope, require, system_actor
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements
from opsdesk.review.agreement import Agreement
from opsdesk.review.answers import text_problem
from opsdesk.review.canonical import canonical
from opsdesk.review.claims import check_may_decide, check_not_claimed_by_other, counting
from opsdesk.review.decisions import Given, OnDecided, check_key, conclude, is_repeated, record_answer
from opsdesk.review.model import SCREENING, Ticket, TicketAnswer, TicketEventKind, Verdict
from opsdesk.review.reasons import UNSPECIFIED
from opsdesk.review.reference.entries import codes_for_tickets
from opsdesk.review.screening.errors import (
    ClaimNeeded,
    NotScreening,
    PicturesOnTheirWay,
    ReasonsChanged,
    ScreeningTypeUnknown,
    VerdictInvalid,
)
from opsdesk.review.screening.model import Reason, Rejection, ReviewRules
from opsdesk.review.screening.reading import REQUIRED
from opsdesk.review.screening.rejecting import codes_returned, ticks_problem
from opsdesk.review.screening.second_review import alike, asks_for_another
from opsdesk.review.screening.ticking import is_selectable, still_valid
from opsdesk.review.screening.types import show_type, version_document
from opsdesk.review.tickets import (
    ask_for_people,
    lock_ticket,
    record_change,
    record_event,
    show_ticket,
    ticket_answers,
    ticket_history,
)

_SQL = statements(__file__)
_SHARE_TYPE = _SQL["share_type"]
_INSERT_DECISION = _SQL["insert_decision"]
_DECISIONS = _SQL["decisions"]
_DRAW_KEY = _SQL["draw_key"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a reviewer says: the verdict, the ids of the reasons that they ticked, and a remark."""

    verdict: Verdict
    ticked: tuple[str, ...] = ()
    remark: str = ""
    rejection_version: int | None = None
    """The version of the type whose reasons they were shown; needed to reject."""


@dataclass(frozen=True, slots=True)
class ScreeningDecision:
    """What is kept of a judgement: the reasons as they were then, and the codes that they come to."""

    ticket_id: UUID
    number: int
    """Of the answer to the ticket that it belongs to."""
    verdict: Verdict
    rejection_version: int
    reasons: Sequence[Reason]
    codes: Sequence[str]
    remark: str


@dataclass(frozen=True, slots=True)
class RejectionPanel:
    """What a ticket can be rejected with now: the newest rejection info, and which codes are active."""

    version: int
    rejection: Rejection
    codes: Mapping[str, bool]
    """Every reject code; False: not active any more, or not for tickets."""
    rules: ReviewRules
    """How verdicts are given and looked at again, as the newest version says as well."""

    def facts(self) -> dict[str, Any]:
        """The same as JSON, each reason with whether it can be ticked."""
        rejection = self.rejection
        return {
            "rejection_version": self.version,
            "choice": rejection.choice.value,
            "code_return": rejection.code_return and rejection.code_return.value,
            "with_priority": rejection.with_priority,
            "reasons": [
                asdict(reason) | {"is_selectable": is_selectable(reason, self.codes)} for reason in rejection.reasons
            ],
        }


@dataclass(frozen=True, slots=True)
class Weighed:
    """A judgement that the rules allow: its reasons and codes, by the panel that counts."""

    panel: RejectionPanel
    reasons: list[Reason]
    codes: list[str]

    @property
    def stored_reasons(self) -> str:
        return canonical([asdict(reason) for reason in self.reasons])


async def rejection_panel(conn: Connection, *, type_id: int) -> RejectionPanel:
    """Raises ScreeningTypeUnknown."""
    newest = await show_type(conn, type_id=type_id)
    codes = await codes_for_tickets(conn)
    return RejectionPanel(newest.version, newest.document.rejection, codes, newest.document.review)


async def decide_screening(
    conn: Connection,
    *,
    ticket_id: UUID,
    judgement: Judgement,
    actor: Actor,
    key: str,
    now: datetime,
    on_decided: OnDecided,
    shown_sha256: str | None = None,
) -> Ticket:
    """Judge a screening ticket that the actor holds. The same key with the same judgement changes nothing.

    Locks the ticket and then shares the type, so that of a decision and an edit of the reasons at the same moment the
    second sees the first. Reasons that were removed or changed since `rejection_version` are refused with those that
    still hold; the others count as they are now. They are copied beside the answer, with the codes that go back.
    Where the newest rules of the type want a second person to judge it as well, it stays open for others; where the two
    do not say the same, for a third; several approvers of a procedure have a rule of theirs. `on_decided` is called
    once, in this transaction, with the ticket decided.

    Raises TicketUnknown, NotScreening, ClaimNeeded, PicturesOnTheirWay, VerdictInvalid, ReasonsChanged, DataChanged,
    AnswerKeyInvalid, AnswerKeyReused, ScopeMissing, TicketClaimed, and what `check_may_decide` raises.
    """
    require(actor, Scope.TICKETS_DECIDE)
    check_key(key)
    ticket = await lock_ticket(conn, ticket_id=ticket_id)
    if ticket.screening is None:
        raise NotScreening(ticket_id=str(ticket_id))
    answers = {
        "decision": judgement.verdict.value,
        "reasons": list(judgement.ticked),
        "remark": judgement.remark.strip(),
    }
    given = Given(answers, shown_sha256, UNSPECIFIED, key)
    before = await ticket_answers(conn, ticket_id=ticket_id)
    if is_repeated(ticket, before, actor=actor, given=given):
        return ticket
    actor = await check_may_decide(conn, ticket=ticket, actor=actor)
    check_not_claimed_by_other(ticket, actor=actor, now=now)
    if ticket.claim_at(now) is None:
        raise ClaimNeeded(ticket_id=str(ticket_id))
    if ticket.screening.pictures_waiting:
        raise PicturesOnTheirWay(ticket_id=str(ticket_id), waiting=ticket.screening.pictures_waiting)
    weighed = await weigh(conn, ticket, judgement)
    panel = weighed.panel
    number = len(before) + 1
    await record_answer(conn, ticket=ticket, number=number, actor=actor, given=given, now=now)
    values = {
        "ticket_id": ticket_id,
        "number": number,
        "verdict": judgement.verdict,
        "type_id": ticket.screening.type_id,
        "rejection_version": panel.version,
        "reasons": weighed.stored_reasons,
        "codes": weighed.codes,
        "remark": judgement.remark.strip(),
    }
    await conn.execute(_INSERT_DECISION, values)
    await _conclude(conn, ticket, panel.rules, actor=actor, now=now, on_decided=on_decided)
    return await show_ticket(conn, ticket_id=ticket_id)


async def weigh(conn: Connection, ticket: Ticket, judgement: Judgement) -> Weighed:
    """What a judgement comes to by the newest version of the type, which stays the newest until the transaction ends.

    Raises VerdictInvalid, ReasonsChanged.
    """
    panel = await _panel(conn, ticket, judgement)
    reasons, codes = await _reasons(conn, ticket, judgement, panel)
    return Weighed(panel, reasons, codes)


async def screening_decisions(conn: Connection, *, ticket_id: UUID) -> tuple[ScreeningDecision, ...]:
    """The judgements on a ticket so far, in their order."""
    rows = await (await conn.cursor(row_factory=dict_row).execute(_DECISIONS, {"ticket_id": ticket_id})).fetchall()
    return tuple(
        ScreeningDecision(
            **row
            | {"verdict": Verdict(row["verdict"]), "reasons": tuple(Reason(**reason) for reason in row["reasons"])}
        )
        for row in rows
    )


async def _panel(conn: Connection, ticket: Ticket, judgement: Judgement) -> RejectionPanel:
    """What counts for this judgement, and will until this transaction ends. Raises VerdictInvalid."""
    assert ticket.screening is not None
    type_id = ticket.screening.type_id
    _check(ticket, judgement)
    await conn.execute(_SHARE_TYPE, {"type_id": type_id})
    panel = await rejection_panel(conn, type_id=type_id)
    if judgement.verdict is Verdict.REJECT and panel.rules.remark_required and not judgement.remark.strip():
        raise VerdictInvalid(ticket_id=str(ticket.id), problems={"remark": [REQUIRED]})
    return panel


async def _reasons(
    conn: Connection, ticket: Ticket, judgement: Judgement, panel: RejectionPanel
) -> tuple[list[Reason], list[str]]:
    """The reasons as they are now, and the codes. Raises VerdictInvalid, ReasonsChanged."""
    newest = panel.rejection
    if judgement.verdict is not Verdict.REJECT:
        return [], []
    seen = await _seen(conn, ticket, judgement, panel)
    valid = still_valid(judgement.ticked, seen=seen, newest=newest, codes=panel.codes)
    problem = ticks_problem(newest, judgement.ticked)
    if len(valid) < len(judgement.ticked) or (problem and panel.version != judgement.rejection_version):
        raise ReasonsChanged(
            ticket_id=str(ticket.id), rejection_version=panel.version, valid=list(valid), panel=panel.facts()
        )
    if problem:
        raise VerdictInvalid(ticket_id=str(ticket.id), problems={"reasons": [problem]})
    chosen = [reason for reason in newest.reasons if reason.id in judgement.ticked]
    return chosen, codes_returned(newest, judgement.ticked)


async def _seen(conn: Connection, ticket: Ticket, judgement: Judgement, panel: RejectionPanel) -> Rejection:
    assert ticket.screening is not None
    if judgement.rejection_version == panel.version:
        return panel.rejection
    try:
        _, document = await version_document(
            conn, type_id=ticket.screening.type_id, version=judgement.rejection_version or 0
        )
    except ScreeningTypeUnknown:
        problems = {"rejection_version": ["is no version of the type"]}
        raise VerdictInvalid(ticket_id=str(ticket.id), problems=problems) from None
    return document.rejection


def _check(ticket: Ticket, judgement: Judgement) -> None:
    problems: dict[str, list[str]] = {}
    if judgement.verdict is Verdict.REJECT and not judgement.ticked:
        problems["reasons"] = ["needs at least one reason"]
    elif judgement.verdict is not Verdict.REJECT and judgement.ticked:
        problems["reasons"] = ["only a rejection has reasons"]
    elif len(set(judgement.ticked)) < len(judgement.ticked):
        problems["reasons"] = ["holds a reason twice"]
    asked = {field.name: field for field in ticket.asked}
    if problem := text_problem(judgement.remark.strip(), chars_max=asked["remark"].schema["maxLength"]):
        problems["remark"] = [problem]
    elif not judgement.remark.strip() and asked["remark"].required:
        problems["remark"] = [REQUIRED]
    verdicts = asked["decision"].schema["enum"]
    if judgement.verdict not in verdicts:
        problems["verdict"] = [f"has to be one of {', '.join(verdicts)}"]
    if judgement.verdict is Verdict.REJECT and judgement.rejection_version is None:
        problems["rejection_version"] = [REQUIRED]
    if problems:
        raise VerdictInvalid(ticket_id=str(ticket.id), problems=problems)


async def _ask_for_another(conn: Connection, ticket: Ticket, rules: ReviewRules, *, now: datetime) -> Ticket:
    """The ticket, which waits for one more person where the verdict given just now makes it necessary."""
    given = counting(ticket, await ticket_answers(conn, ticket_id=ticket.id))
    key = await (await conn.execute(_DRAW_KEY)).fetchone()
    assert key is not None, "the migration makes the key"
    needed = ticket.required_approvers
    asked = asks_for_another(rules, _verdicts(given), needed=needed, ticket_id=ticket.id, key=key[0])
    if asked is None:
        return ticket
    await ask_for_people(conn, ticket_id=ticket.id, people=asked.people)
    await record_event(
        conn,
        ticket_id=ticket.id,
        kind=TicketEventKind.SECOND_ASKED,
        actor=ticket.source,
        now=now,
        reason=asked.why,
    )
    await record_change(
        conn,
        ticket,
        action="ask_second",
        actor=system_actor(ticket.source),
        before={"required_approvers": needed},
        after={"required_approvers": asked.people, "why": asked.why},
        now=now,
    )
    return replace(ticket, required_approvers=asked.people)


def _agree(ticket: Ticket, given: Sequence[TicketAnswer]) -> Agreement | None:
    """What the last one says, with their reasons, as soon as nobody else is needed."""
    places = alike(_verdicts(given), needed=ticket.required_approvers)
    return None if places is None else Agreement(answers=given[-1].answers, places=places)


def _verdicts(given: Sequence[TicketAnswer]) -> list[Verdict]:
    return [Verdict(answer.answers["decision"]) for answer in given]


async def _conclude(
    conn: Connection, ticket: Ticket, rules: ReviewRules, *, actor: Actor, now: datetime, on_decided: OnDecided
) -> None:
    """Decide the ticket if nobody else is needed: approvers of a procedure, or a second look that the type asks for."""
    agree = _approve
    if not await _is_approved_by_several(conn, ticket):
        ticket, agree = await _ask_for_another(conn, ticket, rules, now=now), _agree
    await conclude(conn, ticket=ticket, actor=actor, now=now, agree=agree, on_decided=on_decided)


async def _is_approved_by_several(conn: Connection, ticket: Ticket) -> bool:
    """Whether the procedure that asks for it wants several people, and not a second look that the type asked for."""
    if ticket.source == SCREENING or ticket.required_approvers == 1:
        return False
    history = await ticket_history(conn, ticket_id=ticket.id)
    return all(event.kind is not TicketEventKind.SECOND_ASKED for event in history)


def _approve(ticket: Ticket, given: Sequence[TicketAnswer]) -> Agreement | None:
    """A rejection decides alone; whatever else has to be said by all the approvers that the procedure wants."""
    last = given[-1].answers
    if Verdict(last["decision"]) is Verdict.REJECT:
        return Agreement(answers=last, places=(len(given) - 1,))
    verdicts = _verdicts(given)
    places = tuple(place for place, verdict in enumerate(verdicts) if verdict is verdicts[-1])
    return Agreement(answers=last, places=places) if len(places) >= ticket.required_approvers else None
