"""`opsdesk benefits customers|dispute|order|trace`: what those who keep benefits work with."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.commands_benefits_catalogue import Cursor, Limit, tell_more
from opsdesk.app.output import local_time, print_data, print_json, print_table, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from opsdesk import benefits

DisputeId = Annotated[UUID, typer.Argument(help="The number of the dispute.", metavar="DISPUTE")]
OrderId = Annotated[UUID, typer.Argument(help="The number of the order.", metavar="ORDER")]
ProposalName = Annotated[str, typer.Option("--proposal", help="`pay` or `dismiss`.")]


@command
async def load_customers(
    file: Annotated[Path, typer.Argument(help="CSV: customer_id,name,mobile,aum_fen", metavar="FILE")],
    day: Annotated[
        str | None, typer.Option("--day", help="The day that it is of, as 2026-01-05; today in Shanghai by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Load the day's list of customers, wholly or not at all. Whoever is not in it cannot redeem any more.

    Example: `opsdesk benefits customers load customers.csv`
    """
    from datetime import date

    from opsdesk import benefits
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    try:
        given = date.fromisoformat(day) if day else None
    except ValueError:
        raise typer.BadParameter("is a day such as 2026-01-05", param_hint="--day") from None
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.BENEFITS_WRITE)
        now = opsdesk.clock.now()
        of_day = given or benefits.rules.business_day(now)
        try:
            with file.open(encoding="utf-8-sig", newline="") as lines:
                found = benefits.customers.read_csv(lines)
                count = await benefits.customers.load_list(conn, of_day, found, actor=actor, now=now)
        except UnicodeDecodeError:
            raise benefits.errors.CustomerListInvalid(0, "is not UTF-8") from None
    if as_json:
        views = benefits.views_desk
        print_json(views.CustomerListView(day=of_day, customers=count, loaded_at=now))
    else:
        say(f"{count} customers of {of_day} are loaded")


@command
async def list_customer_lists(limit: Limit = None, cursor: Cursor = None, as_json: AsJson = False) -> None:
    """List the lists of customers, the newest day first.

    Example: `opsdesk benefits customers list`
    """
    from opsdesk import benefits
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.BENEFITS_READ)
        page = await benefits.lists.page_customer_lists(conn, limit=limit, cursor=cursor)
        now = opsdesk.clock.now()
    if as_json:
        views = benefits.views_desk
        print_json(views.CustomerListPage(items=list(map(views.CustomerListView.of, page.items)), next=page.next))
        return
    rows = [(str(each.day), str(each.customers), local_time(each.loaded_at, now=now)) for each in page.items]
    print_table(("DAY", "CUSTOMERS", "LOADED"), rows)
    tell_more(page.items, page.next, "lists")


@command
async def list_disputes(
    every: Annotated[bool, typer.Option("--all", help="Those that are decided as well.")] = False,
    limit: Limit = None,
    cursor: Cursor = None,
    as_json: AsJson = False,
) -> None:
    """List disputes that are open, the newest first.

    Example: `opsdesk benefits dispute list --all`
    """
    from opsdesk import benefits
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.BENEFITS_READ)
        page = await benefits.lists.page_disputes(conn, is_open=None if every else True, limit=limit, cursor=cursor)
        now = opsdesk.clock.now()
    if as_json:
        views = benefits.views_desk
        print_json(views.DisputePage(items=list(map(views.DisputeView.of, page.items)), next=page.next))
        return
    _tell_disputes(page.items, now=now)
    tell_more(page.items, page.next, "disputes")


@command
async def show_dispute(dispute_id: DisputeId, as_json: AsJson = False) -> None:
    """Show a dispute.

    Example: `opsdesk benefits dispute show 0190a0b0-0000-7000-8000-000000000001`
    """
    from opsdesk import benefits
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.BENEFITS_READ)
        found = await benefits.disputes.read_dispute(conn, dispute_id)
        now = opsdesk.clock.now()
    _tell_dispute(found, now=now, as_json=as_json)


