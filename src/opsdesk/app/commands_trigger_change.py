"""`opsdesk trigger activate`, `pause`, `move`, `deactivate`, `fire` and `retry`."""

from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.commands_trigger import TriggerName, parts_of, tell
from opsdesk.app.output import print_json, say
from opsdesk.app.values import json_object

if TYPE_CHECKING:
    from opsdesk import flows

Digest = Annotated[
    str | None, typer.Option("--version", help="The version that it starts: its digest, or a beginning of it.")
]


@command
async def activate_trigger(trigger: TriggerName, version: Digest = None, as_json: AsJson = False) -> None:
    """Have a trigger start runs: of the version named, else of the one it was paused with, else of the newest.

    Example: `opsdesk trigger activate nightly-report/cron`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    procedure, name = parts_of(trigger)
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.PROCEDURES_WRITE)
        found = await flows.triggering.activate(
            conn,
            procedure_id=procedure,
            name=name,
            digest=version,
            secret=opsdesk.secrets.get,
            actor=actor,
            now=opsdesk.clock.now(),
        )
        base_url = opsdesk.settings.base_url
    tell(found, as_json=as_json, base_url=base_url)


@command
async def move_trigger(trigger: TriggerName, version: Digest = None, as_json: AsJson = False) -> None:
    """Have a trigger start another version, the newest unless one is named. Storing a version never does that.

    Example: `opsdesk trigger move nightly-report/cron`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    procedure, name = parts_of(trigger)
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.PROCEDURES_WRITE)
        found = await flows.triggering.move(
            conn,
            procedure_id=procedure,
            name=name,
            digest=version,
            secret=opsdesk.secrets.get,
            actor=actor,
            now=opsdesk.clock.now(),
        )
        base_url = opsdesk.settings.base_url
    tell(found, as_json=as_json, base_url=base_url)


@command
async def pause_trigger(trigger: TriggerName, as_json: AsJson = False) -> None:
    """Keep a trigger from starting runs until it is activated again. Times that go by meanwhile are not made up for.

    Example: `opsdesk trigger pause nightly-report/cron`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    procedure, name = parts_of(trigger)
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.PROCEDURES_WRITE)
        found = await flows.triggering.pause(
            conn, procedure_id=procedure, name=name, actor=actor, now=opsdesk.clock.now()
        )
    tell(found, as_json=as_json)


@command
async def deactivate_trigger(trigger: TriggerName, as_json: AsJson = False) -> None:
    """Put a trigger out of use. Its path is free for another, and what came for it stays listed.

    Example: `opsdesk trigger deactivate orders/webhook`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    procedure, name = parts_of(trigger)
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.PROCEDURES_WRITE)
        found = await flows.triggering.deactivate(
            conn, procedure_id=procedure, name=name, actor=actor, now=opsdesk.clock.now()
        )
    tell(found, as_json=as_json)


@command
async def fire_trigger(
    trigger: TriggerName,
    data: Annotated[
        str, typer.Option("--data", help="What the webhook's body or the event would hold: a JSON object.")
    ] = "{}",
    key: Annotated[str | None, typer.Option("--key", help="Makes it once-only.")] = None,
    as_json: AsJson = False,
) -> int:
    """Fire an active trigger by hand, as if what it waits for had come. Exit code 1: no run was started.

    Example: `opsdesk trigger fire orders/webhook --data '{"order": "A-1", "amount": 1200}'`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    procedure, name = parts_of(trigger)
    content = json_object(data.encode(), called="--data")
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.RUNS_WRITE)
        found = await flows.triggering.show_trigger(conn, procedure, name)
        once = None if key is None else f"{actor.id} {key}"
        delivery = await flows.triggering.fire(
            conn, found, data=content, actor=actor, now=opsdesk.clock.now(), key=once
        )
        told = await flows.triggering.shown(conn, delivery, actor=actor)
    return _told(told, as_json=as_json)


@command
async def retry_delivery(
    trigger: TriggerName,
    delivery: Annotated[int, typer.Argument(help="The delivery, as `opsdesk trigger deliveries` shows it.")],
    as_json: AsJson = False,
) -> int:
    """Take a refused delivery again, by the version that the trigger starts now. Exit code 1: no run was started.

    Example: `opsdesk trigger retry orders/webhook 17`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    procedure, name = parts_of(trigger)
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.RUNS_WRITE)
        found = await flows.triggering.show_trigger(conn, procedure, name)
        taken = await flows.triggering.deliver_again(conn, found, delivery, actor=actor, now=opsdesk.clock.now())
        told = await flows.triggering.shown(conn, taken, actor=actor)
    return _told(told, as_json=as_json)


def _told(told: "flows.triggering.DeliveryView", *, as_json: bool) -> int:
    """What came of a delivery. One without a run is a failure."""
    if as_json:
        print_json(told)
    elif told.run:
        say(f"delivery {told.id} started {told.run}")
    else:
        say(f"delivery {told.id} started nothing, and is kept: {told.reason}")
    return 0 if told.run else 1
