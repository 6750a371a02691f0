"""`opsdesk result`: what goes back for a ticket, how it arrives, and where results go."""

from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.commands_ticket import TicketId
from opsdesk.app.output import local_time, print_json, print_table, say
from opsdesk.app.screening_text import tell_facts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from opsdesk import review

ApplicationName = Annotated[
    str, typer.Argument(help="The application, as the reference data calls it.", metavar="APPLICATION")
]


@command
async def show_result(ticket_id: TicketId, as_json: AsJson = False) -> None:
    """Show what goes back for a ticket, how its delivery stands, and each time that it was sent.

    Example: `opsdesk result show 1f2e3d4c5b6a`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app import chosen
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    results = review.applications.results
    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.APPLICATIONS_READ)
        ticket = await chosen.ticket_id(conn, ticket_id)
        found = await results.find_result(conn, ticket_id=ticket)
        if found is None:
            raise review.applications.errors.ResultUnknown(str(ticket))
        attempts = await results.list_attempts(conn, ticket_id=ticket)
        now = opsdesk.clock.now()
    _tell(found, attempts, now=now, as_json=as_json)


@command
async def send_result(ticket_id: TicketId, as_json: AsJson = False) -> None:
    """Send the result of a ticket again, at once and for another three days, to where results go by now.

    Example: `opsdesk result send 1f2e3d4c5b6a`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app import chosen
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    results = review.applications.results
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.OPERATIONS_WRITE)
        ticket = await chosen.ticket_id(conn, ticket_id)
        now = opsdesk.clock.now()
        sent = await results.send_again(conn, ticket_id=ticket, actor=actor, now=now)
        attempts = await results.list_attempts(conn, ticket_id=ticket)
    _tell(sent, attempts, now=now, as_json=as_json)


@command
async def list_receivers(as_json: AsJson = False) -> None:
    """List where results go. Applications that are not listed have no receiver: their results are asked for.

    Example: `opsdesk result receiver list`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.APPLICATIONS_READ)
        found = await review.applications.receivers.list_receivers(conn)
        now = opsdesk.clock.now()
    _tell_receivers(found, now=now, as_json=as_json)


@command
async def put_receiver(
    application: ApplicationName,
    url: Annotated[str, typer.Option("--url", help="Posted to, with TLS; http:// only to this machine.")],
    secret: Annotated[
        str, typer.Option("--secret", help="The name of the secret that they are signed with.")
    ] = "RESULTS_KEY",  # noqa: S107 - the name of a secret, not one
    as_json: AsJson = False,
) -> None:
    """Say where the results of an application go from now on, also those that are still on their way.

    Example: `opsdesk result receiver put cash_loan --url https://credit.example.com/results`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.SCREENING_WRITE)
        put = await review.applications.receivers.put_receiver(
            conn, application=application, url=url, secret=secret, actor=actor, now=opsdesk.clock.now()
        )
    if as_json:
        print_json(review.views_applications.ReceiverView.of(put))
    else:
        say(f"results of {put.application} go to {put.url}, signed with {put.secret}")


@command
async def remove_receiver(application: ApplicationName, as_json: AsJson = False) -> None:
    """Send the results of an application nowhere; they stay to be asked for. Tells the receivers that are left.

    Example: `opsdesk result receiver remove cash_loan`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    receivers = review.applications.receivers
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.SCREENING_WRITE)
        now = opsdesk.clock.now()
        await receivers.remove_receiver(conn, application=application, actor=actor, now=now)
        found = await receivers.list_receivers(conn)
    _tell_receivers(found, now=now, as_json=as_json)


def tell_result(
    result: "review.applications.results.Result",
    attempts: "Sequence[review.applications.results.Attempt]",
    *,
    now: "datetime",
) -> None:
    """How a result stands, and the times that it was sent."""
    tell_facts(
        {
            "flow no": result.flow_no,
            "ticket": str(result.ticket_id),
            "result": result.result.value if result.result else f"none: {result.status.value}",
            "codes": ", ".join(result.codes),
            "delivery": result.state.value.replace("_", " "),
            "arrived": local_time(result.delivered_at, now=now),
            "sent next": local_time(result.next_at, now=now),
            "problem": result.problem or "",
        }
    )
    rows = [
        (str(each.number), local_time(each.at, now=now), each.url, str(each.status or "-"), each.problem or "arrived")
        for each in attempts
    ]
    print_table(("", "SENT", "TO", "ANSWER", "OUTCOME"), rows)


def _tell(
    result: "review.applications.results.Result",
    attempts: "Sequence[review.applications.results.Attempt]",
    *,
    now: "datetime",
    as_json: bool,
) -> None:
    from opsdesk import review

    if as_json:
        print_json(review.views_applications.ResultView.of(result, attempts))
    else:
        tell_result(result, attempts, now=now)


def _tell_receivers(
    found: "Sequence[review.applications.receivers.Receiver]", *, now: "datetime", as_json: bool
) -> None:
    from opsdesk import review

    if as_json:
        views = review.views_applications
        print_json(views.ReceiverList(items=list(map(views.ReceiverView.of, found))))
        return
    rows = [
        (each.application, each.url, each.secret, local_time(each.changed_at, now=now), each.operator) for each in found
    ]
    print_table(("APPLICATION", "URL", "SECRET", "UPDATED", "OPERATOR"), rows)
    say(f"{len(rows)} receiver{'' if len(rows) == 1 else 's'}; other results are asked for")
