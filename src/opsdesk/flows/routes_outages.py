"""Outages over HTTP: which endpoints do not answer, who waits, and that somebody holds one or lets calls through."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import ConfigDict, Field

from opsdesk import access
from opsdesk.flows import outage_control
from opsdesk.flows.errors import OutageNotFound
from opsdesk.flows.outage_control import ENDPOINT_CHARACTERS_MAX
from opsdesk.flows.routes_runs import REASON_CHARACTERS_MAX
from opsdesk.flows.views_outages import OutageView
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import Body, Text, View

outage_routes = APIRouter(prefix="/v1", tags=["outages"], route_class=StrictRoute)

_REFUSALS = (*access.guard.REFUSALS, *BODY_REFUSALS)
_Reason = Annotated[Text, Field(min_length=1, max_length=REASON_CHARACTERS_MAX)]
OutageId = Annotated[UUID, Path(description="The identifier of the outage.")]


class OutageList(View):
    """All outages."""

    items: list[OutageView]
    """The outages, the oldest first."""


class Hold(Body):
    """From which endpoint calls are kept."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"endpoint": "https://partner.example.com:443", "reason": "the partner works on it tonight"}]
        }
    )

    endpoint: Annotated[Text, Field(max_length=ENDPOINT_CHARACTERS_MAX)]
    """Scheme, host and port, such as `https://partner.example.com:443`."""
    reason: _Reason
    """For those who look at it later."""


class Release(Body):
    """That what waits is let through."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "the partner says that it is back"}]})

    reason: _Reason
    """For those who look at it later."""


@outage_routes.get("/outages", summary="List outages", responses=documented(*access.guard.REFUSALS))
async def list_outages(_: access.guard.OperationsReader, conn: Conn) -> OutageList:
    """Endpoints that do not answer, or that a person keeps calls from, with those who wait."""
    return OutageList(items=[OutageView.of(outage) for outage in await outage_control.list_outages(conn)])


@outage_routes.get(
    "/outages/{outage_id}", summary="Show an outage", responses=documented(*access.guard.REFUSALS, OutageNotFound)
)
async def show_outage(outage_id: OutageId, _: access.guard.OperationsReader, conn: Conn) -> OutageView:
    """Until it is over; then it is in the audit chain only."""
    return OutageView.of(await outage_control.show_outage(conn, outage_id=outage_id))


@outage_routes.post(
    "/outages",
    status_code=201,
    summary="Hold the calls to an endpoint",
    responses=documented(*_REFUSALS, *outage_control.HOLD_REFUSALS),
)
async def hold_endpoint(hold: Hold, actor: access.guard.RunWriter, conn: Conn, now: Now) -> OutageView:
    """No call is let through to it until somebody releases it; calls that come wait, and time stands still for them."""
    held = await outage_control.hold(conn, endpoint=hold.endpoint, reason=hold.reason, actor=actor, now=now)
    return OutageView.of(held)


@outage_routes.post(
    "/outages/{outage_id}/releases",
    status_code=202,
    summary="Release the calls that wait for an outage",
    responses=documented(*_REFUSALS, *outage_control.RELEASE_REFUSALS),
)
async def release_outage(
    outage_id: OutageId, release: Release, actor: access.guard.RunWriter, conn: Conn, now: Now
) -> OutageView:
    """The oldest first and so many a second, without waiting for a call that tries."""
    return OutageView.of(
        await outage_control.release(conn, outage_id=outage_id, reason=release.reason, actor=actor, now=now)
    )
