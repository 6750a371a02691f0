"""Tickets over HTTP: listed, read, claimed and decided."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict

from opsdesk import access
from opsdesk.kit.db import Connection
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import StrictRoute
from opsdesk.kit.http_requests import Conn, NeededKey, Now
from opsdesk.review import claims, queue, tickets
from opsdesk.review.decisions import OnDecided, decide
from opsdesk.review.model import Ticket, TicketStatus
from opsdesk.review.views import TicketLine, TicketPage, TicketView


class Decision(BaseModel):
    """One person's answers, by name."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"answers": {"compliance_decision": "approved", "review_notes": "the match is another person"}}
            ]
        },
    )

    answers: dict[str, Any]


def ticket_routes(on_decided: OnDecided) -> APIRouter:
    """`on_decided` is told of each decision, in its transaction."""
    routes = APIRouter(prefix="/v1", tags=["tickets"], route_class=StrictRoute)
    routes.add_api_route(
        "/tickets", list_tickets, methods=["GET"], summary="List tickets", responses=documented(401, 403, 422)
    )
    routes.add_api_route(
        "/tickets/{ticket_id}",
        show_ticket,
        methods=["GET"],
        summary="Show a ticket",
        responses=documented(401, 403, 404, 422),
    )
    routes.add_api_route(
        "/tickets/{ticket_id}/claims",
        claim_ticket,
        methods=["POST"],
        status_code=201,
        summary="Claim a ticket",
        responses=documented(401, 403, 404, 409, 422),
    )
    routes.add_api_route(
        "/tickets/{ticket_id}/claims",
        release_ticket,
        methods=["DELETE"],
        summary="Give a ticket back",
        responses=documented(401, 403, 404, 409, 422),
    )

    @routes.post(
        "/tickets/{ticket_id}/decisions",
        status_code=201,
        summary="Decide a ticket",
        responses=documented(401, 403, 404, 409, 413, 415, 422),
    )
    async def decide_ticket(
        ticket_id: UUID, decision: Decision, actor: access.guard.TicketDecider, key: NeededKey, conn: Conn, now: Now
    ) -> TicketView:
        """One person's answers; the ticket is decided when they are the last ones needed, and its run goes on."""
        ticket = await decide(
            conn,
            ticket_id=ticket_id,
            actor=actor,
            answers=decision.answers,
            key=key,
            now=now,
            on_decided=on_decided,
        )
        return await _whole(conn, ticket, actor=actor, now=now)

    return routes


async def list_tickets(
    _: access.guard.TicketReader,
    conn: Conn,
    now: Now,
    role: str | None = None,
    status: TicketStatus | None = None,
    claimed_by: str | None = None,
    overdue: bool | None = None,
    due_before: AwareDatetime | None = None,
    search: str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> TicketPage:
    """What is due first, then what is oldest."""
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


async def show_ticket(ticket_id: UUID, actor: access.guard.TicketReader, conn: Conn, now: Now) -> TicketView:
    """With what is shown and asked, what was answered, and what happened."""
    ticket = await tickets.show_ticket(conn, ticket_id=ticket_id)
    return await _whole(conn, ticket, actor=actor, now=now)


async def claim_ticket(ticket_id: UUID, actor: access.guard.TicketDecider, conn: Conn, now: Now) -> TicketView:
    """For five minutes, or for five more."""
    ticket = await claims.claim(conn, ticket_id=ticket_id, actor=actor, now=now)
    return await _whole(conn, ticket, actor=actor, now=now)


async def release_ticket(ticket_id: UUID, actor: access.guard.TicketDecider, conn: Conn, now: Now) -> TicketView:
    """Nothing happens where nobody holds it."""
    ticket = await claims.release(conn, ticket_id=ticket_id, actor=actor, now=now)
    return await _whole(conn, ticket, actor=actor, now=now)


async def _whole(conn: Connection, ticket: Ticket, *, actor: access.Actor, now: datetime) -> TicketView:
    answers = await tickets.ticket_answers(conn, ticket_id=ticket.id)
    history = await tickets.ticket_history(conn, ticket_id=ticket.id)
    return TicketView.whole(ticket, answers, history, actor=actor, now=now)
