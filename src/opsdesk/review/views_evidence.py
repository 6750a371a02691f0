"""The evidence of a ticket as the HTTP API shows it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from opsdesk.access import Actor
from opsdesk.kit.http_shapes import Sha256, View
from opsdesk.kit.masking import mask_text
from opsdesk.review.evidence import AnswerEvidence, AnswerStanding, SnapshotEvidence, TicketEvidence
from opsdesk.review.model import SCREENING, TicketStatus
from opsdesk.review.views import may_see_answer, seen, seen_shown


class SnapshotView(View):
    """Data that people were shown."""

    number: int
    """1 is what the ticket was opened with."""
    shown: dict[str, Any]
    """By name."""
    shown_sha256: Sha256
    """SHA-256 of its RFC 8785 JSON, before anything is masked."""
    is_whole: bool
    """Whether that is the digest of the data as it is stored now."""
    changed: list[str]
    """The names whose values are others than before."""
    by: str
    """The id of the actor who amended it, or `run`."""
    person: str
    """The id of whoever stands behind the actor: of a system, who made its key."""
    roles: list[str]
    """The roles that the actor had then."""
    reason: str
    """Why it was amended; else empty."""
    at: datetime
    """Since when it was shown."""
    audit_entry: int | None
    """The entry of the audit chain that was made with exactly this; null: there is none, so it cannot be relied on."""
    audit_seq: int | None
    """The place of that entry in the chain; null: it is still to be sealed."""

    @staticmethod
    def of(found: SnapshotEvidence, *, actor: Actor) -> "SnapshotView":
        each = found.amendment
        return SnapshotView(
            number=each.snapshot,
            shown=seen_shown(actor, each.shown, personal=each.shown_personal),
            shown_sha256=each.shown_sha256,
            is_whole=found.is_whole,
            changed=each.changed,
            by=each.actor,
            person=each.person,
            roles=each.roles,
            reason=mask_text(each.reason),
            at=each.at,
            audit_entry=found.proof.entry_id,
            audit_seq=found.proof.seq,
        )


class AnswerEvidenceView(View):
    """What one person answered, on which data, and what it is worth."""

    number: int
    """Its place among the answers to the ticket."""
    by: str
    """The id of the actor."""
    person: str
    """The id of whoever stands behind the actor: of a system, who made its key."""
    roles: list[str]
    """The roles that the actor had at that moment."""
    answers: dict[str, Any]
    """By name."""
    reason_code: str
    """Why; `unspecified` where the ticket declares no codes for the decision."""
    snapshot: int
    """The number of the data that the person was shown."""
    shown_sha256: Sha256
    """Its digest, as it was kept with the answer."""
    saw: bool
    """Whether that is the digest of the data with this number."""
    standing: AnswerStanding
    """What it is worth now; `void_amended` and `void_closed` count for nothing."""
    at: datetime
    """When."""
    audit_entry: int | None
    """The entry of the audit chain that was made with exactly this; null: there is none, so it cannot be relied on."""
    audit_seq: int | None
    """The place of that entry in the chain; null: it is still to be sealed."""

    @staticmethod
    def of(found: AnswerEvidence, *, personal: frozenset[str], actor: Actor) -> "AnswerEvidenceView":
        answer = found.answer
        return AnswerEvidenceView(
            number=answer.number,
            by=answer.actor,
            person=answer.person,
            roles=answer.roles,
            answers=seen(actor, answer.answers, personal=personal),
            reason_code=answer.reason_code,
            snapshot=answer.snapshot,
            shown_sha256=answer.shown_sha256,
            saw=found.saw,
            standing=found.standing,
            at=answer.answered_at,
            audit_entry=found.proof.entry_id,
            audit_seq=found.proof.seq,
        )


class EarlierTicketView(View):
    """A ticket of the same node, from before it was asked again; its answers do not count for this one."""

    id: UUID
    """The id of the ticket."""
    status: TicketStatus
    """How it ended."""
    answers_given: int
    """How many answers it had."""


class EvidenceView(View):
    """How a ticket came to its decision: who answered what, on which data."""

    ticket: UUID
    """The id of the ticket."""
    run: str | None
    """The id of the run that asks; null: none does."""
    node: str
    """The id of the node that asks."""
    requested_by: str
    """The id of the actor who started the run."""
    role: str | None
    """Who may answer; null: everyone who may decide tickets."""
    required_approvers: int
    """How many different people have to agree."""
    status: TicketStatus
    """Where the ticket stands."""
    holds: bool
    """Whether every digest is right, and everything is what the audit chain was told. The chain itself is proven by
    `opsdesk audit verify`."""
    snapshots: list[SnapshotView]
    """The data that was shown, in order."""
    answers: list[AnswerEvidenceView]
    """What each person answered, in order."""
    earlier: list[EarlierTicketView]
    """Tickets of the same node that were asked before."""

    @staticmethod
    def of(found: TicketEvidence, *, actor: Actor) -> "EvidenceView":
        ticket = found.ticket
        personal = frozenset(field.name for field in ticket.asked if field.personal)
        return EvidenceView(
            ticket=ticket.id,
            run=None if ticket.source == SCREENING else ticket.subject,
            node=ticket.node,
            requested_by=ticket.requested_by,
            role=ticket.role,
            required_approvers=ticket.required_approvers,
            status=ticket.status,
            holds=found.holds,
            snapshots=[SnapshotView.of(each, actor=actor) for each in found.snapshots],
            answers=[
                AnswerEvidenceView.of(each, personal=personal, actor=actor)
                for each in found.answers
                if may_see_answer(ticket, each.answer, actor=actor)
            ],
            earlier=[
                EarlierTicketView(id=each.id, status=each.status, answers_given=each.answers_given)
                for each in found.earlier
            ],
        )
