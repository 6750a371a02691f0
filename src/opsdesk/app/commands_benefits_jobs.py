"""`opsdesk benefits expire` and `jobs`: end what nobody booked in time, and see what ran."""

from typing import Annotated
from uuid import uuid4

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.commands_screening import CursorText, Limit, count_rows
from opsdesk.app.output import local_time, print_json, print_table, say


@command
async def expire_orders(
    key: Annotated[str | None, typer.Option("--key", help="Makes it once-only.")] = None,
    as_json: AsJson = False,
) -> None:
    """End orders that are past their date and were not booked, 20,000 at most; call it again while some remain.

    Example: `opsdesk benefits expire`
    """
    from opsdesk import benefits
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk:
        async with opsdesk.database.transaction() as conn:
            actor = await acting(opsdesk, conn, Scope.BENEFITS_WRITE)
        ran = await benefits.job_runs.run_expiry(
            opsdesk.database, actor=actor, key=key or uuid4().hex, now=opsdesk.clock.now()
        )
    if as_json:
        print_json(benefits.routes_jobs.ExpiryRanView.of(ran))
        return
    say(f"{ran.orders} orders ended: {ran.returned} points returned, {ran.forfeited} forfeited")
    if ran.remaining:
        say(f"{ran.remaining} remain. Next: opsdesk benefits expire")


@command
async def list_jobs(limit: Limit = None, cursor: CursorText = None, as_json: AsJson = False) -> None:
    """List what ran over benefits, and how far it is, the last begun first.

    Example: `opsdesk benefits jobs`
    """
    from opsdesk import benefits
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation
    from opsdesk.kit.paging import page_rows

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.BENEFITS_READ)
        page = await benefits.job_runs.list_job_runs(conn, actor=actor, limit=page_rows(limit), cursor=cursor)
        now = opsdesk.clock.now()
    if as_json:
        print_json({"items": list(map(benefits.routes_jobs.JobRunView.of, page.items)), "next": page.next})
        return
    rows = [
        (
            str(run.job_run_id),
            run.kind.value,
            local_time(run.begun_at, now=now),
            f"{run.orders} of {run.due}",
            str(run.returned),
            str(run.forfeited),
            local_time(run.ended_at, now=now) if run.ended_at else "under way",
            run.begun_by,
        )
        for run in page.items
    ]
    print_table(("ID", "KIND", "BEGUN", "ORDERS", "RETURNED", "FORFEITED", "ENDED", "BY"), rows)
    count_rows(len(rows), "job", page.next)
