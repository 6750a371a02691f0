"""What the bank answers, as values; `body` is all of it, for what a newer bank says besides."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from opsdesk_partner.errors import Misconfigured, Unreadable

BUSINESS_ZONE = timezone(timedelta(hours=8), "Asia/Shanghai")
"""The bank's business time: it has no summer time."""
UNBOOKED, BOOKED, COMPLETED, CANCELLED, EXPIRED = 100, 200, 300, 400, 500
_DIGITS = {12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Order:
    benefit_code: str
    service: str
    """Empty where the bank did not say it again."""
    status: int
    """100 not booked, 200 booked, 300 completed, 400 cancelled, 500 expired."""
    body: Json = field(repr=False)

    @classmethod
    def read(cls, body: Json) -> "Order":
        """Raises Unreadable if it is no order."""
        return cls(_text(body, "benefit_code"), str(body.get("service", "")), _number(body, "status"), body)


@dataclass(frozen=True, slots=True)
class Quote:
    quote_id: str
    points: int
    returned: int
    forfeited: int
    valid_until: str
    message: str
    """In Chinese, what the customer is to be asked; empty where there is nothing to ask."""
    body: Json = field(repr=False)

    @classmethod
    def read(cls, body: Json) -> "Quote":
        """Raises Unreadable if it is no quote."""
        return cls(
            _text(body, "quote_id"),
            _number(body, "points"),
            _number(body, "returned"),
            _number(body, "forfeited"),
            str(body.get("valid_until", "")),
            str(body.get("message", "")),
            body,
        )

    @property
    def must_ask(self) -> bool:
        """Whether the customer has to agree first, since points would be lost."""
        return self.forfeited > 0


@dataclass(frozen=True, slots=True)
class Cancellation:
    status: int
    returned: int
    forfeited: int
    message: str
    body: Json = field(repr=False)

    @classmethod
    def read(cls, body: Json) -> "Cancellation":
        """Raises Unreadable if it is none."""
        returned, forfeited = _number(body, "returned"), _number(body, "forfeited")
        return cls(_number(body, "status"), returned, forfeited, str(body.get("message", "")), body)


@dataclass(frozen=True, slots=True)
class BankFile:
    name: str
    month: str
    generated_at: str
    bytes: int
    sha256: str
    rows: int
    total_fen: int

    @classmethod
    def read(cls, body: Json) -> "BankFile":
        """Raises Unreadable if it describes no file."""
        return cls(
            name=_text(body, "name"),
            month=_text(body, "month"),
            generated_at=_text(body, "generated_at"),
            bytes=_number(body, "bytes"),
            sha256=_text(body, "sha256"),
            rows=_number(body, "rows"),
            total_fen=_number(body, "total_fen"),
        )


def completion_digits(moment: datetime | str) -> str:
    """`YYYYMMDDHHmmss` in the bank's zone. Raises Misconfigured for what is no moment, or has no zone."""
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise Misconfigured("a datetime needs its zone; digits are read in the bank's")
        return moment.astimezone(BUSINESS_ZONE).strftime(_DIGITS[14])
    return completion_time(moment).strftime(_DIGITS[14])


def completion_time(digits: str) -> datetime:
    """Twelve or fourteen digits in the bank's zone. Raises Misconfigured."""
    try:
        if not (digits.isascii() and digits.isdigit()):
            raise ValueError
        return datetime.strptime(digits, _DIGITS[len(digits)]).replace(tzinfo=BUSINESS_ZONE)
    except (KeyError, ValueError):
        raise Misconfigured("a moment has the digits YYYYMMDDHHmmss, or YYYYMMDDHHmm") from None


def _text(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise Unreadable(f"the bank's answer has no {name}")
    return value


def _number(body: Json, name: str) -> int:
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Unreadable(f"the bank's answer has no {name}")
    return value
