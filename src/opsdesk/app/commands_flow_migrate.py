"""`opsdesk flow migrate`: runs that wait are moved to another stored version, where everything of them fits."""

from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.output import print_data, print_json, say

if TYPE_CHECKING:
    from opsdesk import flows

SHOWN_MAX = 20
"""Runs that do not fit and are told one by one."""


@command
async def migrate_runs(
    to: Annotated[
        str, typer.Option("--to", help="What the version calls itself, or its digest, or the beginning of that.")
    ],
    run: Annotated[
        str | None,
        typer.Argument(help="The run: its identifier, or 8 digits of its beginning or end.", metavar="RUN"),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only say what fits; nothing is changed.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why; it stays in the journal.")] = "",
    all_of: Annotated[
        str | None,
        typer.Option("--all-of", help="All open runs of a version: PROCEDURE@VERSION or PROCEDURE@DIGEST."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Move a run, or all open runs of a version, to another stored version, where all that has happened still fits.

    Open tickets and answers that have come stay. A run that does not fit stays as it is, and why is said. Exit 1 where
    one does not.

    Example: `opsdesk flow migrate 1f2e3d4c5b6a --to 1.1 --check`
    """
    if (run is None) == (all_of is None):
        raise typer.BadParameter("goes without a run, and stands where none is named", param_hint="--all-of")
    if not check and not reason.strip():
        raise typer.BadParameter("is needed, unless with --check", param_hint="--reason")
    if run is not None:
        return await _one(run, to=to, check=check, reason=reason.strip(), as_json=as_json)
    procedure_id, _, before = str(all_of).rpartition("@")
    if not procedure_id or not before:
        raise typer.BadParameter("is PROCEDURE@VERSION or PROCEDURE@DIGEST", param_hint="--all-of")
    return await _all(procedure_id, before, to=to, check=check, reason=reason.strip(), as_json=as_json)


async def _one(run: str, *, to: str, check: bool, reason: str, as_json: bool) -> int:
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app import chosen
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.RUNS_WRITE)
        run_id = await chosen.run_id(conn, run)
        found = await flows.arrivals.migrating.check(conn, run_id=run_id, to=to)
        if found.fits and not check:
            now = opsdesk.clock.now()
            found = await flows.arrivals.migrating.migrate(
                conn, run_id=run_id, to=to, reason=reason, actor=actor, now=now
            )
    if as_json:
        print_json(flows.reports.MigrationView.of(found))
    for misfit in found.misfits:
        _tell(_misfit(misfit), as_json=as_json)
    done = "moved" if found.moved else "fits" if found.fits else "does not fit"
    say(f"{found.run_id} {done}: {found.before[:12]} → {found.after[:12]}")
    return 0 if found.fits else 1


async def _all(procedure_id: str, before: str, *, to: str, check: bool, reason: str, as_json: bool) -> int:
    """In batches with a transaction each, so that no run waits long for the others."""
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    batches: list[flows.arrivals.migrating.Batch] = []
    async with installation() as opsdesk:
        after = None
        while not batches or after is not None:
            async with opsdesk.database.transaction() as conn:
                actor = await acting(opsdesk, conn, Scope.RUNS_WRITE)
                batch = await flows.arrivals.migrating.migrate_waiting(
                    conn,
                    procedure_id=procedure_id,
                    before=before,
                    to=to,
                    reason=reason,
                    actor=None if check else actor,
                    now=opsdesk.clock.now(),
                    after=after,
                )
            batches.append(batch)
            after = batch.last
    items = [each for batch in batches for each in batch.items]
    unfit = [each for each in items if not each.fits]
    moved = sum(each.moved for each in items)
    if as_json:
        views = [flows.reports.MigrationView.of(each) for each in items]
        ends = {"before": batches[0].before, "after": batches[0].after}
        print_json({**ends, "fitting": len(items) - len(unfit), "moved": moved, "items": views, "next": None})
    for each in unfit[:SHOWN_MAX]:
        _tell(f"{each.run_id}: {_misfit(each.misfits[0])}", as_json=as_json)
    if len(unfit) > SHOWN_MAX:
        say(f"and {len(unfit) - SHOWN_MAX} more")
    said = f"{len(items) - len(unfit)} of {len(items)} fit" if check else f"{moved} of {len(items)} moved"
    say(f"{said}: {batches[0].before[:12]} → {batches[0].after[:12]}")
    return 1 if unfit else 0


def _tell(line: str, *, as_json: bool) -> None:
    if not as_json:
        print_data(line)


def _misfit(misfit: "flows.reports.Misfit") -> str:
    where = f"fact {misfit.fact}: " if misfit.fact is not None else ""
    edge = f" ({misfit.edge})" if misfit.edge else ""
    return f"{where}{misfit.why}{edge}"
