"""`opsdesk run report`: what a run did, for people to read and to keep."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from opsdesk.app.command_frame import AsJson, Reveal, command
from opsdesk.app.output import print_data, print_json, say


@command
async def report_run(
    run: Annotated[
        str, typer.Argument(help="The run: its identifier, or 8 digits of its beginning or end.", metavar="RUN")
    ],
    html: Annotated[bool, typer.Option("--html", help="One static HTML file instead of text.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write to this file; HTML where its name ends with .html.")
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="No colours, also on a terminal.")] = False,
    reveal: Reveal = False,
    as_json: AsJson = False,
) -> None:
    """Report on a run, also on one that is still open: each step with its attempts, times, errors and reasons.

    The HTML file needs nothing from elsewhere and runs no scripts, so that it can be kept and sent.

    Example: `opsdesk run report 1f2e3d4c5b6a --out report.html`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app import chosen
    from opsdesk.app.acting import reading
    from opsdesk.app.opening import installation
    from opsdesk.kit.masking import mask_secrets

    def unmasked(name: str, _declared: object, value: Any) -> Any:
        return mask_secrets({name: value})[name]

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await reading(opsdesk, conn, Scope.RUNS_READ, reveal=reveal)
        run_id = await chosen.run_id(conn, run)
        procedure, _state, facts = await flows.runs.read_state(conn, run_id)
        now = opsdesk.clock.now()
    log = flows.record.osop_log(procedure, str(run_id), facts, reveal=unmasked if reveal else flows.record.masked)
    report = flows.reports.report_of(procedure, log, now=now)
    if out is not None:
        is_html = html or out.suffix == ".html"
        written = flows.reports.html_report(report) if is_html else flows.reports.text_report(report)
        out.write_text(written, encoding="utf-8")
        say(f"written to {out}")
    if as_json:
        print_json(report)
    elif out is None:
        colours = sys.stdout.isatty() and not plain
        print_data(flows.reports.html_report(report) if html else flows.reports.text_report(report, colours=colours))
