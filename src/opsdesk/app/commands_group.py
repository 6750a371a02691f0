"""`opsdesk group list`, `show`, `history`, `diff` and `try`: which applications pass, and which a person looks at."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.commands_screening import CursorText, Limit, count_rows
from opsdesk.app.group_text import tell_group, tell_tried
from opsdesk.app.output import local_time, print_json, print_table
from opsdesk.app.screening_text import tell_changes

if TYPE_CHECKING:
    from datetime import datetime

    from opsdesk import review

GroupId = Annotated[int, typer.Argument(help="The group, as `opsdesk group list` shows it.", metavar="GROUP", min=1)]


@command
async def list_groups(
    application: Annotated[str | None, typer.Option("--application", help="Only those of this application.")] = None,
    scene: Annotated[str | None, typer.Option("--scene", help="Only those of scenes of this name.")] = None,
    active: Annotated[bool | None, typer.Option("--active/--inactive", help="Whether they answer at all.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Part of the name, in any case.")] = None,
    operator: Annotated[str | None, typer.Option("--operator", help="Only those changed last by this actor.")] = None,
    adapt: Annotated[int | None, typer.Option("--adapt", help="Only those that refer to this adapt.", min=1)] = None,
    limit: Limit = None,
    cursor: CursorText = None,
    as_json: AsJson = False,
) -> None:
    """List the strategy groups, the last changed first.

    Example: `opsdesk group list --application cash_loan --active`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation
    from opsdesk.kit.paging import page_rows

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.SCREENING_READ)
        page = await review.groups.listing.list_groups(
            conn,
            application=application,
            scene=scene,
            is_active=active,
            operator=operator,
            name=name,
            adapt_id=adapt,
            limit=page_rows(limit),
            cursor=cursor,
        )
        now = opsdesk.clock.now()
    if as_json:
        views = review.groups.views
        print_json(views.GroupPage(items=list(map(views.GroupLine.of, page.items)), next=page.next))
        return
    rows = [
        (
            str(each.group_id),
            f"{each.application}/{each.scene}",
            str(each.place),
            each.name,
            "-" if each.live_revision is None else str(each.live_revision),
            str(each.revision),
            "active" if each.is_active else "inactive",
            local_time(each.changed_at, now=now),
            each.operator,
        )
        for each in page.items
    ]
    heads = ("ID", "APPLICATION", "PLACE", "GROUP", "LIVE", "SAVED", "STATUS", "UPDATED", "OPERATOR")
    print_table(heads, rows)
    count_rows(len(rows), "group", page.next)


@command
async def show_group(group_id: GroupId, as_json: AsJson = False) -> None:
    """Show a group: what it reads, its rules, and what applying what is saved would change.

    What `--json` prints can be changed under `saved` and given to `edit`.

    Example: `opsdesk group show 3`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.SCREENING_READ)
        group = await review.groups.groups.show_group(conn, group_id=group_id)
        view = await review.groups.showing.whole_view(conn, group)
        names = await review.groups.listing.type_names(conn)
    if as_json:
        print_json(view)
    else:
        tell_group(view, names)


@command
async def list_history(group_id: GroupId, as_json: AsJson = False) -> None:
    """List what happened to a group, the newest first: its revisions, and what was done beside them.

    Example: `opsdesk group history 3`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.SCREENING_READ)
        await review.groups.groups.show_group(conn, group_id=group_id)
        names = await review.groups.listing.type_names(conn)
        found = await review.groups.listing.group_history(conn, group_id=group_id, type_names=names)
        now = opsdesk.clock.now()
    if as_json:
        views = review.groups.views
        print_json(views.GroupHistory(items=list(map(views.GroupEntryView.of, found))))
        return
    print_table(("REVISION", "AT", "OPERATOR", "WHAT", "CHANGES"), [_entry_row(each, now=now) for each in found])
    count_rows(len(found), "line", None)


@command
async def diff_revisions(
    group_id: GroupId,
    before: Annotated[
        int | None, typer.Option("--before", help="The revision to compare from; else the live one.", min=1)
    ] = None,
    after: Annotated[
        int | None, typer.Option("--after", help="The revision to compare with; else the newest.", min=1)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what changes between two revisions of a group; without any, what applying it would change.

    Example: `opsdesk group diff 3 --before 1 --after 2`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.SCREENING_READ)
        changes = await review.groups.listing.group_difference(conn, group_id=group_id, before=before, after=after)
    if as_json:
        print_json(review.groups.views.GroupDifference.of(changes))
    else:
        tell_changes(changes, {})


@command
async def try_group(
    group_id: GroupId,
    file: Annotated[
        Path,
        typer.Argument(
            help="A file of JSON with `request`, `verifications` and `features`, as an application has them.",
            metavar="FILE.json",
        ),
    ],
    live: Annotated[bool, typer.Option("--live", help="Try what answers applications, not what is saved.")] = False,
    as_json: AsJson = False,
) -> None:
    """Try a group on an application, rule by rule. Nothing is kept, and no ticket is made.

    Example: `opsdesk group try 3 application.json`
    """
    from opsdesk import flows, review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation
    from opsdesk.app.values import ValuesInvalid, json_file

    given = json_file(file)
    parts = [given.get(name, {}) for name in ("request", "verifications", "features")]
    if not all(isinstance(part, dict) for part in parts):
        raise ValuesInvalid(["request, verifications and features are objects"])
    trying = review.groups.trying
    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        actor = await acting(opsdesk, conn, Scope.SCREENING_READ)
        tried = await trying.try_group(
            conn,
            group_id=group_id,
            facts=review.screening.sources.Facts(*parts),
            which=trying.WhichRevision.LIVE if live else trying.WhichRevision.SAVED,
            actor=actor,
            compile_condition=flows.checks.condition_over,
        )
    if as_json:
        print_json(review.groups.views.TriedView.of(tried))
    else:
        tell_tried(tried)


def _entry_row(entry: "review.groups.listing.GroupEntry", *, now: "datetime") -> tuple[str, ...]:
    told = entry.kind
    if entry.restored_from is not None:
        told += f": revision {entry.restored_from} again"
    if entry.detail and "to" in entry.detail:
        told += f": from {entry.detail['from']} to {entry.detail['to']}"
    revision = "-" if entry.revision is None else str(entry.revision)
    return revision, local_time(entry.at, now=now), entry.operator, told, str(len(entry.changes))
