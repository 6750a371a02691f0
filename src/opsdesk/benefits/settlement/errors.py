"""What settlement refuses."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from opsdesk.kit.errors import Invalid, NotFound, Refused, Unavailable


@dataclass(eq=False)
class MonthInvalid(Invalid):
    """A month is written as four digits, a hyphen and two digits, such as 2025-12."""


@dataclass(eq=False)
class CompletionTimeInvalid(Invalid):
    """A time of completion has 14 digits, or 12 without its seconds, as the clocks in Shanghai show it."""


@dataclass(eq=False)
class PeriodOpen(Refused):
    """The month cannot be closed before its last reports are due."""

    month: str
    closes_at: datetime


@dataclass(eq=False)
class SettlementFileUnknown(NotFound):
    """There is no such settlement file."""

    name: str


@dataclass(eq=False)
class StoredFileDiffers(Refused):
    """Another file lies under this name; nothing was written over it."""

    name: str


@dataclass(eq=False)
class StoredFileMissing(Unavailable):
    """The settlement file was issued, and is not where it was put."""

    name: str


@dataclass(eq=False)
class StoreUnavailable(Unavailable):
    """The place where settlement files are kept does not answer."""

    reason: str


@dataclass(eq=False)
class StoreInvalid(Invalid):
    """Settlement files are kept in a folder, or in a bucket as s3://bucket/prefix."""

    problem: str


@dataclass(eq=False)
class FileKeyInvalid(Refused):
    """The secret SETTLEMENT_FILE_KEY is neither 64 hexadecimal digits nor an Ed25519 key in PEM."""


@dataclass(eq=False)
class AddressRefused(Refused):
    """The address to fetch the file from was not given out here, or has expired."""

    status: ClassVar[int] = 403


@dataclass(eq=False)
class RangeUnsatisfiable(Refused):
    """The file has no bytes in this range."""

    status: ClassVar[int] = 416

    size: int


@dataclass(eq=False)
class NoticesUnreadable(Invalid):
    """OPSDESK_SETTLEMENT_NOTICES is a list of `provider=https://…`, with commas between."""

    provider: str
