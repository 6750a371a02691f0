"""`opsdesk run list`: runs by what they are, whom they are about and what they wait for."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.output import local_time, print_json, print_table, say

if TYPE_CHECKING:
    from opsdesk import flows

STATUSES = ("running", "waiting", "blocked", "paused", "compensating", "completed", "stopped", "timed_out", "cancelled")
WAITS = {
    "person": "person",
    "partner": "event",
    "timer": "timer",
    "children": "children",
    "operator": "operator",
    "outage": "outage",
}


class Order(Enum):
    """Which runs come first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    NEXT_WAKE = "next_wake"


Statuses = Annotated[
    list[str] | None,
    typer.Option("--status", help=f"Only runs that are {', '.join(STATUSES[:-1])} or {STATUSES[-1]}; repeatable."),
]
ProcedureId = Annotated[str | None, typer.Option("--procedure", help="Only runs of this procedure.")]
Subject = Annotated[
    str | None, typer.Option("--subject", help="Only runs about this e-mail address, phone number or id, whole.")
]
Waiting = Annotated[
    str | None, typer.Option("--waiting-for", help=f"Only open runs that wait for one of: {', '.join(WAITS)}.")
]
Overdue = Annotated[bool, typer.Option("--overdue", help="Only open runs whose wake-up should have come.")]
Parent = Annotated[str | None, typer.Option("--parent", help="Only runs that this run has started.")]
OutcomeNode = Annotated[str | None, typer.Option("--outcome-node", help="Only runs that ended there.")]
OutcomeReason = Annotated[
    str | None, typer.Option("--outcome-reason", help="Only runs that ended for a reason with this in it.")
]
From = Annotated[
    datetime | None, typer.Option("--started-from", help="Only runs started then or later, by this machine's zone.")
]
To = Annotated[datetime | None, typer.Option("--started-to", help="Only runs started before.")]


@command
async def list_runs(
    status: Statuses = None,
    procedure: ProcedureId = None,
    subject: Subject = None,
    waiting_for: Waiting = None,
    overdue: Overdue = False,
    parent: Parent = None,
    outcome_node: OutcomeNode = None,
    outcome_reason: OutcomeReason = None,
    started_from: From = None,
    started_to: To = None,
    order: Annotated[Order, typer.Option("--order", help="Which come first.")] = Order.NEWEST,
    limit: Annotated[int | None, typer.Option("--limit", help="How many, at most 100.")] = None,
    cursor: Annotated[str | None, typer.Option("--cursor", help="What the page before gave as `next`.")] = None,
    as_json: AsJson = False,
) -> None:
    """List runs, the newest first.

    Example: `opsdesk run list --status waiting --waiting-for person`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app import chosen
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    for each in status or ():
        if each not in STATUSES:
            raise typer.BadParameter(f"is none of {', '.join(STATUSES)}", param_hint="--status")
    if waiting_for is not None and waiting_for not in WAITS:
        raise typer.BadParameter(f"is none of {', '.join(WAITS)}", param_hint="--waiting-for")
    lists = flows.run_list
    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.RUNS_READ)
        now = opsdesk.clock.now()
        only = lists.RunFilter(
            procedure_id=procedure,
            statuses=tuple(map(lists.RunStatus, status or ())),
            subject=subject,
            outcome_node=outcome_node,
            outcome_reason=outcome_reason,
            waiting_for=lists.WaitsFor(WAITS[waiting_for]) if waiting_for else None,
            overdue=overdue,
            parent=await chosen.run_id(conn, parent) if parent else None,
            started_from=started_from and started_from.astimezone(),
            started_to=started_to and started_to.astimezone(),
        )
        ordered = lists.RunOrder(order.value)
        page = await lists.list_runs(conn, only=only, order=ordered, now=now, limit=limit, cursor=cursor)
        counts = await lists.count_runs(conn, only=only, now=now)
    views = [flows.views.RunView.of(each) for each in page.items]
    if as_json:
        print_json({"items": views, "next": page.next, "counts": counts})
        return
    _print(views, counts, now=now, more=page.next)


def _print(
    views: "list[flows.views.RunView]",
    counts: "dict[flows.run_list.RunStatus, int]",
    *,
    now: datetime,
    more: str | None,
) -> None:
    from opsdesk.app.chosen import short

    rows = [
        (short(view.id), view.procedure, view.status, local_time(view.started_at, now=now), _about(view))
        for view in views
    ]
    print_table(("RUN", "PROCEDURE", "STATUS", "STARTED", "WAITS FOR / ENDED"), rows)
    say(", ".join(f"{count} {each.replace('_', ' ')}" for each, count in counts.items() if count) or "no runs")
    if more:
        say(f"more follow: --cursor {more}")


def _about(view: "flows.views.RunView") -> str:
    if view.wake is not None:
        return view.wake.name
    if view.outcome is None:
        return ""
    return ": ".join(filter(None, (view.outcome.node, view.outcome.reason)))
