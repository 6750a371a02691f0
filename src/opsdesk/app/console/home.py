"""Where people arrive: what needs them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from opsdesk import access, flows, review
from opsdesk.app.console.frame import fragment, page
from opsdesk.app.console.role_words import ROLES
from opsdesk.app.console.ticket_next import waiting_for
from opsdesk.app.console.ticket_words import STATES
from opsdesk.app.console.viewer import AnyPerson, AnyWatcher
from opsdesk.kit.db import Connection
from opsdesk.kit.http_requests import Conn, Now

ROWS_MAX = 10
"""Of each kind; the rest is behind a link."""
BLOCKED = flows.run_list.RunFilter(statuses=(flows.run_list.RunStatus.BLOCKED,))
"""Those with an incident, which waits for a person to retry or cancel."""

routes = APIRouter(include_in_schema=False)


@routes.get("/")
async def home(request: Request, visitor: AnyPerson, conn: Conn, now: Now) -> Response:
    """What this person has begun, what waits for them, and what is stuck that they may mend."""
    return page(request, visitor, "home.html", **await _needs(conn, visitor.actor, now=now))


@routes.get("/needs")
async def live_home(request: Request, visitor: AnyWatcher, conn: Conn, now: Now) -> Response:
    """The same as it is now, for a page that is shown."""
    return fragment(request, visitor, "needs.html", **await _needs(conn, visitor.actor, now=now))


async def _needs(conn: Connection, actor: access.Actor, *, now: datetime) -> dict[str, Any]:
    mine: Sequence[review.TicketSummary] = ()
    waiting: Sequence[review.TicketSummary] = ()
    if access.may(actor, access.Scope.TICKETS_DECIDE):
        mine = (await review.list_tickets(conn, claimed_by=actor.id, limit=ROWS_MAX, now=now)).items
        waiting = [ticket for ticket in await waiting_for(conn, actor=actor, now=now) if ticket not in mine]
    blocked: Sequence[flows.runs.Run] = ()
    if access.may(actor, access.Scope.RUNS_WRITE):
        blocked = (await flows.run_list.list_runs(conn, only=BLOCKED, limit=ROWS_MAX)).items
    stalled: Sequence[flows.runs.StalledRun] = ()
    if access.may(actor, access.Scope.OPERATIONS_READ):
        stalled = await flows.runs.stalled_runs(conn, now=now)
    return {
        "mine": mine,
        "waiting": waiting[:ROWS_MAX],
        "waiting_count": len(waiting),
        "blocked": blocked,
        "stalled": stalled[:ROWS_MAX],
        "stalled_count": len(stalled),
        "may_configure": access.may(actor, access.Scope.SCREENING_WRITE),
        "states": STATES,
        "role_names": ROLES,
    }
