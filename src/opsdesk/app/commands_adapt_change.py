"""`opsdesk screening adapt add`, `edit`, `restore`, `pause` and `activate`."""

from typing import TYPE_CHECKING

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.commands_adapt import AdaptId
from opsdesk.app.commands_screening import TypeName
from opsdesk.app.commands_screening_change import (
    JsonFile,
    Opened,
    OpenedNow,
    ToRestore,
    opened_version,
    text_of,
)
from opsdesk.app.output import print_json, say
from opsdesk.app.values import json_file

if TYPE_CHECKING:
    from opsdesk import review


@command
async def add_adapt(called: TypeName, file: JsonFile, as_json: AsJson = False) -> None:
    """Adapt a screening type to an application and a scene, by a file with these two and the document. It is active.

    Example: `opsdesk screening adapt add "Face comparison" cash-loan.json`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    given = json_file(file)
    application, scene = text_of(given, "application"), text_of(given, "scene")
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.SCREENING_WRITE)
        found = await review.screening.listing.find_type(conn, called)
        added = await review.screening.adapts.add_adapt(
            conn,
            type_id=found.type_id,
            application=application,
            scene=scene,
            document=given.get("document"),
            actor=actor,
            now=opsdesk.clock.now(),
        )
    _tell(added, "is active", as_json=as_json)


@command
async def edit_adapt(adapt_id: AdaptId, file: JsonFile, opened: Opened = None, as_json: AsJson = False) -> None:
    """Save a new version of an adapt; its type stays as it is.

    Example: `opsdesk screening adapt edit 7 cash-loan.json`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    given = json_file(file)
    version = opened_version(given, opened)
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.SCREENING_WRITE)
        saved = await review.screening.adapts.edit_adapt(
            conn,
            adapt_id=adapt_id,
            opened_version=version,
            document=given.get("document"),
            actor=actor,
            now=opsdesk.clock.now(),
        )
    _tell_saved(saved, as_json=as_json)


@command
async def restore_adapt(
    adapt_id: AdaptId, version: ToRestore, opened: OpenedNow = None, as_json: AsJson = False
) -> None:
    """Save an earlier version of an adapt again, as the newest one, for the keys that its type has now.

    Example: `opsdesk screening adapt restore 7 --version 2`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.SCREENING_WRITE)
        found = await review.screening.adapts.show_adapt(conn, adapt_id=adapt_id)
        saved = await review.screening.adapts.restore_adapt_version(
            conn,
            adapt_id=adapt_id,
            version=version,
            opened_version=opened or found.version,
            actor=actor,
            now=opsdesk.clock.now(),
        )
    _tell_saved(saved, as_json=as_json)


@command
async def pause_adapt(adapt_id: AdaptId, as_json: AsJson = False) -> None:
    """Keep groups from choosing an adapt. Refused with the groups that refer to it, whether they are active or not.

    Example: `opsdesk screening adapt pause 7`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.SCREENING_WRITE)
        found = await review.screening.adapts.try_to_pause_adapt(
            conn,
            adapt_id=adapt_id,
            actor=actor,
            now=opsdesk.clock.now(),
            referring=review.groups.groups.groups_against_a_pause,
        )
    # Raised once the transaction is over, so that the history keeps the refusal.
    if isinstance(found, review.screening.errors.AdaptReferenced):
        raise found
    _tell(found, "is paused: groups cannot choose it any more", as_json=as_json)


@command
async def activate_adapt(adapt_id: AdaptId, as_json: AsJson = False) -> None:
    """Have groups choose an adapt again.

    Example: `opsdesk screening adapt activate 7`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.SCREENING_WRITE)
        found = await review.screening.adapts.activate_adapt(
            conn, adapt_id=adapt_id, actor=actor, now=opsdesk.clock.now()
        )
    _tell(found, "is active: groups can choose it", as_json=as_json)


def _tell_saved(saved: "review.screening.adapts.SavedAdapt", *, as_json: bool) -> None:
    from opsdesk import review

    if as_json:
        print_json(review.views_configuration.SavedAdaptView.of(saved))
    elif saved.changed:
        _tell(saved.adapt, f"counts in version {saved.adapt.version} from now on", as_json=False)
    else:
        say("no change: nothing was saved, and there is no new version")


def _tell(found: "review.screening.adapts.ScreeningAdapt", words: str, *, as_json: bool) -> None:
    from opsdesk import review

    if as_json:
        print_json(review.views_configuration.AdaptView.of(found))
    else:
        say(f"adapt {found.adapt_id} of {found.type_name} to {found.application}, {found.scene} {words}")
