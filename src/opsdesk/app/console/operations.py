"""The installation as a whole: what stalls, what fails, who works, what waits to be done."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from opsdesk import access, flows, jobs, points, review
from opsdesk.app.console import run_words
from opsdesk.app.console.frame import done, fragment, is_partial, page, see_other, translate
from opsdesk.app.console.viewer import OperationsKeeper, OperationsReader
from opsdesk.app.console.words import N_
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import CountedId

PATH = "/operations"
STALLED_SHOWN = 50
HELD_SHOWN = 20
OUTAGE_STATES: Mapping[str, str] = {
    "open": N_("does not answer"),
    "held": N_("held by an operator"),
    "releasing": N_("answers again, and lets through what waited"),
}
OUTAGE_BADGES: Mapping[str, str] = {"open": "failed", "held": "paused", "releasing": "running"}
ALERTS: Mapping[str, str] = {
    "AdaptMissing": N_("No ticket could be made: the screening type has no adapt to the scene"),
    "RuleUndecided": N_("A rule of a group could not be decided, and nobody passed by it"),
    "NoReasonLeft": N_("Nobody can reject tickets of a screening type: the codes of all its reasons are inactive"),
    "ScreeningTicketNearlyLate": N_("A ticket will soon be late"),
    "ResultGivenUp": N_("A result could not be delivered, and is not tried any more"),
}

routes = APIRouter(include_in_schema=False)


@routes.get(PATH)
async def operations(request: Request, visitor: OperationsReader, conn: Conn, now: Now) -> Response:
    """What the database says now; the page asks again by itself."""
    _ = translate(request, visitor)
    stalled = await flows.runs.stalled_runs(conn, now=now)
    tickets_open, tickets_overdue = await review.queue.count_open(conn, now=now)
    values: dict[str, Any] = {
        "census": await flows.runs.census(conn, now=now),
        "counts": await flows.run_list.count_runs(conn, now=now),
        "counted_max": flows.run_list.COUNTED_MAX,
        "stalled": stalled[:STALLED_SHOWN],
        "stalled_count": len(stalled),
        "outages": await flows.reports.outages(conn),
        "shut": await flows.reports.outage_control.list_outages(conn),
        "circuit_states": {state: _(text) for state, text in OUTAGE_STATES.items()},
        "circuit_badges": OUTAGE_BADGES,
        "may_write": access.may(visitor.actor, access.Scope.RUNS_WRITE),
        "workers": await flows.reports.list_workers(conn),
        "queue": await jobs.queue_state(conn),
        "held": await jobs.held(conn, limit=HELD_SHOWN),
        "tickets_open": tickets_open,
        "tickets_overdue": tickets_overdue,
        "alerts": await review.alerts.open_alerts(conn),
        "alert_words": {kind: _(text) for kind, text in ALERTS.items()},
        "may_close": access.may(visitor.actor, access.Scope.OPERATIONS_WRITE),
        "may_see_applications": access.may(visitor.actor, access.Scope.APPLICATIONS_READ),
        "may_see_tickets": access.may(visitor.actor, access.Scope.TICKETS_READ),
        "may_see_types": access.may(visitor.actor, access.Scope.SCREENING_READ),
        "chain": await access.audit.chain_state(conn),
        "points_audit": await points.auditing.newest_audit(conn),
        "statuses": {status.value: _(text) for status, text in run_words.STATUSES.items()},
        "badges": {status.value: badge for status, badge in run_words.BADGES.items()},
        "stall_reasons": {reason: _(text) for reason, text in run_words.STALLS.items()},
        "waited_for": lambda name: run_words.waited_for(name, _),
        "may_see_runs": access.may(visitor.actor, access.Scope.RUNS_READ),
    }
    if is_partial(request):
        return fragment(request, visitor, "operations/live.html", **values)
    return page(request, visitor, "operations/operations.html", **values)


@routes.post(PATH + "/alerts/{alert_id}/close")
async def close_alert(
    request: Request, alert_id: CountedId, visitor: OperationsKeeper, conn: Conn, now: Now
) -> Response:
    """Somebody has looked after it; also where another was quicker."""
    _ = translate(request, visitor)
    try:
        await review.alerts.close_alert(conn, alert_id=alert_id, actor=visitor.actor, now=now)
    except review.errors.AlertUnknown:
        return see_other(request, PATH, done(_(N_("The alert had been closed already."))))
    return see_other(request, PATH, done(_(N_("The alert is closed. Should it happen again, there is a new one."))))
