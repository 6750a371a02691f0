"""`opsdesk outage`: which endpoints do not answer, who waits for them, and a hand on them."""

from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.commands_run_change import REASON_CHARACTERS_MAX
from opsdesk.app.output import local_time, print_json, print_table, say, span

if TYPE_CHECKING:
    from datetime import datetime

    from opsdesk import flows

Endpoint = Annotated[
    str, typer.Argument(help="Scheme, host and port, such as https://partner.example.com:443.", metavar="ENDPOINT")
]
Reason = Annotated[str, typer.Option("--reason", help="Why, for those who look at it later.")]


@command
async def list_outages(as_json: AsJson = False) -> None:
    """List the endpoints that do not answer, or that somebody keeps calls from, with who waits.

    Example: `opsdesk outage list`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        await acting(opsdesk, conn, Scope.OPERATIONS_READ)
        outages = await flows.reports.outage_control.list_outages(conn)
        now = opsdesk.clock.now()
    if as_json:
        print_json([flows.views.OutageView.of(outage) for outage in outages])
    elif outages:
        heads = ("endpoint", "state", "since", "runs wait", "customers", "next try")
        print_table(heads, [_row(outage, now) for outage in outages])
    else:
        say("no outage: calls are let through to every endpoint")


@command
async def show_outage(endpoint: Endpoint, as_json: AsJson = False) -> None:
    """Show an outage: what was said last, and who waits, in the order in which they are let through.

    Example: `opsdesk outage show https://partner.example.com:443`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        await acting(opsdesk, conn, Scope.OPERATIONS_READ)
        outage = await flows.reports.outage_control.show_outage(
            conn, endpoint=flows.reports.outage_control.normalised(endpoint)
        )
        waiting = await flows.reports.outage_control.waiting_runs(conn, outage.circuit.endpoint)
        now = opsdesk.clock.now()
    if as_json:
        print_json(flows.views.OutageView.of(outage))
        return
    print_table(("endpoint", "state", "since", "runs wait", "customers", "next try"), [_row(outage, now)])
    circuit = outage.circuit
    if circuit.code:
        say(f"last failure: {circuit.code}: {circuit.message}")
    if circuit.held_by:
        say(f"held by {circuit.held_by}: {circuit.held_because}")
    if waiting:
        rows = [(str(call.run_id), call.procedure_id, call.node, local_time(call.since, now=now)) for call in waiting]
        print_table(("run", "procedure", "node", "since"), rows)


@command
async def hold_endpoint(endpoint: Endpoint, reason: Reason, as_json: AsJson = False) -> None:
    """Keep calls from an endpoint until somebody releases them; calls that come wait, and time stands still for them.

    Example: `opsdesk outage hold https://partner.example.com:443 --reason "the partner works on it tonight"`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.RUNS_WRITE)
        held = await flows.reports.outage_control.hold(
            conn, endpoint=endpoint, reason=_checked(reason), actor=actor, now=opsdesk.clock.now()
        )
    _tell(held, "calls are held", as_json=as_json)


@command
async def release_endpoint(endpoint: Endpoint, reason: Reason, as_json: AsJson = False) -> None:
    """Let through what waits, the oldest first and so many a second, without waiting for a call that tries.

    Example: `opsdesk outage release https://partner.example.com:443 --reason "the partner says that it is back"`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.RUNS_WRITE)
        released = await flows.reports.outage_control.release(
            conn,
            endpoint=flows.reports.outage_control.normalised(endpoint),
            reason=_checked(reason),
            actor=actor,
            now=opsdesk.clock.now(),
        )
    _tell(released, "what waits is let through", as_json=as_json)


def _row(outage: "flows.reports.outage_control.Outage", now: "datetime") -> tuple[str, ...]:
    circuit = outage.circuit
    seconds = (circuit.probe_at - now).total_seconds() if circuit.probe_at else 0.0
    tries = "under way" if circuit.canary_run else f"in {span(max(seconds, 0.0))}" if circuit.probe_at else "–"
    since = local_time(circuit.since, now=now)
    return circuit.endpoint, circuit.state.value, since, str(outage.runs), str(outage.customers), tries


def _tell(outage: "flows.reports.outage_control.Outage", what: str, *, as_json: bool) -> None:
    from opsdesk import flows

    if as_json:
        print_json(flows.views.OutageView.of(outage))
    else:
        say(f"{outage.circuit.endpoint}: {what}; {outage.runs} runs wait")


def _checked(reason: str) -> str:
    if not 1 <= len(reason.strip()) <= REASON_CHARACTERS_MAX:
        raise typer.BadParameter(f"has 1 to {REASON_CHARACTERS_MAX} characters", param_hint="--reason")
    return reason
