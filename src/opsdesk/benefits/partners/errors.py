"""What is refused of partners, their keys and their requests."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from opsdesk.kit.errors import Invalid, NotFound, OpsdeskError, Refused, Unavailable


@dataclass(eq=False)
class PartnerUnknown(NotFound):
    """The provider is not set up for the open platform."""

    provider: str


@dataclass(eq=False)
class PartnerInvalid(Invalid):
    """A partner cannot be set up like this."""

    field: str
    problem: str


@dataclass(eq=False)
class PartnerKeyUnknown(NotFound):
    """The partner has no such key."""

    provider: str
    key_id: str


@dataclass(eq=False)
class PartnerKeyRefused(Invalid):
    """The public key cannot be taken."""

    problem: str


@dataclass(eq=False)
class PartnerKeyTaken(Refused):
    """The public key is registered already, be it in use or not."""

    key_id: str


@dataclass(eq=False)
class TooManyPartnerKeys(Refused):
    """The partner has as many keys in use as it may: revoke one first."""

    provider: str
    limit: int


@dataclass(eq=False)
class LinkKeyUnknown(NotFound):
    """The partner has no such link key."""

    provider: str
    kid: int


@dataclass(eq=False)
class LinkKeyOffered(Refused):
    """The partner has not acknowledged the link key that it was offered before."""

    provider: str
    kid: int


@dataclass(eq=False)
class LinkKeysUsedUp(Refused):
    """The partner has had all the link keys that can be numbered."""

    provider: str


@dataclass(eq=False)
class LinkKeyMissing(Refused):
    """The partner has acknowledged no link key: there is nothing to seal its links with."""

    provider: str


@dataclass(eq=False)
class LinkKeyExhausted(Refused):
    """As many links were sealed as one key may seal: the partner has to acknowledge the next one first."""

    provider: str
    kid: int


@dataclass(eq=False)
class LinkKeyDestroyed(Refused):
    """The link key was destroyed."""

    provider: str
    kid: int
    destroyed_at: datetime


@dataclass(eq=False)
class LinkKeyUndeliverable(Refused):
    """The partner has no X25519 key that its link keys could be sealed to."""

    provider: str


@dataclass(eq=False)
class SignatureRefused(OpsdeskError):
    """The request is not signed as a partner's requests have to be."""

    status: ClassVar[int] = 401

    problem: str
    """Which rule it breaks, for programs."""
    explanation: str
    """What to look at, for people."""
    line: str | None = None
    """The line of the signed text that is likely another one at the partner's."""
    signed_text: str | None = None
    """What should have been signed."""


@dataclass(eq=False)
class PartnerTooFast(Unavailable):
    """The partner has sent more requests within a second than are taken: send this one again a little later."""

    status: ClassVar[int] = 429

    per_s: int
