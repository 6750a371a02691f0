"""What is refused of an application."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opsdesk.kit.errors import Invalid, NotFound, Refused


@dataclass(eq=False)
class FlowReused(Refused):
    """Another application came under this flow number before."""

    flow_no: str


@dataclass(eq=False)
class FlowUnknown(NotFound):
    """No application was answered under this flow number."""

    flow_no: str


@dataclass(eq=False)
class IncomingInvalid(Invalid):
    """An application cannot come like this."""

    problems: Mapping[str, Sequence[str]]
    """By place, such as `verifications.liveness_check_url1`, all of them at once."""


@dataclass(eq=False)
class ApplicationUndecided(Refused):
    """A rule cannot be decided for this application. Nobody passes by it, nothing is kept, and operators are told."""

    flow_no: str
    group: str
    rule: str
    problem: str
    """Expressions, names and types, never values."""


@dataclass(eq=False)
class ScreeningAdaptMissing(Refused):
    """A person has to look at it, and no adapt makes a ticket of it. Nothing is kept, and operators are told."""

    flow_no: str
    application: str
    scene: str
    group: str
    rule: str


@dataclass(eq=False)
class ApplicationFilterInvalid(Invalid):
    """A list of applications cannot be asked for like this."""

    filter: str
    problem: str


@dataclass(eq=False)
class ResultUnknown(NotFound):
    """No result goes back for this ticket: it has not ended, or no application came with it."""

    ticket_id: str


@dataclass(eq=False)
class ResultNotSendable(Refused):
    """The result is being sent already."""

    ticket_id: str
    state: str


@dataclass(eq=False)
class ReceiverInvalid(Invalid):
    """Results cannot go there."""

    problems: Mapping[str, Sequence[str]]
    """By field, all of them at once."""


@dataclass(eq=False)
class ReceiverUnknown(NotFound):
    """The application has no receiver for its results."""

    application: str
