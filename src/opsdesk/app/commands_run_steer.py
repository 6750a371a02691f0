"""`opsdesk run pause`, `resume`, `skip`, `rerun`, `correct`: what is asked is kept, and done by whoever executes it."""

from typing import Annotated

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.commands_run import RunId
from opsdesk.app.commands_run_change import REASON_CHARACTERS_MAX, tell_taken
from opsdesk.app.values import json_object, typed_values

Reason = Annotated[str, typer.Option("--reason", help="Why; it stays in the journal.")]
Key = Annotated[str | None, typer.Option("--key", help="Makes it once-only.")]
NodeId = Annotated[str, typer.Argument(help="The node.", metavar="NODE")]


@command
async def pause_run(run_id: RunId, reason: Reason, key: Key = None, as_json: AsJson = False) -> None:
    """Let nothing new begin in a run. Calls under way end; answers are kept, and lead on when it is resumed.

    Example: `opsdesk run pause 1f2e3d4c5b6a --reason "the partner asked us to wait"`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app import chosen
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.RUNS_WRITE)
        found = await chosen.run_id(conn, run_id)
        await flows.arrivals.pause(
            conn,
            run_id=found,
            reason=_checked(reason),
            actor=actor,
            now=opsdesk.clock.now(),
            key=flows.arrivals.key_of(actor, key),
        )
    tell_taken(found, node=None, what="paused", as_json=as_json)


@command
async def resume_run(run_id: RunId, key: Key = None, as_json: AsJson = False) -> None:
    """Let a paused run go on, with everything that came in meanwhile.

    Example: `opsdesk run resume 1f2e3d4c5b6a`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app import chosen
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.RUNS_WRITE)
        found = await chosen.run_id(conn, run_id)
        await flows.arrivals.resume(
            conn, run_id=found, actor=actor, now=opsdesk.clock.now(), key=flows.arrivals.key_of(actor, key)
        )
    tell_taken(found, node=None, what="resumed", as_json=as_json)


@command
async def skip_node(
    run_id: RunId,
    node: NodeId,
    reason: Reason,
    outputs: Annotated[
        str | None, typer.Option("--outputs", help="What the node would have answered: a JSON object.")
    ] = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """End a node without its call. A node that a person answers is never skipped.

    Example: `opsdesk run skip 1f2e3d4c5b6a assign_csm --reason "done by hand" --outputs '{"csm_id": "csm-7"}'`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app import chosen
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    given = None if outputs is None else json_object(outputs.encode(), called="--outputs")
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.RUNS_WRITE)
        found = await chosen.run_id(conn, run_id)
        await flows.arrivals.skip(
            conn,
            run_id=found,
            node=node,
            reason=_checked(reason),
            outputs=given,
            actor=actor,
            now=opsdesk.clock.now(),
            key=flows.arrivals.key_of(actor, key),
        )
    tell_taken(found, node=node, what="skipped", as_json=as_json)


@command
async def rerun_node(run_id: RunId, node: NodeId, reason: Reason, key: Key = None, as_json: AsJson = False) -> None:
    """Run again from a node: it and everything behind it; their open tickets are closed.

    Example: `opsdesk run rerun 1f2e3d4c5b6a kyc_identity --reason "the customer sent a better picture"`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app import chosen
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.RUNS_WRITE)
        found = await chosen.run_id(conn, run_id)
        await flows.arrivals.rerun(
            conn,
            run_id=found,
            node=node,
            reason=_checked(reason),
            actor=actor,
            now=opsdesk.clock.now(),
            key=flows.arrivals.key_of(actor, key),
        )
    tell_taken(found, node=node, what="to be run again, with everything behind it", as_json=as_json)


@command
async def correct_run(
    run_id: RunId,
    given: Annotated[
        list[str],
        typer.Option(
            "--input", help="An input as name=value, or name:=JSON; may be given again.", metavar="NAME=VALUE"
        ),
    ],
    reason: Reason,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Correct inputs of an open run. Tickets that show them are amended, and whoever answered there is asked again.

    Example: `opsdesk run correct 1f2e3d4c5b6a --input amount:=1200 --reason "the customer named the wrong invoice"`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app import chosen, desk
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.RUNS_WRITE)
        found = await chosen.run_id(conn, run_id)
        procedure, _, _ = await flows.runs.read_state(conn, found)
        await desk.correct_inputs(
            conn,
            run_id=found,
            values=typed_values(given, {field.name: field.schema for field in procedure.inputs}),
            reason=_checked(reason),
            actor=actor,
            now=opsdesk.clock.now(),
            key=None if key is None else flows.arrivals.key_of(actor, key),
        )
    tell_taken(found, node=None, what="corrected", as_json=as_json)


def _checked(reason: str) -> str:
    if not 1 <= len(reason.strip()) <= REASON_CHARACTERS_MAX:
        raise typer.BadParameter(f"has 1 to {REASON_CHARACTERS_MAX} characters", param_hint="--reason")
    return reason
