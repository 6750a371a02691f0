"""An outage: since when, what was said last, who waits; and that somebody holds an endpoint or lets calls through."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from opsdesk import access, flows
from opsdesk.app.console.frame import done, page, see_other, translate
from opsdesk.app.console.operations import OUTAGE_BADGES, OUTAGE_STATES, PATH
from opsdesk.app.console.run_actions import REASON_CHARACTERS_MAX
from opsdesk.app.console.viewer import OperationsReader, RunWriter
from opsdesk.app.console.words import N_
from opsdesk.kit.http_requests import Conn, Now

Typed = Annotated[str, Form()]
REASON_NEEDED = N_("A reason of at most 2,000 characters is needed.")

routes = APIRouter(include_in_schema=False)


@routes.get("/outages/{outage_id}")
async def show(request: Request, outage_id: UUID, visitor: OperationsReader, conn: Conn) -> Response:
    """One outage, until it is over."""
    return await _shown(request, visitor, conn, outage_id, errors={}, typed="")


@routes.post("/outages")
async def hold(
    request: Request, visitor: RunWriter, conn: Conn, now: Now, endpoint: Typed = "", reason: Typed = ""
) -> Response:
    """Keep calls from an endpoint."""
    _ = translate(request, visitor)
    try:
        flows.reports.outage_control.normalised(endpoint)
    except flows.errors.EndpointUnreadable as error:
        errors = {"endpoint": _(error.message)}
    else:
        errors = {} if _is_reason(reason) else {"reason": _(REASON_NEEDED)}
    if errors:
        typed = {"endpoint": endpoint, "reason": reason}
        return page(request, visitor, "outages/hold.html", status=422, errors=errors, typed=typed)
    held = await flows.reports.outage_control.hold(conn, endpoint=endpoint, reason=reason, actor=visitor.actor, now=now)
    said = _(N_("Calls to it are held. Those that come wait until somebody releases them."))
    return see_other(request, f"/outages/{held.circuit.outage_id}", done(said))


@routes.get("/outages")
async def ask_to_hold(request: Request, visitor: RunWriter, endpoint: str = "") -> Response:
    """The form on which calls are kept from an endpoint."""
    return page(request, visitor, "outages/hold.html", errors={}, typed={"endpoint": endpoint, "reason": ""})


@routes.post("/outages/{outage_id}/release")
async def release(
    request: Request, outage_id: UUID, visitor: RunWriter, conn: Conn, now: Now, reason: Typed = ""
) -> Response:
    """Let through what waits."""
    _ = translate(request, visitor)
    if not _is_reason(reason):
        return await _shown(request, visitor, conn, outage_id, errors={"reason": _(REASON_NEEDED)}, typed=reason)
    await flows.reports.outage_control.release(conn, outage_id=outage_id, reason=reason, actor=visitor.actor, now=now)
    return see_other(request, PATH, done(_(N_("What waits is let through, the oldest first."))))


def _is_reason(reason: str) -> bool:
    return 1 <= len(reason.strip()) <= REASON_CHARACTERS_MAX


async def _shown(
    request: Request,
    visitor: access.guard.Visitor,
    conn: Conn,
    outage_id: UUID,
    *,
    errors: Mapping[str, str],
    typed: str,
) -> Response:
    _ = translate(request, visitor)
    outage = await flows.reports.outage_control.show_outage(conn, outage_id=outage_id)
    values: dict[str, Any] = {
        "outage": outage,
        "circuit": outage.circuit,
        "waiting": await flows.reports.outage_control.waiting_runs(conn, outage.circuit.endpoint),
        "states": {state: _(text) for state, text in OUTAGE_STATES.items()},
        "badges": OUTAGE_BADGES,
        "may_see_runs": access.may(visitor.actor, access.Scope.RUNS_READ),
        "may_write": access.may(visitor.actor, access.Scope.RUNS_WRITE),
        "errors": errors,
        "typed": typed,
    }
    return page(request, visitor, "outages/show.html", status=422 if errors else 200, **values)
