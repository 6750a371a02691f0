"""What a picture of a ticket is, and what can become of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from yarl import URL

URL_CHARS_MAX = 2000
PICTURE_BYTES_MAX = 10 * 1024 * 1024
"""Of what is fetched, and of what is kept of it."""
SIDE_PIXELS_MAX = 4096
"""What is larger is kept smaller."""


class PictureState(StrEnum):
    """Whether a ticket has a copy of a picture."""

    WAITING = "waiting"
    """It is still to be fetched."""
    KEPT = "kept"
    """There is a copy of it."""
    GIVEN_UP = "given_up"
    """There will be none; the reason says why."""


class WhyNot(StrEnum):
    """Why there is no copy of a picture."""

    HOST_NOT_LISTED = "host_not_listed"
    """The settings do not list its host for pictures, or the address names a user."""
    INSECURE = "insecure"
    """The address is one without TLS."""
    ADDRESS_INSIDE = "address_inside"
    """Its host is, or leads to, an address that the public has no way to."""
    TOO_MANY_REDIRECTS = "too_many_redirects"
    GONE = "gone"
    """Its host says that there is nothing, or nothing any more."""
    REFUSED = "refused"
    """Its host does not give it to us."""
    TOO_LARGE = "too_large"
    """More bytes or more pixels than are kept of a picture."""
    NOT_A_PICTURE = "not_a_picture"
    """What came is none of JPEG, PNG, WebP and GIF, whatever its host says of it."""
    UNREADABLE = "unreadable"
    """It begins as a picture and cannot be read as one."""
    SLOW = "slow"
    UNREACHABLE = "unreachable"
    UNTRUSTED = "untrusted"
    """Its host does not prove by TLS that it is itself."""
    FAILING = "failing"
    """Its host answers that it cannot answer, or breaks off."""
    INTERRUPTED = "interrupted"
    """The worker ended before there was an answer, each time."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a ticket: of the value of this key."""

    ticket_id: UUID
    key_id: str
    token: str
    state: PictureState
    attempts: int
    reason: WhyNot | None
    """Of the last attempt that failed."""
    source_sha256: str | None
    """SHA-256 of what came from its host."""
    content_sha256: str | None
    media_type: str | None
    width: int | None
    height: int | None
    settled_at: datetime | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", PictureState(self.state))
        object.__setattr__(self, "reason", WhyNot(self.reason) if self.reason else None)


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a picture as they are shown."""

    media_type: str
    data: bytes


def picture_url(value: Any) -> URL | None:
    """The address that a value is, of what may be a picture; None for everything else."""
    if not isinstance(value, str) or len(value) > URL_CHARS_MAX or not value.isprintable():
        return None
    try:
        url = URL(value.strip())
        return url if url.scheme in ("http", "https") and url.raw_host and url.port else None
    except ValueError:
        return None
