"""`opsdesk points audit` and `audits`: whether the ledger of points holds, with a signed report."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsdesk.app import commands_points
from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.commands_screening import CursorText, Limit, count_rows
from opsdesk.app.output import local_time, print_data, print_json, print_table, say

if TYPE_CHECKING:
    from opsdesk import points


@command
async def audit_points(
    full: Annotated[bool, typer.Option("--full", help="Look at everything, and not only at what is new.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write the signed report into this file.")] = None,
    verify: Annotated[
        Path | None, typer.Option("--verify", help="Only prove that this report was signed here, and not changed.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Prove that the ledger of points holds, or name what does not. Exit 1 if something is found.

    Checks what must always be true of it, and that no posting was changed, taken away or put in. The report is signed.

    Example: `opsdesk points audit --full --out audit.json`
    """
    from opsdesk import access, points
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation
    from opsdesk.app.points_audits import audit_key, is_signed, read_report, report_file

    async with installation() as opsdesk:
        async with opsdesk.database.connection() as conn:
            actor = await acting(opsdesk, conn, access.Scope.POINTS_READ)
        key, now = audit_key(opsdesk.settings, opsdesk.secrets), opsdesk.clock.now()
        if verify is not None:
            signed = read_report(verify)
            holds = is_signed(signed, key)
            if as_json:
                print_json({"is_signed": holds, "key_id": key.id, "at": signed.report.get("at")})
            else:
                say(f"signed by {key.id}" if holds else f"NOT what {key.id} has signed")
            return int(not holds)
        made = await points.auditing.audit(
            opsdesk.database, full=full, key=key, checks=opsdesk.points_checks, actor=actor, now=now
        )
    text = report_file(made, key)
    if out is not None:
        out.write_bytes(text)
    if as_json:
        print_data(text.decode())
    else:
        _tell(made)
        if out is not None:
            say(f"the signed report is in {out}")
    return int(not made.is_whole)


def _tell(made: "points.auditing.Audit") -> None:
    report = made.report
    for name, check in report["checks"].items():
        print_data(f"{name}: {'holds' if not check['findings'] else 'DOES NOT HOLD'}: {check['says']}")
        for what in check["findings"]:
            print_data(f"  {what}")
    for what in report["chain"]["findings"]:
        print_data(f"chain: {what}")
    print_table(("ACCOUNT", "POINTS"), [(name, str(sum_)) for name, sum_ in report["accounts"].items()])
    chain = report["chain"]
    print_data(f"head: {chain['seq']}:{chain['hash']}")
    looked = "everything" if made.is_full else f"what came after posting {report['after_posting']}"
    say(f"audit {made.audit_id} of {looked}: {report['postings']} postings, {chain['places']} places of the chain")
    if chain["unsealed"]:
        say(f"{chain['unsealed']} postings wait to be sealed")
    say("the ledger holds" if made.is_whole else f"the ledger does NOT hold: {made.findings} findings")


@command
async def list_audits(
    broken: Annotated[bool, typer.Option("--broken", help="Only those that found something.")] = False,
    limit: Limit = None,
    cursor: CursorText = None,
    as_json: AsJson = False,
) -> None:
    """List the audits of the ledger, the newest first.

    Example: `opsdesk points audits --broken`
    """
    from opsdesk import access, points
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation
    from opsdesk.kit.paging import page_rows

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        actor = await acting(opsdesk, conn, access.Scope.POINTS_READ)
        page = await points.auditing.list_audits(
            conn, actor=actor, broken=broken, limit=page_rows(limit), cursor=cursor
        )
        now = opsdesk.clock.now()
    if as_json:
        print_json({"items": list(map(points.views.AuditView.of, page.items)), "next": page.next})
        return
    rows = [
        (
            str(each.audit_id),
            local_time(each.at, now=now),
            "everything" if each.is_full else "what is new",
            "holds" if each.is_whole else f"{each.findings} findings",
            str(each.report["postings"]),
            str(each.seq),
            each.actor,
        )
        for each in page.items
    ]
    print_table(("AUDIT", "AT", "OF", "LEDGER", "POSTINGS", "PLACE", "ACTOR"), rows)
    count_rows(len(rows), "audit", page.next)


VERBS: Mapping[str, Callable[..., Any]] = {
    "grant": commands_points.grant_points,
    "wallet": commands_points.show_wallet,
    "statement": commands_points.list_postings,
    "sweep": commands_points.sweep_points,
    "audit": audit_points,
    "audits": list_audits,
}
"""What the noun does, by what it is called at the command line."""
