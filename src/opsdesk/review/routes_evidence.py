"""Tickets over HTTP: their data amended, and how they came to their decision."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from opsdesk import access
from opsdesk.kit.errors import OpsdeskError
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import Body, Text, Values
from opsdesk.review import amendments, evidence
from opsdesk.review.amendments import REASON_CHARS_MAX, OnAmended
from opsdesk.review.errors import TicketUnknown
from opsdesk.review.routes import TicketId, whole_view
from opsdesk.review.views import TicketView
from opsdesk.review.views_evidence import EvidenceView


class Amendment(Body):
    """What an open ticket is to show instead."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"values": {"kyc_score": 0.82}, "reason": "the customer sent a better picture"}]
        }
    )

    values: Values
    """By name, of what the ticket shows; what is left out stays as it is."""
    reason: Annotated[Text, Field(min_length=1, max_length=REASON_CHARS_MAX)]
    """For those who are asked again, and for the evidence."""


def evidence_routes(on_amended: OnAmended, *, refusals: Sequence[type[OpsdeskError]]) -> APIRouter:
    """`on_amended` is told of each amendment, in its transaction; `refusals` are what it may raise."""
    routes = APIRouter(prefix="/v1", tags=["tickets"], route_class=StrictRoute)

    @routes.post(
        "/tickets/{ticket_id}/amendments",
        status_code=201,
        summary="Amend the data of a ticket",
        responses=documented(*access.guard.REFUSALS, *BODY_REFUSALS, *amendments.REFUSALS, *refusals),
    )
    async def amend_ticket(
        ticket_id: TicketId, amendment: Amendment, actor: access.guard.RunWriter, conn: Conn, now: Now
    ) -> TicketView:
        """Answers given before are void, and their authors are asked again; the run goes on with the amended data."""
        ticket = await amendments.amend(
            conn,
            ticket_id=ticket_id,
            actor=actor,
            values=amendment.values,
            reason=amendment.reason,
            now=now,
            on_amended=on_amended,
        )
        return await whole_view(conn, ticket, actor=actor, now=now)

    @routes.get(
        "/tickets/{ticket_id}/evidence",
        summary="Show the evidence of a ticket",
        responses=documented(*access.guard.REFUSALS, TicketUnknown),
    )
    async def show_evidence(ticket_id: TicketId, actor: access.guard.TicketReader, conn: Conn) -> EvidenceView:
        """Who decided what on which data, with digests, held against the audit chain."""
        return EvidenceView.of(await evidence.ticket_evidence(conn, ticket_id=ticket_id), actor=actor)

    return routes
