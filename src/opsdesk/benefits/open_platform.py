"""The open platform: what providers ask of the bank, signed by them, and passed on to its bus.

It keeps no state of orders. Who asks is told by the signature, so that nobody can name another provider.
"""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from pydantic import ConfigDict, Field

from opsdesk.benefits.answers import refusal
from opsdesk.benefits.bus import Bus, OutcomeUnknown
from opsdesk.benefits.bus_messages import REQUEST_CHARACTERS_MAX, BusService, CodeText, ServiceName
from opsdesk.benefits.errors import KeyInUse
from opsdesk.benefits.messages import MESSAGES
from opsdesk.benefits.model import OK
from opsdesk.benefits.orders import find_code
from opsdesk.benefits.partners import guard
from opsdesk.benefits.partners.errors import PartnerUnknown
from opsdesk.benefits.partners.guard import SignedPartner
from opsdesk.benefits.partners.requests import PartnerActor
from opsdesk.benefits.replies import RequestWay, declined, documented_with, reply
from opsdesk.benefits.settlement.errors import CompletionTimeInvalid
from opsdesk.benefits.views import QuoteView
from opsdesk.benefits.views_partners import BookedView, CancelledView, CompletedView, PartnerOrderView
from opsdesk.benefits.way import Way
from opsdesk.kit.http_errors import JsonResponse
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, NeededKey
from opsdesk.kit.http_shapes import Body, Text, text_schema
from opsdesk.kit.trace_context import checked

_LINK_CODES = ("link_expired", "link_invalid", "not_yours", "unknown_code", "key_reused")
_BOOK_CODES = (*_LINK_CODES, "already_booked", "order_completed", "order_cancelled", "order_expired")
_QUOTE_CODES = (*_LINK_CODES, "cancel_unbooked", "cancel_completed", "already_cancelled", "order_expired")
_COMPLETE_CODES = (
    *("not_yours", "unknown_code", "key_reused", "already_completed", "complete_cancelled"),
    *("complete_unbooked", "complete_expired", "completion_time"),
)
_REFUSALS = (*guard.REFUSALS, *BODY_REFUSALS, OutcomeUnknown, KeyInUse, PartnerUnknown, CompletionTimeInvalid)


class Meant(Body):
    """The benefit that a customer came with."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"benefit_code": "7K3M9Q2X5T8V1WZB", "service": "airport-lounge", "request": "AQEAAWlz…"}]
        }
    )

    benefit_code: CodeText
    """Out of the link."""
    service: ServiceName
    """Out of the link."""
    request: Annotated[Text, Field(max_length=REQUEST_CHARACTERS_MAX, json_schema_extra=text_schema())] = ""
    """The link itself, as it came; only a provider that cannot send it back leaves it out."""


class Confirmed(Meant):
    """The customer has agreed to what they were told."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "benefit_code": "7K3M9Q2X5T8V1WZB",
                    "service": "airport-lounge",
                    "request": "AQIAAWlz…",
                    "quote_id": "0190a0b0-0000-7000-8000-000000000001",
                }
            ]
        }
    )

    quote_id: UUID
    """What was quoted last."""