@command
async def propose_dispute(
    dispute_id: DisputeId,
    proposal: ProposalName,
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    as_json: AsJson = False,
) -> None:
    """Propose what becomes of a dispute; somebody else decides.

    Example: `opsdesk benefits dispute propose 0190a0b0-0000-7000-8000-000000000001 --proposal pay --reason "was there"`
    """
    from opsdesk import benefits
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.BENEFITS_WRITE)
        now = opsdesk.clock.now()
        found = await benefits.disputes.propose(
            conn, dispute_id, _proposal(proposal), reason=reason, actor=actor, now=now
        )
    _tell_dispute(found, now=now, as_json=as_json)


@command
async def decide_dispute(
    dispute_id: DisputeId,
    proposal: ProposalName,
    as_name: Annotated[str | None, typer.Option("--as", help="Which of the people at this machine you are.")] = None,
    as_json: AsJson = False,
) -> None:
    """Agree to what somebody else proposed for a dispute.

    Example: `opsdesk benefits dispute decide 0190a0b0-0000-7000-8000-000000000001 --proposal pay --as ann`
    """
    from opsdesk import benefits
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.BENEFITS_WRITE, as_name=as_name)
        now = opsdesk.clock.now()
        found = await benefits.disputes.decide(conn, dispute_id, agreed_to=_proposal(proposal), actor=actor, now=now)
    _tell_dispute(found, now=now, as_json=as_json)


def _proposal(text: str) -> "benefits.disputes.Proposal":
    from opsdesk import benefits

    known = list(benefits.disputes.Proposal)
    if text not in known:
        raise typer.BadParameter(f"is none of {', '.join(known)}", param_hint="--proposal")
    return benefits.disputes.Proposal(text)


def _tell_dispute(found: "benefits.disputes.Dispute", *, now: "datetime", as_json: bool) -> None:
    from opsdesk import benefits

    if as_json:
        print_json(benefits.views_desk.DisputeView.of(found))
        return
    _tell_disputes([found], now=now)
    if found.reason:
        say(f"reason: {found.reason}")
    if found.settle_month:
        say(f"paid with the settlement of {found.settle_month:%Y-%m}")


def _tell_disputes(found: "Sequence[benefits.disputes.Dispute]", *, now: "datetime") -> None:
    rows = [
        (
            str(each.dispute_id),
            str(each.order_id),
            each.provider,
            local_time(each.opened_at, now=now),
            each.proposal or "none yet",
            each.proposed_by or "",
            each.decided_by or "open",
        )
        for each in found
    ]
    print_table(("DISPUTE", "ORDER", "PROVIDER", "OPENED", "PROPOSED", "BY", "DECIDED BY"), rows)


@command
async def trace_order(
    order_id: OrderId,
    as_plantuml: Annotated[bool, typer.Option("--plantuml", help="As the text of a sequence diagram.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell what really happened to an order: who asked whom, and what was answered.

    Example: `opsdesk benefits trace 0190a0b0-0000-7000-8000-000000000001 --plantuml`
    """
    from opsdesk import benefits
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.BENEFITS_READ)
        await benefits.orders.read_order(conn, order_id)
        kept = await benefits.history.read_history(conn, order_id)
        now = opsdesk.clock.now()
    told = benefits.sequence.exchanges(kept)
    if as_json:
        print_json(benefits.views_desk.TraceView.of(order_id, told))
    elif as_plantuml:
        print_data(benefits.plantuml.plantuml(order_id, told))
    else:
        arrows = {"call": "→", "return": "⇠", "self": "↻"}
        rows = [
            (local_time(each.at, now=now), message.source, arrows[message.kind], message.target, message.label)
            for each in told
            for message in each.messages
        ]
        print_table(("AT", "FROM", "", "TO", "WHAT"), rows)
