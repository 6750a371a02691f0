"""What the ledger refuses. The facts are ids and numbers of points."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from opsdesk.kit.errors import Invalid, NotFound, Refused


@dataclass(eq=False)
class PointsOutOfRange(Invalid):
    """Points are whole, at least one, and not more than the limit."""

    points: int
    limit: int


@dataclass(eq=False)
class CustomerUnnamed(Invalid):
    """A customer is named by 1 to 64 printable characters."""


@dataclass(eq=False)
class GrantKeyInvalid(Invalid):
    """A grant has a key of 1 to 128 printable characters."""


@dataclass(eq=False)
class GrantAlreadyExpired(Refused):
    """The points would be past their date from the start."""

    expires_at: datetime


@dataclass(eq=False)
class GrantDiffers(Refused):
    """There is a grant with this key, of other points, another date or another customer."""

    grant_key: str


@dataclass(eq=False)
class NothingHeld(Refused):
    """Nothing is held for this order, or it was let go of already."""

    order_id: UUID


@dataclass(eq=False)
class WalletUnknown(NotFound):
    """This customer was never granted points."""


@dataclass(eq=False)
class AuditUnknown(NotFound):
    """There is no audit of the ledger of points with this id."""

    audit_id: int


@dataclass(eq=False)
class AuditKeyInvalid(Invalid):
    """The key that reports of audits are signed with has 64 hexadecimal digits."""


@dataclass(eq=False)
class ReportUnreadable(Invalid):
    """The file is no signed report of an audit."""
