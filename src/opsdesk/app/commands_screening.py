"""`opsdesk screening type list`, `show`, `history` and `diff`: what tickets look like, and what that was before."""

from typing import Annotated

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.output import local_time, print_json, print_table, say
from opsdesk.app.screening_text import tell_changes, tell_type

TypeName = Annotated[str, typer.Argument(help="The screening type, by its name or its id.", metavar="TYPE")]
Limit = Annotated[int | None, typer.Option("--limit", help="How many at most.")]
CursorText = Annotated[str | None, typer.Option("--cursor", help="Where the page before ended.")]
Before = Annotated[
    int | None, typer.Option("--before", help="The version to compare from; else the one before.", min=1)
]
After = Annotated[int | None, typer.Option("--after", help="The version to compare with; else the newest.", min=1)]
CATEGORIES = ("default", "hardcode")


def one_of(value: str | None, choices: tuple[str, ...], option: str) -> str | None:
    """The value; anything that is none of the choices is misuse."""
    if value is not None and value not in choices:
        raise typer.BadParameter(f"is none of {', '.join(choices)}", param_hint=option)
    return value


def count_rows(rows: int, what: str, following: str | None) -> None:
    """Say how many there are, and whether there are more."""
    say(f"{rows} {what}{'' if rows == 1 else 's'}" + (f"; more with --cursor {following}" if following else ""))


@command
async def list_types(
    category: Annotated[str | None, typer.Option("--category", help="Only those: default or hardcode.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Part of the name, in any case.")] = None,
    operator: Annotated[str | None, typer.Option("--operator", help="Only those saved last by this actor.")] = None,
    oldest_first: Annotated[bool, typer.Option("--oldest-first", help="The last changed come last.")] = False,
    limit: Limit = None,
    cursor: CursorText = None,
    as_json: AsJson = False,
) -> None:
    """List the screening types, the last changed first.

    Example: `opsdesk screening type list --name face`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation
    from opsdesk.kit.paging import page_rows

    chosen = one_of(category, CATEGORIES, "--category")
    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.SCREENING_READ)
        page = await review.screening.listing.list_types(
            conn,
            category=review.screening.types.Category(chosen) if chosen else None,
            name=name,
            operator=operator,
            oldest_first=oldest_first,
            rows=page_rows(limit),
            cursor=cursor,
        )
        now = opsdesk.clock.now()
    if as_json:
        view = review.views_configuration.TypeLineView
        print_json({"items": list(map(view.of, page.items)), "next": page.next})
        return
    rows = [
        (str(each.type_id), each.name, str(each.version), local_time(each.changed_at, now=now), each.operator)
        for each in page.items
    ]
    print_table(("ID", "TYPE", "VERSION", "UPDATED", "OPERATOR"), rows)
    count_rows(len(rows), "type", page.next)


@command
async def show_type(called: TypeName, as_json: AsJson = False) -> None:
    """Show a screening type in its newest version. What `--json` prints can be changed and given to `edit`.

    Example: `opsdesk screening type show "Face comparison"`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.SCREENING_READ)
        found = await review.screening.listing.find_type(conn, called)
    if as_json:
        print_json(review.views_configuration.TypeView.of(found))
    else:
        tell_type(found)


@command
async def list_versions(
    called: TypeName, limit: Limit = None, cursor: CursorText = None, as_json: AsJson = False
) -> None:
    """List the versions of a screening type, the newest first, with how much each changed.

    Example: `opsdesk screening type history "Face comparison"`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation
    from opsdesk.kit.paging import page_rows

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.SCREENING_READ)
        found = await review.screening.listing.find_type(conn, called)
        page = await review.screening.listing.type_history(
            conn, type_id=found.type_id, rows=page_rows(limit), cursor=cursor
        )
        now = opsdesk.clock.now()
    if as_json:
        view = review.views_configuration.TypeVersionView
        print_json({"items": list(map(view.of, page.items)), "next": page.next})
        return
    rows = [
        (
            str(each.version),
            local_time(each.saved_at, now=now),
            each.operator,
            str(len(each.changes)),
            f"version {each.restored_from} again" if each.restored_from else "",
        )
        for each in page.items
    ]
    print_table(("VERSION", "SAVED", "OPERATOR", "CHANGES", ""), rows)
    count_rows(len(rows), "version", page.next)


@command
async def diff_versions(called: TypeName, before: Before = None, after: After = None, as_json: AsJson = False) -> None:
    """Tell what changed between two versions of a screening type; without any, what the newest one changed.

    Example: `opsdesk screening type diff "Face comparison" --before 3 --after 7`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.SCREENING_READ)
        found = await review.screening.listing.find_type(conn, called)
        changes = await review.screening.types.difference_of(conn, type_id=found.type_id, before=before, after=after)
    if as_json:
        print_json(review.views_configuration.DifferenceView.of(changes))
    else:
        tell_changes(changes, {})
