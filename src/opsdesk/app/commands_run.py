"""`opsdesk run`: runs are listed, shown, followed, and acted upon."""

from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.app.command_frame import AsJson, Reveal, command
from opsdesk.app.commands_flow_run import Inputs, InputsFile, Key, Plain
from opsdesk.app.output import local_time, local_zone, print_data, print_json, print_table, say

if TYPE_CHECKING:
    pass


RunId = Annotated[
    str, typer.Argument(help="The run: its identifier, or 8 digits of its beginning or end.", metavar="RUN")
]


@command
async def start_run(
    procedure: Annotated[str, typer.Argument(help="The id of a stored procedure.", metavar="PROCEDURE")],
    given: Inputs = [],  # noqa: B006 - typer reads the default and never changes it
    inputs_file: InputsFile = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Start a run of the newest version of a stored procedure; a worker executes it.

    Example: `opsdesk run start customer-onboarding --inputs customer.json --key application-4711`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app import run_start
    from opsdesk.app.acting import acting
    from opsdesk.app.commands_flow_run import typed_inputs
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.RUNS_WRITE)
        _, known = await flows.definitions.latest_definition(conn, procedure)
        started = await run_start.begin(
            conn,
            procedure_id=procedure,
            inputs=typed_inputs(known, given=given, inputs_file=inputs_file),
            key=key,
            actor=actor,
            now=opsdesk.clock.now(),
        )
    run_start.tell_started(started, as_json=as_json)


@command
async def show_run(run_id: RunId, reveal: Reveal = False, as_json: AsJson = False) -> None:
    """Show where a run stands: each step, for whom it waits until when, and what was wrong.

    Example: `opsdesk run show 1f2e3d4c5b6a`
    """

    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app import chosen
    from opsdesk.app.acting import reading
    from opsdesk.app.opening import installation
    from opsdesk.app.run_sight import see
    from opsdesk.app.run_start import next_steps

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        reader = await reading(opsdesk, conn, Scope.RUNS_READ, reveal=reveal)
        found = await chosen.run_id(conn, run_id)
        seen = await see(conn, found, reader=reader)
        procedure, state, _facts = await flows.runs.read_state(conn, found)
        outages = await flows.reports.outage_control.told_of(conn, state)
        now = opsdesk.clock.now()
    if as_json:
        print_json(seen.detail)
        return
    print_data(flows.text_view.timeline(procedure, state, (), now=now, zone=local_zone(), outages=outages).rstrip())
    detail = seen.detail
    print_data(f"\n  started by {detail.started_by} at {local_time(detail.started_at, now=now)}")
    if detail.inputs:
        print_data("  inputs: " + ", ".join(f"{name}={value}" for name, value in sorted(detail.inputs.items())))
    for step in next_steps(seen):
        say(step)


@command
async def watch_run(run_id: RunId, plain: Plain = False, reveal: Reveal = False, as_json: AsJson = False) -> int:
    """Follow a run to its end. Workers execute it, this command only looks. Exit 1 if it ends otherwise than completed.

    Example: `opsdesk run watch 1f2e3d4c5b6a`
    """
    from opsdesk.access import Scope
    from opsdesk.app import chosen
    from opsdesk.app.acting import reading
    from opsdesk.app.opening import installation
    from opsdesk.app.run_start import tell_end
    from opsdesk.app.watching import display, follow

    async with installation() as opsdesk:
        async with opsdesk.database.connection() as conn:
            reader = await reading(opsdesk, conn, Scope.RUNS_READ, reveal=reveal)
            found = await chosen.run_id(conn, run_id)
        on = display(plain=plain, as_json=as_json)
        seen = await follow(opsdesk, found, on=on, reader=reader, until=lambda seen: seen.ended)
    return tell_end(seen, as_json=as_json)


@command
async def read_journal(run_id: RunId, reveal: Reveal = False, as_json: AsJson = False) -> None:
    """Show every fact of a run, in the order in which they happened.

    Example: `opsdesk run journal 1f2e3d4c5b6a --json`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app import chosen
    from opsdesk.app.acting import reading
    from opsdesk.app.opening import installation
    from opsdesk.app.run_sight import see

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        reader = await reading(opsdesk, conn, Scope.RUNS_READ, reveal=reveal)
        found = await chosen.run_id(conn, run_id)
        seen = await see(conn, found, reader=reader)
        procedure, _state, _facts = await flows.runs.read_state(conn, found)
    sight = flows.views.sight(reader, procedure)
    views = [flows.views.FactView.of(row, sight) for row in seen.rows]
    if as_json:
        print_json({"items": views, "next": None})
        return
    from opsdesk.app.output import compact

    rows = [
        (str(v.seq), f"{v.at.astimezone():%Y-%m-%d %H:%M:%S}", v.node or "", v.fact, compact(v.payload)) for v in views
    ]
    print_table(("SEQ", "AT", "NODE", "FACT", "PAYLOAD"), rows)


@command
async def list_stalled(as_json: AsJson = False) -> int:
    """List the open runs that nothing will wake. Exit 1 if there are any, which is an alarm.

    Example: `opsdesk run stalled || alert`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.RUNS_READ)
        stalled = await flows.runs.stalled_runs(conn, now=opsdesk.clock.now())
        now = opsdesk.clock.now()
    if as_json:
        print_json({"items": stalled, "next": None})
    else:
        rows = [
            (str(each.run_id), each.procedure_id, each.reason, each.wake_name or "", local_time(each.wake_at, now=now))
            for each in stalled
        ]
        print_table(("RUN", "PROCEDURE", "REASON", "WAITS FOR", "SINCE"), rows)
        say(f"{len(stalled)} stalled")
    return int(bool(stalled))
