"""`opsdesk audit`: who wrote what, and the proof that nobody has changed it since."""

from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.output import local_time, print_data, print_json, print_table, say
from opsdesk.app.values import moment, typed_values

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from opsdesk import access

Since = Annotated[str | None, typer.Option("--since", help="Only from this time on, as RFC 3339.", metavar="TIME")]
Until = Annotated[str | None, typer.Option("--until", help="Only before this time.", metavar="TIME")]
By = Annotated[str | None, typer.Option("--actor", help="Only what this actor did, such as person:a@example.com.")]
Action = Annotated[str | None, typer.Option("--action", help="Only this action, such as run.start, or run for all.")]
Kind = Annotated[str | None, typer.Option("--object-kind", help="Only about objects of this kind, such as ticket.")]
Object = Annotated[str | None, typer.Option("--object", help="Only about the object with this id.")]
Noted = Annotated[str | None, typer.Option("--head", help="A head that was noted before.", metavar="PLACE:HASH")]


@command
async def list_audit(
    since: Since = None,
    until: Until = None,
    actor: By = None,
    action: Action = None,
    object_kind: Kind = None,
    object_id: Object = None,
    limit: Annotated[int | None, typer.Option("--limit", help="How many, at most 100.")] = None,
    cursor: Annotated[str | None, typer.Option("--cursor", help="What the page before gave as `next`.")] = None,
    as_json: AsJson = False,
) -> None:
    """List who wrote what, the newest first.

    Example: `opsdesk audit list --action run --since 2026-01-05T00:00:00+08:00`
    """
    from opsdesk import access
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    wanted = _wanted(since, until, actor, action, object_kind, object_id)
    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, access.Scope.AUDIT_READ)
        page = await access.audit.list_entries(conn, wanted, limit=limit, cursor=cursor)
        now = opsdesk.clock.now()
    if as_json:
        print_json({"items": page.items, "next": page.next})
        return
    _print_entries(page.items, now=now)
    say(f"{len(page.items)} {'entry' if len(page.items) == 1 else 'entries'}")
    if page.next:
        say(f"more follow: --cursor {page.next}")


def _print_entries(entries: "Sequence[access.audit.ListedEntry]", *, now: "datetime") -> None:
    rows = [
        (
            str(entry.entry_id),
            "waits" if entry.seq is None else str(entry.seq),
            local_time(entry.at, now=now),
            entry.actor,
            entry.action,
            f"{entry.object_kind} {entry.object_id}",
            entry.reason or "",
        )
        for entry in entries
    ]
    print_table(("ENTRY", "PLACE", "AT", "ACTOR", "ACTION", "OBJECT", "REASON"), rows)


@command
async def show_audit(
    entry_id: Annotated[int, typer.Argument(help="The number of the entry.", metavar="ENTRY", min=1, max=2**63 - 1)],
    as_json: AsJson = False,
) -> None:
    """Show an entry, and which fields it is about; their values are told by hashes only.

    Example: `opsdesk audit show 4711`
    """
    from opsdesk import access
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, access.Scope.AUDIT_READ)
        entry = await access.audit.show_entry(conn, entry_id)
        now = opsdesk.clock.now()
    if as_json:
        print_json(entry)
        return
    _print_entries([entry], now=now)
    print_data(f"  at the request {entry.request_id}, in the roles: {', '.join(entry.roles) or 'none'}")
    before, after = entry.before or {}, entry.after or {}
    for name in sorted({*before, *after}):
        print_data(f"  {name}: {_what_happened(before.get(name), after.get(name))}")


def _what_happened(before: str | None, after: str | None) -> str:
    if before is None or after is None:
        return "set" if before is None else "removed"
    return "as it was" if before == after else "changed"


@command
async def seal_audit(as_json: AsJson = False) -> None:
    """Seal what waits for it now. Workers do it every two seconds.

    Example: `opsdesk audit seal`
    """
    from opsdesk import access
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation
    from opsdesk.app.sealing import seal_all, sealing_key

    async with installation() as opsdesk:
        async with opsdesk.database.connection() as conn:
            await acting(opsdesk, conn, access.Scope.AUDIT_READ)
        key = sealing_key(opsdesk.settings, opsdesk.secrets)
        sealed, head = await seal_all(opsdesk.database, key, clock=opsdesk.clock)
        async with opsdesk.database.connection() as conn:
            state = await access.audit.chain_state(conn)
    if as_json:
        print_json({"sealed": sealed, "head": head and str(head), "unsealed": state.unsealed})
        return
    if head is not None:
        print_data(str(head))
    still = f"; {state.unsealed} wait: another sealer is at work" if state.unsealed else ""
    say(f"{sealed} sealed{still}")


