"""`opsdesk ticket`: what people are asked, and what they answer."""

from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.app.command_frame import AsJson, Reveal, command
from opsdesk.app.output import local_time, print_json, print_table, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from opsdesk import review

NAME_CHARACTERS_MAX = 64


TicketId = Annotated[
    str, typer.Argument(help="The ticket: its identifier, or 8 digits of its beginning or end.", metavar="TICKET")
]
Roles = Annotated[list[str], typer.Option("--role", help="A role that you hold; may be given again.", metavar="ROLE")]
AsName = Annotated[
    str | None, typer.Option("--as", help="Who of several people at this machine you are.", metavar="NAME")
]


@command
async def list_tickets(
    status: Annotated[str, typer.Option("--status", help="`open`, `decided`, `expired`, `cancelled`, `all`.")] = "open",
    role: Annotated[
        str | None, typer.Option("--role", help="Only those that a holder of this role may answer.")
    ] = None,
    run: Annotated[str | None, typer.Option("--run", help="Only those of this run.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="How many, at most 100.")] = None,
    cursor: Annotated[str | None, typer.Option("--cursor", help="What the page before gave as `next`.")] = None,
    as_json: AsJson = False,
) -> None:
    """List tickets: what is due first, then what is oldest.

    Example: `opsdesk ticket list --role compliance_officer`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app import chosen
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    if status not in (*review.TicketStatus, "all"):
        raise typer.BadParameter(f"is none of {', '.join(review.TicketStatus)}, all", param_hint="--status")
    wanted = None if status == "all" else review.TicketStatus(status)
    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.TICKETS_READ)
        now = opsdesk.clock.now()
        search = None if run is None else str(await chosen.run_id(conn, run))
        page = await review.list_tickets(
            conn, now=now, role=role, status=wanted, search=search, limit=limit, cursor=cursor
        )
        counts = await review.count_tickets(conn, now=now, role=role, search=search)
    lines = [review.views.TicketLine.of(each, now=now) for each in page.items]
    if as_json:
        print_json(review.views.TicketPage(items=lines, next=page.next, counts=dict(counts)))
        return
    _print_tickets(lines, now=now)
    say(", ".join(f"{count} {each.replace('_', ' ')}" for each, count in counts.items() if count) or "no tickets")
    if page.next:
        say(f"more follow: --cursor {page.next}")


def _print_tickets(lines: "Sequence[review.views.TicketLine]", *, now: "datetime") -> None:
    from opsdesk.app.chosen import short

    rows = [
        (
            short(line.id),
            short(line.run) if line.run else line.screening.flow_no if line.screening else "",
            line.role or "anyone",
            "clock stands" if line.stands_since else local_time(line.due_at, now=now),
            line.claim.by if line.claim else line.status if line.closed_at else "",
            line.title,
        )
        for line in lines
    ]
    print_table(("TICKET", "RUN", "ROLE", "DUE", "HELD BY", "TITLE"), rows)


@command
async def show_ticket(ticket_id: TicketId, reveal: Reveal = False, as_json: AsJson = False) -> None:
    """Show what is asked on which data, what was answered, and what happened.

    Example: `opsdesk ticket show 1f2e3d4c5b6a`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app import chosen
    from opsdesk.app.acting import reading
    from opsdesk.app.opening import installation
    from opsdesk.app.ticket_text import print_ticket, rejection_of, ticket_view

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        reader = await reading(opsdesk, conn, Scope.TICKETS_READ, reveal=reveal)
        now = opsdesk.clock.now()
        found = await review.show_ticket(conn, ticket_id=await chosen.ticket_id(conn, ticket_id))
        view = await ticket_view(conn, found, actor=reader, now=now)
        rejection = await rejection_of(conn, view)
    if as_json:
        print_json(view)
    else:
        print_ticket(view, rejection=rejection, now=now)


@command
async def claim_ticket(
    ticket_id: TicketId,
    roles: Roles = [],  # noqa: B006 - typer reads the default and never changes it
    name: AsName = None,
    as_json: AsJson = False,
) -> None:
    """Take a ticket for five minutes, so that nobody else decides it meanwhile.

    Example: `opsdesk ticket claim 1f2e3d4c5b6a --role compliance_officer --as reviewer-one`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app import chosen
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation
    from opsdesk.app.ticket_text import tell_change

    who = checked_name(name)
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.TICKETS_DECIDE, roles=roles, as_name=who)
        now = opsdesk.clock.now()
        found = await chosen.ticket_id(conn, ticket_id)
        claimed = await review.claim(conn, ticket_id=found, actor=actor, now=now)
        until = local_time(claimed.claimed_until, now=now)
        await tell_change(conn, claimed, f"yours until {until}", actor=actor, now=now, as_json=as_json)


def checked_name(name: str | None) -> str | None:
    """Who of several people at this machine acts. Raises typer.BadParameter for a name that is none."""
    if name is None:
        return None
    name = name.strip()
    if not 1 <= len(name) <= NAME_CHARACTERS_MAX or not name.isprintable() or "/" in name:
        problem = f"has 1 to {NAME_CHARACTERS_MAX} printable characters and no slash"
        raise typer.BadParameter(problem, param_hint="--as")
    return name
