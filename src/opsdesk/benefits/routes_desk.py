"""What those who keep benefits work with, over HTTP: the day's list of customers, disputes, and traces of orders."""

from datetime import date
from io import StringIO
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from opsdesk import access
from opsdesk.benefits import customers, disputes, history, lists, orders, sequence
from opsdesk.benefits.disputes import REASON_CHARACTERS_MAX, Proposal
from opsdesk.benefits.errors import (
    CustomerListInvalid,
    CustomerListNotNewer,
    DisputeDecided,
    DisputeNeedsAnother,
    DisputeNotProposed,
    DisputeProposalChanged,
    DisputeReasonInvalid,
    DisputeUnknown,
    OrderUnknown,
)
from opsdesk.benefits.rules import business_day
from opsdesk.benefits.views_desk import CustomerListPage, CustomerListView, DisputePage, DisputeView, TraceView
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, BodyUnreadable, ContentTypeRefused, StrictRoute, check_content_type
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import Body, Cursor, Limit, Text, text_schema
from opsdesk.kit.paging import BadCursor, BadPageSize

desk_routes = APIRouter(prefix="/v1", tags=["benefits"], route_class=StrictRoute)

DisputeId = Annotated[UUID, Path(description="The number of the dispute.")]
_CSV = {
    "requestBody": {
        "required": True,
        "description": "CSV in UTF-8 whose first line names the columns; amounts are whole fen.",
        "content": {
            "text/csv": {
                "schema": {"type": "string"},
                "example": "customer_id,name,mobile,aum_fen\nC-1029,王小明,13800000000,50000000\n",
            }
        },
    }
}


class ProposalBody(Body):
    """What is to become of a dispute."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"proposal": "pay", "reason": "The customer confirms that they were there."}]}
    )

    proposal: Proposal
    """To pay the provider, with the next settlement, or not."""
    reason: Annotated[Text, Field(json_schema_extra=text_schema(minLength=1, maxLength=REASON_CHARACTERS_MAX))]
    """Why."""


class DecisionBody(Body):
    """Somebody agrees to what another one proposed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"proposal": "pay"}]})

    proposal: Proposal
    """What they agree to: where something else is proposed by now, nothing is decided."""


async def _csv_text(request: Request) -> str:
    """The route names it before its guard, so that no connection waits for somebody who sends slowly."""
    check_content_type(request, ("text/csv",))
    try:
        return (await request.body()).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BodyUnreadable("is not UTF-8") from None


@desk_routes.post(
    "/benefit-customer-lists",
    status_code=201,
    summary="Hand in the day's list of customers",
    responses=documented(
        *access.guard.REFUSALS, ContentTypeRefused, BodyUnreadable, CustomerListInvalid, CustomerListNotNewer
    ),
    openapi_extra=_CSV,
)
async def load_customer_list(
    text: Annotated[str, Depends(_csv_text)],
    actor: access.guard.BenefitKeeper,
    conn: Conn,
    now: Now,
    day: Annotated[
        date | SkipJsonSchema[None], Query(description="The day that it is of; today in Shanghai if it is left out.")
    ] = None,
) -> CustomerListView:
    """Wholly or, where a line is wrong, not at all: `line` says which. Whoever is not in it cannot redeem any more."""
    lines = customers.read_csv(StringIO(text, newline=""))
    of_day = day or business_day(now)
    count = await customers.load_list(conn, of_day, lines, actor=actor, now=now)
    return CustomerListView(day=of_day, customers=count, loaded_at=now)


@desk_routes.get(
    "/benefit-customer-lists",
    summary="List the lists of customers",
    responses=documented(*access.guard.REFUSALS, BadPageSize, BadCursor),
)
async def list_customer_lists(
    _: access.guard.BenefitReader, conn: Conn, limit: Limit = None, cursor: Cursor = None
) -> CustomerListPage:
    """The newest day first."""
    page = await lists.page_customer_lists(conn, limit=limit, cursor=cursor)
    return CustomerListPage(items=list(map(CustomerListView.of, page.items)), next=page.next)


@desk_routes.get(
    "/benefit-disputes",
    summary="List disputes",
    responses=documented(*access.guard.REFUSALS, BadPageSize, BadCursor),
)
async def list_benefit_disputes(
    _: access.guard.BenefitReader,
    conn: Conn,
    is_open: Annotated[bool, Query(description="Only those that nobody has decided yet.")] = False,
    limit: Limit = None,
    cursor: Cursor = None,
) -> DisputePage:
    """The newest first."""
    page = await lists.page_disputes(conn, is_open=is_open or None, limit=limit, cursor=cursor)
    return DisputePage(items=list(map(DisputeView.of, page.items)), next=page.next)


@desk_routes.get(
    "/benefit-disputes/{dispute_id}",
    summary="Show a dispute",
    responses=documented(*access.guard.REFUSALS, DisputeUnknown),
)
async def show_benefit_dispute(dispute_id: DisputeId, _: access.guard.BenefitReader, conn: Conn) -> DisputeView:
    """As it stands."""
    return DisputeView.of(await disputes.read_dispute(conn, dispute_id))


@desk_routes.post(
    "/benefit-disputes/{dispute_id}/proposals",
    status_code=201,
    summary="Propose what becomes of a dispute",
    responses=documented(*access.guard.REFUSALS, *BODY_REFUSALS, DisputeReasonInvalid, DisputeUnknown, DisputeDecided),
)
async def propose_for_dispute(
    dispute_id: DisputeId, body: ProposalBody, actor: access.guard.BenefitKeeper, conn: Conn, now: Now
) -> DisputeView:
    """Takes the place of what was proposed before. Somebody else decides."""
    return DisputeView.of(
        await disputes.propose(conn, dispute_id, body.proposal, reason=body.reason, actor=actor, now=now)
    )


@desk_routes.post(
    "/benefit-disputes/{dispute_id}/decisions",
    status_code=201,
    summary="Agree to what another one proposed",
    responses=documented(
        *access.guard.REFUSALS,
        *BODY_REFUSALS,
        DisputeUnknown,
        DisputeDecided,
        DisputeNotProposed,
        DisputeProposalChanged,
        DisputeNeedsAnother,
    ),
)
async def decide_dispute(
    dispute_id: DisputeId, body: DecisionBody, actor: access.guard.BenefitKeeper, conn: Conn, now: Now
) -> DisputeView:
    """What is paid stands in the first month that is not closed, as an adjustment. The order stays cancelled."""
    return DisputeView.of(await disputes.decide(conn, dispute_id, agreed_to=body.proposal, actor=actor, now=now))


@desk_routes.get(
    "/benefit-orders/{order_id}/trace",
    summary="Tell what really happened to an order",
    responses=documented(*access.guard.REFUSALS, OrderUnknown),
)
async def trace_benefit_order(
    order_id: Annotated[UUID, Path(description="The number of the order.")],
    _: access.guard.BenefitReader,
    conn: Conn,
) -> TraceView:
    """Made from what its requests left behind: who asked whom, and what was answered. `plantuml` draws it."""
    await orders.read_order(conn, order_id)
    return TraceView.of(order_id, sequence.exchanges(await history.read_history(conn, order_id)))
