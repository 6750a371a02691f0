"""What the benefits know. Points are whole numbers, money is whole fen, every moment is aware of its zone."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import IntEnum, StrEnum
from typing import Any
from uuid import UUID

import orjson

from opsdesk import access
from opsdesk.kit.log import request_id

OK = "OK"


def shown_moment(moment: datetime) -> str:
    """As answers say it: RFC 3339, in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


class Status(IntEnum):
    """Where an order stands, by the numbers that the bank and its providers call it."""

    UNBOOKED = 100
    BOOKED = 200
    COMPLETED = 300
    CANCELLED = 400
    EXPIRED = 500


class Channel(StrEnum):
    """Where a customer redeems or is redeemed for."""

    MOBILE = "mobile"
    PHONE = "phone"
    CRM = "crm"


@dataclass(frozen=True, slots=True)
class Order:
    """A service that a customer has for points."""

    order_id: UUID
    benefit_code: str
    customer_id: str
    channel: Channel
    service: str
    provider: str
    points: int
    settle_fen: int
    aum_day: date
    aum_fen: int
    status: Status
    redeemed_at: datetime
    expire_at: datetime
    booked_at: datetime | None
    completed_at: datetime | None
    reported_at: datetime | None
    settle_month: date | None
    is_late: bool | None
    closed_at: datetime | None
    returned: int | None
    forfeited: int | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "status", Status(self.status))
        object.__setattr__(self, "channel", Channel(self.channel))

    def counts_at(self, now: datetime) -> datetime:
        """The moment by which its lots are past their date: one that was not booked in time ended then, not later."""
        return min(now, self.expire_at) if self.status is Status.UNBOOKED else now

    def is_past(self, now: datetime) -> bool:
        """Whether it has expired, be it written down yet or not."""
        return self.status is Status.EXPIRED or (self.status is Status.UNBOOKED and now >= self.expire_at)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for a write, under which key, with which content, and the way that the request came."""

    actor: access.Actor
    scope: str
    """Whose keys these are: a channel of the bank, or `partner:` and the provider."""
    key: str
    content: Mapping[str, Any]
    """What is asked for, with the name of the operation: under the same key it has to be the same."""
    trace_id: str = ""
    path: str = ""
    request_id: str = field(default_factory=request_id)
    """The one that is being answered where this is made: evidence names it, whoever writes it then."""
    digest: bytes = field(init=False)

    def __post_init__(self) -> None:
        plain = orjson.dumps(self.content, option=orjson.OPT_SORT_KEYS)
        object.__setattr__(self, "digest", hashlib.sha256(plain).digest())


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered to a write, for good: that it was done, or the code of the message that says why not."""

    code: str
    body: Mapping[str, Any]
    order_id: UUID | None = None

    @property
    def is_ok(self) -> bool:
        return self.code == OK
