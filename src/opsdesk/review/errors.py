"""What the review desk refuses. The facts are ids, names of fields and states, never what somebody answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from opsdesk.kit.errors import Invalid, NotFound, Refused


@dataclass(eq=False)
class AlertUnknown(NotFound):
    """There is no open alert with this id."""

    alert_id: int


@dataclass(eq=False)
class TicketUnknown(NotFound):
    """There is no ticket with this id."""

    ticket_id: str


@dataclass(eq=False)
class TicketNotOpen(Refused):
    """The ticket is closed; nothing can be claimed or decided there any more."""

    ticket_id: str
    state: str


@dataclass(eq=False)
class TicketFrozen(Refused):
    """What the ticket of a screening type shows is frozen: let its run go its way again from there instead."""

    ticket_id: str


@dataclass(eq=False)
class TicketDiffers(Refused):
    """A ticket was opened here before with other content."""

    ticket_id: str


@dataclass(eq=False)
class TicketClaimed(Refused):
    """Somebody else is working on the ticket."""

    ticket_id: str
    claimed_by: str
    claimed_until: datetime


@dataclass(eq=False)
class TicketTakenBack(Refused):
    """A lead of the desk has released the ticket, so that it is nobody's now: claim it again to go on with it."""

    ticket_id: str
    released_by: str
    reason: str


@dataclass(eq=False)
class TicketNotHeld(Refused):
    """Nobody holds the ticket."""

    ticket_id: str


@dataclass(eq=False)
class NoReviewer(Refused):
    """The person may not decide tickets: no role of theirs does, or their account is disabled."""

    person: str


@dataclass(eq=False)
class OwnRequestLed(Refused):
    """Nobody chooses who decides what they requested themselves."""

    status: ClassVar[int] = 403

    ticket_id: str
    actor: str


@dataclass(eq=False)
class LeadInvalid(Invalid):
    """Tickets cannot be assigned or released like this."""

    field: str
    problem: str


@dataclass(eq=False)
class RoleMissing(Refused):
    """The ticket is for people of a role that the actor does not hold."""

    status: ClassVar[int] = 403

    ticket_id: str
    role: str


@dataclass(eq=False)
class OwnRequest(Refused):
    """Nobody decides what they requested themselves."""

    status: ClassVar[int] = 403

    ticket_id: str
    actor: str


@dataclass(eq=False)
class AlreadyAnswered(Refused):
    """A person answers a ticket once, and this one has."""

    ticket_id: str
    actor: str


@dataclass(eq=False)
class AnswerKeyReused(Refused):
    """This key came with another answer before."""

    ticket_id: str
    actor: str


@dataclass(eq=False)
class AnswersInvalid(Invalid):
    """The answers are not what the ticket asks for."""

    ticket_id: str
    problems: Mapping[str, Sequence[str]]
    """By field, all of them at once."""


@dataclass(eq=False)
class AnswerKeyInvalid(Invalid):
    """The key of an answer has 1 to 200 printable characters."""


@dataclass(eq=False)
class OwnAmendment(Refused):
    """Nobody decides on data that they have amended themselves."""

    status: ClassVar[int] = 403

    ticket_id: str
    actor: str


@dataclass(eq=False)
class DataChanged(Refused):
    """The data is another than what this answer was given on: look at it again, and decide then."""

    ticket_id: str
    snapshot: int
    """The number of what is shown now."""
    shown_sha256: str
    """Its digest."""


@dataclass(eq=False)
class ReasonCodeInvalid(Invalid):
    """A decision carries one of the reason codes that the ticket declares for it."""

    ticket_id: str
    problem: str
    reason_codes: Sequence[str]
    """Those that there are for this decision; none: it is not needed."""


@dataclass(eq=False)
class AmendmentInvalid(Invalid):
    """The data of the ticket cannot be amended like this."""

    ticket_id: str
    problems: Mapping[str, str]
    """By name."""


@dataclass(eq=False)
class DecidedWithReasons(Refused):
    """A screening ticket passes, or is rejected with reasons of its type; it is not answered like this."""

    ticket_id: str


CLAIM_REFUSALS = (
    TicketUnknown,
    TicketNotOpen,
    RoleMissing,
    OwnRequest,
    OwnAmendment,
    AlreadyAnswered,
    TicketClaimed,
)
"""What working on a ticket may be refused for, before any answer is looked at."""
ANSWER_REFUSALS = (*CLAIM_REFUSALS, AnswersInvalid, ReasonCodeInvalid, DataChanged, AnswerKeyReused, DecidedWithReasons)
"""What an answer may be refused for."""


@dataclass(eq=False)
class TicketInvalid(Invalid):
    """A ticket cannot be opened like this."""

    field: str
    problem: str


@dataclass(eq=False)
class TicketFilterInvalid(Invalid):
    """Tickets cannot be filtered by this."""

    filter: str
    problem: str
