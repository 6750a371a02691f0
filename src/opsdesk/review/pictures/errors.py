"""What is refused of pictures, and of values that are shown only when somebody asks for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from opsdesk.kit.errors import Invalid, NotFound, Refused


@dataclass(eq=False)
class PictureUnknown(NotFound):
    """The ticket has no such picture."""

    ticket_id: str


@dataclass(eq=False)
class PictureMissing(NotFound):
    """There is no copy of the picture: it is on its way, or was given up."""

    ticket_id: str
    state: str
    reason: str | None
    """Of the last attempt to fetch it that failed."""


@dataclass(eq=False)
class PersonalHidden(Refused):
    """Only whoever holds the ticket, and who may see personal values, is shown this."""

    status: ClassVar[int] = 403

    ticket_id: str


@dataclass(eq=False)
class NotRevealed(Refused):
    """It is shown to whoever asked to see it, which the ticket then tells: reveal it first."""

    status: ClassVar[int] = 403

    ticket_id: str
    key_id: str


@dataclass(eq=False)
class RevealInvalid(Invalid):
    """The ticket has nothing of this that could be revealed."""

    ticket_id: str
    keys: Sequence[str]
