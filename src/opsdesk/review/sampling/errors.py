"""What quality sampling refuses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opsdesk.kit.errors import Invalid, NotFound, Refused


@dataclass(eq=False)
class SampleUnknown(NotFound):
    """There is no quality sample with this id."""

    sample_id: int


@dataclass(eq=False)
class SampledTicketUnknown(NotFound):
    """No quality sample holds a ticket under this id."""

    sampled_id: int


@dataclass(eq=False)
class SampleInvalid(Invalid):
    """A quality sample cannot be drawn like this."""

    problems: Mapping[str, Sequence[str]]
    """By field, all of them at once."""


@dataclass(eq=False)
class NothingToSample(Refused):
    """No ticket was decided there in this time, so that there is nothing to draw from."""

    application: str
    scene: str


@dataclass(eq=False)
class PopulationTooLarge(Refused):
    """More tickets were decided there in this time than a sample is drawn from: choose a shorter time."""

    limit: int


@dataclass(eq=False)
class SampleKeyReused(Refused):
    """This key was used for another quality sample already."""


@dataclass(eq=False)
class NotTaken(Refused):
    """Only whoever was given the sampled ticket to judge it judges it: take the next one."""

    sampled_id: int


@dataclass(eq=False)
class AlreadyJudged(Refused):
    """The sampled ticket was judged again already; it is judged once."""

    sampled_id: int


@dataclass(eq=False)
class JudgedElsewhere(Refused):
    """Whoever judged the ticket in another sample knows its verdict, and does not judge it again."""

    sampled_id: int


@dataclass(eq=False)
class NotJudgedYet(Refused):
    """The sampled ticket was not judged again yet; until then nothing is told of its verdict."""

    sampled_id: int
