"""Results of tickets on pages: how they arrive, and sent again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from opsdesk import access, review
from opsdesk.app.console.application_words import delivery_problem
from opsdesk.app.console.frame import done, failed, local_address, see_other, translate
from opsdesk.app.console.ticket_words import PATH as TICKETS
from opsdesk.app.console.viewer import OperationsKeeper, Visitor
from opsdesk.app.console.words import N_
from opsdesk.kit.db import Connection
from opsdesk.kit.http_requests import Conn, Now

errors_of = review.applications.errors

routes = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class ShownResult:
    """What goes back for a ticket, and what its viewer can do about it."""

    result: review.applications.results.Result
    attempts: Sequence[review.applications.results.Attempt]
    problem: str
    """Why the last attempt did not arrive, in the words of the viewer's language."""
    outcomes: Sequence[str]
    """Of each attempt; empty for one that arrived."""
    may_send: bool


async def result_of(request: Request, visitor: Visitor, conn: Connection, *, ticket_id: UUID) -> ShownResult | None:
    """None: nothing goes back yet, or it is not for this person to see."""
    if not access.may(visitor.actor, access.Scope.APPLICATIONS_READ):
        return None
    results = review.applications.results
    result = await results.find_result(conn, ticket_id=ticket_id)
    if result is None:
        return None
    may_send = access.may(visitor.actor, access.Scope.OPERATIONS_WRITE)
    is_sendable = result.state is not results.DeliveryState.WAITING
    attempts = await results.list_attempts(conn, ticket_id=ticket_id)
    _ = translate(request, visitor)
    outcomes = [delivery_problem(each.problem, _) for each in attempts]
    return ShownResult(result, attempts, delivery_problem(result.problem, _), outcomes, may_send and is_sendable)


@routes.post(f"{TICKETS}/{{ticket_id}}/result/send")
async def send_again(
    request: Request,
    ticket_id: UUID,
    visitor: OperationsKeeper,
    conn: Conn,
    now: Now,
    wanted: Annotated[str, Form(alias="next", max_length=2000)] = "",
) -> Response:
    """Have the result sent now, and go back to the page that it was asked on."""
    _ = translate(request, visitor)
    back = local_address(wanted, otherwise=f"{TICKETS}/{ticket_id}")
    try:
        await review.applications.results.send_again(conn, ticket_id=ticket_id, actor=visitor.actor, now=now)
    except errors_of.ResultNotSendable:
        return see_other(request, back, failed(_(N_("The result is being sent already."))))
    return see_other(request, back, done(_(N_("The result is sent again, and tried for three days."))))
