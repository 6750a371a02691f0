"""One ticket: claimed, read and decided."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request, Response

from opsdesk import access, review
from opsdesk.app import desk
from opsdesk.app.console import screening_ticket
from opsdesk.app.console.frame import done, fragment, is_partial, page, see_other, translate, warning
from opsdesk.app.console.problems import said
from opsdesk.app.console.role_words import ROLES
from opsdesk.app.console.ticket_form import answers_from, controls, errors_from, reason_options
from opsdesk.app.console.ticket_history import history_told
from opsdesk.app.console.ticket_next import claim_next
from opsdesk.app.console.ticket_words import PATH, STANDINGS, STATES
from opsdesk.app.console.viewer import TicketDecider, TicketReader, Visitor
from opsdesk.kit.db import Connection
from opsdesk.kit.errors import OpsdeskError
from opsdesk.kit.http_requests import Conn, Now

NEXT = "next"

routes = APIRouter(include_in_schema=False)


@routes.post(f"{PATH}/next")
async def claim_next_ticket(request: Request, visitor: TicketDecider, conn: Conn, now: Now) -> Response:
    """Claim what is due first, and show it."""
    return await _next(request, visitor, conn, now=now)


@routes.get(PATH + "/{ticket_id}")
async def show_ticket(request: Request, ticket_id: UUID, visitor: TicketReader, conn: Conn, now: Now) -> Response:
    """One ticket, with the form where this person has claimed it."""
    ticket = await review.show_ticket(conn, ticket_id=ticket_id)
    if ticket.screening is not None:
        return await screening_ticket.show(request, visitor, conn, ticket, now=now)
    return await _ticket_page(request, visitor, conn, ticket, now=now)


@routes.post(PATH + "/{ticket_id}/claim")
async def claim_ticket(request: Request, ticket_id: UUID, visitor: TicketDecider, conn: Conn, now: Now) -> Response:
    """Claim it, or keep it for longer; while somebody types, scripts keep it for them."""
    take = review.claims.keep if is_partial(request) else review.claim
    try:
        ticket = await take(conn, ticket_id=ticket_id, actor=visitor.actor, now=now)
    except OpsdeskError as error:
        if is_partial(request):
            seen = _seen(await review.show_ticket(conn, ticket_id=ticket_id), visitor, now)
            why = error.reason if isinstance(error, review.errors.TicketTakenBack) else None
            return fragment(request, visitor, "tickets/claim.html", ticket=seen, lost=error.message, why=why)
        return see_other(request, f"{PATH}/{ticket_id}", warning(translate(request, visitor)(error.message)))
    if is_partial(request):
        return fragment(request, visitor, "tickets/claim.html", ticket=_seen(ticket, visitor, now), lost=None)
    return see_other(request, f"{PATH}/{ticket_id}")


@routes.post(PATH + "/{ticket_id}/release")
async def release_ticket(request: Request, ticket_id: UUID, visitor: TicketDecider, conn: Conn, now: Now) -> Response:
    """Give it back."""
    _ = translate(request, visitor)
    ticket = await review.release(conn, ticket_id=ticket_id, actor=visitor.actor, now=now)
    back = PATH if ticket.screening is None else screening_ticket.list_of(ticket)
    return see_other(request, back, done(_("The ticket was given back.")))


async def _typed(request: Request) -> Mapping[str, str]:
    """What the form holds; files are not among it."""
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


Typed = Annotated[Mapping[str, str], Depends(_typed)]


@routes.post(PATH + "/{ticket_id}/decide")
async def decide_ticket(
    request: Request, ticket_id: UUID, visitor: TicketDecider, typed: Typed, conn: Conn, now: Now
) -> Response:
    """Record the answers. Where they cannot be, the ticket is shown again with all that was typed."""
    _ = translate(request, visitor)
    ticket = await review.show_ticket(conn, ticket_id=ticket_id)
    form = controls(ticket.asked, _)
    try:
        decided = await review.decide(
            conn,
            ticket_id=ticket_id,
            actor=visitor.actor,
            answers=answers_from(form, typed),
            shown_sha256=typed.get("shown_sha256") or None,
            reason_code=typed.get("reason_code") or None,
            key=typed.get("key") or str(uuid4()),
            now=now,
            on_decided=desk.on_decided,
        )
    except review.errors.AnswersInvalid as error:
        errors = errors_from(form, error.problems, _)
        return await _ticket_page(request, visitor, conn, ticket, now=now, typed=typed, errors=errors)
    except review.errors.ReasonCodeInvalid as error:
        errors = {"reason_code": said(error.problem, _)}
        return await _ticket_page(request, visitor, conn, ticket, now=now, typed=typed, errors=errors)
    except (*review.errors.CLAIM_REFUSALS, review.errors.AnswerKeyReused, review.errors.DataChanged) as error:
        ticket = await review.show_ticket(conn, ticket_id=ticket_id)
        if isinstance(error, review.errors.DataChanged):
            # On other data it is another answer, so it needs another key.
            typed = {**typed, "key": str(uuid4())}
        return await _ticket_page(request, visitor, conn, ticket, now=now, typed=typed, refused=error)
    outcome = (
        _("Decided.") if decided.status is review.TicketStatus.DECIDED else _("Your answer counts; others are needed.")
    )
    if typed.get("then") == NEXT:
        return await _next(request, visitor, conn, now=now, before=outcome)
    return see_other(request, f"{PATH}/{ticket_id}", done(outcome))


async def _next(
    request: Request, visitor: Visitor, conn: Connection, *, now: datetime, before: str | None = None
) -> Response:
    _ = translate(request, visitor)
    flashes = [done(before)] if before else []
    ticket = await claim_next(conn, actor=visitor.actor, now=now)
    if ticket is None:
        return see_other(request, PATH, *flashes, done(_("Nothing else waits for you.")))
    return see_other(request, f"{PATH}/{ticket.id}", *flashes)


async def _ticket_page(
    request: Request,
    visitor: Visitor,
    conn: Connection,
    ticket: review.Ticket,
    *,
    now: datetime,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    refused: OpsdeskError | None = None,
) -> Response:
    answers = await review.ticket_answers(conn, ticket_id=ticket.id)
    history = await review.ticket_history(conn, ticket_id=ticket.id)
    _ = translate(request, visitor)
    form = controls(ticket.asked, _)
    held = ticket.claim_at(now)
    waits = ticket.status is review.TicketStatus.OPEN and access.may(visitor.actor, access.Scope.TICKETS_DECIDE, ticket)
    counted = [answer for answer in answers if answer.snapshot == ticket.snapshot]
    answered = any(answer.actor == visitor.actor.id for answer in counted)
    evidence = await review.evidence.ticket_evidence(conn, ticket_id=ticket.id)
    told = review.views.TicketView.whole(ticket, answers, history, actor=visitor.actor, now=now)
    return page(
        request,
        visitor,
        "tickets/ticket.html",
        status=refused.status if refused else 422 if errors else 200,
        ticket=told,
        history=history_told(told.history, _),
        personal=ticket.shown_personal,
        form=form,
        labels={control.name: control.field.label for control in form} | {"reason_code": _("Reason code")},
        reason_options=reason_options(ticket.reasons),
        evidence=review.views_evidence.EvidenceView.of(evidence, actor=visitor.actor),
        standings=STANDINGS,
        asked_again=not answered and len(counted) < len(answers) and ticket.status is review.TicketStatus.OPEN,
        may_amend=ticket.status is review.TicketStatus.OPEN and access.may(visitor.actor, access.Scope.RUNS_WRITE),
        typed=typed or {},
        errors=errors or {},
        refused=refused.message if refused else None,
        is_mine=held is not None and held[0] == visitor.actor.id,
        may_claim=waits and not answered and (held is None or held[0] == visitor.actor.id),
        answered=answered,
        lost=None,
        key=(typed or {}).get("key") or str(uuid4()),
        states=STATES,
        role_names=ROLES,
        may_decide=access.may(visitor.actor, access.Scope.TICKETS_DECIDE),
        may_read_runs=access.may(visitor.actor, access.Scope.RUNS_READ),
    )


def _seen(ticket: review.Ticket, visitor: Visitor, now: datetime) -> review.views.TicketView:
    return review.views.TicketView.whole(ticket, (), (), actor=visitor.actor, now=now)
