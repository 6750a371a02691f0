"""Tickets as the HTTP API shows them: personal values masked unless the reader may see them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from opsdesk.access import Actor, Scope
from opsdesk.kit.http_shapes import Next, Sha256, View
from opsdesk.kit.masking import mask_mapping, mask_secrets, mask_text
from opsdesk.review.claims import is_of
from opsdesk.review.model import (
    SCREENING,
    Ticket,
    TicketAnswer,
    TicketEvent,
    TicketEventKind,
    TicketField,
    TicketStatus,
    TicketSummary,
)
from opsdesk.review.screening.deciding import ScreeningDecision
from opsdesk.review.screening.frozen import PERSONAL, is_frozen
from opsdesk.review.views_screening import ScreeningView, VerdictView


class ClaimView(View):
    """Who works on a ticket now."""

    by: str
    """The id of the actor."""
    until: datetime
    """Until when nobody else can claim or decide the ticket."""
    assigned_by: str | None
    """The id of the lead who gave it to them; null: they took it themselves."""


class TicketLine(View):
    """A ticket as a line of a list."""

    id: UUID
    """The id of the ticket."""
    source: str
    """What asks: `run`, or `screening` where an application came in."""
    run: str | None
    """The id of the run that asks; null: none does."""
    node: str
    """The id of the node that asks, or the adapt that the ticket was made by."""
    title: str
    """What is to be done, in a few words."""
    role: str | None
    """Who may answer; null: everyone who may decide tickets."""
    required_approvers: int
    """How many different people have to agree."""
    answers_given: int
    """How many people have answered."""
    due_at: datetime | None
    """When its time is up; null: never, or its clock stands."""
    stands_since: datetime | None
    """Since when its clock stands, because the customer is waited for; null: it does not."""
    priority: int
    """0 to 9, the highest first in the queue."""
    requested_by: str
    """The id of the actor who started the run, and who may not decide it."""
    opened_at: datetime
    """When it was opened."""
    status: TicketStatus
    """`open` while people are waited for. The others are final; `answered_elsewhere`: the run no longer needs it."""
    claim: ClaimView | None
    """Who works on it now; null: nobody."""
    closed_at: datetime | None
    """When it was decided or ended without a decision; null while it is open."""
    screening: ScreeningView | None
    """Of a ticket that a screening type makes: whom it is about and where it stands; null: none does."""

    @staticmethod
    def of(ticket: Ticket | TicketSummary, *, now: datetime) -> "TicketLine":
        return TicketLine(**_line(ticket, now=now))


class TicketPage(View):
    """Some tickets, what has priority first, then what is due, then what is oldest."""

    items: list[TicketLine]
    """The tickets."""
    next: Next
    counts: dict[TicketStatus, int]
    """Tickets that pass the filters but for the status, by status."""


class AskedView(View):
    """Something that a decision has to answer."""

    name: str
    """The name of the answer."""
    label: str
    """What people are asked, in words."""
    required: bool
    """Whether a decision needs an answer to it."""
    personal: bool
    """Whether the answer is about a person, and masked for those who may not see it."""
    json_schema: dict[str, Any]
    """What the answer has to look like, as JSON Schema 2020-12; empty: any value."""

    @staticmethod
    def of(field: TicketField) -> "AskedView":
        return AskedView(
            name=field.name,
            label=field.label,
            required=field.required,
            personal=field.personal,
            json_schema=dict(field.schema),
        )


class AnswerView(View):
    """What one person answered."""

    by: str
    """The id of the actor."""
    roles: list[str]
    """The roles that the actor had then."""
    answers: dict[str, Any]
    """By name."""
    reason_code: str
    """Why, by one of the codes that the ticket declares for the decision; `unspecified` where there is none."""
    snapshot: int
    """The number of the data that the person was shown."""
    is_void: bool
    """Whether the data was amended since, so that the answer does not count any more."""
    shown_sha256: Sha256
    """SHA-256 of the data that the person was shown."""
    at: datetime
    """When."""


class EventView(View):
    """Something that happened to a ticket."""

    kind: TicketEventKind
    """What happened."""
    by: str
    """The id of the actor, or what the ticket comes from: `run` or `screening`."""
    at: datetime
    """When."""
    reason: str
    """Why a ticket was closed, amended, skipped or released, how it was escalated, or to whom it was assigned; else
    empty."""


class TicketView(TicketLine):
    """A ticket with what is shown and asked, what was answered, and what happened."""

    purpose: str
    """What the people decide, and why they are asked."""
    shown: dict[str, Any]
    """What they see of the run, by name: a copy, which only an amendment replaces."""
    shown_sha256: Sha256
    """SHA-256 of the RFC 8785 JSON of what is shown, before anything is masked; what a decision names."""
    snapshot: int
    """The number of what is shown: 1 as it was opened, one more for each amendment."""
    reason_codes: dict[str, dict[str, str]]
    """By decision (`*`: every other): the codes that say why, each with its words. A rejection needs one of them."""
    asked: list[AskedView]
    """What a decision has to answer."""
    decision: dict[str, Any] | None
    """The answers that it was decided with, by name; null: it was not."""
    answers: list[AnswerView]
    """What each person answered, in order. Of an open screening ticket only one's own: whoever judges it as the second
    does not know what the first one said."""
    verdicts: list[VerdictView]
    """Of a screening ticket: what each reviewer said, with the reasons as they were then; hidden as answers are."""
    history: list[EventView]
    """What happened, in order."""

    @staticmethod
    def whole(
        ticket: Ticket,
        answers: Collection[TicketAnswer],
        history: Collection[TicketEvent],
        *,
        verdicts: Collection[ScreeningDecision] = (),
        actor: Actor,
        now: datetime,
    ) -> "TicketView":
        asked_personal = {field.name for field in ticket.asked if field.personal}
        answers = [answer for answer in answers if may_see_answer(ticket, answer, actor=actor)]
        return TicketView(
            **_line(ticket, now=now),
            purpose=ticket.purpose,
            shown=seen_shown(actor, ticket.shown, personal=ticket.shown_personal),
            shown_sha256=ticket.shown_sha256,
            snapshot=ticket.snapshot,
            reason_codes={decision: dict(codes) for decision, codes in ticket.reasons.items()},
            asked=list(map(AskedView.of, ticket.asked)),
            decision=None if ticket.decision is None else seen(actor, ticket.decision, personal=asked_personal),
            answers=[
                AnswerView(
                    by=answer.actor,
                    roles=answer.roles,
                    answers=seen(actor, answer.answers, personal=asked_personal),
                    reason_code=answer.reason_code,
                    snapshot=answer.snapshot,
                    is_void=answer.snapshot != ticket.snapshot,
                    shown_sha256=answer.shown_sha256,
                    at=answer.answered_at,
                )
                for answer in answers
            ],
            verdicts=_verdicts(answers, verdicts, actor=actor),
            history=[
                EventView(kind=event.kind, by=event.actor, at=event.at, reason=_told_reason(event)) for event in history
            ],
        )


def _told_reason(event: TicketEvent) -> str:
    """What somebody typed may hold what is personal; whom a ticket was given to is an actor, as `by` is."""
    return event.reason if event.kind is TicketEventKind.ASSIGNED else mask_text(event.reason)


def _line(ticket: Ticket | TicketSummary, *, now: datetime) -> dict[str, Any]:
    names = "id source node title role required_approvers answers_given due_at requested_by opened_at status closed_at"
    facts = {name: getattr(ticket, name) for name in (*names.split(), "priority", "stands_since")}
    claimed_by, until = ticket.claimed_by, ticket.claimed_until
    claim = None
    if claimed_by and until and until > now:
        claim = ClaimView(by=claimed_by, until=until, assigned_by=ticket.assigned_by)
    run = None if ticket.source == SCREENING else ticket.subject
    return facts | {"run": run, "claim": claim, "screening": ScreeningView.of(ticket, now=now)}


def _verdicts(
    answers: Collection[TicketAnswer], verdicts: Collection[ScreeningDecision], *, actor: Actor
) -> list[VerdictView]:
    by_number = {answer.number: answer for answer in answers}
    return [
        VerdictView.of(
            kept,
            by=by_number[kept.number].actor,
            at=by_number[kept.number].answered_at,
            remark=seen(actor, {"remark": kept.remark}, personal={"remark"})["remark"],
        )
        for kept in verdicts
        if kept.number in by_number
    ]


def seen_shown(actor: Actor, shown: Mapping[str, Any], *, personal: Collection[str]) -> dict[str, Any]:
    """What a ticket shows, as this reader may see it. Of a frozen document only the values are masked, and no key."""
    if not is_frozen(shown):
        return seen(actor, shown, personal=personal)
    return {**shown, **seen(actor, {name: shown[name] for name in PERSONAL}, personal=PERSONAL)}


def may_see_answer(ticket: Ticket, answer: TicketAnswer, *, actor: Actor) -> bool:
    """While a screening ticket is open, nobody is told what others have said of it."""
    if ticket.screening is None or ticket.status is not TicketStatus.OPEN:
        return True
    return is_of(answer.actor, answer.person, actor)


def seen(actor: Actor, values: Mapping[str, Any], *, personal: Collection[str]) -> dict[str, Any]:
    """Values as this reader may see them."""
    if Scope.PERSONAL_READ in actor.scopes:
        return mask_secrets(values)
    return mask_mapping(values, personal=personal)
