"""What the ledger knows. Points are whole numbers; every moment is aware of its zone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

POINTS_MAX = 10**12
"""Of one grant or one hold. A wallet of a million such still counts exactly."""


@dataclass(frozen=True, slots=True)
class Lot:
    """Points that were granted together."""

    lot_id: int
    customer_id: str
    granted: int
    remaining: int
    granted_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Wallet:
    """What a customer has."""

    customer_id: str
    available: int
    """In lots that are not past their date."""
    held: int
    """For orders that are neither fulfilled nor ended."""
    lots: Sequence[Lot]
    """Those that something is left of, and are not past their date; the first to expire is the first to be used."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Points to be held for an order."""

    order_id: UUID
    customer_id: str
    points: int


@dataclass(frozen=True, slots=True)
class Part:
    """Points of one lot that are held for an order, or were let go of."""

    lot_id: int
    points: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Release:
    """An order whose points are let go of, and the moment by which a lot is past its date or not."""

    order_id: UUID
    effective_at: datetime


@dataclass(frozen=True, slots=True)
class Released:
    """What became of the points that were held for an order."""

    points_returned: int
    points_forfeited: int
    """Of lots that were past their date."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What was taken out of wallets because it was past its date."""

    lots: int
    points: int


class PostingKind(StrEnum):
    """What a posting did, by the name that people know it by; the table has its number."""

    GRANT = "grant"
    """Points were given."""
    HOLD = "hold"
    """They were set aside for an order."""
    RETURN = "return"
    """They came back from an order, to the lot that they were held of."""
    FORFEIT = "forfeit"
    """They would have come back from an order, and their lot was past its date."""
    SPEND = "spend"
    """The order was fulfilled."""
    SWEEP = "sweep"
    """The rest of a lot was taken out of the wallet after its date."""

    @property
    def number(self) -> int:
        return list(PostingKind).index(self) + 1