class Performed(Body):
    """A service was performed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"benefit_code": "7K3M9Q2X5T8V1WZB", "service": "airport-lounge", "completed_at": "20251221143000"}
            ]
        }
    )

    benefit_code: CodeText
    """Of the order."""
    service: ServiceName
    """Of the order."""
    completed_at: Annotated[Text, Field(min_length=12, max_length=14, json_schema_extra=text_schema())]
    """`YYYYMMDDHHmmss`, or `YYYYMMDDHHmm`, by the clocks of Shanghai."""


def open_routes(bus: Bus) -> APIRouter:
    """Every route asks for a signature."""
    routes = APIRouter(prefix="/open/v1", tags=["open platform"], route_class=StrictRoute)
    _booking(routes, bus)
    _quoting(routes, bus)
    _cancelling(routes, bus)
    _completing(routes, bus)
    _showing(routes)
    return routes


def _booking(routes: APIRouter, bus: Bus) -> None:
    @routes.post(
        "/bookings",
        status_code=201,
        response_model=BookedView,
        summary="Book a benefit",
        responses=documented_with(_BOOK_CODES, *_REFUSALS),
    )
    async def book_benefit(
        meant: Meant, request: Request, key: NeededKey, way: RequestWay, signed: SignedPartner
    ) -> Response:
        """The customer uses it: from then on it does not expire. Send the link of the customer back."""
        return await _ask(bus, BusService.BOOK, signed, meant, request, key=key, way=way)


def _quoting(routes: APIRouter, bus: Bus) -> None:
    @routes.post(
        "/quotes",
        status_code=201,
        response_model=QuoteView,
        summary="Ask what a cancellation would bring",
        responses=documented_with(_QUOTE_CODES, *_REFUSALS),
    )
    async def quote_cancellation(
        meant: Meant, request: Request, key: NeededKey, way: RequestWay, signed: SignedPartner
    ) -> Response:
        """Show `message`, where there is one, to the customer before they agree."""
        return await _ask(bus, BusService.QUOTE, signed, meant, request, key=key, way=way)


def _cancelling(routes: APIRouter, bus: Bus) -> None:
    @routes.post(
        "/cancellations",
        status_code=201,
        response_model=CancelledView,
        summary="Cancel a booked benefit",
        responses=documented_with((*_QUOTE_CODES, "quote_stale"), *_REFUSALS),
    )
    async def cancel_benefit(
        meant: Confirmed, request: Request, key: NeededKey, way: RequestWay, signed: SignedPartner
    ) -> Response:
        """Not less comes back than the quote says: else there is a new quote in `detail`, and nothing happened."""
        return await _ask(bus, BusService.CANCEL, signed, meant, request, key=key, way=way)


def _completing(routes: APIRouter, bus: Bus) -> None:
    @routes.post(
        "/completions",
        status_code=201,
        response_model=CompletedView,
        summary="Report a service that was performed",
        responses=documented_with(_COMPLETE_CODES, *_REFUSALS),
    )
    async def complete_benefit(
        meant: Performed, request: Request, key: NeededKey, way: RequestWay, signed: SignedPartner
    ) -> Response:
        """Within two days after the day of the service; later reports are taken, and settled in a later month."""
        return await _ask(bus, BusService.COMPLETE, signed, meant, request, key=key, way=way)


def _showing(routes: APIRouter) -> None:
    @routes.get(
        "/orders/{benefit_code}",
        response_model=PartnerOrderView,
        summary="Show an order",
        responses=documented_with(("unknown_code", "not_yours"), *guard.REFUSALS),
    )
    async def show_partner_order(
        benefit_code: Annotated[str, Path(description="The benefit code.", min_length=1, max_length=64)],
        signed: SignedPartner,
        conn: Conn,
    ) -> Response:
        """Where an order of the provider stands, to be compared with what it knows itself."""
        order = await find_code(conn, benefit_code)
        if order is None or order.provider != signed.provider:
            return reply(refusal("unknown_code" if order is None else "not_yours"))
        return JsonResponse(PartnerOrderView.of(order).model_dump())


async def _ask(
    bus: Bus, service: BusService, signed: PartnerActor, meant: Body, request: Request, *, key: str, way: Way
) -> Response:
    body: Mapping[str, Any] = {"provider": signed.provider, **meant.model_dump(mode="json")}
    parent = checked(request.headers.get("traceparent"))
    answer = await bus.ask(service, body, key=key, way=way, traceparent=parent)
    if answer.head.code == OK:
        return JsonResponse(answer.body, status_code=201)
    if answer.head.code not in MESSAGES:
        # What the bus says of itself: that it does not know.
        raise OutcomeUnknown
    return declined(answer.head.code, answer.body)
