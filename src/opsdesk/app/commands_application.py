"""`opsdesk application`: what comes from the anti-fraud engine, and how it was answered."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.app.command_frame import AsJson, Reveal, command
from opsdesk.app.output import compact, local_time, print_json, print_table, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from opsdesk import review

FlowNo = Annotated[str, typer.Argument(help="The number that it came under.", metavar="FLOW_NO")]


@command
async def send_application(
    file: Annotated[Path, typer.Argument(help="A file of JSON, as `POST /v1/applications` takes it.", metavar="FILE")],
    as_json: AsJson = False,
) -> None:
    """Hand in an application as the anti-fraud engine does. The same one sent again is answered as before.

    Example: `opsdesk application send application.json`
    """
    from opsdesk import flows, review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation
    from opsdesk.app.values import json_file

    content = json_file(file)
    applications, routes = review.applications, review.routes_applications
    async with installation() as opsdesk:
        now = opsdesk.clock.now()
        async with opsdesk.database.transaction() as conn:
            actor = await acting(opsdesk, conn, Scope.APPLICATIONS_WRITE)
            incoming = await routes.incoming_of(conn, routes.read_handed(content))
            answered = await applications.intake.take_application(
                conn, incoming, actor=actor, now=now, compile_condition=flows.checks.condition_over
            )
        if (problem := routes.refusal_of(incoming, answered)) is not None:
            raise problem
        async with opsdesk.database.connection() as conn:
            found = await applications.listing.show_application(conn, flow_no=incoming.flow_no, now=now)
    if as_json:
        print_json(review.views_applications.ApplicationView.whole(found, actor=actor))
    else:
        _print_lines([found], now=now)


@command
async def list_applications(
    application: Annotated[str | None, typer.Option("--application", help="Only those for this product.")] = None,
    scene: Annotated[str | None, typer.Option("--scene", help="Only those of this scene.")] = None,
    answer: Annotated[str | None, typer.Option("--answer", help="`pass`, `reject` or `verify`.")] = None,
    result: Annotated[str | None, typer.Option("--result", help="`pass`, `reject` or `resubmit`.")] = None,
    delivery: Annotated[
        str | None,
        typer.Option("--delivery", help="`waiting`, `retrying`, `delivered`, `given_up` or `unsent`: of the result."),
    ] = None,
    user: Annotated[str | None, typer.Option("--user", help="Only those of this customer.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="How many, at most 100.")] = None,
    cursor: Annotated[str | None, typer.Option("--cursor", help="What the page before gave as `next`.")] = None,
    as_json: AsJson = False,
) -> None:
    """List applications, the latest first.

    Example: `opsdesk application list --application cash_loan --answer verify`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    listing, outcome, verdict = review.applications.listing, review.applications.intake.Outcome, review.model.Verdict
    state = review.applications.results.DeliveryState
    only = listing.ApplicationFilter(
        application=application,
        scene=scene,
        answer=None if answer is None else outcome(_one_of(answer, list(outcome), "--answer")),
        result=None if result is None else verdict(_one_of(result, list(verdict), "--result")),
        delivery=None if delivery is None else state(_one_of(delivery, list(state), "--delivery")),
        user_id=user,
    )
    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.APPLICATIONS_READ)
        now = opsdesk.clock.now()
        page = await listing.list_applications(conn, only, now=now, limit=limit, cursor=cursor)
    if as_json:
        views = review.views_applications
        lines = list(map(views.ApplicationLine.of, page.items))
        print_json(views.ApplicationPage(items=lines, next=page.next))
        return
    _print_lines(page.items, now=now)
    if not page.items:
        say("no applications")
    if page.next:
        say(f"more follow: --cursor {page.next}")


@command
async def show_application(flow_no: FlowNo, reveal: Reveal = False, as_json: AsJson = False) -> None:
    """Show an application: how it was answered, what has become of its ticket, and what came.

    Example: `opsdesk application show 20260105-000017`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import reading
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        reader = await reading(opsdesk, conn, Scope.APPLICATIONS_READ, reveal=reveal)
        now = opsdesk.clock.now()
        found = await review.applications.listing.show_application(conn, flow_no=flow_no, now=now)
        view = await review.routes_applications.whole_view(conn, flow_no, actor=reader, now=now)
    if as_json:
        print_json(view)
        return
    _print_lines([found], now=now)
    if view.answered_by:
        say(f"answered by the rule {view.answered_by.rule} of {view.answered_by.group}")
    if view.ticket:
        say(f"ticket {view.ticket.id}: {view.ticket.screening_type}, {view.ticket.status}")
    if view.ticket and view.ticket.codes:
        say(f"codes: {', '.join(view.ticket.codes)}")
    if view.result:
        tries = len(view.result.attempts)
        sent = f"sent {tries} time{'' if tries == 1 else 's'}"
        say(f"result: {view.result.state.value.replace('_', ' ')}, {sent}")
    for name, values in (view.content or {}).items():
        if values:
            say(f"{name}: {compact(values)}")


def _one_of(text: str, known: "Sequence[str]", option: str) -> str:
    if text not in known:
        raise typer.BadParameter(f"is none of {', '.join(known)}", param_hint=option)
    return text


def _print_lines(found: "Sequence[review.applications.listing.Answer]", *, now: "datetime") -> None:
    rows = [
        (
            each.flow_no,
            f"{each.application}/{each.scene}",
            each.user_id,
            each.answer.value,
            (each.ticket.result or each.ticket.status).value if each.ticket else "",
            local_time(each.received_at, now=now),
        )
        for each in found
    ]
    print_table(("FLOW NO", "APPLICATION", "USER", "ANSWER", "TICKET", "CAME"), rows)
