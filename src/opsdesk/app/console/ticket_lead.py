"""Several tickets of a list are assigned to a person, or taken back; the page after says what became of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from opsdesk import access, review
from opsdesk.app.console.frame import local_address, page, see_other, translate, warning
from opsdesk.app.console.ticket_words import PATH
from opsdesk.app.console.viewer import DeskLead, Visitor
from opsdesk.kit.db import Connection
from opsdesk.kit.errors import OpsdeskError
from opsdesk.kit.http_requests import Conn, Now

Led = review.leading.Led
OUTCOMES: Mapping[str, str] = {Led.ASSIGNED: "done", Led.RELEASED: "done", Led.REFUSED: "blocked"}
"""Each with its badge."""

routes = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Ticked:
    """What the bar of a list sends."""

    ticket_ids: Sequence[UUID]
    person: str
    reason: str
    back: str
    """The list, as it was filtered."""


async def _ticked(request: Request) -> Ticked:
    form = await request.form()
    typed = {name: value for name, value in form.items() if isinstance(value, str)}
    return Ticked(
        ticket_ids=_ids([value for value in form.getlist("ticket") if isinstance(value, str)]),
        person=typed.get("person", ""),
        reason=typed.get("reason", ""),
        back=local_address(typed.get("back"), otherwise=PATH),
    )


def _ids(given: Sequence[str]) -> list[UUID]:
    """What names no ticket was not ticked on a page of ours."""
    found = []
    for each in given:
        try:
            found.append(UUID(each))
        except ValueError:
            continue
    return list(dict.fromkeys(found))


TickedOnes = Annotated[Ticked, Depends(_ticked)]


@routes.post(f"{PATH}/assign")
async def assign_tickets(request: Request, visitor: DeskLead, ticked: TickedOnes, conn: Conn, now: Now) -> Response:
    """Give them to the person chosen."""
    _ = translate(request, visitor)
    if problem := _nothing(request, visitor, ticked):
        return problem
    if not ticked.person:
        return await _led(request, visitor, conn, ticked, problem=_("Choose to whom you assign them."), now=now)
    ids, by = ticked.ticket_ids, visitor.actor
    try:
        outcomes = await review.leading.assign_tickets(conn, ticket_ids=ids, email=ticked.person, actor=by, now=now)
    except (review.errors.LeadInvalid, review.errors.NoReviewer, access.errors.PersonUnknown) as error:
        return await _led(request, visitor, conn, ticked, problem=_(error.message), now=now)
    return await _led(request, visitor, conn, ticked, outcomes=outcomes, now=now)


@routes.post(f"{PATH}/release")
async def release_tickets(request: Request, visitor: DeskLead, ticked: TickedOnes, conn: Conn, now: Now) -> Response:
    """Take them back from who holds them."""
    _ = translate(request, visitor)
    if problem := _nothing(request, visitor, ticked):
        return problem
    if not ticked.reason.strip():
        why = _("Say why you take them back: whoever held them reads it.")
        return await _led(request, visitor, conn, ticked, problem=why, now=now)
    ids, by = ticked.ticket_ids, visitor.actor
    try:
        outcomes = await review.leading.release_tickets(conn, ticket_ids=ids, reason=ticked.reason, actor=by, now=now)
    except review.errors.LeadInvalid as error:
        return await _led(request, visitor, conn, ticked, problem=_(error.message), now=now)
    return await _led(request, visitor, conn, ticked, outcomes=outcomes, now=now)


def _nothing(request: Request, visitor: Visitor, ticked: Ticked) -> Response | None:
    """The list again, where no ticket was ticked."""
    if ticked.ticket_ids:
        return None
    _ = translate(request, visitor)
    return see_other(request, ticked.back, warning(_("Tick the tickets first.")))


async def _led(
    request: Request,
    visitor: Visitor,
    conn: Connection,
    ticked: Ticked,
    *,
    now: datetime,
    outcomes: Sequence[review.leading.Outcome] = (),
    problem: str | None = None,
) -> Response:
    """What became of each ticket. What was refused is ticked, so that another thing can be done with it from here."""
    rows = [_row(each.ticket_id, each.ticket, now=now, outcome=each) for each in outcomes]
    if problem is not None:
        rows = [
            _row(each, await _found(conn, each), now=now) for each in ticked.ticket_ids[: review.leading.TICKETS_MAX]
        ]
    return page(
        request,
        visitor,
        "tickets/led.html",
        status=200 if problem is None else 422,
        rows=rows,
        problem=problem,
        refused=sum(each.led is Led.REFUSED for each in outcomes),
        assigned=sum(each.led is Led.ASSIGNED for each in outcomes),
        released=sum(each.led is Led.RELEASED for each in outcomes),
        ticked=ticked,
        badges=OUTCOMES,
        **await bar(conn, visitor),
    )


async def bar(conn: Connection, visitor: Visitor) -> dict[str, Any]:
    """What a list needs for its tick boxes and what can be done with the ticked ones: nothing for who does not lead."""
    may_lead = access.may(visitor.actor, access.Scope.DESK_LEAD)
    people = await access.people.people_with(conn, access.Scope.TICKETS_DECIDE) if may_lead else []
    return {"may_lead": may_lead, "reviewers_to_be": people, "reason_max": review.leading.REASON_CHARS_MAX}


async def _found(conn: Connection, ticket_id: UUID) -> review.Ticket | None:
    try:
        return await review.show_ticket(conn, ticket_id=ticket_id)
    except review.errors.TicketUnknown:
        return None


def _row(
    ticket_id: UUID, ticket: review.Ticket | None, *, now: datetime, outcome: review.leading.Outcome | None = None
) -> dict[str, Any]:
    name = str(ticket_id) if ticket is None else ticket.flow_no if ticket.screening is not None else ticket.title
    refusal: OpsdeskError | None = outcome.refusal if outcome else None
    return {
        "id": ticket_id,
        "name": name,
        "is_known": ticket is not None,
        "led": outcome.led.value if outcome else None,
        "held": ticket.claim_at(now) if ticket else None,
        "held_by": outcome.held_by if outcome else None,
        "why": refusal.message if refusal else None,
        "is_ticked": ticket is not None and (outcome is None or outcome.led is Led.REFUSED),
    }
