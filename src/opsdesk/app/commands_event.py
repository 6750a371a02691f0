"""`opsdesk event send`: tells an event to the runs that wait for it, and to triggers."""

from typing import Annotated

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.output import print_json, say
from opsdesk.app.values import json_object


@command
async def send_event(
    name: Annotated[str, typer.Argument(help="What has happened, such as payment.received.", metavar="NAME")],
    run: Annotated[str | None, typer.Option("--run", help="The run that it is for.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="Whom it is about: all their open runs.")] = None,
    data: Annotated[str, typer.Option("--data", help="What else is known of it: a JSON object.")] = "{}",
    key: Annotated[str | None, typer.Option("--key", help="Makes it once-only.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell an event to the runs that wait for it, and to the triggers that it starts runs by.

    Without --run and --subject it is for triggers alone. One that nobody waits for is refused, and not kept.

    Example: `opsdesk event send payment.received --subject customer@example.com --data '{"amount": 1200}'`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app import chosen
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    if run is not None and subject is not None:
        raise typer.BadParameter("at most one of --run and --subject says for whom the event is", param_hint="--run")
    content = json_object(data.encode(), called="--data")
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.RUNS_WRITE)
        told = await flows.triggering.tell_event(
            conn,
            name=name,
            data=content,
            run_id=await chosen.run_id(conn, run) if run is not None else None,
            subject=subject,
            actor=actor,
            now=opsdesk.clock.now(),
            key=None if key is None else f"{actor.id} {key}",
        )
    if as_json:
        print_json(
            {
                "runs": [str(found) for found in told.runs],
                "started": [str(each.run_id) for each in told.deliveries if each.run_id is not None],
                "refused": [each.reason for each in told.deliveries if each.run_id is None],
            }
        )
        return
    for found in told.runs:
        say(f"{name} was told to {found}")
    for each in told.deliveries:
        say(f"{name} started {each.run_id}" if each.run_id else f"{name} started nothing: {each.reason}")
