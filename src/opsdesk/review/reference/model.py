"""The entries of the reference data."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from opsdesk.review.screening.sources import Verification


class Bucket(StrEnum):
    """Where a ticket is reviewed: the list that it stands in."""

    KYC = "kyc"
    """For scenes of the activation stage."""
    TRANSACTION = "transaction"
    """For scenes of the loan stage."""


class CodeCategory(StrEnum):
    """What a reject code is about."""

    ANTI_FRAUD = "anti-fraud"
    SYSTEM_ERROR = "system error"
    CREDIT = "credit"
    OTHER = "other"


FOR_TICKETS = frozenset({CodeCategory.ANTI_FRAUD, CodeCategory.SYSTEM_ERROR})
"""The categories whose active codes a reason to reject may have."""


@dataclass(frozen=True, slots=True)
class Application:
    """A product that customers apply for."""

    application: str
    name: str


@dataclass(frozen=True, slots=True)
class Scene:
    """A moment in the life of an application at which it is looked at."""

    application: str
    scene: str
    name: str
    bucket: Bucket
    message: str | None
    """The protobuf message that it may come as."""


@dataclass(frozen=True, slots=True)
class Method:
    """A step-up verification of a scene, as the anti-fraud engine calls it."""

    application: str
    scene: str
    method: str
    name: str
    with_screening: bool
    """Whether a person looks at its outcome: only then an adapt can name it."""
    verifications: Sequence[Verification]


@dataclass(frozen=True, slots=True)
class RejectCode:
    """A code that goes back to credit."""

    code: str
    category: CodeCategory
    description: str
    is_active: bool

    @property
    def for_tickets(self) -> bool:
        return self.is_active and self.category in FOR_TICKETS
