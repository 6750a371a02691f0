"""What a ticket is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from opsdesk.access import Actor


class TicketStatus(StrEnum):
    """Whether a ticket waits for people, and how it ended if it does not."""

    OPEN = "open"
    """Waits for people. How many answers it has, and who holds it, is told beside it."""
    DECIDED = "decided"
    EXPIRED = "expired"
    """Time ran out."""
    CANCELLED = "cancelled"
    """What asked for it was cancelled."""
    ANSWERED_ELSEWHERE = "answered_elsewhere"


class TicketClosing(StrEnum):
    """Why a ticket ends without a decision; each is a status as well."""

    EXPIRED = "expired"
    CANCELLED = "cancelled"
    ANSWERED_ELSEWHERE = "answered_elsewhere"


class TicketEventKind(StrEnum):
    """What can happen to a ticket."""

    OPENED = "opened"
    CLAIMED = "claimed"
    ASSIGNED = "assigned"
    """A lead of the desk gave it to somebody; the reason is the id of that actor."""
    RELEASED = "released"
    SKIPPED = "skipped"
    """Somebody gave it back to take another one, for the reason given."""
    ANSWERED = "answered"
    """One person answered; where it was the last one needed, `decided` follows."""
    DECIDED = "decided"
    AMENDED = "amended"
    """The data that is shown was changed, for the reason given: the answers given before do not count any more."""
    ESCALATED = "escalated"
    """Its time is running out: it went to another role, or up in the queue."""
    CLOCK_STOPPED = "clock_stopped"
    """The customer is waited for; no time passes for the ticket meanwhile."""
    CLOCK_STARTED = "clock_started"
    """The clock goes on, so that the ticket is due later."""
    SECOND_ASKED = "second_asked"
    """One more person has to judge it, for the reason given."""
    REVEALED = "revealed"
    """Somebody asked to see values that are hidden at first; the reason names them."""
    CLOSED = "closed"
    """Ended without a decision, for the reason given."""


@dataclass(frozen=True, slots=True)
class TicketField:
    """Something that is asked for; `schema` is JSON Schema 2020-12 without references, and admits anything if empty."""

    name: str
    label: str
    schema: Mapping[str, Any]
    required: bool
    personal: bool


class Verdict(StrEnum):
    """What a reviewer says of a screening ticket, and what becomes its result."""

    PASS = "pass"  # noqa: S105 - a verdict, and no password
    REJECT = "reject"
    RESUBMIT = "resubmit"
    """The customer is asked for the documents again."""


class ScreeningStatus(StrEnum):
    """Where a screening ticket stands: what follows from its status, its claim and its answers."""

    PENDING = "pending"
    IN_REVIEW = "in_review"
    """Somebody holds it."""
    AWAITING_SECOND = "awaiting_second"
    """One person has answered, and another one has to."""
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Standing(Protocol):
    """What tells where a ticket stands."""

    @property
    def status(self) -> TicketStatus: ...
    @property
    def claimed_by(self) -> str | None: ...
    @property
    def claimed_until(self) -> datetime | None: ...
    @property
    def answers_given(self) -> int: ...


SCREENING = "screening"
"""The source of tickets that applications come with."""

Reasons = Mapping[str, Mapping[str, str]]
"""By decision (`approved`, or `*` for all others): the codes that say why, each with its words."""


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A ticket to be opened: `source`, `subject`, `node`, `iteration` and `generation` name it."""

    source: str
    """What kind of thing asks, such as `run`."""
    subject: str
    """Which one of them asks: the id of the run."""
    node: str
    iteration: int
    title: str
    purpose: str
    role: str | None
    """Who may answer; None: everyone who may decide tickets."""
    shown: Mapping[str, Any]
    """What the people are shown: a copy, which only an amendment replaces."""
    shown_personal: frozenset[str]
    """The names in `shown` that are personal."""
    asked: tuple[TicketField, ...]
    required_approvers: int
    due_at: datetime | None
    requested_by: str
    """The id of the actor who asked for what is decided here, and who may not decide it."""
    generation: int = 1
    """Goes up where a person has the same node asked again."""
    reasons: Reasons = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Screening:
    """What a ticket has more if a screening type makes it: whom it is about, and under which versions it was made."""

    application: str
    scene: str
    bucket: str
    """The list in which it is reviewed, by the scene as it was then."""
    user_id: str
    type_id: int
    type_version: int
    adapt_id: int
    adapt_version: int
    result: Verdict | None
    """None: it is not decided."""
    pictures_waiting: int
    """How many pictures are still to be fetched; nobody decides before they are there or given up."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as it is stored."""

    id: UUID
    source: str
    subject: str
    node: str
    iteration: int
    generation: int
    title: str
    purpose: str
    role: str | None
    shown: Mapping[str, Any]
    shown_sha256: str
    shown_personal: frozenset[str]
    asked: tuple[TicketField, ...]
    required_approvers: int
    due_at: datetime | None
    requested_by: str
    opened_at: datetime
    status: TicketStatus
    claimed_by: str | None
    """The last who claimed it; the claim counts until `claimed_until`."""
    claimed_until: datetime | None
    decision: Mapping[str, Any] | None
    """The answers that the ticket was decided with."""
    closed_at: datetime | None
    answers_given: int
    """On what is shown now."""
    snapshot: int
    """The number of the data that is shown now: one more each time that it is amended."""
    reasons: Reasons
    priority: int
    """0 to 9, the highest first in the queue."""
    stands_since: datetime | None
    """Since when its clock stands, because the customer is waited for; it has no due time meanwhile."""
    row_version: int
    """One more with every change of the row."""
    screening: Screening | None
    """None: a procedure asks, and says itself what is asked."""
    assigned_by: str | None = None
    """Who gave it to the last who holds it; None: they took it themselves."""

    @property
    def flow_no(self) -> str:
        """Of a screening ticket: the number under which the application came."""
        return self.subject

    def screening_status(self, now: datetime) -> ScreeningStatus:
        """Answers that were given on what is shown now count as those of a first reviewer."""
        return screening_status(self, now)

    def claim_at(self, now: datetime) -> tuple[str, datetime] | None:
        """Who holds the ticket, and until when."""
        return claim_at(self, now)


