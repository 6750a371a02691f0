"""Where partners answer. They have no API key: whoever holds the address may answer with it, and only that node."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, RootModel

from opsdesk.flows.arrivals import accept_callback
from opsdesk.flows.nodes.callbacks import CallbackAddresses
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import StrictRoute
from opsdesk.kit.http_requests import Conn, Now


class Answer(RootModel[dict[str, Any]]):
    """The outputs of the node, by name."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"email_verified": True}]})


class Accepted(BaseModel):
    """The answer is kept, whether it came now or before."""

    accepted: bool = True


def callback_routes(addresses: CallbackAddresses) -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["callbacks"], route_class=StrictRoute)

    @routes.post(
        "/callbacks/{token}",
        name="answer_callback",
        summary="Answer a request that was taken with 202 Accepted",
        responses=documented(403, 404, 409, 413, 415, 422),
    )
    async def answer_callback(
        token: Annotated[str, Path(description="From the address that came with the request.")],
        answer: Answer,
        conn: Conn,
        now: Now,
    ) -> Accepted:
        """The same answer may come any number of times; another one is refused."""
        await accept_callback(conn, target=addresses.read(token), answer=answer.root, now=now)
        return Accepted()

    return routes
