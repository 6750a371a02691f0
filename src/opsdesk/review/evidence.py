"""The evidence of a ticket: who decided what on which data, and whether the audit chain says the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from opsdesk.access import audit
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements
from opsdesk.review.agreement import agreement
from opsdesk.review.canonical import names
from opsdesk.review.claims import counting
from opsdesk.review.model import Ticket, TicketAmendment, TicketAnswer, TicketStatus
from opsdesk.review.tickets import show_ticket, ticket_amendments, ticket_answers

_SQL = statements(__file__)
_AS_OPENED = _SQL["as_opened"]
_BEFORE = _SQL["before"]


class AnswerStanding(StrEnum):
    """What an answer is worth now."""

    DECIDES = "decides"
    """The ticket was decided with it."""
    COUNTS = "counts"
    """The ticket is open, and others have to answer as well."""
    DIFFERS = "differs"
    """The ticket was decided by others who agreed, and this one did not."""
    VOID_AMENDED = "void_amended"
    """The data was amended after it was given: whoever gave it was asked again."""
    VOID_CLOSED = "void_closed"
    """The ticket was closed before enough people had answered."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What the audit chain says of a write: the entry about it, and its place once sealed; None: there is none."""

    entry_id: int | None
    seq: int | None


@dataclass(frozen=True, slots=True)
class SnapshotEvidence:
    """Data that was shown. Number 1 is what the ticket was opened with."""

    amendment: TicketAmendment
    is_whole: bool
    """Whether the digest is that of the data, as it is stored now."""
    proof: Proof


@dataclass(frozen=True, slots=True)
class AnswerEvidence:
    answer: TicketAnswer
    standing: AnswerStanding
    saw: bool
    """Whether the digest that is kept with it is that of the snapshot that it names."""
    proof: Proof


@dataclass(frozen=True, slots=True)
class EarlierTicket:
    """A ticket of the same node from before it was asked again."""

    id: UUID
    iteration: int
    generation: int
    status: TicketStatus
    answers_given: int


@dataclass(frozen=True, slots=True)
class TicketEvidence:
    ticket: Ticket
    snapshots: Sequence[SnapshotEvidence]
    answers: Sequence[AnswerEvidence]
    earlier: Sequence[EarlierTicket]
    """Their answers do not count for this one."""

    @property
    def holds(self) -> bool:
        """Whether every digest is right, and every row is what its entry in the audit chain was made with."""
        snapshots = all(each.is_whole and each.proof.entry_id is not None for each in self.snapshots)
        return snapshots and all(each.saw and each.proof.entry_id is not None for each in self.answers)


async def ticket_evidence(conn: Connection, *, ticket_id: UUID) -> TicketEvidence:
    """Everything that tells how a ticket came to its decision, personal values included. Raises TicketUnknown."""
    ticket = await show_ticket(conn, ticket_id=ticket_id)
    rows = conn.cursor(row_factory=dict_row)
    opened = await (await rows.execute(_AS_OPENED, {"id": ticket_id})).fetchone()
    assert opened is not None, "tickets are never deleted"
    amendments = await ticket_amendments(conn, ticket_id=ticket_id)
    answers = await ticket_answers(conn, ticket_id=ticket_id)
    about = await audit.entries_about(conn, object_kind="ticket", object_id=str(ticket_id))
    snapshots = [_opened(ticket, opened, about), *(_amended(each, about) for each in amendments)]
    digests = {each.amendment.snapshot: each.amendment.shown_sha256 for each in snapshots}
    deciding = _deciding(ticket, answers)
    found = await (await rows.execute(_BEFORE, {"id": ticket_id})).fetchall()
    return TicketEvidence(
        ticket=ticket,
        snapshots=snapshots,
        answers=[
            AnswerEvidence(
                answer=each,
                standing=_standing(ticket, each, deciding),
                saw=digests.get(each.snapshot) == each.shown_sha256,
                proof=_proof(about, "ticket.decide", _written(each)),
            )
            for each in answers
        ],
        earlier=[EarlierTicket(**row | {"status": TicketStatus(row["status"])}) for row in found],
    )


def _opened(ticket: Ticket, row: Mapping[str, Any], about: Sequence[audit.Evidence]) -> SnapshotEvidence:
    amendment = TicketAmendment(
        snapshot=1,
        shown=row["shown"],
        shown_sha256=row["shown_sha256"],
        shown_personal=frozenset(row["shown_personal"]),
        changed=[],
        actor=ticket.source,
        person=ticket.source,
        roles=[],
        reason="",
        at=ticket.opened_at,
    )
    written = {name: row[name] for name in ("content_sha256", "shown_sha256")}
    proof = _proof(about, "ticket.open", written | {"subject": ticket.subject, "node": ticket.node})
    return SnapshotEvidence(amendment, names(amendment.shown_sha256, amendment.shown), proof)


def _amended(amendment: TicketAmendment, about: Sequence[audit.Evidence]) -> SnapshotEvidence:
    fields = ("snapshot", "shown_sha256", "changed", "person", "roles", "reason")
    proof = _proof(about, "ticket.amend", {name: getattr(amendment, name) for name in fields}, actor=amendment.actor)
    return SnapshotEvidence(amendment, names(amendment.shown_sha256, amendment.shown), proof)


def _written(answer: TicketAnswer) -> dict[str, Any]:
    fields = ("number", "person", "roles", "reason_code", "snapshot", "shown_sha256", "answers")
    return {name: getattr(answer, name) for name in fields} | {"actor": answer.actor}


def _proof(
    about: Sequence[audit.Evidence], action: str, written: Mapping[str, Any], *, actor: str | None = None
) -> Proof:
    """Entries from before some of the fields were kept prove the others."""
    by = actor or written.get("actor")
    for each in about:
        if each.entry.action == action and by in (None, each.entry.actor) and each.proves_some(written):
            return Proof(each.entry.entry_id, getattr(each.entry, "seq", None))
    return Proof(None, None)


def _deciding(ticket: Ticket, answers: Sequence[TicketAnswer]) -> frozenset[int]:
    """The numbers of the answers that the ticket was decided with."""
    given = counting(ticket, answers)
    if ticket.status is not TicketStatus.DECIDED or not given:
        return frozenset()
    if ticket.screening is not None:
        return frozenset(each.number for each in given if each.answers["decision"] == ticket.screening.result)
    agreed = agreement(ticket.asked, [each.answers for each in given], required_approvers=ticket.required_approvers)
    return frozenset(given[place].number for place in agreed.places) if agreed else frozenset()


def _standing(ticket: Ticket, answer: TicketAnswer, deciding: frozenset[int]) -> AnswerStanding:
    if answer.snapshot != ticket.snapshot:
        return AnswerStanding.VOID_AMENDED
    if ticket.status is TicketStatus.OPEN:
        return AnswerStanding.COUNTS
    if ticket.status is not TicketStatus.DECIDED:
        return AnswerStanding.VOID_CLOSED
    return AnswerStanding.DECIDES if answer.number in deciding else AnswerStanding.DIFFERS
