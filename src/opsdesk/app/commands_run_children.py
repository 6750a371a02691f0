"""`opsdesk run children`: the runs that a run has started."""

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.commands_run import RunId
from opsdesk.app.output import local_time, print_json, print_table, say


@command
async def list_children(run_id: RunId, as_json: AsJson = False) -> None:
    """List the runs that a run has started for its nodes, in the order in which it did, the first 100.

    Example: `opsdesk run children 1f2e3d4c5b6a`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app import chosen
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.RUNS_READ)
        found = await chosen.run_id(conn, run_id)
        views = list(map(flows.run_list.ChildView.of, await flows.run_list.children_of(conn, found)))
        counts = await flows.run_list.count_children(conn, found)
        now = opsdesk.clock.now()
    if as_json:
        print_json({"items": views, "next": None, "counts": counts})
        return
    rows = [
        (
            str(view.id),
            view.node,
            str(view.index + 1),
            view.procedure,
            view.status.value,
            local_time(view.started_at, now=now),
        )
        for view in views
    ]
    print_table(("RUN", "NODE", "NUMBER", "PROCEDURE", "STATUS", "STARTED"), rows)
    total = sum(count for by_status in counts.values() for count in by_status.values())
    say(f"{total} {'run' if total == 1 else 'runs'}" if total else "it has started no other runs")
