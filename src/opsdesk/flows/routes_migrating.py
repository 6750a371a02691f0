"""Runs moved to another version of their procedure, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from opsdesk import access
from opsdesk.flows import migrating
from opsdesk.flows.routes_procedures import ProcedureId
from opsdesk.flows.routes_runs import REASON_CHARACTERS_MAX, RunId
from opsdesk.flows.views_migrating import MigrationPage, MigrationView
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import Body, Text
from opsdesk.kit.paging import BadCursor, decode_cursor

VERSION_CHARACTERS_MAX = 200

migrating_routes = APIRouter(prefix="/v1", route_class=StrictRoute)

_REFUSALS = (*access.guard.REFUSALS, *BODY_REFUSALS)
_Version = Annotated[Text, Field(min_length=1, max_length=VERSION_CHARACTERS_MAX)]
_Reason = Annotated[Text, Field(min_length=1, max_length=REASON_CHARACTERS_MAX)]


class MigrationRequest(Body):
    """To which version a run is to be moved."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"to": "1.1", "reason": "the limit was too low"}]})

    to: _Version
    """What the version calls itself, or its digest, or the beginning of that."""
    reason: _Reason
    """For those who read the run later; it is kept in the journal."""
    check: bool = False
    """Only say whether it fits; nothing is changed."""


class MigrationsRequest(Body):
    """Which open runs are to be moved to which version."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"from": "1.0", "to": "1.1", "reason": "the limit was too low"}]}
    )

    before: Annotated[_Version, Field(alias="from")]
    """The version whose runs are meant, called as in `to`."""
    to: _Version
    """What the version calls itself, or its digest, or the beginning of that."""
    reason: _Reason
    """For those who read the runs later; it is kept in their journals."""
    check: bool = False
    """Only say which fit; nothing is changed."""
    limit: int = Field(default=migrating.BATCH_MAX, ge=1, le=migrating.BATCH_MAX)
    """How many runs to look at."""
    cursor: Annotated[Text, Field(max_length=400)] | None = None
    """The `next` of the answer before; null or left out: from the beginning."""


@migrating_routes.post(
    "/runs/{run_id}/migrations",
    tags=["runs"],
    summary="Move a run to another version",
    responses=documented(*_REFUSALS, *migrating.MIGRATE_REFUSALS),
)
async def migrate_run(
    run_id: RunId, wanted: MigrationRequest, actor: access.guard.RunWriter, conn: Conn, now: Now
) -> MigrationView:
    """Where everything that has happened in it fits. Its open tickets, and answers that have come, stay as they are."""
    if wanted.check:
        return MigrationView.of(await migrating.check(conn, run_id=run_id, to=wanted.to))
    moved = await migrating.migrate(conn, run_id=run_id, to=wanted.to, reason=wanted.reason, actor=actor, now=now)
    return MigrationView.of(moved)


@migrating_routes.post(
    "/procedures/{procedure_id}/migrations",
    tags=["procedures"],
    summary="Move the open runs of a version to another one",
    responses=documented(*_REFUSALS, *migrating.BATCH_REFUSALS, BadCursor),
)
async def migrate_runs(
    procedure_id: ProcedureId, wanted: MigrationsRequest, actor: access.guard.RunWriter, conn: Conn, now: Now
) -> MigrationPage:
    """Those that fit, all or none of one answer; the others are told with the reasons and stay as they are."""
    batch = await migrating.migrate_waiting(
        conn,
        procedure_id=procedure_id,
        before=wanted.before,
        to=wanted.to,
        reason=wanted.reason,
        actor=None if wanted.check else actor,
        now=now,
        after=decode_cursor(wanted.cursor, shape=(UUID,))[0] if wanted.cursor else None,
        limit=wanted.limit,
    )
    return MigrationPage.of(batch)
