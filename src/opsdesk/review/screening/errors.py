"""What the configuration of tickets refuses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from opsdesk.kit.errors import Invalid, NotFound, Refused


@dataclass(eq=False)
class ScreeningTypeUnknown(NotFound):
    """There is no screening type with this id, or it has no such version."""

    type_id: int


@dataclass(eq=False)
class ScreeningTypeNotCalled(NotFound):
    """No screening type has this name or id."""

    called: str


@dataclass(eq=False)
class ScreeningTypeInvalid(Invalid):
    """A screening type cannot be like this."""

    problems: Mapping[str, Sequence[str]]
    """By place, such as `modules.0.keys.2.name`, all of them at once."""


@dataclass(eq=False)
class ScreeningTypeExists(Refused):
    """There is a screening type of this name already."""

    type_id: int


@dataclass(eq=False)
class HardcodedType(Refused):
    """Of a ticket type that is written in code only the rejection info can be edited."""

    type_id: int


@dataclass(eq=False)
class ConfigurationMoved(Refused):
    """Somebody else has saved a newer version; look at the difference and save again."""

    version: int
    """The newest one."""
    operator: str
    changes: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    """What they changed: path, before, after."""


@dataclass(eq=False)
class ScreeningFileInvalid(Invalid):
    """The file of a screening type cannot be read or put in like this."""

    problems: Mapping[str, Sequence[str]]
    """By place, such as `adapts.0.mapped.2.value`, all of them at once."""


@dataclass(eq=False)
class ScreeningFileStale(Refused):
    """The file was not made from what counts here now; look at the difference, and say that it is to be put over it."""

    version: int
    """The newest one here."""
    operator: str
    state: str
    """Names what the file would be put over; whoever has seen the difference says it."""


@dataclass(eq=False)
class ScreeningAdaptUnknown(NotFound):
    """There is no screening adapt with this id, or it has no such version."""

    adapt_id: int


@dataclass(eq=False)
class ScreeningAdaptInvalid(Invalid):
    """A screening adapt cannot be like this."""

    problems: Mapping[str, Sequence[str]]
    """By place, such as `mapped.k1.value`, all of them at once."""


@dataclass(eq=False)
class ScreeningAdaptExists(Refused):
    """This application and scene have an adapt of this screening type already."""

    adapt_id: int


@dataclass(eq=False)
class AdaptReferenced(Refused):
    """Groups refer to this adapt, so that it cannot be paused."""

    groups: Sequence[str]


@dataclass(eq=False)
class ConfigurationFilterInvalid(Invalid):
    """The configuration cannot be filtered by this."""

    filter: str
    problem: str


@dataclass(eq=False)
class FlowInvalid(Invalid):
    """An application cannot come like this."""

    field: str
    problem: str


@dataclass(eq=False)
class NotScreening(Refused):
    """The ticket is none of a screening type; it is answered as its procedure asks."""

    ticket_id: str


@dataclass(eq=False)
class ClaimNeeded(Refused):
    """Only whoever holds a screening ticket decides it: claim it first."""

    ticket_id: str


@dataclass(eq=False)
class PicturesOnTheirWay(Refused):
    """Pictures of the ticket are still being fetched; it can be decided once they are there or given up."""

    ticket_id: str
    waiting: int


@dataclass(eq=False)
class VerdictInvalid(Invalid):
    """A ticket cannot be decided like this."""

    ticket_id: str
    problems: Mapping[str, Sequence[str]]
    """By field: verdict, reasons, remark."""


@dataclass(eq=False)
class SkipInvalid(Invalid):
    """Whoever skips a ticket says why."""

    ticket_id: str
    problem: str


@dataclass(eq=False)
class ReasonsChanged(Refused):
    """The reasons to reject have changed since they were shown: look at them again, and choose then."""

    ticket_id: str
    rejection_version: int
    """The version of the type that counts now."""
    valid: Sequence[str]
    """The ids of those that were chosen and still hold."""
    panel: Mapping[str, Any] = field(default_factory=dict)
    """What the ticket can be rejected with now, as `GET /v1/tickets/{ticket_id}/rejection` tells it."""


VERDICT_REFUSALS = (NotScreening, ClaimNeeded, PicturesOnTheirWay, VerdictInvalid, ReasonsChanged)
"""What a verdict may be refused for, beside what any answer is."""
