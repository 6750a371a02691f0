"""`opsdesk settlement`: months are closed, and their files are found, looked at again and made again."""

from typing import Annotated

import typer

from opsdesk.app.command_frame import EXIT_REFUSED, AsJson, command
from opsdesk.app.output import local_time, print_json, print_table, say

FileName = Annotated[str, typer.Argument(help="The name of the file, such as airport-202512.txt.gz.", metavar="FILE")]
FILES_TOLD = 100


@command
async def close_month(
    month: Annotated[
        str | None, typer.Option("--month", help="The month, such as 2025-12; else the last one that is due.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Close a month and those before it, and issue every settlement file that is missing. Twice is the same as once.

    Example: `opsdesk settlement close --month 2025-12`
    """
    from opsdesk import benefits
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    settlement = benefits.settlement
    wanted = settlement.months.read_month(month) if month is not None else None
    async with installation() as opsdesk:
        async with opsdesk.database.connection() as conn:
            actor = await acting(opsdesk, conn, Scope.BENEFITS_WRITE)
        came = await settlement.issuing.settle(
            opsdesk.database, opsdesk.settlement, month=wanted, actor=actor, now=opsdesk.clock.now()
        )
    view = settlement.views.SettledView.of(came)
    if as_json:
        print_json(view)
        return
    print_table(("FILE",), [(name,) for name in view.issued])
    say(f"closed: {', '.join(view.closed) or 'nothing'}; {len(view.issued)} files issued")


@command
async def list_files(
    provider: Annotated[str | None, typer.Option("--provider", help="Only those of this provider.")] = None,
    month: Annotated[str | None, typer.Option("--month", help="Only those of this month, such as 2025-12.")] = None,
    as_json: AsJson = False,
) -> None:
    """List settlement files, the newest month first; 100 at most. Those that are missing are said as well.

    Example: `opsdesk settlement list --month 2025-12`
    """
    from opsdesk import benefits
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    settlement = benefits.settlement
    only = settlement.months.read_month(month) if month is not None else None
    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.BENEFITS_READ)
        now = opsdesk.clock.now()
        found = await settlement.files.list_files(conn, size=FILES_TOLD, provider=provider, month=only)
        calendar = opsdesk.settlement.calendar
        missing = await settlement.periods.missing_files(conn, calendar=calendar, now=now)
    views = [settlement.views.SettlementFileView.of(each) for each in found.items]
    if as_json:
        print_json(settlement.views.SettlementFilePage(items=views, next=found.next))
        return
    rows = [
        (each.name, each.month, str(each.rows), str(each.total_fen), local_time(each.published_at, now=now))
        for each in views
    ]
    print_table(("FILE", "MONTH", "ROWS", "FEN", "PUBLISHED"), rows)
    for file in missing:
        say(f"missing: {settlement.months.file_name(file.provider, file.month)}")
    say(f"{len(rows)} file{'' if len(rows) == 1 else 's'}")


@command
async def show_file(name: FileName, as_json: AsJson = False) -> None:
    """Show a settlement file, and its manifest as it lies beside it.

    Example: `opsdesk settlement show airport-202512.txt.gz`
    """
    from opsdesk import benefits
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation
    from opsdesk.app.screening_text import tell_facts

    settlement = benefits.settlement
    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.BENEFITS_READ)
        file = await settlement.files.find_file(conn, name)
    view = settlement.views.SettlementFileView.of(file)
    if as_json:
        print_json(view)
        return
    facts = view.model_dump(mode="json") | {"manifest": file.manifest.strip()}
    tell_facts({key.replace("_", " "): str(value) for key, value in facts.items() if value is not None})


@command
async def verify_file(name: FileName, as_json: AsJson = False) -> int:
    """Hash a settlement file anew, add it up, check its signature, and compare it with the orders; 1 if it is wrong.

    Example: `opsdesk settlement verify airport-202512.txt.gz`
    """
    from opsdesk import benefits
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    settlement = benefits.settlement
    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.BENEFITS_READ)
        found = await settlement.verifying.verify(conn, opsdesk.settlement, name)
    if as_json:
        print_json(settlement.views.VerificationView.of(found))
    elif found.is_good:
        say(f"{name} is good: {found.rows} rows, {found.total_fen} fen, sha256 {found.sha256}")
    else:
        say(f"{name}: {', '.join(found.flaws)}")
    return 0 if found.is_good else EXIT_REFUSED


@command
async def regenerate_file(name: FileName, as_json: AsJson = False) -> int:
    """Make a settlement file again from the orders, and compare it byte for byte; nothing is kept. 1 if it differs.

    Example: `opsdesk settlement regenerate airport-202512.txt.gz`
    """
    from opsdesk import benefits
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    settlement = benefits.settlement
    async with installation() as opsdesk:
        async with opsdesk.database.connection() as conn:
            await acting(opsdesk, conn, Scope.BENEFITS_READ)
        made = await settlement.verifying.make_again(opsdesk.database, opsdesk.settlement, name)
    if as_json:
        print_json(settlement.views.MadeAgainView.of(made))
    elif made.is_same:
        say(f"{name}: the same to the byte, sha256 {made.sha256}")
    else:
        say(f"{name}: {'the same content in other bytes' if made.content_is_same else 'another content'}")
    return 0 if made.is_same else EXIT_REFUSED
