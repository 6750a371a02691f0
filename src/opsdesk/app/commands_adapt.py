"""`opsdesk screening adapt list`, `show`, `history` and `diff`: where the values of tickets come from."""

from typing import Annotated

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.commands_screening import After, Before, CursorText, Limit, TypeName, count_rows, one_of
from opsdesk.app.output import local_time, print_json, print_table
from opsdesk.app.screening_text import entry_line, tell_adapt, tell_changes

AdaptId = Annotated[
    int, typer.Argument(help="The adapt, as `opsdesk screening adapt list` shows it.", metavar="ADAPT", min=1)
]
STATUSES = ("active", "pause")


@command
async def list_adapts(
    called: TypeName,
    application: Annotated[str | None, typer.Option("--application", help="Only those to this application.")] = None,
    scene: Annotated[str | None, typer.Option("--scene", help="Only those to scenes of this name.")] = None,
    status: Annotated[str | None, typer.Option("--status", help="Only those: active or pause.")] = None,
    operator: Annotated[str | None, typer.Option("--operator", help="Only those changed last by this actor.")] = None,
    limit: Limit = None,
    cursor: CursorText = None,
    as_json: AsJson = False,
) -> None:
    """List the adapts of a screening type, the last changed first.

    Example: `opsdesk screening adapt list "Face comparison" --status active`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation
    from opsdesk.kit.paging import page_rows

    chosen = one_of(status, STATUSES, "--status")
    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.SCREENING_READ)
        found = await review.screening.listing.find_type(conn, called)
        page = await review.screening.listing.list_adapts(
            conn,
            type_id=found.type_id,
            application=application,
            scene=scene,
            status=review.screening.adapts.AdaptStatus(chosen) if chosen else None,
            operator=operator,
            rows=page_rows(limit),
            cursor=cursor,
        )
        now = opsdesk.clock.now()
    if as_json:
        view = review.views_configuration.AdaptView
        print_json({"items": list(map(view.of, page.items)), "next": page.next})
        return
    rows = [
        (
            str(each.adapt_id),
            each.application,
            each.scene,
            ", ".join(each.document.methods),
            f"{each.document.mapped_count}/{len(each.document.mapped)}",
            str(each.version),
            each.status.value,
            local_time(each.changed_at, now=now),
            each.operator + (" (auto)" if each.is_auto else ""),
        )
        for each in page.items
    ]
    heads = ("ID", "APPLICATION", "SCENE", "METHOD", "MAPPED", "VERSION", "STATUS", "UPDATED", "OPERATOR")
    print_table(heads, rows)
    count_rows(len(rows), "adapt", page.next)


@command
async def show_adapt(adapt_id: AdaptId, as_json: AsJson = False) -> None:
    """Show an adapt in its newest version. What `--json` prints can be changed and given to `edit`.

    Example: `opsdesk screening adapt show 7`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.SCREENING_READ)
        found = await review.screening.adapts.show_adapt(conn, adapt_id=adapt_id)
        outer = await review.screening.types.show_type(conn, type_id=found.type_id)
    if as_json:
        print_json(review.views_configuration.AdaptView.of(found))
    else:
        tell_adapt(found, outer)


@command
async def list_history(
    adapt_id: AdaptId, limit: Limit = None, cursor: CursorText = None, as_json: AsJson = False
) -> None:
    """List the versions of an adapt and what was done beside them, the newest first.

    Example: `opsdesk screening adapt history 7`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation
    from opsdesk.kit.paging import page_rows

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.SCREENING_READ)
        await review.screening.adapts.show_adapt(conn, adapt_id=adapt_id)
        page = await review.screening.listing.adapt_history(
            conn, adapt_id=adapt_id, rows=page_rows(limit), cursor=cursor
        )
        now = opsdesk.clock.now()
    if as_json:
        view = review.views_configuration.AdaptEntryView
        print_json({"items": list(map(view.of, page.items)), "next": page.next})
        return
    rows = [entry_line(each, now=now) for each in page.items]
    print_table(("VERSION", "AT", "OPERATOR", "WHAT", "CHANGES"), rows)
    count_rows(len(rows), "line", page.next)


@command
async def diff_versions(adapt_id: AdaptId, before: Before = None, after: After = None, as_json: AsJson = False) -> None:
    """Tell what changed between two versions of an adapt; without any, what the newest one changed.

    Example: `opsdesk screening adapt diff 7 --before 1`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.SCREENING_READ)
        found = await review.screening.adapts.show_adapt(conn, adapt_id=adapt_id)
        changes = await review.screening.adapts.difference_of(conn, adapt_id=adapt_id, before=before, after=after)
        names = await review.screening.types.key_names(conn, type_id=found.type_id)
    if as_json:
        print_json(review.views_configuration.DifferenceView.of(changes))
    else:
        tell_changes(changes, names)
