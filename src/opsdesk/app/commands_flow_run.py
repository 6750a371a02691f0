"""`opsdesk flow run` and `opsdesk flow log`: a procedure is run from its file, and its record is written."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsdesk.app.command_frame import AsJson, Reveal, command
from opsdesk.app.commands_flow import File, Out, document_bytes, stored_name
from opsdesk.app.output import print_data, print_json, say
from opsdesk.app.values import json_file, typed_values

if TYPE_CHECKING:
    from opsdesk import flows

Inputs = Annotated[
    list[str],
    typer.Option("--input", help="An input as name=value, or name:=JSON; may be given again.", metavar="NAME=VALUE"),
]
InputsFile = Annotated[
    Path | None, typer.Option("--inputs", help="A file with a JSON object of inputs; --input counts more.")
]
Key = Annotated[
    str | None, typer.Option("--key", help="Makes the start once-only: the same key gives the same run again.")
]
Plain = Annotated[bool, typer.Option("--plain", help="Lines instead of the live picture, also on a terminal.")]


@command
async def run_file(
    file: File,
    given: Inputs = [],  # noqa: B006 - typer reads the default and never changes it
    inputs_file: InputsFile = None,
    key: Key = None,
    watch: Annotated[bool, typer.Option("--watch/--no-watch", help="Execute and show the run here.")] = True,
    plain: Plain = False,
    reveal: Reveal = False,
    as_json: AsJson = False,
) -> int:
    """Store a procedure, start a run of it, and follow it until it ends or waits for a person, partner or operator.

    The run is executed here while it is watched, and by any worker after that. Exit 1 if it ends otherwise than
    completed, or with an incident.

    Example: `opsdesk flow run customer-onboarding.osop.yaml --input name="Customer One"
    --input email=customer@example.com --input phone=+8613000000000`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app import run_start
    from opsdesk.app.acting import acting, sees
    from opsdesk.app.opening import installation

    text = document_bytes(file)
    async with installation() as opsdesk:
        async with opsdesk.database.transaction() as conn:
            now = opsdesk.clock.now()
            actor = await acting(opsdesk, conn, Scope.PROCEDURES_WRITE, Scope.RUNS_WRITE, Scope.RUNS_READ)
            reader = sees(actor, reveal=reveal)
            definition = await flows.definitions.store_procedure(
                conn, text=text, file_name=stored_name(file), actor=actor, now=now
            )
            procedure = await flows.definitions.read_definition(conn, definition.definition_id)
            started = await run_start.begin(
                conn,
                procedure_id=definition.procedure_id,
                definition_id=definition.definition_id,
                inputs=typed_inputs(procedure, given=given, inputs_file=inputs_file),
                key=key,
                actor=actor,
                now=now,
            )
        if not watch:
            run_start.tell_started(started, as_json=as_json)
            return 0
        return await run_start.execute_here(opsdesk, started.run_id, plain=plain, reader=reader, as_json=as_json)


def typed_inputs(
    procedure: "flows.document.Procedure", *, given: list[str], inputs_file: Path | None
) -> dict[str, Any]:
    """The inputs of a run, typed as the procedure declares them. Raises ValuesInvalid, OSError."""
    from_file = json_file(inputs_file) if inputs_file is not None else {}
    return {**from_file, **typed_values(given, {field.name: field.schema for field in procedure.inputs})}


@command
async def write_log(
    run: Annotated[
        str, typer.Argument(help="The run: its identifier, or 8 digits of its beginning or end.", metavar="RUN")
    ],
    out: Out = None,
    tamper_evident: Annotated[
        bool, typer.Option("--tamper-evident", help="Chain the records by hashes, so that every change is found.")
    ] = False,
    reveal: Reveal = False,
    as_json: AsJson = False,
) -> None:
    """Write the OSOP log of a run: what each step was given, gave and took, also of a run that is still open.

    Example: `opsdesk flow log 1f2e3d4c5b6a --tamper-evident --out evidence.osoplog.yaml`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app import chosen
    from opsdesk.app.acting import reading
    from opsdesk.app.opening import installation
    from opsdesk.kit.masking import mask_secrets

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await reading(opsdesk, conn, Scope.RUNS_READ, reveal=reveal)
        run_id = await chosen.run_id(conn, run)
        procedure, _state, facts = await flows.runs.read_state(conn, run_id)

    def unmasked(name: str, _declared: object, value: Any) -> Any:
        return mask_secrets({name: value})[name]

    shown = unmasked if reveal else flows.record.masked
    log = flows.record.osop_log(procedure, str(run_id), facts, tamper_evident=tamper_evident, reveal=shown)
    if out is not None:
        out.write_text(flows.record.to_yaml(log), encoding="utf-8")
        say(f"written to {out}")
    if as_json:
        print_json(log)
    elif out is None:
        print_data(flows.record.to_yaml(log))