@dataclass(frozen=True, slots=True)
class TicketSummary:
    """A ticket as a line of a list: without what is shown and asked, and so without personal values."""

    id: UUID
    source: str
    subject: str
    node: str
    title: str
    role: str | None
    required_approvers: int
    answers_given: int
    due_at: datetime | None
    requested_by: str
    opened_at: datetime
    status: TicketStatus
    claimed_by: str | None
    claimed_until: datetime | None
    closed_at: datetime | None
    priority: int
    stands_since: datetime | None
    screening: Screening | None
    assigned_by: str | None = None


def claim_at(ticket: Standing, now: datetime) -> tuple[str, datetime] | None:
    """Who holds the ticket, and until when."""
    if ticket.claimed_by is None or ticket.claimed_until is None or ticket.claimed_until <= now:
        return None
    return ticket.claimed_by, ticket.claimed_until


def screening_status(ticket: Standing, now: datetime) -> ScreeningStatus:
    """Answers that were given on what is shown now count as those of a first reviewer."""
    is_held = claim_at(ticket, now) is not None
    return standing(ticket.status, is_held=is_held, is_answered=ticket.answers_given > 0)


def standing(status: TicketStatus, *, is_held: bool, is_answered: bool) -> ScreeningStatus:
    """Where a screening ticket stands, by what is known of it."""
    match status:
        case TicketStatus.DECIDED:
            return ScreeningStatus.COMPLETED
        case TicketStatus.EXPIRED:
            return ScreeningStatus.EXPIRED
        case TicketStatus.CANCELLED | TicketStatus.ANSWERED_ELSEWHERE:
            return ScreeningStatus.CANCELLED
        case TicketStatus.OPEN:
            if is_held:
                return ScreeningStatus.IN_REVIEW
            return ScreeningStatus.AWAITING_SECOND if is_answered else ScreeningStatus.PENDING


@dataclass(frozen=True, slots=True)
class TicketAnswer:
    """What one person answered, in which roles, having been shown the data with this digest."""

    number: int
    actor: str
    person: str
    """Whoever stands behind it: who made the key that a system answered with, else the actor."""
    roles: list[str]
    answers: Mapping[str, Any]
    reason_code: str
    snapshot: int
    """Which of the ticket's snapshots it was given on; it counts while that one is shown."""
    shown_sha256: str
    key: str
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class TicketAmendment:
    """What a ticket showed from then on, and who changed it, why."""

    snapshot: int
    """The number of what was shown from then on; what the ticket was opened with is number 1."""
    shown: Mapping[str, Any]
    shown_sha256: str
    shown_personal: frozenset[str]
    changed: list[str]
    """The names whose values are others than before."""
    actor: str
    person: str
    """Whoever stands behind it."""
    roles: list[str]
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TicketDecision:
    """What a ticket was decided with: the answers, and the ids of the people who stand behind them."""

    answers: Mapping[str, Any]
    decided_by: tuple[str, ...]
    decided_at: datetime
    concluded_by: Actor
    """Whose answer was the last one needed."""


@dataclass(frozen=True, slots=True)
class TicketEvent:
    kind: TicketEventKind
    actor: str
    at: datetime
    reason: str
