"""Tickets over HTTP: listed, read, claimed and decided."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from opsdesk import access
from opsdesk.kit.db import Connection
from opsdesk.kit.errors import OpsdeskError
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, NeededKey, Now
from opsdesk.kit.http_shapes import Body, Cursor, Limit, Moment, Sha256, Text, Values
from opsdesk.kit.paging import BadCursor, BadPageSize
from opsdesk.review import claims, queue, tickets
from opsdesk.review.answers import TEXT_PATTERN
from opsdesk.review.decisions import OnDecided, decide
from opsdesk.review.errors import (
    ANSWER_REFUSALS,
    CLAIM_REFUSALS,
    TicketClaimed,
    TicketFilterInvalid,
    TicketUnknown,
)
from opsdesk.review.model import Ticket, TicketStatus
from opsdesk.review.screening.deciding import screening_decisions
from opsdesk.review.views import TicketLine, TicketPage, TicketView

REASON_CODE_CHARS_MAX = 64


class Decision(Body):
    """One person's answers."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"answers": {"compliance_decision": "approved", "review_notes": "the match is another person"}}
            ]
        },
    )

    answers: Values
    """By name, as the ticket asks for them."""
    shown_sha256: Sha256 | None = None
    """The ticket's `shown_sha256` as this person saw it; needed once the data was amended. Where the ticket shows other
    data by now, the answer is refused."""
    reason_code: Annotated[Text, Field(max_length=REASON_CODE_CHARS_MAX)] | None = None
    """Why, by one of the ticket's `reason_codes` for this decision; a rejection needs one where there are any."""


TicketId = Annotated[UUID, Path(description="The id of the ticket.")]


def _filter(description: str) -> Any:
    return Query(
        description=description, json_schema_extra={"pattern": TEXT_PATTERN, "maxLength": queue.FILTER_CHARS_MAX}
    )


def ticket_routes(on_decided: OnDecided, *, refusals: Sequence[type[OpsdeskError]]) -> APIRouter:
    """`on_decided` is told of each decision, in its transaction; `refusals` are what it may raise."""
    routes = APIRouter(prefix="/v1", tags=["tickets"], route_class=StrictRoute)
    routes.add_api_route(
        "/tickets",
        list_tickets,
        methods=["GET"],
        summary="List tickets",
        responses=documented(*access.guard.REFUSALS, TicketFilterInvalid, BadPageSize, BadCursor),
    )
    routes.add_api_route(
        "/tickets/{ticket_id}",
        show_ticket,
        methods=["GET"],
        summary="Show a ticket",
        responses=documented(*access.guard.REFUSALS, TicketUnknown),
    )
    routes.add_api_route(
        "/tickets/{ticket_id}/claims",
        claim_ticket,
        methods=["POST"],
        status_code=201,
        summary="Claim a ticket",
        responses=documented(*access.guard.REFUSALS, *CLAIM_REFUSALS),
    )
    routes.add_api_route(
        "/tickets/{ticket_id}/claims",
        release_ticket,
        methods=["DELETE"],
        summary="Give a ticket back",
        responses=documented(*access.guard.REFUSALS, TicketUnknown, TicketClaimed),
    )

    @routes.post(
        "/tickets/{ticket_id}/decisions",
        status_code=201,
        summary="Decide a ticket",
        responses=documented(*access.guard.REFUSALS, *BODY_REFUSALS, *ANSWER_REFUSALS, *refusals),
    )
    async def decide_ticket(
        ticket_id: TicketId, decision: Decision, actor: access.guard.TicketDecider, key: NeededKey, conn: Conn, now: Now
    ) -> TicketView:
        """One person's answers; the ticket is decided when they are the last ones needed, and its run goes on."""
        ticket = await decide(
            conn,
            ticket_id=ticket_id,
            actor=actor,
            answers=decision.answers,
            shown_sha256=decision.shown_sha256,
            reason_code=decision.reason_code,
            key=key,
            now=now,
            on_decided=on_decided,
        )
        return await whole_view(conn, ticket, actor=actor, now=now)

    return routes


async def list_tickets(
    _: access.guard.TicketReader,
    conn: Conn,
    now: Now,
    role: Annotated[str | SkipJsonSchema[None], _filter("What a holder of this role may answer.")] = None,
    status: Annotated[TicketStatus | SkipJsonSchema[None], Query(description="Only tickets of this status.")] = None,
    claimed_by: Annotated[
        str | SkipJsonSchema[None], _filter("What this actor has claimed, such as `key:name`.")
    ] = None,
    overdue: Annotated[bool | SkipJsonSchema[None], Query(description="Whether the time is up.")] = None,
    due_before: Annotated[Moment | SkipJsonSchema[None], Query(description="What is due before this.")] = None,
    search: Annotated[str | SkipJsonSchema[None], _filter("Part of title, purpose, run or node, in any case.")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> TicketPage:
    """What has priority first, then what is due, then what is oldest."""
    filters: dict[str, Any] = {
        "now": now,
        "role": role,
        "claimed_by": claimed_by,
        "overdue": overdue,
        "due_before": due_before,
        "search": search,
    }
    page = await queue.list_tickets(conn, **filters, status=status, limit=limit, cursor=cursor)
    counts = await queue.count_tickets(conn, **filters)
    lines = [TicketLine.of(ticket, now=now) for ticket in page.items]
    return TicketPage(items=lines, next=page.next, counts=dict(counts))


async def show_ticket(ticket_id: TicketId, actor: access.guard.TicketReader, conn: Conn, now: Now) -> TicketView:
    """With what is shown and asked, what was answered, and what happened."""
    ticket = await tickets.show_ticket(conn, ticket_id=ticket_id)
    return await whole_view(conn, ticket, actor=actor, now=now)


async def claim_ticket(ticket_id: TicketId, actor: access.guard.TicketDecider, conn: Conn, now: Now) -> TicketView:
    """For five minutes, or for five more."""
    ticket = await claims.claim(conn, ticket_id=ticket_id, actor=actor, now=now)
    return await whole_view(conn, ticket, actor=actor, now=now)


async def release_ticket(ticket_id: TicketId, actor: access.guard.TicketDecider, conn: Conn, now: Now) -> TicketView:
    """Nothing happens where nobody holds it."""
    ticket = await claims.release(conn, ticket_id=ticket_id, actor=actor, now=now)
    return await whole_view(conn, ticket, actor=actor, now=now)


async def whole_view(conn: Connection, ticket: Ticket, *, actor: access.Actor, now: datetime) -> TicketView:
    """The ticket with its answers and its history, as this actor may see it."""
    answers = await tickets.ticket_answers(conn, ticket_id=ticket.id)
    history = await tickets.ticket_history(conn, ticket_id=ticket.id)
    verdicts = await screening_decisions(conn, ticket_id=ticket.id) if ticket.screening else ()
    return TicketView.whole(ticket, answers, history, verdicts=verdicts, actor=actor, now=now)
