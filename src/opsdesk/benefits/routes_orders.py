"""Orders over HTTP, for the bank's own channels: redeem, look, ask what would come back, and refund."""

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from opsdesk import access, points
from opsdesk.benefits import ending, lists, orders, quotes
from opsdesk.benefits.errors import BenefitFilterInvalid, CustomerListTooOld, KeyInUse, OrderUnknown
from opsdesk.benefits.model import Answer, Asked, Channel, Status
from opsdesk.benefits.partners.errors import LinkKeyExhausted, LinkKeyMissing, PartnerUnknown
from opsdesk.benefits.partners.guard import LinkMaster
from opsdesk.benefits.partners.links import issue_link
from opsdesk.benefits.partners.tokens import Purpose
from opsdesk.benefits.providing import Redeemer
from opsdesk.benefits.redeeming import Redemption
from opsdesk.benefits.replies import RequestWay, documented_with, reply
from opsdesk.benefits.rules import Rules
from opsdesk.benefits.views import (
    EndedView,
    LinkView,
    OrderPage,
    OrderView,
    QuoteView,
    RedeemedView,
    StepView,
    WholeOrderView,
)
from opsdesk.kit.coalescing import Stopping, TooManyWaiting
from opsdesk.kit.http_errors import JsonResponse, documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, DatabaseNow, NeededKey
from opsdesk.kit.http_shapes import Body, Cursor, Limit, Moment, Text, text_schema
from opsdesk.kit.paging import BadCursor, BadPageSize

_REDEEM_CODES = ("points_short", "customer_not_eligible", "service_closed", "sold_out", "key_reused")
_REFUND_CODES = ("quote_stale", "refund_booked", "cancel_completed", "already_cancelled", "order_expired", "key_reused")
_LINK_CODES = (
    *("already_booked", "order_completed", "order_cancelled", "order_expired"),
    *("cancel_unbooked", "cancel_completed", "already_cancelled"),
)
_WRITE_REFUSALS = (*access.guard.REFUSALS, *BODY_REFUSALS, KeyInUse)

CustomerId = Annotated[
    Text, Field(json_schema_extra=text_schema(minLength=1, maxLength=points.ledger.CUSTOMER_CHARACTERS_MAX))
]
ServiceId = Annotated[Text, Field(json_schema_extra=text_schema(minLength=1, maxLength=32))]
OrderId = Annotated[UUID, Path(description="The number of the order.")]


class Wish(Body):
    """A customer wants a service."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"channel": "mobile", "customer_id": "C-1029", "service": "airport-lounge"}]}
    )

    channel: Channel
    """Where it is redeemed."""
    customer_id: CustomerId
    """The customer, as the bank numbers them."""
    service: ServiceId
    """The kind of service, as the catalogue calls it."""

    def asked(self, actor: access.Actor, key: str, *, trace_id: str, path: str) -> Redemption:
        """The same as a request for points."""
        content = {"do": "redeem", **self.model_dump()}
        asked = Asked(actor, self.channel, key, content, trace_id, path)
        return Redemption(asked, self.channel, self.customer_id, self.service)


class Empty(Body):
    """Nothing further is asked."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class LinkPurpose(StrEnum):
    """What a link is for."""

    BOOKING = "booking"
    CANCELLATION = "cancellation"


class LinkWish(Body):
    """A customer wants to the page of the provider."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"purpose": "booking", "channel": "mobile"}]})

    purpose: LinkPurpose
    """What for: a link for the one is none for the other."""
    channel: Channel
    """Where the customer is: it decides what they are told when the link is too old."""


class Agreed(Body):
    """The customer agrees to what they were told."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"quote_id": "0190a0b0-0000-7000-8000-000000000001"}]})

    quote_id: UUID
    """What was quoted last for this order."""


def _text(description: str) -> Any:
    return Query(description=description, json_schema_extra=text_schema(maxLength=64))


def order_routes(rules: Rules) -> APIRouter:
    """`rules` are the settings of benefits."""
    routes = APIRouter(prefix="/v1", tags=["benefit orders"], route_class=StrictRoute)
    _redeeming(routes)
    _quoting(routes, rules)
    _refunding(routes, rules)
    _linking(routes)
    routes.add_api_route(
        "/benefit-orders",
        list_benefit_orders,
        methods=["GET"],
        summary="List orders",
        responses=documented(*access.guard.REFUSALS, BadCursor, BadPageSize, BenefitFilterInvalid),
    )
    routes.add_api_route(
        "/benefit-orders/{order_id}",
        show_benefit_order,
        methods=["GET"],
        summary="Show an order",
        responses=documented(*access.guard.REFUSALS, OrderUnknown),
    )
    return routes


def _redeeming(routes: APIRouter) -> None:
    @routes.post(
        "/benefit-orders",
        status_code=201,
        response_model=RedeemedView,
        summary="Redeem a service for points",
        responses=documented_with(_REDEEM_CODES, *_WRITE_REFUSALS, CustomerListTooOld, TooManyWaiting, Stopping),
    )
    async def redeem_service(
        wish: Wish, actor: access.guard.BriefBenefitChannel, redeem: Redeemer, key: NeededKey, way: RequestWay
    ) -> Response:
        """The points that expire first are taken. The same key gets the same answer for good, a refusal too."""
        wanted = wish.asked(actor, key, trace_id=way.trace_id, path=way.path)
        return reply(await redeem(wanted))


