"""`opsdesk trigger list`, `show`, `next` and `deliveries`: what starts runs by itself, and what came for it."""

from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.app.command_frame import AsJson, Reveal, command
from opsdesk.app.output import compact, local_time, print_data, print_json, print_table, say

if TYPE_CHECKING:
    from opsdesk import flows

KINDS = ("cron", "webhook", "event")
STATES = ("inactive", "active", "paused")
OUTCOMES = ("started", "refused", "passed", "missed")

TriggerName = Annotated[
    str, typer.Argument(help="The trigger, as `opsdesk trigger list` shows it.", metavar="PROCEDURE/TRIGGER")
]
Limit = Annotated[int | None, typer.Option("--limit", help="How many at most.")]
CursorText = Annotated[str | None, typer.Option("--cursor", help="Where the page before ended.")]


def parts_of(name: str) -> tuple[str, str]:
    """Procedure and trigger."""
    procedure, slash, trigger = name.partition("/")
    if not (procedure and slash and trigger):
        raise typer.BadParameter("write PROCEDURE/TRIGGER, such as nightly-report/cron", param_hint="TRIGGER")
    return procedure, trigger


def _one_of(value: str, choices: tuple[str, ...], option: str) -> str:
    if value not in choices:
        raise typer.BadParameter(f"is none of {', '.join(choices)}", param_hint=option)
    return value


def _count(rows: int, what: str, following: str | None) -> None:
    words = what if rows == 1 else "deliveries" if what == "delivery" else f"{what}s"
    say(f"{rows} {words}" + (f"; more with --cursor {following}" if following else ""))


@command
async def list_triggers(
    procedure: Annotated[str | None, typer.Option("--procedure", help="Only triggers of this procedure.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help=f"Only those of one of: {', '.join(KINDS)}.")] = None,
    state: Annotated[str | None, typer.Option("--state", help=f"Only those that are {', '.join(STATES)}.")] = None,
    limit: Limit = None,
    cursor: CursorText = None,
    as_json: AsJson = False,
) -> None:
    """List the triggers of the procedures that are stored, also those that nobody has activated.

    Example: `opsdesk trigger list --state active`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    triggering = flows.triggering
    only = triggering.TriggerFilter(
        procedure_id=procedure,
        kind=triggering.TriggerKind(_one_of(kind, KINDS, "--kind")) if kind else None,
        state=triggering.TriggerState(_one_of(state, STATES, "--state")) if state else None,
    )
    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.PROCEDURES_READ)
        page = await triggering.list_triggers(conn, only=only, limit=limit, cursor=cursor)
        now = opsdesk.clock.now()
    if as_json:
        print_json({"items": [flows.triggering.TriggerView.of(each) for each in page.items], "next": page.next})
        return
    rows = [
        (
            each.called,
            each.kind.value,
            each.state.value,
            "-" if each.digest is None else each.digest[:12] + (" (not the newest)" if each.is_behind else ""),
            local_time(each.due_at, now=now) or "-",
            f"{local_time(each.last_at, now=now)} {each.last_state}" if each.last_at else "never",
        )
        for each in page.items
    ]
    print_table(("TRIGGER", "KIND", "STATE", "VERSION", "NEXT", "LAST"), rows)
    _count(len(rows), "trigger", page.next)


@command
async def show_trigger(trigger: TriggerName, as_json: AsJson = False) -> None:
    """Show a trigger: which version it starts, when, and what last came for it.

    Example: `opsdesk trigger show nightly-report/cron`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    procedure, name = parts_of(trigger)
    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.PROCEDURES_READ)
        found = await flows.triggering.show_trigger(conn, procedure, name)
        base = opsdesk.settings.base_url
    tell(found, as_json=as_json, base_url=base)


@command
async def next_fires(
    trigger: TriggerName,
    count: Annotated[int, typer.Option("--count", help="How many times.", min=1, max=100)] = 5,
    as_json: AsJson = False,
) -> None:
    """Tell when a trigger by the clock fires next, or would if it were active. Clock changes are in it already.

    Example: `opsdesk trigger next nightly-report/cron --count 10`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    procedure, name = parts_of(trigger)
    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.PROCEDURES_READ)
        found = await flows.triggering.show_trigger(conn, procedure, name)
        fires = flows.triggering.next_fires(found, now=opsdesk.clock.now(), count=count)
    if as_json:
        print_json({"items": fires})
        return
    for due in fires:
        print_data(due.astimezone().isoformat(sep=" ", timespec="minutes"))
    say(f"{found.called} is {found.state}" if fires else f"{found.called} is of kind {found.kind}: it has no times")


@command
async def list_deliveries(
    trigger: TriggerName,
    state: Annotated[str | None, typer.Option("--state", help=f"Only those of: {', '.join(OUTCOMES)}.")] = None,
    limit: Limit = None,
    cursor: CursorText = None,
    reveal: Reveal = False,
    as_json: AsJson = False,
) -> None:
    """List what came for a trigger, the latest first, with the run that it started or the reason why it did not.

    Example: `opsdesk trigger deliveries orders/webhook --state refused`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app.acting import reading
    from opsdesk.app.opening import installation

    procedure, name = parts_of(trigger)
    wanted = flows.triggering.DeliveryState(_one_of(state, OUTCOMES, "--state")) if state else None
    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        actor = await reading(opsdesk, conn, Scope.RUNS_READ, reveal=reveal)
        found = await flows.triggering.show_trigger(conn, procedure, name)
        page = await flows.triggering.list_deliveries(conn, found, state=wanted, limit=limit, cursor=cursor)
        items = await flows.triggering.all_shown(conn, list(page.items), actor=actor)
        now = opsdesk.clock.now()
    if as_json:
        print_json({"items": items, "next": page.next})
        return
    rows = [
        (str(each.id), local_time(each.at, now=now), each.state, str(each.run or each.reason), compact(each.content))
        for each in items
    ]
    print_table(("ID", "AT", "STATE", "RUN OR REASON", "CONTENT"), rows)
    _count(len(rows), "delivery", page.next)


def tell(found: "flows.triggering.Standing", *, as_json: bool, base_url: str = "") -> None:
    """A trigger as it stands."""
    from opsdesk import flows

    if as_json:
        print_json(flows.triggering.TriggerView.of(found))
        return
    trigger = found.trigger
    facts = {
        "trigger": found.called,
        "kind": found.kind.value,
        "state": found.state.value,
        "starts version": found.digest or "none: it is not activated",
        "newest version": found.newest if found.is_behind else "",
        "times": f"{trigger.cron} in {trigger.time_zone}; missed ones: {trigger.missed}" if trigger.cron else "",
        "address": f"{base_url}/v1/webhooks/{trigger.path}" if trigger.path else "",
        "signed with": trigger.secret_ref,
        "event": trigger.event,
        "condition": trigger.condition or "",
        "next": found.due_at.astimezone().isoformat(sep=" ", timespec="minutes") if found.due_at else "",
        "last": f"{found.last_at.astimezone():%Y-%m-%d %H:%M} {found.last_state}" if found.last_at else "",
        "last run": str(found.last_run_id or ""),
        "changed by": f"{found.changed_by}, {found.changed_at.astimezone():%Y-%m-%d %H:%M}",
    }
    for name, value in facts.items():
        if value:
            print_data(f"{name + ':':<17}{value}")
