"""`opsdesk group add`, `edit`, `restore`, `apply`, `place`, `activate` and `deactivate`."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsdesk.app import commands_group
from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.commands_group import GroupId
from opsdesk.app.commands_screening_change import JsonFile, text_of
from opsdesk.app.output import print_json, say
from opsdesk.app.values import ValuesInvalid, json_file

if TYPE_CHECKING:
    from opsdesk import review
    from opsdesk.kit.db import Connection

OpenedNow = Annotated[
    int | None,
    typer.Option(
        "--opened-revision", help="The newest revision that was looked at; else the one that is it now.", min=1
    ),
]


@command
async def add_group(file: JsonFile, as_json: AsJson = False) -> None:
    """Add a group by a file with its application, scene, name, place and document. It answers nothing until applied.

    Example: `opsdesk group add new-customers.json`
    """
    from opsdesk import flows, review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    given = json_file(file)
    at = {name: text_of(given, name) for name in ("application", "scene", "name")}
    place = _place_of(given)
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.SCREENING_WRITE)
        added = await review.groups.groups.add_group(
            conn,
            **at,
            place=place,
            document=_document_of(given),
            actor=actor,
            now=opsdesk.clock.now(),
            compile_condition=flows.checks.condition_over,
        )
        await _tell(conn, added, "is saved, and answers nothing before it is applied", as_json=as_json)


@command
async def edit_group(
    group_id: GroupId,
    file: JsonFile,
    opened: Annotated[
        int | None,
        typer.Option(
            "--opened-revision",
            help="The revision that was looked at; else the `revision` in the file. With a newer one, it is refused.",
            min=1,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Save a new revision of a group, by a file with its document; what is live stays until it is applied.

    Example: `opsdesk group edit 3 new-customers.json`
    """
    from opsdesk import flows, review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    given = json_file(file)
    revision = opened if opened is not None else given.get("revision")
    if not isinstance(revision, int) or isinstance(revision, bool) or revision < 1:
        raise ValuesInvalid(["revision: the file does not tell it; give it as --opened-revision"])
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.SCREENING_WRITE)
        saved = await review.groups.groups.save_group(
            conn,
            group_id=group_id,
            opened_revision=revision,
            document=_document_of(given),
            actor=actor,
            now=opsdesk.clock.now(),
            compile_condition=flows.checks.condition_over,
        )
        await _tell_saved(conn, saved, revision, as_json=as_json)


@command
async def restore_group(
    group_id: GroupId,
    revision: Annotated[int, typer.Option("--revision", help="The earlier revision.", min=1)],
    opened: OpenedNow = None,
    as_json: AsJson = False,
) -> None:
    """Save an earlier revision of a group again, as the newest one; what is live stays until it is applied.

    Example: `opsdesk group restore 3 --revision 1`
    """
    from opsdesk import flows, review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.SCREENING_WRITE)
        before = opened or (await review.groups.groups.show_group(conn, group_id=group_id)).revision
        saved = await review.groups.revisions.restore_revision(
            conn,
            group_id=group_id,
            revision=revision,
            opened_revision=before,
            actor=actor,
            now=opsdesk.clock.now(),
            compile_condition=flows.checks.condition_over,
        )
        await _tell_saved(conn, saved, before, as_json=as_json)


@command
async def apply_group(
    group_id: GroupId,
    revision: Annotated[
        int, typer.Option("--revision", help="The newest revision; where there is a newer one, it is refused.", min=1)
    ],
    as_json: AsJson = False,
) -> None:
    """Make the saved revision of a group the one that answers applications. It is checked again.

    Example: `opsdesk group apply 3 --revision 2`
    """
    from opsdesk import flows, review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.SCREENING_WRITE)
        applied = await review.groups.groups.apply_group(
            conn,
            group_id=group_id,
            opened_revision=revision,
            actor=actor,
            now=opsdesk.clock.now(),
            compile_condition=flows.checks.condition_over,
        )
        idle = "" if applied.is_active else "; the group is inactive, and is not asked"
        await _tell(conn, applied, f"is live in revision {applied.live_revision}{idle}", as_json=as_json)


@command
async def place_group(
    group_id: GroupId,
    place: Annotated[int, typer.Argument(help="The groups of a scene are asked in this order.", metavar="PLACE")],
    as_json: AsJson = False,
) -> None:
    """Have a group asked earlier or later among those of its scene, from now on.

    Example: `opsdesk group place 3 10`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.SCREENING_WRITE)
        placed = await review.groups.groups.place_group(
            conn, group_id=group_id, place=place, actor=actor, now=opsdesk.clock.now()
        )
        await _tell(conn, placed, f"is asked at place {placed.place}", as_json=as_json)


@command
async def activate_group(group_id: GroupId, as_json: AsJson = False) -> None:
    """Let a group answer: its live revision is asked from now on.

    Example: `opsdesk group activate 3`
    """
    await _set_active(group_id, is_active=True, as_json=as_json)


@command
async def deactivate_group(group_id: GroupId, as_json: AsJson = False) -> None:
    """Let a group answer nothing until it is activated again.

    Example: `opsdesk group deactivate 3`
    """
    await _set_active(group_id, is_active=False, as_json=as_json)


async def _set_active(group_id: int, *, is_active: bool, as_json: bool) -> None:
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.SCREENING_WRITE)
        group = await review.groups.groups.set_group_active(
            conn, group_id=group_id, is_active=is_active, actor=actor, now=opsdesk.clock.now()
        )
        words = "is inactive, and is not asked"
        if is_active:
            words = "is active" if group.live_revision is not None else "is active, and answers nothing before applied"
        await _tell(conn, group, words, as_json=as_json)


def _document_of(given: Mapping[str, Any]) -> Any:
    """Of a file that somebody wrote, or that `show --json` printed."""
    return given["document"] if "document" in given else given.get("saved")


def _place_of(given: Mapping[str, Any]) -> int:
    place = given.get("place", 0)
    if not isinstance(place, int) or isinstance(place, bool):
        raise ValuesInvalid(["place: is a whole number"])
    return place


async def _tell_saved(conn: "Connection", saved: "review.groups.groups.Group", before: int, *, as_json: bool) -> None:
    if saved.revision == before and not as_json:
        say("no change: nothing was saved, and there is no new revision")
        return
    await _tell(conn, saved, f"is saved as revision {saved.revision}, and applied by `apply`", as_json=as_json)


async def _tell(conn: "Connection", group: "review.groups.groups.Group", words: str, *, as_json: bool) -> None:
    from opsdesk import review

    if as_json:
        print_json(await review.groups.showing.whole_view(conn, group))
    else:
        say(f"group {group.group_id}, {group.name} of {group.application}, {group.scene} {words}")


VERBS: Mapping[str, Callable[..., Any]] = {
    "list": commands_group.list_groups,
    "show": commands_group.show_group,
    "history": commands_group.list_history,
    "diff": commands_group.diff_revisions,
    "try": commands_group.try_group,
    "add": add_group,
    "edit": edit_group,
    "restore": restore_group,
    "apply": apply_group,
    "place": place_group,
    "activate": activate_group,
    "deactivate": deactivate_group,
}
"""What the noun does, by what it is called at the command line."""
