"""`opsdesk alert`: what somebody has to look at on the review desk, and that somebody has."""

from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.output import compact, local_time, print_json, print_table, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from opsdesk import review


@command
async def list_alerts(as_json: AsJson = False) -> None:
    """List the open alerts of the review desk, the last that came first; 100 at most.

    Example: `opsdesk alert list`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.OPERATIONS_READ)
        found = await review.alerts.open_alerts(conn)
        now = opsdesk.clock.now()
    _tell(found, now=now, as_json=as_json)


@command
async def close_alert(
    alert_id: Annotated[int, typer.Argument(help="As `opsdesk alert list` shows it.", metavar="ALERT", min=1)],
    as_json: AsJson = False,
) -> None:
    """Say that an alert was looked after. Should it happen again, there is a new one. Tells those still open.

    Example: `opsdesk alert close 7`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.OPERATIONS_WRITE)
        now = opsdesk.clock.now()
        await review.alerts.close_alert(conn, alert_id=alert_id, actor=actor, now=now)
        found = await review.alerts.open_alerts(conn)
    _tell(found, now=now, as_json=as_json)


def _tell(found: "Sequence[review.alerts.OpenAlert]", *, now: "datetime", as_json: bool) -> None:
    from opsdesk import review

    if as_json:
        views = review.routes_alerts
        print_json(views.AlertList(items=list(map(views.AlertView.of, found))))
        return
    rows = [
        (
            str(each.alert_id),
            each.kind.value,
            str(each.times),
            local_time(each.first_at, now=now),
            local_time(each.last_at, now=now),
            compact(each.facts),
        )
        for each in found
    ]
    print_table(("ID", "ALERT", "TIMES", "FIRST", "LAST", "ABOUT"), rows)
    say(f"{len(rows)} open alert{'' if len(rows) == 1 else 's'}")
