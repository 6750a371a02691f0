"""Points on pages: what customers have and how it came to that, what is outstanding, grants, and audits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import uuid4

from fastapi import APIRouter, Form, Query, Request, Response

from opsdesk import access, points
from opsdesk.app.console.formats import zone_of
from opsdesk.app.console.frame import done, page, see_other, translate
from opsdesk.app.console.review_lists import midnight
from opsdesk.app.console.viewer import PointsKeeper, PointsReader, Visitor
from opsdesk.app.console.words import N_
from opsdesk.kit.errors import OpsdeskError
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import CountedId

PATH = "/points"
GRANTS = f"{PATH}/grants"
AUDITS = f"{PATH}/audits"
KINDS: Mapping[str, str] = {
    "grant": N_("granted"),
    "hold": N_("held for an order"),
    "return": N_("returned"),
    "forfeit": N_("forfeited"),
    "spend": N_("spent"),
    "sweep": N_("swept at its date"),
}
ACCOUNTS: Mapping[str, str] = {
    "issued": N_("issued"),
    "wallets": N_("in wallets"),
    "held": N_("held"),
    "spent": N_("spent"),
    "expired": N_("expired"),
}
MONTHS_SHOWN = 24
BAR_WIDTH = 240
DIGITS_MAX = 18

routes = APIRouter(include_in_schema=False)
Word = Annotated[str, Query(max_length=200)]
CursorText = Annotated[str, Query(max_length=1000)]
Line = Annotated[str, Form(max_length=300)]


@dataclass(frozen=True, slots=True)
class Bar:
    """Points that expire in a month, drawn beside the others."""

    month: str
    points: int
    width: int


@dataclass(frozen=True, slots=True)
class Typed:
    """The form of a grant as it was filled in."""

    customer: str = ""
    points: str = ""
    last_day: str = ""
    key: str = field(default_factory=lambda: str(uuid4()))


def bars(by_month: Mapping[str, int]) -> Sequence[Bar]:
    """The first months, the largest bar as wide as there is room."""
    shown = sorted(by_month.items())[:MONTHS_SHOWN]
    most = max((count for _, count in shown), default=1)
    return [Bar(month, count, max(1, count * BAR_WIDTH // most)) for month, count in shown]


@routes.get(PATH)
async def overview(request: Request, visitor: PointsReader, conn: Conn, customer: Word = "") -> Response:
    """Look for a customer; what is outstanding, as the last audit saw it."""
    if customer.strip():
        return see_other(request, f"{PATH}/wallet?{urlencode({'customer': customer.strip()})}")
    audit = await points.auditing.newest_audit(conn)
    return page(
        request,
        visitor,
        "points/overview.html",
        audit=audit,
        bars=bars(audit.report["outstanding"]) if audit else [],
        accounts=ACCOUNTS,
        may_grant=access.may(visitor.actor, access.Scope.POINTS_WRITE),
    )


@routes.get(f"{PATH}/wallet")
async def show_wallet(
    request: Request,
    visitor: PointsReader,
    conn: Conn,
    now: Now,
    customer: Word = "",
    kind: Word = "",
    since: Word = "",
    until: Word = "",
    cursor: CursorText = "",
) -> Response:
    """What a customer has, and their statement."""
    known: dict[str, Any] = {"customer_id": customer.replace("\0", ""), "actor": visitor.actor}
    try:
        wallet = await points.statement.show_wallet(conn, **known, now=now)
    except points.errors.WalletUnknown:
        return page(request, visitor, "points/wallet.html", wallet=None, customer=customer, path=PATH)
    only = points.statement.StatementFilter(
        kinds=(points.model.PostingKind(kind),) if kind in KINDS else (),
        since=midnight(since, visitor),
        until=midnight(until, visitor, days_later=1),
    )
    found = await points.statement.list_postings(conn, **known, only=only, cursor=cursor or None)
    pairs = {"customer": customer, "kind": kind if kind in KINDS else "", "since": since, "until": until}
    return page(
        request,
        visitor,
        "points/wallet.html",
        path=PATH,
        customer=customer,
        wallet=wallet,
        bars=bars(_by_month(wallet, visitor)),
        lines=found.items,
        next=found.next,
        previous=found.previous,
        cursor=cursor,
        kinds=KINDS,
        query={name: value for name, value in pairs.items() if value},
        asked=pairs,
    )


def _by_month(wallet: points.model.Wallet, visitor: Visitor) -> Mapping[str, int]:
    by_month: dict[str, int] = {}
    for lot in wallet.lots:
        # What expires at a midnight can be used until the day before.
        last = (lot.expires_at - timedelta(microseconds=1)).astimezone(zone_of(visitor.person.time_zone))
        month = f"{last:%Y-%m}"
        by_month[month] = by_month.get(month, 0) + lot.remaining
    return by_month


@routes.get(f"{GRANTS}/new")
async def new_grant(request: Request, visitor: PointsKeeper, customer: Word = "") -> Response:
    """The form."""
    return _form(request, visitor, Typed(customer=customer))


@routes.post(GRANTS)
async def grant_points(
    request: Request,
    visitor: PointsKeeper,
    conn: Conn,
    now: Now,
    customer: Line = "",
    count: Annotated[str, Form(alias="points", max_length=300)] = "",
    last_day: Line = "",
    key: Line = "",
    is_sure: Line = "",
) -> Response:
    """Ask whether it is meant, and then grant it; where it cannot be, the form again with what is wrong."""
    _ = translate(request, visitor)
    typed = Typed(customer.strip(), count.strip(), last_day, key or str(uuid4()))
    expires_at = midnight(last_day, visitor, days_later=1)
    is_number = typed.points.isascii() and typed.points.isdigit() and len(typed.points) <= DIGITS_MAX
    needed = _(N_("This has to be filled in."))
    found = {
        "customer": "" if typed.customer else needed,
        "points": "" if is_number else _(N_("This is not a number.")),
        "last_day": "" if expires_at else needed,
    }
    errors = {name: text for name, text in found.items() if text}
    if errors or expires_at is None:
        return _form(request, visitor, typed, errors=errors, status=422)
    if not is_sure:
        return _form(request, visitor, typed, expires_at=expires_at)
    try:
        await points.ledger.grant(
            conn,
            customer_id=typed.customer,
            points=int(typed.points),
            expires_at=expires_at,
            grant_key=typed.key,
            actor=visitor.actor,
            now=now,
        )
    except points.routes.GRANT_REFUSALS as error:
        return _form(request, visitor, typed, refused=error, status=error.status)
    return see_other(
        request, f"{PATH}/wallet?{urlencode({'customer': typed.customer})}", done(_(N_("The points are granted.")))
    )


def _form(
    request: Request,
    visitor: Visitor,
    typed: Typed,
    *,
    errors: Mapping[str, str] | None = None,
    expires_at: datetime | None = None,
    refused: OpsdeskError | None = None,
    status: int = 200,
) -> Response:
    return page(
        request,
        visitor,
        "points/grant.html",
        status=status,
        path=PATH,
        typed=typed,
        errors=errors or {},
        expires_at=expires_at,
        refused=refused.message if refused else None,
    )


@routes.get(AUDITS)
async def list_audits(
    request: Request, visitor: PointsReader, conn: Conn, broken: Word = "", cursor: CursorText = ""
) -> Response:
    """The newest first."""
    found = await points.auditing.list_audits(conn, actor=visitor.actor, broken=broken == "1", cursor=cursor or None)
    return page(
        request,
        visitor,
        "points/audits.html",
        path=PATH,
        audits=found.items,
        next=found.next,
        previous=found.previous,
        cursor=cursor,
        broken=broken == "1",
    )


@routes.get(AUDITS + "/{audit_id}")
async def show_audit(request: Request, audit_id: CountedId, visitor: PointsReader, conn: Conn) -> Response:
    """What it looked at, and what it found."""
    audit = await points.auditing.show_audit(conn, audit_id=audit_id, actor=visitor.actor)
    return page(request, visitor, "points/audit.html", path=AUDITS, audit=audit, accounts=ACCOUNTS, report=audit.report)
