"""What access refuses."""

from dataclasses import dataclass
from typing import ClassVar

from opsdesk.kit.errors import Invalid, NotFound, OpsdeskError, Refused


@dataclass(eq=False)
class Unauthenticated(OpsdeskError):
    """The request does not say who is asking."""

    status: ClassVar[int] = 401


@dataclass(eq=False)
class KeyUnknown(Unauthenticated):
    """The API key is not valid."""


@dataclass(eq=False)
class ScopeMissing(Refused):
    """The actor does not have the scope that this needs."""

    status: ClassVar[int] = 403

    actor: str
    scope: str


@dataclass(eq=False)
class KeyNotFound(NotFound):
    """There is no API key with this id."""

    key_id: str


@dataclass(eq=False)
class KeyRefused(Invalid):
    """An API key cannot be made like this."""

    field: str
    problem: str
