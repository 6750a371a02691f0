"""`opsdesk benefits order`: orders and what they hold."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.commands_benefits_catalogue import Cursor, Limit, tell_more
from opsdesk.app.output import local_time, print_json, print_table, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from opsdesk import benefits


@command
async def list_orders(
    customer: Annotated[str | None, typer.Option("--customer", help="Only those of this customer.")] = None,
    status: Annotated[int | None, typer.Option("--status", help="100, 200, 300, 400 or 500.")] = None,
    service: Annotated[str | None, typer.Option("--service", help="Only those of this service.")] = None,
    provider: Annotated[str | None, typer.Option("--provider", help="Only those of this provider.")] = None,
    channel: Annotated[str | None, typer.Option("--channel", help="`mobile`, `phone` or `crm`.")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
    as_json: AsJson = False,
) -> None:
    """List orders, the newest first.

    Example: `opsdesk benefits order list --customer C-1029 --status 100`
    """
    from opsdesk import benefits
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    model = benefits.model
    if status is not None and status not in list(model.Status):
        raise typer.BadParameter("is 100, 200, 300, 400 or 500", param_hint="--status")
    if channel is not None and channel not in list(model.Channel):
        raise typer.BadParameter("is mobile, phone or crm", param_hint="--channel")
    which = benefits.orders.Filter(
        customer_id=customer,
        status=None if status is None else model.Status(status),
        service=service,
        provider=provider,
        channel=None if channel is None else model.Channel(channel),
    )
    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        actor = await acting(opsdesk, conn, Scope.BENEFITS_READ)
        page = await benefits.lists.page_orders(conn, which, limit=limit, cursor=cursor)
        now = opsdesk.clock.now()
    if as_json:
        views = benefits.views
        items = [views.OrderView.of(each, reader=actor) for each in page.items]
        print_json(views.OrderPage(items=items, next=page.next))
        return
    _tell(page.items, now=now)
    tell_more(page.items, page.next, "orders")


@command
async def show_order(
    order_id: Annotated[UUID, typer.Argument(help="The number of the order.", metavar="ORDER")],
    as_json: AsJson = False,
) -> None:
    """Show an order: its steps, and what became of the points that it took, lot by lot.

    Example: `opsdesk benefits order show 0190a0b0-0000-7000-8000-000000000001`
    """
    from opsdesk import benefits, points
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        actor = await acting(opsdesk, conn, Scope.BENEFITS_READ)
        order = await benefits.orders.read_order(conn, order_id)
        events = await benefits.orders.list_events(conn, order_id)
        parts = await points.parts.read_parts(conn, order_id)
        now = opsdesk.clock.now()
    if as_json:
        views = benefits.views
        steps = [views.StepView.of(each) for each in events]
        print_json(views.WholeOrderView(**views.OrderView.of(order, reader=actor).model_dump(), steps=steps))
        return
    _tell([order], now=now)
    rows = [(str(int(each.status)), local_time(each.effective_at, now=now), each.actor, each.path) for each in events]
    print_table(("STEP", "AT", "BY", "WAY"), rows)
    lots = [(str(each.points), local_time(each.expires_at, now=now), each.fate.value) for each in parts]
    print_table(("POINTS", "EXPIRE", "ARE"), lots)
    if order.returned is not None:
        say(f"{order.returned} points came back, {order.forfeited} had expired")


def _tell(found: "Sequence[benefits.model.Order]", *, now: "datetime") -> None:
    rows = [
        (
            str(each.order_id),
            each.customer_id,
            each.service,
            str(each.points),
            f"{int(each.status)} {each.status.name.lower()}",
            each.channel.value,
            local_time(each.redeemed_at, now=now),
        )
        for each in found
    ]
    print_table(("ORDER", "CUSTOMER", "SERVICE", "POINTS", "STATUS", "CHANNEL", "REDEEMED"), rows)
