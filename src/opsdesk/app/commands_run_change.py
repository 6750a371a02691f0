"""`opsdesk run signal`, `cancel` and `retry`: what is asked is kept, and done by whoever executes the run."""

from typing import Annotated

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.commands_run import RunId
from opsdesk.app.output import print_json, say
from opsdesk.app.values import json_object

REASON_CHARACTERS_MAX = 2000


@command
async def signal_run(
    run_id: RunId,
    node: Annotated[str, typer.Argument(help="The node that waits for its partner.", metavar="NODE")],
    answer: Annotated[str, typer.Option("--answer", help="What the partner would answer: a JSON object.")],
    key: Annotated[str | None, typer.Option("--key", help="Makes it once-only.")] = None,
    as_json: AsJson = False,
) -> None:
    """Answer a node in its partner's place. A human node is answered with `opsdesk ticket decide`.

    Example: `opsdesk run signal 1f2e3d4c5b6a verify_email --answer '{"email_verified": true}'`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app import chosen
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    content = json_object(answer.encode(), called="--answer")
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.RUNS_WRITE)
        found = await chosen.run_id(conn, run_id)
        await flows.arrivals.signal(
            conn,
            run_id=found,
            node=node,
            answer=content,
            actor=actor,
            now=opsdesk.clock.now(),
            key=None if key is None else f"{actor.id} {key}",
        )
    tell_taken(found, node=node, what="answered", as_json=as_json)


@command
async def cancel_run(
    run_id: RunId,
    reason: Annotated[str, typer.Option("--reason", help="Why; it stays in the journal.")],
    as_json: AsJson = False,
) -> None:
    """End a run where it is; its open tickets are closed.

    Example: `opsdesk run cancel 1f2e3d4c5b6a --reason "the customer withdrew"`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app import chosen
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    if not 1 <= len(reason.strip()) <= REASON_CHARACTERS_MAX:
        raise typer.BadParameter(f"has 1 to {REASON_CHARACTERS_MAX} characters", param_hint="--reason")
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.RUNS_WRITE)
        found = await chosen.run_id(conn, run_id)
        await flows.arrivals.cancel(conn, run_id=found, reason=reason, actor=actor, now=opsdesk.clock.now())
    tell_taken(found, node=None, what="cancelled", as_json=as_json)


@command
async def retry_run(
    run_id: RunId,
    node: Annotated[str | None, typer.Option("--node", help="Which one, where several have incidents.")] = None,
    new_key: Annotated[
        bool,
        typer.Option("--new-key", help="With another idempotency key: for a partner that would repeat its answer."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Execute the node with the incident again, or let a run go on that was set aside.

    Example: `opsdesk run retry 1f2e3d4c5b6a --node kyc_identity --new-key`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app import chosen
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.RUNS_WRITE)
        found = await chosen.run_id(conn, run_id)
        about = await flows.arrivals.retry(
            conn,
            run_id=found,
            node=node,
            new_key=new_key,
            actor=actor,
            now=opsdesk.clock.now(),
        )
    tell_taken(found, node=about, what="to be executed again", as_json=as_json)


def tell_taken(run_id: object, *, node: str | None, what: str, as_json: bool) -> None:
    """That it is kept, and how to see what became of it."""
    if as_json:
        print_json({"run": run_id, "node": node})
    else:
        say(f"{node or 'run'} {what}; a worker does it. See: opsdesk run show {str(run_id)[-12:]}")
