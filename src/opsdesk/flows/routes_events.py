"""Events over HTTP: told to the runs that wait for them, and to the triggers that they start runs by."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import ConfigDict, Field, model_validator

from opsdesk import access
from opsdesk.flows import events
from opsdesk.flows.triggers.deliveries import DeliveryState
from opsdesk.flows.triggers.telling import tell_event
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, GivenKey, Now
from opsdesk.kit.http_shapes import Body, Text, Values, View

NAME_CHARACTERS_MAX = 200

event_routes = APIRouter(prefix="/v1", tags=["runs"], route_class=StrictRoute)


class Event(Body):
    """What has happened, and to whom: one of `run` and `subject`, or neither, where only triggers are meant."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "payment.received", "subject": "customer@example.com", "data": {"amount": 1200}}]
        }
    )

    name: Annotated[Text, Field(min_length=1, max_length=NAME_CHARACTERS_MAX)]
    """What conditions see as `event.name`."""
    data: Values = Field(default_factory=dict)
    """What conditions see as `event.data`."""
    run: UUID | None = None
    """The id of the run that it is for; no trigger hears of it then."""
    subject: Annotated[Text, Field(min_length=1, max_length=NAME_CHARACTERS_MAX)] | None = None
    """Whom it is about, such as an e-mail address or the id of an order: all open runs about them are told."""

    @model_validator(mode="after")
    def _is_for_someone(self) -> "Event":
        if self.run is not None and self.subject is not None:
            raise ValueError("at most one of run and subject says for whom the event is")
        return self


class Told(View):
    """Who was told of the event. It is kept, and taken in by whoever executes the runs."""

    runs: list[UUID]
    """The ids of the runs that waited for it."""
    started: list[UUID]
    """The ids of the runs that triggers started by it."""
    refused: list[str]
    """Why other triggers could make no run of it. What came for them is kept, and can be taken again."""


@event_routes.post(
    "/events",
    status_code=202,
    summary="Tell an event to the runs that wait for it, and to triggers",
    responses=documented(*access.guard.REFUSALS, *BODY_REFUSALS, *events.EVENT_REFUSALS),
)
async def send_event(event: Event, actor: access.guard.RunWriter, key: GivenKey, conn: Conn, now: Now) -> Told:
    """What no run waits for now and no trigger is for is refused, and nothing of it is kept: send it again later."""
    told = await tell_event(
        conn,
        name=event.name,
        data=event.data,
        run_id=event.run,
        subject=event.subject,
        actor=actor,
        now=now,
        key=f"{actor.id} {key}" if key else None,
    )
    return Told(
        runs=list(told.runs),
        started=[delivery.run_id for delivery in told.deliveries if delivery.run_id is not None],
        refused=[delivery.reason for delivery in told.deliveries if delivery.state is DeliveryState.REFUSED],
    )