@command
async def verify_audit(
    file: Annotated[Path | None, typer.Option("--file", help="An exported file, in place of the database.")] = None,
    noted: Noted = None,
    journals: Annotated[bool, typer.Option("--journals", help="Compare the journals of ended runs as well.")] = False,
    keyless: Annotated[
        bool, typer.Option("--without-key", help="Do not check signatures, where the secret is not at hand.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Prove that the audit chain is whole, or name what is not. Exit 1 if something is changed, missing or put in.

    Note the head it prints somewhere else: given with --head, it proves later that nothing was cut off at the end.

    Example: `opsdesk audit verify --journals`
    """
    from opsdesk import access, flows
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation
    from opsdesk.app.sealing import verifying_keys

    head = None if noted is None else access.audit.Head.parse(noted)
    if file is not None:
        if journals or keyless:
            raise typer.BadParameter("goes without --journals and --without-key", param_hint="--file")
        with file.open("rb") as lines:
            return _tell_report(access.audit.verify_lines(lines, noted=head), as_json=as_json)
    async with installation() as opsdesk:
        async with opsdesk.database.connection() as conn:
            await acting(opsdesk, conn, access.Scope.AUDIT_READ)
        keys = None if keyless else verifying_keys(opsdesk.settings, opsdesk.secrets)
        async with opsdesk.database.transaction() as conn:
            report = await access.audit.verify(conn, keys=keys, noted=head)
            if journals:
                report.journals = await flows.record.verify_journals(conn, tell=report.add)
    return _tell_report(report, as_json=as_json)


def _tell_report(report: "access.audit.Report", *, as_json: bool) -> int:
    if as_json:
        print_json({"whole": report.whole, **asdict(report)})
        return int(not report.whole)
    for finding in report.findings:
        print_data(f"{finding.kind}: {finding.what}")
    if report.head is not None:
        print_data(f"head: {report.head}")
    counted = [f"{report.entries} places"]
    counted += [f"{report.batches} batches"] if report.batches else []
    counted += [f"{report.journals} journals"] if report.journals is not None else []
    if report.unsealed:
        counted.append(f"{report.unsealed} wait to be sealed, the oldest for {report.oldest_unsealed_s or 0:.0f} s")
    say(", ".join(counted))
    unsigned = "" if report.signatures_checked else " as far as hashes tell; signatures were not checked"
    say(f"the chain is whole{unsigned}" if report.whole else f"the chain is NOT whole: {report.found} findings")
    return int(not report.whole)


@command
async def compare_audit(
    entry_id: Annotated[int, typer.Argument(help="The number of the entry.", metavar="ENTRY", min=1, max=2**63 - 1)],
    before: Annotated[
        list[str], typer.Option("--before", help="A value before: name=value, or name:=JSON; may be given again.")
    ] = [],  # noqa: B006 - typer reads the default and never changes it
    after: Annotated[
        list[str], typer.Option("--after", help="A value after: name=value, or name:=JSON; may be given again.")
    ] = [],  # noqa: B006 - as above
    as_json: AsJson = False,
) -> int:
    """Tell whether values are those that an entry was made with, of which it holds only hashes. Exit 1 if one is not.

    For those who may see personal values: whoever can ask can find a value by trying.

    Example: `opsdesk audit compare 4711 --after answers:='{"compliance_decision": "approved"}'`
    """
    from opsdesk import access
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    given = {"before": typed_values(before, {}), "after": typed_values(after, {})}
    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, access.Scope.AUDIT_READ, access.Scope.PERSONAL_READ)
        same = await access.audit.compare(conn, entry_id=entry_id, **given)
    if as_json:
        print_json({"entry_id": entry_id, "same": same})
    else:
        print_table(("VALUE", ""), [(name, "same" if is_same else "DIFFERENT") for name, is_same in same.items()])
    return int(not all(same.values()))


@command
async def export_audit(
    out: Annotated[Path | None, typer.Option("--out", help="A file; without it, standard output.")] = None,
    since: Since = None,
    until: Until = None,
    actor: By = None,
    action: Action = None,
    object_kind: Kind = None,
    object_id: Object = None,
    as_json: AsJson = False,
) -> None:
    """Write the chain as JSON Lines, in its order. What waits to be sealed is not in it.

    `opsdesk audit verify --file` proves the file, and so can anybody: docs/explain/audit.md says how.

    Example: `opsdesk audit export --out audit.jsonl`
    """
    import sys

    from opsdesk import access
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    wanted = _wanted(since, until, actor, action, object_kind, object_id)
    count = 0
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        await acting(opsdesk, conn, access.Scope.AUDIT_READ)
        with nullcontext(sys.stdout.buffer) if out is None else out.open("wb") as file:
            async for line in access.audit.export_lines(conn, wanted):
                file.write(line)
                count += 1
            file.flush()
    if as_json and out is not None:
        print_json({"places": count, "file": str(out)})
    else:
        say(f"{count} places" if out is None else f"{count} places written to {out}")


def _wanted(
    since: str | None,
    until: str | None,
    actor: str | None,
    action: str | None,
    object_kind: str | None,
    object_id: str | None,
) -> "access.audit.EntryFilter":
    from opsdesk import access

    return access.audit.EntryFilter(
        since=None if since is None else moment(since, called="--since"),
        until=None if until is None else moment(until, called="--until"),
        actor=actor,
        action=action,
        object_kind=object_kind,
        object_id=object_id,
    )
