"""What the reference data of the review desk refuses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opsdesk.kit.errors import Invalid, NotFound


@dataclass(eq=False)
class ReferenceDataInvalid(Invalid):
    """An entry of the reference data cannot be like this."""

    problems: Mapping[str, Sequence[str]]
    """By field, all of them at once."""


@dataclass(eq=False)
class ApplicationUnknown(NotFound):
    """There is no application of this name."""

    application: str


@dataclass(eq=False)
class SceneUnknown(NotFound):
    """The application has no scene of this name."""

    application: str
    scene: str


@dataclass(eq=False)
class ProtoInvalid(Invalid):
    """The protobuf files cannot be read."""

    problem: str
