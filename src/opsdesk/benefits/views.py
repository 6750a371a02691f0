"""Orders as the HTTP API shows them."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from opsdesk.access import Actor, Scope, may
from opsdesk.benefits.model import Channel, Order
from opsdesk.benefits.orders import Event
from opsdesk.benefits.partners.links import IssuedLink
from opsdesk.benefits.partners.tokens import Purpose
from opsdesk.kit.http_shapes import Next, View

CODE_SHOWN = 4


class UsedView(View):
    """Points that an order took, by when they would have expired."""

    expires_at: datetime
    """When these points expire."""
    points: int
    """How many."""


class RedeemedView(View):
    """A service that a customer has for points, as it was when they got it."""

    order_id: UUID
    """The number of the order."""
    benefit_code: str
    """What the customer has for it: for good."""
    customer_id: str
    """The customer."""
    channel: Channel
    """Where it was redeemed."""
    service: str
    """The kind of service."""
    provider: str
    """Who renders it."""
    points: int
    """What was taken."""
    status: Literal[100]
    """Not booked yet."""
    redeemed_at: datetime
    """When."""
    expire_at: datetime
    """Until when it has to be booked."""
    used: list[UsedView]
    """Which points were taken: those that expire first."""
    balance: int
    """What the customer has left."""
    aum_day: date
    """The day of the list of customers that they were looked up in."""


class PartView(View):
    """Points that come back or do not."""

    expires_at: datetime
    """When these points expire, or did."""
    points: int
    """How many."""
    is_returned: bool
    """Whether they come back."""


class QuoteView(View):
    """What would come back if the order ended now."""

    quote_id: UUID
    """To be sent with what ends the order."""
    order_id: UUID
    """The order."""
    points: int
    """What the order took."""
    returned: int
    """What would come back."""
    forfeited: int
    """What has expired meanwhile, and would not."""
    parts: list[PartView]
    """By the date of the points."""
    valid_until: datetime
    """Until when it holds."""
    message: str
    """What to ask the customer, in Chinese; empty where everything comes back."""


class EndedView(View):
    """What became of an order that ended without its service."""

    order_id: UUID
    """The order."""
    status: Literal[400, 500]
    """Cancelled; or expired, where its date was past."""
    returned: int
    """What came back."""
    forfeited: int
    """What had expired."""
    message: str
    """What to show to the customer, in Chinese."""


class LinkView(View):
    """A link to the page of a provider."""

    url: str
    """Where to send the customer, or what to show them as a QR code."""
    request: str
    """The sealed part of it."""
    purpose: Literal["booking", "cancellation"]
    """What it is for."""
    issued_at: datetime
    """When it was made."""
    expires_at: datetime
    """From when on it does not hold any more."""

    @staticmethod
    def of(issued: IssuedLink) -> "LinkView":
        link = issued.link
        purpose: Literal["booking", "cancellation"] = "booking" if link.purpose is Purpose.BOOKING else "cancellation"
        return LinkView(
            url=issued.url,
            request=issued.request,
            purpose=purpose,
            issued_at=link.issued_at,
            expires_at=link.expires_at,
        )


class OrderView(View):
    """An order as it stands."""

    order_id: UUID
    """The number of the order."""
    benefit_code: str
    """Its last characters only, for whoever may not order for customers."""
    customer_id: str
    """The customer."""
    channel: Channel
    """Where it was redeemed."""
    service: str
    """The kind of service."""
    provider: str
    """Who renders it."""
    points: int
    """What was taken."""
    status: Literal[100, 200, 300, 400, 500]
    """Not booked, booked, completed, cancelled, expired."""
    redeemed_at: datetime
    """When."""
    expire_at: datetime
    """Until when it had to be booked."""
    booked_at: datetime | None
    """When it was booked."""
    completed_at: datetime | None
    """When the service was performed, as its provider says."""
    reported_at: datetime | None
    """When that was heard."""
    settle_month: date | None
    """The first day of the month whose settlement it is in."""
    is_late: bool | None
    """Whether it was reported after the second day."""
    closed_at: datetime | None
    """When it was completed, cancelled or expired."""
    returned: int | None
    """What came back of the points."""
    forfeited: int | None
    """What had expired of them."""

    @staticmethod
    def of(order: Order, *, reader: Actor) -> "OrderView":
        code = order.benefit_code
        whole = may(reader, Scope.BENEFITS_ORDER)
        names = [name for name in OrderView.model_fields if name != "benefit_code"]
        shown = code if whole else "*" * (len(code) - CODE_SHOWN) + code[-CODE_SHOWN:]
        return OrderView(benefit_code=shown, **{name: getattr(order, name) for name in names})


class OrderPage(View):
    """Some orders."""

    items: list[OrderView]
    """The newest first."""
    next: Next


class StepView(View):
    """A step that an order took."""

    was: int | None
    """Where it stood before; null: it was made."""
    status: int
    """Where it stands from then on."""
    effective_at: datetime
    """The moment that counts."""
    recorded_at: datetime
    """When it was written down."""
    actor: str
    """The id of who did it."""
    path: str
    """The participants that the request came through."""

    @staticmethod
    def of(event: Event) -> "StepView":
        return StepView(**{name: getattr(event, name) for name in StepView.model_fields})


class WholeOrderView(OrderView):
    """An order, and the steps that it took."""

    steps: list[StepView]
    """The first one first."""
