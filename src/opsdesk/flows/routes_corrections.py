"""Runs over HTTP: inputs that were wrong are corrected."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from opsdesk import access
from opsdesk.flows.correcting import CORRECTION_REFUSALS, Correct
from opsdesk.flows.routes_runs import REASON_CHARACTERS_MAX, RunId, Taken
from opsdesk.flows.steering import key_of
from opsdesk.kit.errors import OpsdeskError
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, GivenKey, Now
from opsdesk.kit.http_shapes import Body, Text, Values


class Correction(Body):
    """Which inputs are others than the run was started with."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"values": {"amount": 1200}, "reason": "the customer named the wrong invoice"}]}
    )

    values: Values
    """By name; inputs that are left out stay as they are."""
    reason: Annotated[Text, Field(min_length=1, max_length=REASON_CHARACTERS_MAX)]
    """For those who read the run later; it is kept in the journal."""


def correction_routes(correct: Correct, *, refusals: Sequence[type[OpsdeskError]]) -> APIRouter:
    """`correct` amends the tickets of the run as well; `refusals` are what that may raise."""
    routes = APIRouter(prefix="/v1", tags=["runs"], route_class=StrictRoute)

    @routes.post(
        "/runs/{run_id}/corrections",
        status_code=202,
        summary="Correct inputs of a run",
        responses=documented(*access.guard.REFUSALS, *BODY_REFUSALS, *CORRECTION_REFUSALS, *refusals),
    )
    async def correct_run(
        run_id: RunId, correction: Correction, actor: access.guard.RunWriter, key: GivenKey, conn: Conn, now: Now
    ) -> Taken:
        """What comes after sees them; open tickets that show them are amended, and who answered is asked again."""
        await correct(
            conn,
            run_id=run_id,
            values=correction.values,
            reason=correction.reason,
            actor=actor,
            now=now,
            key=key_of(actor, key),
        )
        return Taken(run=run_id)

    return routes
