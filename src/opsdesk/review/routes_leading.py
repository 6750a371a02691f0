"""Leading the desk over HTTP: several tickets are assigned to a person, or taken back. None is decided like this."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from opsdesk import access
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import Body, Text, View
from opsdesk.review import leading
from opsdesk.review.errors import LeadInvalid, NoReviewer

TicketIds = Annotated[list[UUID], Field(min_length=1, max_length=leading.TICKETS_MAX)]
_EXAMPLE = "0197a3c0-0000-7000-8000-000000000001"

leading_routes = APIRouter(prefix="/v1", tags=["tickets"], route_class=StrictRoute)


class Assignment(Body):
    """Which tickets are for whom."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"ticket_ids": [_EXAMPLE], "person": "reviewer@example.com"}]}
    )

    ticket_ids: TicketIds
    """The ids of the tickets; one that is there twice counts once."""
    person: Annotated[Text, Field(max_length=access.people.EMAIL_CHARS_MAX)]
    """The e-mail address of an account that may decide tickets."""


class Release(Body):
    """Which tickets are taken back, and why."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"ticket_ids": [_EXAMPLE], "reason": "is ill since this morning"}]}
    )

    ticket_ids: TicketIds
    """The ids of the tickets; one that is there twice counts once."""
    reason: Annotated[Text, Field(max_length=leading.REASON_CHARS_MAX)]
    """Why, for whoever held them: the history of each ticket shows it. Not empty."""


class RefusalView(View):
    """Why a ticket stays as it was."""

    code: str
    """Stable: what a program decides by."""
    message: str
    """Why, in a sentence for people."""
    detail: dict[str, Any]
    """The facts of this case, by name; each code has its own."""


class OutcomeView(View):
    """What became of one ticket."""

    ticket_id: UUID
    """The id of the ticket."""
    outcome: leading.Led
    """What became of it; `refused`: it stays as it was."""
    holder: str | None
    """The id of who holds it now; null: nobody."""
    until: datetime | None
    """Until when nobody else can claim or decide it; null: nobody holds it."""
    held_by: str | None
    """Of one that was released: the id of who held it until then; else null."""
    refusal: RefusalView | None
    """Why it stays as it was; null: it does not."""

    @staticmethod
    def of(outcome: leading.Outcome, *, now: datetime) -> "OutcomeView":
        held = outcome.ticket.claim_at(now) if outcome.ticket else None
        why = outcome.refusal
        return OutcomeView(
            ticket_id=outcome.ticket_id,
            outcome=outcome.led,
            holder=held and held[0],
            until=held and held[1],
            held_by=outcome.held_by,
            refusal=why and RefusalView(code=why.code, message=why.message, detail=why.detail),
        )


class OutcomeList(View):
    """What became of each ticket, in the order in which they were given."""

    items: list[OutcomeView]
    """The tickets."""

    @staticmethod
    def of(outcomes: list[leading.Outcome], *, now: datetime) -> "OutcomeList":
        return OutcomeList(items=[OutcomeView.of(each, now=now) for each in outcomes])


@leading_routes.post(
    "/tickets/assign",
    summary="Assign tickets to a person",
    responses=documented(*access.guard.REFUSALS, *BODY_REFUSALS, LeadInvalid, access.errors.PersonUnknown, NoReviewer),
)
async def assign_tickets(given: Assignment, actor: access.guard.DeskLead, conn: Conn, now: Now) -> OutcomeList:
    """For eight hours nobody else is given them, or decides them. What can be done is done, and each ticket says what
    became of it: one that somebody else holds, or that this person may not decide, is refused, the others are not."""
    outcomes = await leading.assign_tickets(conn, ticket_ids=given.ticket_ids, email=given.person, actor=actor, now=now)
    return OutcomeList.of(outcomes, now=now)


@leading_routes.post(
    "/tickets/release",
    summary="Take tickets back from who holds them",
    responses=documented(*access.guard.REFUSALS, *BODY_REFUSALS, LeadInvalid),
)
async def release_tickets(given: Release, actor: access.guard.DeskLead, conn: Conn, now: Now) -> OutcomeList:
    """They are nobody's then. What can be done is done, and each ticket says what became of it."""
    outcomes = await leading.release_tickets(
        conn, ticket_ids=given.ticket_ids, reason=given.reason, actor=actor, now=now
    )
    return OutcomeList.of(outcomes, now=now)
