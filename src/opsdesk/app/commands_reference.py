"""`opsdesk reference list`, `put` and `import`: what the review desk knows of the business around it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.commands_screening import one_of
from opsdesk.app.output import print_json, print_table, say
from opsdesk.app.values import ValuesInvalid, text_file, typed_values

if TYPE_CHECKING:
    from opsdesk.kit.db import Connection

LISTS = ("applications", "scenes", "methods", "reject-codes")
KINDS = (*LISTS, "fields")

Kind = Annotated[str, typer.Argument(help=f"One of: {', '.join(KINDS)}.", metavar="KIND")]
ListKind = Annotated[str, typer.Argument(help=f"One of: {', '.join(LISTS)}.", metavar="KIND")]
Application = Annotated[str | None, typer.Option("--application", help="The application that it is about.")]
Scene = Annotated[str | None, typer.Option("--scene", help="The scene of the application.")]


@command
async def list_reference(
    kind: Kind, application: Application = None, scene: Scene = None, as_json: AsJson = False
) -> None:
    """List the reference data of one kind. `fields` are those of one scene.

    Example: `opsdesk reference list fields --application cash_loan --scene activation`
    """
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    one_of(kind, KINDS, "KIND")
    _needed(kind, application, scene)
    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.SCREENING_READ)
        rows = await _listed(conn, kind, application, scene)
    if as_json:
        print_json({"items": rows})
        return
    heads = list(rows[0]) if rows else []
    print_table([head.upper() for head in heads], [[_told(row[head]) for head in heads] for row in rows])
    say(f"{len(rows)} {kind.replace('-', ' ')}")


@command
async def put_reference(
    kind: ListKind,
    values: Annotated[list[str], typer.Argument(help="What it is, as name=value.", metavar="NAME=VALUE…")],
    as_json: AsJson = False,
) -> None:
    """Add an entry of the reference data, or change the one that is named so. None is ever taken out.

    Example: `opsdesk reference put scenes application=cash_loan scene=activation bucket=kyc`
    """
    from opsdesk import review

    one_of(kind, LISTS, "KIND")
    given = typed_values(values, {})
    columns = review.reference.lists.COLUMNS[review.reference.lists.Kind(kind)]
    if strange := sorted(given.keys() - set(columns)):
        raise ValuesInvalid([f"{name} is not known here; there are {', '.join(columns)}" for name in strange])
    await _put(kind, [given], as_json=as_json)


@command
async def import_reference(
    kind: Kind,
    files: Annotated[list[Path], typer.Argument(help="A list as CSV or JSON; for fields also .proto files.")],
    application: Application = None,
    scene: Scene = None,
    message: Annotated[
        str | None, typer.Option("--message", help="Of .proto files: the full name of the message.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put in a list of reference data: all of it or, where a row is wrong, nothing.

    `fields` become those of one scene: a list with the columns path and type, or a message in `.proto` files with
    everything that they import.

    Example: `opsdesk reference import reject-codes codes.csv`
    """
    from opsdesk import review

    one_of(kind, KINDS, "KIND")
    _needed(kind, application, scene)
    texts = {path.name: text_file(path) for path in files}
    if kind == "fields":
        await _import_fields(texts, application or "", scene or "", message, as_json=as_json)
        return
    if len(texts) != 1:
        raise typer.BadParameter("is one list", param_hint="FILES")
    columns = review.reference.lists.COLUMNS[review.reference.lists.Kind(kind)]
    await _put(kind, review.reference.lists.read_rows(next(iter(texts.values())), columns=columns), as_json=as_json)


async def _put(kind: str, rows: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.SCREENING_WRITE)
        count = await review.reference.lists.put_rows(
            conn, review.reference.lists.Kind(kind), rows, actor=actor, now=opsdesk.clock.now()
        )
    if as_json:
        print_json(review.views_reference.ImportedView(entries=count))
    else:
        say(f"{count} {kind.replace('-', ' ')} saved")


async def _import_fields(
    texts: Mapping[str, str], application: str, scene: str, message: str | None, *, as_json: bool
) -> None:
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    is_proto = any(name.endswith(".proto") for name in texts)
    if is_proto and not message:
        raise typer.BadParameter("is needed for .proto files", param_hint="--message")
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.SCREENING_WRITE)
        about: dict[str, Any] = {"application": application, "scene": scene}
        about |= {"actor": actor, "now": opsdesk.clock.now()}
        if is_proto:
            changed = await review.reference.fields.import_proto(conn, files=texts, message=message or "", **about)
        else:
            rows = review.reference.lists.read_fields(next(iter(texts.values())))
            changed = await review.reference.fields.import_list(conn, fields=rows, **about)
    if as_json:
        print_json(review.views_reference.FieldsView.of(changed))
    else:
        say(f"{len(changed.fields)} fields: {len(changed.added)} new, {len(changed.removed)} gone")


async def _listed(
    conn: "Connection", kind: str, application: str | None, scene: str | None
) -> Sequence[Mapping[str, Any]]:
    from dataclasses import asdict

    from opsdesk import review

    entries = review.reference.entries
    found: Sequence[Any]
    if kind == "applications":
        found = await entries.list_applications(conn)
    elif kind == "scenes":
        found = await entries.list_scenes(conn, application=application)
    elif kind == "methods":
        found = await entries.list_methods(conn, application=application, scene=scene)
    elif kind == "reject-codes":
        found = await entries.list_reject_codes(conn)
    else:
        await entries.show_scene(conn, application=application or "", scene=scene or "")
        found = await review.reference.fields.list_fields(conn, application=application or "", scene=scene or "")
    return [asdict(each) for each in found]


def _needed(kind: str, application: str | None, scene: str | None) -> None:
    for option, given in (("--application", application), ("--scene", scene)):
        if kind == "fields" and not given:
            raise typer.BadParameter("is needed: fields are those of one scene", param_hint=option)


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "-" if value is None or value == "" else str(value)
