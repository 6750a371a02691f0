"""Results over HTTP: sent again, and where those of an application go."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import ConfigDict

from opsdesk import access
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import Body, Text, named
from opsdesk.review.applications import receivers, results
from opsdesk.review.applications.errors import ReceiverInvalid, ReceiverUnknown, ResultNotSendable, ResultUnknown
from opsdesk.review.applications.receivers import SECRET_DEFAULT
from opsdesk.review.reference.errors import ApplicationUnknown
from opsdesk.review.views_applications import ReceiverList, ReceiverView, ResultView

result_routes = APIRouter(prefix="/v1", tags=["applications"], route_class=StrictRoute)


class ReceiverBody(Body):
    """Where the results of an application are to go."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"url": "https://credit.example.com/results", "secret": "RESULTS_KEY"}]}
    )

    url: Text
    """Posted to, with TLS; `http://` leads to an address of this machine only."""
    secret: Text = SECRET_DEFAULT
    """The name of the secret that they are signed with; it begins with `RESULTS_`."""


ApplicationName = Annotated[str, named("The application, as the reference data calls it.")]


@result_routes.post(
    "/results/{ticket_id}/deliveries",
    status_code=202,
    summary="Send the result of a ticket again",
    responses=documented(*access.guard.REFUSALS, ResultUnknown, ResultNotSendable),
)
async def send_result_again(
    ticket_id: Annotated[UUID, Path(description="The id of the ticket.")],
    actor: access.guard.OperationsKeeper,
    conn: Conn,
    now: Now,
) -> ResultView:
    """At once and for another three days, under the same `webhook-id`, to where results go by now."""
    result = await results.send_again(conn, ticket_id=ticket_id, actor=actor, now=now)
    return ResultView.of(result, await results.list_attempts(conn, ticket_id=ticket_id))


@result_routes.get("/result-receivers", summary="List where results go", responses=documented(*access.guard.REFUSALS))
async def list_result_receivers(_: access.guard.ApplicationReader, conn: Conn) -> ReceiverList:
    """Applications that are not listed have none: their results are asked for."""
    return ReceiverList(items=list(map(ReceiverView.of, await receivers.list_receivers(conn))))


@result_routes.put(
    "/result-receivers/{application}",
    summary="Say where the results of an application go",
    responses=documented(*access.guard.REFUSALS, *BODY_REFUSALS, ApplicationUnknown, ReceiverInvalid),
)
async def put_result_receiver(
    application: ApplicationName, body: ReceiverBody, actor: access.guard.ScreeningWriter, conn: Conn, now: Now
) -> ReceiverView:
    """From now on, also for those that are still on their way."""
    put = await receivers.put_receiver(
        conn, application=application, url=body.url, secret=body.secret, actor=actor, now=now
    )
    return ReceiverView.of(put)


@result_routes.delete(
    "/result-receivers/{application}",
    summary="Send the results of an application nowhere",
    responses=documented(*access.guard.REFUSALS, ReceiverUnknown),
)
async def remove_result_receiver(
    application: ApplicationName, actor: access.guard.ScreeningWriter, conn: Conn, now: Now
) -> ReceiverList:
    """They stay to be asked for. The answer lists the receivers that are left."""
    await receivers.remove_receiver(conn, application=application, actor=actor, now=now)
    return ReceiverList(items=list(map(ReceiverView.of, await receivers.list_receivers(conn))))
