"""`opsdesk ticket board`: how the queue stands now."""

from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.output import local_time, print_json, print_table, say

if TYPE_CHECKING:
    from datetime import datetime

    from opsdesk import review


@command
async def show_board(
    bucket: Annotated[
        str | None, typer.Option("--list", help="Only `kyc`, `transaction`, or `procedures`.", metavar="LIST")
    ] = None,
    application: Annotated[
        str | None, typer.Option("--application", help="Only tickets of this application.", metavar="APPLICATION")
    ] = None,
    type_id: Annotated[
        int | None,
        typer.Option("--type", help="Only tickets of the screening type with this id.", min=1, max=2**31 - 1),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what waits, since when, what is late, and who is at it.

    Example: `opsdesk ticket board --list kyc`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    if bucket is not None and bucket not in list(review.board.QueueList):
        raise typer.BadParameter(f"is none of {', '.join(review.board.QueueList)}", param_hint="--list")
    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.TICKETS_READ)
        now = opsdesk.clock.now()
        found = await review.board.queue_board(
            conn,
            now=now,
            since=review.board.business_day(now),
            bucket=review.board.QueueList(bucket) if bucket else None,
            application=application,
            type_id=type_id,
        )
    if as_json:
        print_json(review.routes_board.BoardView.of(found))
    else:
        _print_board(found, now=now)


def _print_board(found: "review.board.Board", *, now: "datetime") -> None:
    heads = ("", "WAITING", "IN REVIEW", "AWAITING SECOND", "LATE", "OLDEST SINCE")
    lines = [("all", found.counts), *((each.name or "procedures", each.counts) for each in found.by_type)]
    lines += [(each.name, each.counts) for each in found.by_scene if each.name]
    rows = [
        (
            name,
            *(str(number) for number in (each.waiting, each.in_review, each.awaiting_second, each.late)),
            local_time(each.oldest_at, now=now) if each.oldest_at else "",
        )
        for name, each in lines
    ]
    print_table(heads, rows)
    people = [
        (each.actor, str(each.decided), str(each.in_hand), "" if each.median_s is None else f"{each.median_s:.0f} s")
        for each in found.by_reviewer
    ]
    if people:
        print_table(("REVIEWER", "DECIDED TODAY", "IN HAND", "MEDIAN TIME"), people)
    say(f"{found.counts.open} open, {found.counts.late} of them late")
