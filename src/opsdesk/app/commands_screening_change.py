"""`opsdesk screening type add`, `edit` and `restore`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.commands_screening import TypeName
from opsdesk.app.output import print_json, say
from opsdesk.app.screening_text import tell_type
from opsdesk.app.values import ValuesInvalid, json_file

if TYPE_CHECKING:
    from opsdesk import review

JsonFile = Annotated[Path, typer.Argument(help="A file of JSON, such as `show --json` prints.", metavar="FILE.json")]
Opened = Annotated[
    int | None,
    typer.Option(
        "--opened-version",
        help="The version that was looked at; else the `version` in the file. With a newer one there, it is refused.",
        min=1,
    ),
]
OpenedNow = Annotated[
    int | None,
    typer.Option("--opened-version", help="The newest version that was looked at; else the one that is it now.", min=1),
]
ToRestore = Annotated[int, typer.Option("--version", help="The earlier version.", min=1)]


def opened_version(given: Mapping[str, Any], option: int | None) -> int:
    """What whoever edits has looked at. Raises ValuesInvalid where nothing tells it."""
    version = option if option is not None else given.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ValuesInvalid(["version: the file does not tell it; give it as --opened-version"])
    return version


def text_of(given: Mapping[str, Any], field: str, *, default: str | None = None) -> str:
    """A text of the file. Raises ValuesInvalid."""
    text = given.get(field, default)
    if not isinstance(text, str):
        raise ValuesInvalid([f"{field}: the file has to tell it, as text"])
    return text


@command
async def add_type(file: JsonFile, as_json: AsJson = False) -> None:
    """Make a screening type out of a file with its name, description and document. No ticket is made of it yet.

    Example: `opsdesk screening type add face.json`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    given = json_file(file)
    name, description = text_of(given, "name"), text_of(given, "description", default="")
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.SCREENING_WRITE)
        added = await review.screening.types.add_type(
            conn,
            name=name,
            description=description,
            document=given.get("document"),
            actor=actor,
            now=opsdesk.clock.now(),
        )
    if as_json:
        print_json(review.views_configuration.TypeView.of(added))
    else:
        tell_type(added)


@command
async def edit_type(called: TypeName, file: JsonFile, opened: Opened = None, as_json: AsJson = False) -> None:
    """Save a new version of a screening type, and with it of its adapts. It counts for tickets made from then on.

    Keys and reasons keep their `id` in the file; one without is a new one.

    Example: `opsdesk screening type edit "Face comparison" face.json`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    given = json_file(file)
    version = opened_version(given, opened)
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.SCREENING_WRITE)
        found = await review.screening.listing.find_type(conn, called)
        saved = await review.screening.types.edit_type(
            conn,
            type_id=found.type_id,
            opened_version=version,
            description=text_of(given, "description", default=found.description),
            document=given.get("document"),
            actor=actor,
            now=opsdesk.clock.now(),
        )
    _tell_saved(saved, as_json=as_json)


@command
async def restore_type(called: TypeName, version: ToRestore, opened: OpenedNow = None, as_json: AsJson = False) -> None:
    """Save an earlier version of a screening type again, as the newest one.

    Example: `opsdesk screening type restore "Face comparison" --version 3`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.SCREENING_WRITE)
        found = await review.screening.listing.find_type(conn, called)
        saved = await review.screening.types.restore_version(
            conn,
            type_id=found.type_id,
            version=version,
            opened_version=opened or found.version,
            actor=actor,
            now=opsdesk.clock.now(),
        )
    _tell_saved(saved, as_json=as_json)


def _tell_saved(saved: "review.screening.types.Saved", *, as_json: bool) -> None:
    from opsdesk import review

    if as_json:
        print_json(review.views_configuration.SavedTypeView.of(saved))
    elif saved.changed:
        adapts = f"{saved.adapts} adapt{'' if saved.adapts == 1 else 's'} went up a version with it"
        say(f"version {saved.type.version} of {saved.type.name} counts from now on; {adapts}")
    else:
        say("no change: nothing was saved, and there is no new version")
