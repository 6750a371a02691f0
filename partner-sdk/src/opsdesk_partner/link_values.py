"""What links are made of: their purposes, channels, profiles and keys."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Protocol

from opsdesk_partner.errors import LinkMalformed

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")


class Purpose(IntEnum):
    BOOKING = 1
    CANCELLATION = 2


class Channel(IntEnum):
    MOBILE = 1
    PHONE = 2
    CRM = 3


class Profile(StrEnum):
    """How the bank seals links for a provider; it is agreed on once."""

    GCM = "gcm"
    SM = "sm"
    LEGACY_ECB = "legacy-ecb"


@dataclass(frozen=True, slots=True)
class LinkKey:
    """The key of one provider under one number."""

    kid: int
    profile: Profile
    secret: bytes

    def __repr__(self) -> str:
        return f"LinkKey(kid={self.kid}, profile={self.profile})"


class LinkKeys(Protocol):
    """Where keys come from: `KeyRing` asks the bank, `FixedKeys` is told."""

    @property
    def provider(self) -> str: ...

    def key(self, kid: int) -> LinkKey | None:
        """None where this provider has no key of this number."""
        ...


@dataclass(frozen=True, slots=True)
class FixedKeys:
    """Keys that are known beforehand."""

    provider: str
    keys: Sequence[LinkKey]

    def key(self, kid: int) -> LinkKey | None:
        return next((key for key in self.keys if key.kid == kid), None)


@dataclass(frozen=True, slots=True)
class Link:
    """What the bank said in a link."""

    benefit_code: str
    service: str
    channel: str
    """mobile, phone or crm."""
    purpose: str
    """booking or cancellation."""
    issued_at: int
    """Unix seconds, as the two others."""
    expires_at: int
    kid: int
    request: str
    """As it came: it goes back to the bank with the booking."""


def unpadded(text: str) -> bytes:
    """Base64url without padding, in the one spelling that its bytes have. Raises LinkMalformed."""
    if not _BASE64URL.fullmatch(text) or len(text) % 4 == 1:
        raise LinkMalformed("the request is no base64url without padding; has a + become a blank, or a % stayed?")
    raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if urlsafe_b64encode(raw).rstrip(b"=").decode() != text:
        raise LinkMalformed("the last character of the request was changed")
    return raw
