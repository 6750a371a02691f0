"""Where partners answer. They have no API key: whoever holds the address may answer with it, and only that node."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import ConfigDict, RootModel

from opsdesk.flows.arrivals import ANSWER_REFUSALS, accept_callback
from opsdesk.flows.nodes.callbacks import CallbackAddresses, CallbackForged
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import View, named, text_schema


class Answer(RootModel[dict[str, Any]]):
    """The outputs of the node, by name."""

    model_config = ConfigDict(
        json_schema_extra={"propertyNames": text_schema(), "examples": [{"email_verified": True}]}
    )


class Accepted(View):
    """The answer is kept, whether it came now or before."""

    accepted: Literal[True] = True
    """An answer that is not kept is refused with an error."""


def callback_routes(addresses: CallbackAddresses) -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["callbacks"], route_class=StrictRoute)

    @routes.post(
        "/callbacks/{token}",
        name="answer_callback",
        summary="Answer a request that was taken with 202 Accepted",
        responses=documented(*BODY_REFUSALS, CallbackForged, *ANSWER_REFUSALS),
    )
    async def answer_callback(
        token: Annotated[str, named("From the address that came with the request.")],
        answer: Answer,
        conn: Conn,
        now: Now,
    ) -> Accepted:
        """The same answer may come any number of times; another one is refused."""
        await accept_callback(conn, target=addresses.read(token, now=now), answer=answer.root, now=now)
        return Accepted()

    return routes
