"""Points over HTTP: granted, seen with every movement there was, and swept when they are past their date."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from opsdesk import access
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import Body, CountedId, Cursor, Limit, Moment, Text, named
from opsdesk.kit.paging import BadCursor, BadPageSize, page_rows
from opsdesk.points import auditing, ledger, statement, sweeping
from opsdesk.points.errors import (
    AuditUnknown,
    CustomerUnnamed,
    GrantAlreadyExpired,
    GrantDiffers,
    GrantKeyInvalid,
    PointsOutOfRange,
    WalletUnknown,
)
from opsdesk.points.model import POINTS_MAX, PostingKind
from opsdesk.points.views import AuditPage, AuditView, GrantView, PostingView, StatementPage, SweepView, WalletView

GRANT_REFUSALS = (GrantAlreadyExpired, GrantDiffers, CustomerUnnamed, GrantKeyInvalid, PointsOutOfRange)
"""What a grant may be refused for."""
BATCHES_A_REQUEST = 100

CustomerId = Annotated[str, named("The bank's id of the customer.")]

AuditId = Annotated[CountedId, Path(description="The id of the audit.")]

points_routes = APIRouter(prefix="/v1", tags=["points"], route_class=StrictRoute)


class GrantWanted(Body):
    """Points for a customer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer_id": "C-1001",
                    "points": 300,
                    "expires_at": "2999-01-01T00:00:00Z",
                    "grant_key": "2026-11-gold-C-1001",
                }
            ]
        }
    )

    customer_id: Annotated[Text, Field(min_length=1, max_length=ledger.CUSTOMER_CHARACTERS_MAX)]
    """The bank's id of the customer."""
    points: Annotated[int, Field(ge=1, le=POINTS_MAX)]
    """How many."""
    expires_at: Moment
    """From then on they cannot be used; it has to be in the future."""
    grant_key: Annotated[Text, Field(min_length=1, max_length=ledger.GRANT_KEY_CHARACTERS_MAX)]
    """What the granting side calls this grant. It is made once, for good: asked again, the same lot is told."""


@points_routes.post(
    "/points-grants",
    status_code=201,
    summary="Grant points",
    responses=documented(*access.guard.REFUSALS, *BODY_REFUSALS, *GRANT_REFUSALS),
)
async def grant_points(wanted: GrantWanted, actor: access.guard.PointsKeeper, conn: Conn, now: Now) -> GrantView:
    """A lot that expires as a whole. The key makes it once-only; with other content it is refused."""
    lot, is_new = await ledger.grant(conn, **wanted.model_dump(), actor=actor, now=now)
    return GrantView.granted_now(lot, is_new=is_new)


@points_routes.get(
    "/points-wallets/{customer_id}",
    summary="Show a wallet",
    responses=documented(*access.guard.REFUSALS, WalletUnknown),
)
async def show_wallet(customer_id: CustomerId, actor: access.guard.PointsReader, conn: Conn, now: Now) -> WalletView:
    """What a customer has, by lots."""
    return WalletView.of(await statement.show_wallet(conn, customer_id=customer_id, actor=actor, now=now))


@points_routes.get(
    "/points-wallets/{customer_id}/postings",
    summary="List the movements of a wallet",
    responses=documented(*access.guard.REFUSALS, WalletUnknown, BadPageSize, BadCursor),
)
async def list_postings(
    customer_id: CustomerId,
    actor: access.guard.PointsReader,
    conn: Conn,
    kind: Annotated[PostingKind | SkipJsonSchema[None], Query(description="Only movements of this kind.")] = None,
    since: Annotated[Moment | SkipJsonSchema[None], Query(description="Only what was written from then on.")] = None,
    until: Annotated[Moment | SkipJsonSchema[None], Query(description="Only what was written before then.")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> StatementPage:
    """The statement of a customer, the newest first. What was told once is never told otherwise."""
    only = statement.StatementFilter(() if kind is None else (kind,), since, until)
    page = await statement.list_postings(
        conn, customer_id=customer_id, only=only, actor=actor, limit=page_rows(limit), cursor=cursor
    )
    return StatementPage(items=list(map(PostingView.of, page.items)), next=page.next)


@points_routes.post(
    "/points-sweeps",
    status_code=201,
    summary="Sweep expired points",
    responses=documented(*access.guard.REFUSALS),
)
async def sweep_points(actor: access.guard.PointsKeeper, database: access.guard.Db, now: Now) -> SweepView:
    """What the nightly job does, now: what is past its date goes out of wallets. Up to 100 batches of 1,000 lots."""
    return SweepView.of(await sweeping.sweep_due(database, actor=actor, now=now, batches_max=BATCHES_A_REQUEST))


@points_routes.get(
    "/points-audits",
    summary="List audits of the ledger",
    responses=documented(*access.guard.REFUSALS, BadPageSize, BadCursor),
)
async def list_audits(
    actor: access.guard.PointsReader,
    conn: Conn,
    broken: Annotated[bool, Query(description="Only those that found something.")] = False,
    limit: Limit = None,
    cursor: Cursor = None,
) -> AuditPage:
    """The newest first. Workers look at what is new every hour, and at everything every night."""
    page = await auditing.list_audits(conn, actor=actor, broken=broken, limit=page_rows(limit), cursor=cursor)
    return AuditPage(items=list(map(AuditView.of, page.items)), next=page.next)


@points_routes.get(
    "/points-audits/{audit_id}",
    summary="Show an audit of the ledger",
    responses=documented(*access.guard.REFUSALS, AuditUnknown),
)
async def show_audit(audit_id: AuditId, actor: access.guard.PointsReader, conn: Conn) -> AuditView:
    """With its signed report."""
    return AuditView.of(await auditing.show_audit(conn, audit_id=audit_id, actor=actor))
