"""Alerts of the review desk over HTTP: what somebody has to look at, and that somebody has."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path

from opsdesk import access
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import StrictRoute
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import CountedId, Values, View
from opsdesk.review import alerts
from opsdesk.review.errors import AlertUnknown

AlertId = Annotated[CountedId, Path(description="The id of the alert.")]

alert_routes = APIRouter(prefix="/v1", tags=["alerts"], route_class=StrictRoute)


class AlertView(View):
    """What somebody has to look at, until they say that they have."""

    id: int
    """Its id."""
    kind: alerts.Alert
    """What has happened."""
    facts: Values
    """Which application, scene, type or ticket it was the last time: ids and names, never a value of a customer's."""
    times: int
    """How often it has happened since it is open."""
    first_at: datetime
    """When it happened first."""
    last_at: datetime
    """When it happened last."""

    @classmethod
    def of(cls, alert: alerts.OpenAlert) -> "AlertView":
        facts: dict[str, Any] = dict(alert.facts)
        return cls(
            id=alert.alert_id,
            kind=alert.kind,
            facts=facts,
            times=alert.times,
            first_at=alert.first_at,
            last_at=alert.last_at,
        )


class AlertList(View):
    """The open alerts, the last that came first; 100 at most."""

    items: list[AlertView]
    """The alerts."""


@alert_routes.get("/alerts", summary="List open alerts", responses=documented(*access.guard.REFUSALS))
async def list_alerts(_: access.guard.OperationsReader, conn: Conn) -> AlertList:
    """Of the review desk. One that comes again while it is open counts on."""
    return AlertList(items=list(map(AlertView.of, await alerts.open_alerts(conn))))


@alert_routes.post(
    "/alerts/{alert_id}/closure",
    status_code=201,
    summary="Close an alert",
    responses=documented(*access.guard.REFUSALS, AlertUnknown),
)
async def close_alert(alert_id: AlertId, actor: access.guard.OperationsKeeper, conn: Conn, now: Now) -> AlertList:
    """Say that it was looked after; should it happen again, there is a new one. The answer lists those still open."""
    await alerts.close_alert(conn, alert_id=alert_id, actor=actor, now=now)
    return AlertList(items=list(map(AlertView.of, await alerts.open_alerts(conn))))
