"""What reviewers do on the page of a screening ticket: look at the panel as it is now, judge, skip."""

from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Query, Request, Response

from opsdesk import review
from opsdesk.app import desk
from opsdesk.app.console.frame import done, fragment, see_other, translate, warning
from opsdesk.app.console.review_lists import Bucket, show_next
from opsdesk.app.console.review_words import RESULTS
from opsdesk.app.console.screening_panel import panel_of
from opsdesk.app.console.screening_ticket import Typed, show
from opsdesk.app.console.ticket_words import PATH
from opsdesk.app.console.viewer import TicketDecider, TicketWatcher, Visitor
from opsdesk.kit.db import Connection
from opsdesk.kit.errors import OpsdeskError
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import INTEGER_MAX

NEXT = "next"
REASONS_MAX = 200

routes = APIRouter(include_in_schema=False)
Line = Annotated[str, Form(max_length=200)]


@routes.get(PATH + "/{ticket_id}/rejection")
async def show_panel(
    request: Request,
    ticket_id: UUID,
    visitor: TicketWatcher,
    conn: Conn,
    reason: Annotated[list[str], Query(max_length=REASONS_MAX)] = [],  # noqa: B006 - read, and never changed
    rejection_version: str = "",
    mark: str = "",
) -> Response:
    """The panel as it is now, with the ticks that hold; nothing where it is what the page shows already."""
    ticket = await _screening_ticket(conn, ticket_id)
    assert ticket.screening is not None
    panel = await panel_of(
        conn, type_id=ticket.screening.type_id, ticked=reason, seen_version=version_of(rejection_version)
    )
    if panel.mark == mark:
        return Response(status_code=204)
    return fragment(
        request, visitor, "review/panel.html", panel=panel, ticket_id=ticket.id, errors={}, is_live=True, changed=True
    )


@routes.post(PATH + "/{ticket_id}/verdict")
async def give_verdict(
    request: Request,
    ticket_id: UUID,
    visitor: TicketDecider,
    conn: Conn,
    now: Now,
    verdict: Line = "",
    reason: Annotated[list[str], Form(max_length=REASONS_MAX)] = [],  # noqa: B006 - read, and never changed
    remark: Annotated[str, Form()] = "",
    rejection_version: Line = "",
    shown_sha256: Line = "",
    key: Line = "",
    then: Line = "",
) -> Response:
    """Judge it, and open the next one. Where it cannot be, it is shown again with all that was ticked and typed."""
    ticket = await _screening_ticket(conn, ticket_id)
    typed = Typed(tuple(reason), remark, version_of(rejection_version), key or str(uuid4()), then)
    if verdict not in (*review.model.Verdict,):
        return await show(request, visitor, conn, ticket, now=now, typed=typed)
    given = review.model.Verdict(verdict)
    judgement = review.screening.deciding.Judgement(
        verdict=given,
        ticked=typed.ticked if given is review.model.Verdict.REJECT else (),
        remark=remark,
        rejection_version=typed.rejection_version,
    )
    try:
        decided = await review.screening.deciding.decide_screening(
            conn,
            ticket_id=ticket_id,
            judgement=judgement,
            actor=visitor.actor,
            key=typed.key,
            now=now,
            on_decided=desk.on_decided,
            shown_sha256=shown_sha256 or None,
        )
    except review.screening.errors.VerdictInvalid as error:
        return await show(request, visitor, conn, ticket, now=now, typed=typed, problems=error.problems)
    except (*review.errors.ANSWER_REFUSALS, *review.screening.errors.VERDICT_REFUSALS) as error:
        return await _show_again(request, visitor, conn, ticket_id, typed, error, now=now)
    return await _after(request, visitor, conn, decided, given, then=then, now=now)


async def _show_again(
    request: Request,
    visitor: Visitor,
    conn: Connection,
    ticket_id: UUID,
    typed: Typed,
    error: OpsdeskError,
    *,
    now: datetime,
) -> Response:
    """As the ticket is now. On other data, or under this key, it would be another judgement, so it gets another key."""
    ticket = await _screening_ticket(conn, ticket_id)
    again = Typed(typed.ticked, typed.remark, typed.rejection_version, str(uuid4()), typed.then)
    return await show(request, visitor, conn, ticket, now=now, typed=again, refused=error)


async def _after(
    request: Request,
    visitor: Visitor,
    conn: Connection,
    decided: review.Ticket,
    verdict: review.model.Verdict,
    *,
    then: str,
    now: datetime,
) -> Response:
    _ = translate(request, visitor)
    assert decided.screening is not None
    if decided.status is review.TicketStatus.DECIDED:
        said = _("%(number)s: decided, %(result)s") % {
            "number": decided.shown["base"]["flow_no"],
            "result": _(RESULTS[verdict][1]),
        }
    else:
        said = _("Your answer counts; others are needed.")
    if then == NEXT:
        bucket = Bucket(decided.screening.bucket)
        return await show_next(request, bucket, visitor, conn, now=now, before=[done(said)])
    return see_other(request, f"{PATH}/{decided.id}", done(said))


@routes.post(PATH + "/{ticket_id}/skip")
async def skip_ticket(
    request: Request,
    ticket_id: UUID,
    visitor: TicketDecider,
    conn: Conn,
    now: Now,
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Leave it to others, and open the next one."""
    _ = translate(request, visitor)
    ticket = await _screening_ticket(conn, ticket_id)
    assert ticket.screening is not None
    try:
        await review.screening.taking.skip(conn, ticket_id=ticket_id, reason=reason, actor=visitor.actor, now=now)
    except (review.screening.errors.SkipInvalid, review.errors.TicketClaimed) as error:
        return see_other(request, f"{PATH}/{ticket_id}", warning(_(error.message)))
    bucket = Bucket(ticket.screening.bucket)
    return await show_next(request, bucket, visitor, conn, now=now, before=[done(_("Skipped: it goes to others."))])


async def _screening_ticket(conn: Connection, ticket_id: UUID) -> review.Ticket:
    """Raises TicketUnknown, NotScreening."""
    ticket = await review.show_ticket(conn, ticket_id=ticket_id)
    if ticket.screening is None:
        raise review.screening.errors.NotScreening(ticket_id=str(ticket_id))
    return ticket


def version_of(given: str) -> int | None:
    """What is no version is none that anybody has seen."""
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 and int(given) <= INTEGER_MAX else None
