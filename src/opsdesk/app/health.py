"""Whether the process lives, and whether it can do its work; each tells the truth, and the second tells which part."""

import asyncio
from typing import Literal

from fastapi import APIRouter, Request, Response

from opsdesk import flows
from opsdesk.kit.clock import Clock
from opsdesk.kit.db import Database, DatabaseUnavailable
from opsdesk.kit.http_errors import JsonResponse
from opsdesk.kit.http_shapes import View
from opsdesk.kit.migrate import MigrationEdited, pending

READY_WAIT_S = 3.0
OK = "ok"

routes = APIRouter(tags=["health"])


class Liveness(View):
    """The process lives."""

    status: Literal["ok"] = "ok"
    """There is no other: a process that does not live does not answer."""


class Readiness(View):
    """Whether the process can do its work."""

    ready: bool
    """Every part is in order."""
    checks: dict[str, str]
    """`ok`, or what is wrong, for each part that is needed; a part that could not be looked at is not listed."""


@routes.get("/healthz", name="healthz", summary="Whether the process lives")
async def healthz() -> Liveness:
    """It answers; whether it can do its work is another question."""
    return Liveness()


@routes.get(
    "/readyz",
    name="readyz",
    summary="Whether the database answers, is migrated, and holds no run that nothing will wake",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "At least one of the parts is not in order."}},
)
async def readyz(request: Request) -> Response:
    """Each part by its name, with what is wrong with it."""
    checks = await look(request.app.state.database, request.app.state.clock)
    ready = all(found == OK for found in checks.values())
    return JsonResponse({"ready": ready, "checks": checks}, status_code=200 if ready else 503)


async def look(database: Database, clock: Clock) -> dict[str, str]:
    """What there is to say about each part."""
    try:
        async with asyncio.timeout(READY_WAIT_S):
            return await _look(database, clock)
    except (DatabaseUnavailable, TimeoutError):
        return {"database": "does not answer"}


async def _look(database: Database, clock: Clock) -> dict[str, str]:
    async with database.connection() as conn:
        try:
            # One that is newer is an upgrade under way, which this process survives.
            missing = await pending(conn, accept_newer=True)
        except MigrationEdited as error:
            return {"database": OK, "migrations": error.message}
        if missing:
            return {"database": OK, "migrations": f"{len(missing)} pending: run `opsdesk migrate`"}
        stalled = await flows.runs.stalled_runs(conn, now=clock.now())
    return {"database": OK, "migrations": OK, "runs": f"{len(stalled)} stalled" if stalled else OK}
