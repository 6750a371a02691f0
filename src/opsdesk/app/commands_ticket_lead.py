"""`opsdesk ticket assign` and `opsdesk ticket release`: whose tickets are, several at a time."""

from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.commands_ticket import AsName, checked_name
from opsdesk.app.output import local_time, print_json, print_table, say

if TYPE_CHECKING:
    from datetime import datetime

    from opsdesk import review

TicketIds = Annotated[
    list[str],
    typer.Argument(help="The tickets: identifiers, or 8 digits of their beginning or end.", metavar="TICKET"),
]


@command
async def assign_tickets(
    ticket_ids: TicketIds,
    person: Annotated[str, typer.Option("--to", help="The e-mail address of who is to decide them.", metavar="EMAIL")],
    name: AsName = None,
    as_json: AsJson = False,
) -> None:
    """Give waiting tickets to a person for eight hours; nobody else is given them meanwhile.

    Each ticket says what became of it. The command ends with 1 where one of them was refused.

    Example: `opsdesk ticket assign 1f2e3d4c5b6a 2b3c4d5e6f70 --to reviewer@example.com`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app import chosen
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    who = checked_name(name)
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.DESK_LEAD, as_name=who)
        now = opsdesk.clock.now()
        wanted = [await chosen.ticket_id(conn, each) for each in ticket_ids]
        outcomes = await review.leading.assign_tickets(conn, ticket_ids=wanted, email=person, actor=actor, now=now)
    _tell(outcomes, now=now, as_json=as_json)


@command
async def release_tickets(
    ticket_ids: TicketIds,
    reason: Annotated[
        str | None,
        typer.Option("--reason", help="Why you take them back from who holds them, as a lead.", metavar="TEXT"),
    ] = None,
    name: AsName = None,
    as_json: AsJson = False,
) -> None:
    """Give a ticket back that you claimed; with a reason, take tickets back from whoever holds them.

    The history of each ticket shows the reason. The command ends with 1 where one of them was refused.

    Example: `opsdesk ticket release 1f2e3d4c5b6a --as reviewer-one`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app import chosen
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation
    from opsdesk.app.ticket_text import tell_change

    who = checked_name(name)
    if reason is None and len(ticket_ids) > 1:
        raise typer.BadParameter("is needed for several tickets", param_hint="--reason")
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        needed = Scope.TICKETS_DECIDE if reason is None else Scope.DESK_LEAD
        actor = await acting(opsdesk, conn, needed, as_name=who)
        now = opsdesk.clock.now()
        wanted = [await chosen.ticket_id(conn, each) for each in ticket_ids]
        if reason is None:
            released = await review.release(conn, ticket_id=wanted[0], actor=actor, now=now)
            await tell_change(conn, released, "given back", actor=actor, now=now, as_json=as_json)
            return
        outcomes = await review.leading.release_tickets(conn, ticket_ids=wanted, reason=reason, actor=actor, now=now)
    _tell(outcomes, now=now, as_json=as_json)


def _tell(outcomes: "list[review.leading.Outcome]", *, now: "datetime", as_json: bool) -> None:
    """What became of each. Ends the command with 1 where one was refused."""
    from opsdesk import review
    from opsdesk.app.chosen import short

    told = review.routes_leading.OutcomeList.of(outcomes, now=now)
    if as_json:
        print_json(told)
    else:
        rows = [
            (
                short(each.ticket_id),
                each.outcome,
                each.holder or "nobody",
                local_time(each.until, now=now) if each.until else "",
                each.refusal.message if each.refusal else f"held by {each.held_by} before" if each.held_by else "",
            )
            for each in told.items
        ]
        print_table(("TICKET", "OUTCOME", "HELD BY", "UNTIL", "WHY"), rows)
    refused = sum(each.outcome == review.leading.Led.REFUSED for each in told.items)
    say(f"{len(told.items) - refused} done, {refused} refused")
    if refused:
        raise typer.Exit(1)
