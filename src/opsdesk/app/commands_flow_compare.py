"""`opsdesk flow diff`, `flow backtest`: versions beside each other, and beside what runs did."""

import re
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.commands_flow import STANDARD_INPUT, File, load_document, read_procedure, shown_name
from opsdesk.app.output import print_data, print_json, print_table, say

if TYPE_CHECKING:
    from opsdesk import flows

_STORED = re.compile(r"(?P<procedure>[^@/\\]+)@(?P<digest>[0-9a-f]{0,64})")
Version = Annotated[
    str, typer.Argument(help="A file, or a stored version as ID@DIGEST; ID@ is the newest.", metavar="A")
]
VersionOrRun = Annotated[
    str, typer.Argument(help="Likewise, or a run: its identifier, or 8 digits of its beginning or end.", metavar="B")
]


@command
async def diff_versions(
    one: Version,
    other: VersionOrRun,
    out: Annotated[Path | None, typer.Option("--out", help="Draw the difference as SVG in this file.")] = None,
    language: Annotated[str, typer.Option("--language", help="Of the words in the SVG: `en` or `zh`.")] = "en",
    text: Annotated[bool, typer.Option("--text", help="Also the difference of the texts, line by line.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell what is different in B, of two versions; or what a run B did, and would have done under version A.

    Example: `opsdesk flow diff customer-onboarding@ procedures/customer-onboarding.osop.yaml --out difference.svg`
    """
    if language not in ("en", "zh", "zh-CN"):
        raise typer.BadParameter("is en or zh", param_hint="--language")
    if _is_run(other):
        await _against_run(one, other, out=out, language=language, as_json=as_json)
        return
    old, new = await _version(one), await _version(other)
    _tell_versions(old, new, out=out, language=language, text=text, as_json=as_json)


def _is_run(given: str) -> bool:
    return given != STANDARD_INPUT and not Path(given).exists() and not _STORED.fullmatch(given) and "." not in given


async def _version(given: str) -> "flows.document.Procedure":
    """A file, or a version in the database. Raises DocumentUnreadable, ProcedureNotFound."""
    stored = _stored(given)
    if stored is None:
        return read_procedure(given)
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.PROCEDURES_READ)
        _definition, procedure = await flows.definitions.find_version(conn, stored["procedure"], stored["digest"])
    return procedure


def _stored(given: str) -> re.Match[str] | None:
    return None if Path(given).exists() else _STORED.fullmatch(given)


def _draw(svg: str, out: Path) -> None:
    out.write_text(svg, encoding="utf-8")
    say(f"drawn in {out}")


def _tell_versions(
    old: "flows.document.Procedure",
    new: "flows.document.Procedure",
    *,
    out: Path | None,
    language: str,
    text: bool,
    as_json: bool,
) -> None:
    from opsdesk import flows
    from opsdesk.app.console.procedure_words import change_words

    compared = flows.reports.compare(old, new)
    if out is not None:
        _draw(flows.reports.svg_difference(old, new, language=language), out)
    if as_json:
        changes = [asdict(change) for change in compared.changes]
        print_json({"procedure": new.id, "changes": changes, "lines": compared.lines, "picture": out})
        return
    for change in compared.changes:
        print_data(change_words(change, str))
    if text:
        for line in compared.lines:
            print_data(line)
    count = len(compared.changes)
    say(f"{count} difference{'' if count == 1 else 's'}" if count else "no run would go otherwise")


async def _against_run(given: str, run: str, *, out: Path | None, language: str, as_json: bool) -> None:
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app import chosen
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    version = await _version(given)
    name = version.id if _stored(given) else shown_name(given)
    program = flows.checks.stored_program(version, file_name=name)
    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.RUNS_READ)
        run_id = await chosen.run_id(conn, run)
        recorded, state, facts = await flows.runs.read_state(conn, run_id)
    replayed = flows.reports.replay(program, recorded, state, facts)
    if out is not None:
        _draw(flows.reports.svg_against_run(version, recorded, state, language=language), out)
    view = flows.reports.ReplayedView.of(replayed)
    if as_json:
        print_json({"run": run_id, "picture": out, **view.model_dump()})
        return
    print_data(f"the run: {_ended(view.recorded_outcome, view.recorded_node)}")
    print_data(f"under {name}: {_ended(view.outcome, view.node)}")
    print_data(_parting(view))


def _ended(outcome: str, node: str | None) -> str:
    words = outcome.replace("_", " ")
    return f"{words} at {node}" if node else words


def _parting(view: Any) -> str:
    parting = view.parting
    if parting is None:
        return "they go the same way" + ("" if not view.changes else " to different ends")
    return f"they part at {parting.node}: the run {parting.recorded}; the version {parting.replayed}"


@command
async def backtest_file(
    file: File,
    runs: Annotated[int, typer.Option("--runs", help="How many runs to look at, the newest first.", min=1)] = 100,
    since: Annotated[
        datetime | None, typer.Option("--since", help="Only runs started then or later, by this machine's zone.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Try a version on the runs of its procedure that have ended: which would end otherwise, and where they part.

    What was recorded (inputs, answers, failures) is put to the version; nothing is started or called. Exit 1 if any run
    changes. A node that a run never asked has no answer: the run then counts as changed, not recorded.

    Example: `opsdesk flow backtest procedures/customer-onboarding.osop.yaml --runs 500`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.chosen import short
    from opsdesk.app.opening import installation

    program = flows.checks.program_of(load_document(file), file_name=shown_name(file))
    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.RUNS_READ)
        found = await flows.reports.backtest(
            conn,
            program,
            now=opsdesk.clock.now(),
            runs_max=min(runs, flows.reports.RUNS_MAX),
            since=since and since.astimezone(),
        )
    procedure = program.procedure
    view = flows.reports.BacktestView.of(procedure.id, procedure.digest, found)
    if as_json:
        print_json(view)
        return int(bool(view.changed))
    rows = [
        (
            short(each.run),
            _ended(each.recorded_outcome, each.recorded_node),
            _ended(each.outcome, each.node),
            _parting(each).removeprefix("they "),
        )
        for each in view.changed
    ]
    print_table(("RUN", "ENDED", "WOULD END", "WHERE"), rows)
    more = "; there are older ones (--runs)" if view.more else ""
    say(f"{len(view.changed)} of {view.tried} runs change{more}")
    return int(bool(view.changed))
