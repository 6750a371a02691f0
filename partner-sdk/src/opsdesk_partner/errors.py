"""What can go wrong, and what to do then: every error says whether to ask again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Advice(StrEnum):
    """What a program does next."""

    RETRY = "retry"
    """Nothing happened: ask again later, with the same idempotency key."""
    DO_NOT = "do not"
    """The answer is final: asking again gives the same."""
    UNKNOWN = "unknown"
    """It may have happened: ask again with the same idempotency key, never with another, until it is answered."""


class PartnerError(Exception):
    """Anything that this package raises by itself."""

    code = "partner_error"
    advice = Advice.DO_NOT

    def __str__(self) -> str:
        return super().__str__() or str(type(self).__doc__).partition("\n")[0]


class Misconfigured(PartnerError):
    """Something that the caller has to give is missing or is none of its kind."""

    code = "misconfigured"


class LinkError(PartnerError):
    """A `request` that does not open."""

    code = "link_invalid"
    message = "链接无效"
    """Ready to show to the customer."""


class LinkMalformed(LinkError):
    """The text is not a link token at all: cut off, decoded twice, or of an unknown version."""


class LinkForged(LinkError):
    """The token is not as the bank made it, or the bank made it with a key that is not this provider's."""


@dataclass(eq=False)
class LinkForAnother(LinkError):
    """The token was made for another provider."""

    provider: str | None = None
    """Whose it is, where a key of theirs is at hand."""


@dataclass(eq=False)
class LinkWrongPurpose(LinkError):
    """The token is genuine and was made for something else, such as a booking link on the page that cancels."""

    purpose: str
    wanted: str

    def __str__(self) -> str:
        return f"the link is for {self.purpose}, and one for {self.wanted} is needed"


@dataclass(eq=False)
class LinkExpired(LinkError):
    """The token is genuine and its time is over; a new one has to be asked for at the bank."""

    channel: str
    prompt: str
    """What the customer is to be shown, by the channel that the link came from."""
    expired_at: int
    code = "link_expired"
    message = "权益码已失效"


class SignatureError(PartnerError):
    """Something that the bank is said to have signed is not as the bank signed it."""

    code = "signature_invalid"


class Unreadable(PartnerError):
    """The bank did what was asked, and its answer lacks what this version of the package reads."""

    code = "unreadable"


@dataclass(eq=False, kw_only=True)
class Refused(PartnerError):
    """The bank answered, and the answer is no."""

    code: str
    message: str
    """In Chinese, ready to show."""
    message_en: str = ""
    advice: Advice = Advice.DO_NOT
    status: int = 409
    detail: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code}: {self.message} ({self.message_en}) [{self.advice}]"

    @property
    def prompt(self) -> str:
        """The text for the customer: of a link that is over, the one for the channel it came from."""
        return str(self.detail.get("prompt") or self.message)


class QuoteStale(Refused):
    """More would be lost than the customer was told; `detail["quote"]` is what has to be shown now."""


@dataclass(eq=False)
class OutcomeUnknown(PartnerError):
    """No answer that can be trusted came back, however often it was asked: it may have happened."""

    key: str
    """Ask again later with this very key."""
    reason: str
    attempts: int
    code = "outcome_unknown"
    message = "处理结果未知,请稍后使用相同的幂等键重试"
    advice = Advice.UNKNOWN

    def __str__(self) -> str:
        return f"outcome unknown after {self.attempts} attempts ({self.reason}); ask again with the key {self.key}"


@dataclass(eq=False)
class Unreachable(PartnerError):
    """The bank was not reached, so that nothing happened."""

    reason: str
    attempts: int
    code = "unreachable"
    message = "无法连接银行,请稍后重试"
    advice = Advice.RETRY

    def __str__(self) -> str:
        return f"not reached after {self.attempts} attempts ({self.reason})"
