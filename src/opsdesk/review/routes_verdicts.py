"""Screening tickets over HTTP: what they can be rejected with now, and what a reviewer says of them."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from opsdesk import access
from opsdesk.kit.errors import OpsdeskError
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, NeededKey, Now
from opsdesk.kit.http_shapes import INTEGER_MAX, Body, Sha256, Text
from opsdesk.review import tickets
from opsdesk.review.decisions import OnDecided
from opsdesk.review.errors import ANSWER_REFUSALS, TicketUnknown
from opsdesk.review.model import Verdict
from opsdesk.review.routes import TicketId, whole_view
from opsdesk.review.screening.asked import REMARK_CHARS_MAX
from opsdesk.review.screening.deciding import Judgement, decide_screening, rejection_panel
from opsdesk.review.screening.errors import VERDICT_REFUSALS, NotScreening
from opsdesk.review.views import TicketView
from opsdesk.review.views_screening import RejectionView

REASONS_MAX = 200
REASON_ID_CHARS_MAX = 64


ReasonId = Annotated[Text, Field(max_length=REASON_ID_CHARS_MAX)]


class VerdictGiven(Body):
    """What a reviewer says of a screening ticket that they hold."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"verdict": "reject", "reasons": ["r1"], "remark": "another face", "rejection_version": 3}]
        }
    )

    verdict: Verdict
    """`pass`, `reject`, or `resubmit`: the customer is asked for the documents again."""
    reasons: list[ReasonId] = Field(default_factory=list, max_length=REASONS_MAX)
    """The ids of the reasons; a rejection has at least one, and exactly one where the type takes one."""
    remark: Annotated[Text, Field(max_length=REMARK_CHARS_MAX)] = ""
    """What else there is to say."""
    rejection_version: Annotated[int, Field(ge=1, le=INTEGER_MAX)] | None = None
    """The version of the type whose reasons were seen, as the rejection of the ticket tells it; needed to reject."""
    shown_sha256: Sha256 | None = None
    """The ticket's `shown_sha256` as this person saw it."""


def verdict_routes(on_decided: OnDecided, *, refusals: Sequence[type[OpsdeskError]]) -> APIRouter:
    """`on_decided` is told of each decision, in its transaction; `refusals` are what it may raise."""
    routes = APIRouter(prefix="/v1", tags=["tickets"], route_class=StrictRoute)

    @routes.post(
        "/tickets/{ticket_id}/verdict",
        status_code=201,
        summary="Pass or reject a screening ticket",
        responses=documented(
            *access.guard.REFUSALS, *BODY_REFUSALS, *ANSWER_REFUSALS[:-1], *VERDICT_REFUSALS, *refusals
        ),
    )
    async def give_verdict(
        ticket_id: TicketId,
        given: VerdictGiven,
        actor: access.guard.TicketDecider,
        key: NeededKey,
        conn: Conn,
        now: Now,
    ) -> TicketView:
        """By whoever has claimed it. Where reasons have changed since, it says which still hold, and what there is."""
        ticket = await decide_screening(
            conn,
            ticket_id=ticket_id,
            judgement=Judgement(given.verdict, tuple(given.reasons), given.remark, given.rejection_version),
            actor=actor,
            key=key,
            now=now,
            on_decided=on_decided,
            shown_sha256=given.shown_sha256,
        )
        return await whole_view(conn, ticket, actor=actor, now=now)

    @routes.get(
        "/tickets/{ticket_id}/rejection",
        summary="Show what a ticket can be rejected with",
        responses=documented(*access.guard.REFUSALS, TicketUnknown, NotScreening),
    )
    async def show_rejection(ticket_id: TicketId, _: access.guard.TicketReader, conn: Conn) -> RejectionView:
        """By the newest version of its type, whichever version the ticket was made with."""
        ticket = await tickets.show_ticket(conn, ticket_id=ticket_id)
        if ticket.screening is None:
            raise NotScreening(ticket_id=str(ticket_id))
        return RejectionView.of(await rejection_panel(conn, type_id=ticket.screening.type_id))

    return routes