def _quoting(routes: APIRouter, rules: Rules) -> None:
    @routes.post(
        "/benefit-orders/{order_id}/quotes",
        status_code=201,
        response_model=QuoteView,
        summary="Ask what a refund would bring",
        responses=documented_with(_REFUND_CODES[1:-1], *_WRITE_REFUSALS, OrderUnknown),
    )
    async def quote_refund(
        order_id: OrderId, _: Empty, actor: access.guard.BenefitChannel, conn: Conn, now: DatabaseNow, way: RequestWay
    ) -> Response:
        """For an order that is not booked. Show `message` to the customer before they agree."""
        order = await orders.read_order(conn, order_id)
        asked = Asked(actor, order.channel, "", {}, way.trace_id, way.path)
        refused = quotes.not_refundable(order)
        return reply(refused or await quotes.quote_answer(conn, order, asked=asked, rules=rules, now=now))


def _refunding(routes: APIRouter, rules: Rules) -> None:
    @routes.post(
        "/benefit-orders/{order_id}/refunds",
        status_code=201,
        response_model=EndedView,
        summary="Refund an order that is not booked",
        responses=documented_with(_REFUND_CODES, *_WRITE_REFUSALS, OrderUnknown),
    )
    async def refund_order(
        order_id: OrderId,
        agreed: Agreed,
        actor: access.guard.BenefitChannel,
        conn: Conn,
        now: DatabaseNow,
        key: NeededKey,
        way: RequestWay,
    ) -> Response:
        """Not less comes back than the quote says: else there is a new quote in `detail`, and nothing happened."""
        content = {"do": "refund", "order_id": str(order_id), "quote_id": str(agreed.quote_id)}
        asked = Asked(actor, f"refund:{actor.id}", key, content, way.trace_id, way.path)
        return reply(await ending.refund(conn, order_id, quote_id=agreed.quote_id, asked=asked, rules=rules, now=now))


def _linking(routes: APIRouter) -> None:
    @routes.post(
        "/benefit-orders/{order_id}/links",
        status_code=201,
        response_model=LinkView,
        summary="Make a link to the page of the provider",
        responses=documented_with(
            _LINK_CODES, *_WRITE_REFUSALS, OrderUnknown, PartnerUnknown, LinkKeyMissing, LinkKeyExhausted
        ),
    )
    async def make_link(
        order_id: OrderId,
        wish: LinkWish,
        actor: access.guard.BenefitChannel,
        conn: Conn,
        now: DatabaseNow,
        master: LinkMaster,
        way: RequestWay,
    ) -> Response:
        """It holds for 20 minutes. The code that it carries stays the same, however many links there are."""
        order = await orders.read_order(conn, order_id)
        issued = await issue_link(
            conn,
            order,
            purpose=Purpose[wish.purpose.name],
            channel=wish.channel,
            master=master,
            actor=actor,
            now=now,
            trace_id=way.trace_id,
            path=way.path,
        )
        if isinstance(issued, Answer):
            return reply(issued)
        return JsonResponse(LinkView.of(issued).model_dump(), status_code=201)


async def list_benefit_orders(
    actor: access.guard.BenefitReader,
    conn: Conn,
    customer_id: Annotated[str | SkipJsonSchema[None], _text("Only those of this customer.")] = None,
    status: Annotated[
        Literal["100", "200", "300", "400", "500"] | SkipJsonSchema[None],
        Query(description="Only those that stand there."),
    ] = None,
    service: Annotated[str | SkipJsonSchema[None], _text("Only those of this kind of service.")] = None,
    provider: Annotated[str | SkipJsonSchema[None], _text("Only those that this provider renders.")] = None,
    channel: Annotated[Channel | SkipJsonSchema[None], Query(description="Only those redeemed there.")] = None,
    since: Annotated[Moment | SkipJsonSchema[None], Query(description="Only those redeemed then or later.")] = None,
    until: Annotated[Moment | SkipJsonSchema[None], Query(description="Only those redeemed before.")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> OrderPage:
    """The newest first."""
    stands = Status(int(status)) if status else None
    which = orders.Filter(customer_id, stands, service, provider, channel, since, until)
    page = await lists.page_orders(conn, which, limit=limit, cursor=cursor)
    return OrderPage(items=[OrderView.of(each, reader=actor) for each in page.items], next=page.next)


async def show_benefit_order(order_id: OrderId, actor: access.guard.BenefitReader, conn: Conn) -> WholeOrderView:
    """With the steps that it took."""
    order = await orders.read_order(conn, order_id)
    steps = [StepView.of(each) for each in await orders.list_events(conn, order_id)]
    return WholeOrderView(**OrderView.of(order, reader=actor).model_dump(), steps=steps)
