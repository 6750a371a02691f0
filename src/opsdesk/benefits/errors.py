"""What cannot be answered, or is not well formed. What is refused for good is an answer, and kept."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar
from uuid import UUID

from opsdesk.kit.errors import Invalid, NotFound, Refused, Unavailable


@dataclass(eq=False)
class KeyInUse(Unavailable):
    """Another request with the same key is being answered: ask again."""

    key: str


@dataclass(eq=False)
class CustomerListTooOld(Unavailable):
    """Nobody can redeem before a newer list of customers is loaded."""

    newest: date | None


@dataclass(eq=False)
class OrderUnknown(NotFound):
    """There is no such order."""

    order_id: UUID


@dataclass(eq=False)
class ProviderUnknown(NotFound):
    """There is no such provider."""

    provider: str


@dataclass(eq=False)
class ServiceUnknown(NotFound):
    """There is no such service."""

    service: str


@dataclass(eq=False)
class CatalogueInvalid(Invalid):
    """An entry of the catalogue is not as it has to be."""

    field: str
    problem: str


@dataclass(eq=False)
class BenefitFilterInvalid(Invalid):
    """A list cannot be asked for with this filter."""

    field: str
    problem: str


@dataclass(eq=False)
class CustomerListInvalid(Invalid):
    """A line of the list of customers is not as it has to be; nothing of the list was taken."""

    line: int
    problem: str


@dataclass(eq=False)
class CustomerListNotNewer(Refused):
    """There is a list of that day or of a later one."""

    newest: date


@dataclass(eq=False)
class DisputeUnknown(NotFound):
    """There is no such dispute."""

    dispute_id: UUID


@dataclass(eq=False)
class DisputeDecided(Refused):
    """The dispute was decided already."""

    dispute_id: UUID


@dataclass(eq=False)
class DisputeNotProposed(Refused):
    """Nobody has proposed yet what becomes of the dispute."""

    dispute_id: UUID


@dataclass(eq=False)
class DisputeReasonInvalid(Invalid):
    """A proposal for a dispute says why, in some words."""

    characters_max: int


@dataclass(eq=False)
class DisputeProposalChanged(Refused):
    """Something else is proposed by now than what was agreed to."""

    dispute_id: UUID
    proposal: str


@dataclass(eq=False)
class DisputeNeedsAnother(Refused):
    """Who proposed what becomes of a dispute does not decide it."""

    status: ClassVar[int] = 403

    dispute_id: UUID
