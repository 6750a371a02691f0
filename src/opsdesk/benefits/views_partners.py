"""What the open platform answers to providers."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from opsdesk.benefits.model import Order
from opsdesk.kit.http_shapes import View


class BookedView(View):
    """A benefit that is booked."""

    order_id: UUID
    """The number of the order."""
    benefit_code: str
    """Its code: from now on for good."""
    service: str
    """The kind of service."""
    status: Literal[200]
    """Booked."""
    booked_at: datetime
    """When."""


class CancelledView(View):
    """A benefit that is cancelled."""

    order_id: UUID
    """The number of the order."""
    status: Literal[400]
    """Cancelled."""
    returned: int
    """Points that came back."""
    forfeited: int
    """Points that had expired."""
    message: str
    """What to show to the customer, in Chinese."""


class CompletedView(View):
    """A service that was performed."""

    order_id: UUID
    """The number of the order."""
    benefit_code: str
    """Its code."""
    status: Literal[300]
    """Completed."""
    completed_at: datetime
    """When it was performed."""
    settle_month: str
    """The month whose file it stands in, as `2025-12`."""
    is_late: bool
    """Whether it was reported after the second day."""


class PartnerOrderView(View):
    """Where an order stands."""

    order_id: UUID
    """The number of the order."""
    benefit_code: str
    """Its code."""
    service: str
    """The kind of service."""
    status: Literal[100, 200, 300, 400, 500]
    """Not booked, booked, completed, cancelled, expired."""
    booked_at: datetime | None
    """When it was booked."""
    completed_at: datetime | None
    """When the service was performed."""
    closed_at: datetime | None
    """When it was completed, cancelled or expired."""

    @staticmethod
    def of(order: Order) -> "PartnerOrderView":
        return PartnerOrderView(**{name: getattr(order, name) for name in PartnerOrderView.model_fields})
