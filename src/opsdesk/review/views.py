"""Tickets as the HTTP API shows them: personal values masked unless the reader may see them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from opsdesk.access import Actor, Scope
from opsdesk.kit.masking import mask_mapping, mask_secrets, mask_text
from opsdesk.review.model import (
    Ticket,
    TicketAnswer,
    TicketEvent,
    TicketEventKind,
    TicketField,
    TicketStatus,
    TicketSummary,
)


class ClaimView(BaseModel):
    """Who works on a ticket, and until when they have it for themselves."""

    by: str
    until: datetime


class TicketLine(BaseModel):
    """A ticket as a line of a list."""

    id: UUID
    run: str
    node: str
    title: str
    role: str | None
    required_approvers: int
    answers_given: int
    due_at: datetime | None
    requested_by: str
    opened_at: datetime
    status: TicketStatus
    claim: ClaimView | None
    closed_at: datetime | None

    @staticmethod
    def of(ticket: Ticket | TicketSummary, *, now: datetime) -> "TicketLine":
        return TicketLine(**_line(ticket, now=now))


class TicketPage(BaseModel):
    items: list[TicketLine]
    next: str | None
    counts: dict[TicketStatus, int]
    """Tickets that pass the filters but for the status, by status."""


class AskedView(BaseModel):
    """Something that a decision has to answer."""

    name: str
    label: str
    required: bool
    personal: bool
    json_schema: dict[str, Any]

    @staticmethod
    def of(field: TicketField) -> "AskedView":
        return AskedView(
            name=field.name,
            label=field.label,
            required=field.required,
            personal=field.personal,
            json_schema=dict(field.schema),
        )


class AnswerView(BaseModel):
    """What one person answered."""

    by: str
    roles: list[str]
    answers: dict[str, Any]
    shown_sha256: str
    """SHA-256 of the data that the person was shown."""
    at: datetime


class EventView(BaseModel):
    """What happened to a ticket."""

    kind: TicketEventKind
    by: str
    at: datetime
    reason: str


class TicketView(TicketLine):
    """A ticket with what is shown and asked, what was answered, and what happened."""

    purpose: str
    shown: dict[str, Any]
    shown_sha256: str
    asked: list[AskedView]
    decision: dict[str, Any] | None
    answers: list[AnswerView]
    history: list[EventView]

    @staticmethod
    def whole(
        ticket: Ticket,
        answers: Collection[TicketAnswer],
        history: Collection[TicketEvent],
        *,
        actor: Actor,
        now: datetime,
    ) -> "TicketView":
        asked_personal = {field.name for field in ticket.asked if field.personal}
        return TicketView(
            **_line(ticket, now=now),
            purpose=ticket.purpose,
            shown=_seen(actor, ticket.shown, personal=ticket.shown_personal),
            shown_sha256=ticket.shown_sha256,
            asked=list(map(AskedView.of, ticket.asked)),
            decision=None if ticket.decision is None else _seen(actor, ticket.decision, personal=asked_personal),
            answers=[
                AnswerView(
                    by=answer.actor,
                    roles=answer.roles,
                    answers=_seen(actor, answer.answers, personal=asked_personal),
                    shown_sha256=answer.shown_sha256,
                    at=answer.answered_at,
                )
                for answer in answers
            ],
            history=[
                EventView(kind=event.kind, by=event.actor, at=event.at, reason=mask_text(event.reason))
                for event in history
            ],
        )


def _line(ticket: Ticket | TicketSummary, *, now: datetime) -> dict[str, Any]:
    names = "id node title role required_approvers answers_given due_at requested_by opened_at status closed_at"
    facts = {name: getattr(ticket, name) for name in names.split()}
    claimed_by, until = ticket.claimed_by, ticket.claimed_until
    claim = ClaimView(by=claimed_by, until=until) if claimed_by and until and until > now else None
    return facts | {"run": ticket.subject, "claim": claim}


def _seen(actor: Actor, values: Mapping[str, Any], *, personal: Collection[str]) -> dict[str, Any]:
    if Scope.PERSONAL_READ in actor.scopes:
        return mask_secrets(values)
    return mask_mapping(values, personal=personal)
