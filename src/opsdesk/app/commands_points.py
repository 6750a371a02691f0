"""`opsdesk points grant`, `wallet`, `statement` and `sweep`: what customers have in points, and how it came to that."""

from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.commands_screening import CursorText, Limit, count_rows, one_of
from opsdesk.app.output import local_time, print_data, print_json, print_table, say
from opsdesk.app.values import moment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from opsdesk import points

CustomerId = Annotated[str, typer.Argument(help="The bank's id of the customer.", metavar="CUSTOMER")]
KINDS = ("grant", "hold", "return", "forfeit", "spend", "sweep")


@command
async def grant_points(
    customer_id: CustomerId,
    count: Annotated[int, typer.Argument(help="How many points.", metavar="POINTS")],
    expires_at: Annotated[str, typer.Option("--expires", help="From then on they cannot be used.", metavar="TIME")],
    key: Annotated[str | None, typer.Option("--key", help="Makes it once-only, for good.")] = None,
    as_json: AsJson = False,
) -> None:
    """Give a customer points, which expire together.

    Example: `opsdesk points grant C-1001 300 --expires 2027-12-31T00:00:00+08:00 --key gold-C-1001`
    """
    from opsdesk import points
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    until = moment(expires_at, called="--expires")
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.POINTS_WRITE)
        now = opsdesk.clock.now()
        lot, is_new = await points.ledger.grant(
            conn,
            customer_id=customer_id,
            points=count,
            expires_at=until,
            grant_key=key or uuid4().hex,
            actor=actor,
            now=now,
        )
    if as_json:
        print_json(points.views.GrantView.granted_now(lot, is_new=is_new))
        return
    _tell_lots([lot], now=now)
    say("granted" if is_new else "granted before, with the same key")


@command
async def show_wallet(customer_id: CustomerId, as_json: AsJson = False) -> None:
    """Show what a customer has, by lots; what expires first is used first.

    Example: `opsdesk points wallet C-1001`
    """
    from opsdesk import points
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        actor = await acting(opsdesk, conn, Scope.POINTS_READ)
        now = opsdesk.clock.now()
        wallet = await points.statement.show_wallet(conn, customer_id=customer_id, actor=actor, now=now)
    if as_json:
        print_json(points.views.WalletView.of(wallet))
        return
    print_data(f"available: {wallet.available}")
    print_data(f"held for orders: {wallet.held}")
    _tell_lots(wallet.lots, now=now)


def _tell_lots(lots: "Sequence[points.model.Lot]", *, now: "datetime") -> None:
    rows = [
        (
            str(lot.lot_id),
            str(lot.remaining),
            str(lot.granted),
            local_time(lot.granted_at, now=now),
            local_time(lot.expires_at, now=now),
        )
        for lot in lots
    ]
    print_table(("LOT", "LEFT", "GRANTED", "AT", "EXPIRES"), rows)


@command
async def list_postings(
    customer_id: CustomerId,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Only grant, hold, return, forfeit, spend or sweep.")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", help="Only from this time on.", metavar="TIME")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Only before this time.", metavar="TIME")] = None,
    limit: Limit = None,
    cursor: CursorText = None,
    as_json: AsJson = False,
) -> None:
    """List every movement of a customer's points, the newest first, with what the wallet held after each.

    Example: `opsdesk points statement C-1001 --kind sweep`
    """
    from opsdesk import points
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation
    from opsdesk.kit.paging import page_rows

    chosen = one_of(kind, KINDS, "--kind")
    only = points.statement.StatementFilter(
        kinds=() if chosen is None else (points.model.PostingKind(chosen),),
        since=None if since is None else moment(since, called="--since"),
        until=None if until is None else moment(until, called="--until"),
    )
    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        actor = await acting(opsdesk, conn, Scope.POINTS_READ)
        page = await points.statement.list_postings(
            conn, customer_id=customer_id, only=only, actor=actor, limit=page_rows(limit), cursor=cursor
        )
        now = opsdesk.clock.now()
    if as_json:
        print_json({"items": list(map(points.views.PostingView.of, page.items)), "next": page.next})
        return
    rows = [
        (
            str(each.posting_id),
            local_time(each.recorded_at, now=now),
            each.kind,
            str(each.points),
            f"{each.change:+}" if each.change else "0",
            str(each.balance),
            str(each.lot_id),
            local_time(each.expires_at, now=now),
            "" if each.order_id is None else str(each.order_id),
        )
        for each in page.items
    ]
    print_table(("POSTING", "AT", "KIND", "POINTS", "CHANGE", "BALANCE", "LOT", "EXPIRES", "ORDER"), rows)
    count_rows(len(rows), "movement", page.next)


@command
async def sweep_points(as_json: AsJson = False) -> None:
    """Take out of all wallets what is past its date. Workers do it every night.

    Example: `opsdesk points sweep`
    """
    from opsdesk import points
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk:
        async with opsdesk.database.connection() as conn:
            actor = await acting(opsdesk, conn, Scope.POINTS_WRITE)
        done = await points.sweeping.sweep_due(opsdesk.database, actor=actor, now=opsdesk.clock.now())
    if as_json:
        print_json(points.views.SweepView.of(done))
        return
    say(f"{done.points} points of {done.lots} lots swept, in {done.batches} transactions")
