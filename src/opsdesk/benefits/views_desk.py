"""What those who keep benefits work with, as the HTTP API shows it: lists of customers, disputes, traces."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from opsdesk.benefits.customers import CustomerList
from opsdesk.benefits.disputes import Dispute, Proposal
from opsdesk.benefits.plantuml import plantuml
from opsdesk.benefits.sequence import Exchange, participants
from opsdesk.kit.http_shapes import Next, View


class CustomerListView(View):
    """The list of customers of a day."""

    day: date
    """The day that it is of."""
    customers: int
    """How many it holds."""
    loaded_at: datetime
    """When it was taken."""

    @staticmethod
    def of(found: CustomerList) -> "CustomerListView":
        return CustomerListView(day=found.day, customers=found.customers, loaded_at=found.loaded_at)


class CustomerListPage(View):
    """Some lists."""

    items: list[CustomerListView]
    """The newest day first."""
    next: Next


class DisputeView(View):
    """A service that was rendered, says its provider, although its order is cancelled."""

    dispute_id: UUID
    """The number of the dispute."""
    order_id: UUID
    """The order, which stays cancelled."""
    provider: str
    """Who says so."""
    completed_at: datetime
    """When the service was performed, as the provider says."""
    opened_at: datetime
    """When that was heard."""
    proposal: Proposal | None
    """What is to become of it; null: nobody has proposed anything."""
    reason: str | None
    """Why."""
    proposed_by: str | None
    """Who proposed it, and does not decide it."""
    proposed_at: datetime | None
    """When."""
    decided_by: str | None
    """Who agreed; null: it is open."""
    decided_at: datetime | None
    """When."""
    settle_month: date | None
    """Of one that is paid: the first day of the month whose settlement it stands in."""

    @staticmethod
    def of(found: Dispute) -> "DisputeView":
        return DisputeView(**{name: getattr(found, name) for name in DisputeView.model_fields})


class DisputePage(View):
    """Some disputes."""

    items: list[DisputeView]
    """The newest first."""
    next: Next


class MessageView(View):
    """Something that a participant said to another one, or did by itself."""

    source: str
    """Who, by the name of the bank's drawing."""
    target: str
    """To whom; the same as `source` for what was done by itself."""
    kind: Literal["call", "return", "self"]
    """A request, its answer, or a step."""
    label: str
    """In the words of the bank's drawing."""
    is_refusal: bool
    """Whether it says that the request was refused."""


class ExchangeView(View):
    """One request with all that it caused."""

    at: datetime
    """When."""
    name: str
    """What was asked for, in Chinese."""
    trace_id: str
    """The trace that it belongs to; empty where none was told."""
    messages: list[MessageView]
    """In the order in which they were sent."""


class TraceView(View):
    """What really happened to an order."""

    order_id: UUID
    """The order."""
    participants: list[str]
    """Who took part, in the order of the bank's drawing."""
    exchanges: list[ExchangeView]
    """The first request comes first."""
    plantuml: str
    """The same as the text of a sequence diagram."""

    @staticmethod
    def of(order_id: UUID, told: Sequence[Exchange]) -> "TraceView":
        names = ("source", "target", "kind", "label", "is_refusal")
        return TraceView(
            order_id=order_id,
            participants=list(participants(told)),
            exchanges=[
                ExchangeView(
                    at=each.at,
                    name=each.name,
                    trace_id=each.trace_id,
                    messages=[
                        MessageView(**{name: getattr(message, name) for name in names}) for message in each.messages
                    ],
                )
                for each in told
            ],
            plantuml=plantuml(order_id, told),
        )
