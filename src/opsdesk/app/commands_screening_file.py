"""`opsdesk screening export` and `import`: screening types in git."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.commands_screening import TypeName
from opsdesk.app.output import print_data, print_json, say
from opsdesk.app.screening_text import tell_changes
from opsdesk.app.values import text_file

if TYPE_CHECKING:
    from opsdesk import review


@command
async def export_type(
    called: TypeName,
    out: Annotated[Path | None, typer.Option("--out", help="Write it into this file, over what is there.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a screening type with its adapts as one file of YAML, which can be reviewed in git and imported.

    Example: `opsdesk screening export "Face comparison" --out face.yaml`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        await acting(opsdesk, conn, Scope.SCREENING_READ)
        found = await review.screening.listing.find_type(conn, called)
        text = await review.screening.importing.export_type(conn, type_id=found.type_id)
    if out is not None:
        out.write_text(text, encoding="utf-8")
    if as_json:
        print_json({"name": found.name, "version": found.version, "file": text})
    elif out is None:
        print_data(text)
    else:
        say(f"{out}: version {found.version} of {found.name}")


@command
async def import_type(
    file: Annotated[Path, typer.Argument(help="A file that `export` made.", metavar="FILE.yaml")],
    apply: Annotated[bool, typer.Option("--apply", help="Write it; else the difference is told only.")] = False,
    over: Annotated[
        str | None, typer.Option("--over", help="The state that the difference was told to; it has to be that still.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what a file of a screening type would change here, or put it in with `--apply`.

    It becomes a new version of the type of its name and of its adapts, or a new type. A file that was not taken from
    what counts here now is put in over the state that its difference was told to.

    Example: `opsdesk screening import face.yaml`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    given = review.screening.files.read(text_file(file))
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.SCREENING_WRITE)
        done = await review.screening.importing.import_file(
            conn, file=given, over=over, actor=actor, now=opsdesk.clock.now(), dry_run=not apply
        )
    if as_json:
        print_json(review.views_configuration.ImportView.of(done))
    else:
        _tell(done, file, applied=apply)


def _tell(done: "review.screening.importing.Imported", file: Path, *, applied: bool) -> None:
    found = done.type
    if not done.does_something:
        say(f"no change: {found.name} is in version {found.version} what the file says")
        return
    say(f"{found.name}: {'a new type' if done.is_new else f'version {found.version}'}")
    if done.changes:
        tell_changes(done.changes, done.names)
    for name in done.keys_removed:
        say(f"the key {name} is gone, and with it what adapts say of it")
    for each in done.adapts:
        if each.changes:
            say(f"{each.application}, {each.scene}: {'a new adapt' if each.is_new else f'version {each.version}'}")
            tell_changes(each.changes, done.names)
    for application, scene in done.left:
        say(f"{application}, {scene}: not in the file, and stays")
    if applied:
        say("it counts from now on; export it again before it is changed again")
    else:
        say(f"nothing is written yet. To write it: opsdesk screening import {file} --apply --over {done.state}")
