"""What runs over benefits by itself, over HTTP: a scheduler asks for some of it at a time, and anybody may look."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import ConfigDict

from opsdesk import access
from opsdesk.benefits import job_runs
from opsdesk.benefits.job_runs import JobKind, JobRun, Ran
from opsdesk.benefits.replies import RequestWay
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, DatabaseNow, NeededKey
from opsdesk.kit.http_shapes import Body, Cursor, Limit, Next, View
from opsdesk.kit.paging import BadCursor, BadPageSize, page_rows

job_routes = APIRouter(prefix="/v1", tags=["benefit jobs"], route_class=StrictRoute)


class ExpiryWanted(Body):
    """Nothing is said: what is due is ended."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class ExpiryRanView(View):
    """What one call ended, and what it left."""

    job_run_id: int
    """The run of the log that it counts in."""
    expired: int
    """How many orders it ended."""
    returned: int
    """The points that came back to their lots."""
    forfeited: int
    """The points that were past their date when their order was."""
    remaining: int
    """How many are due still: ask again, with another key, until this is 0."""

    @staticmethod
    def of(ran: Ran) -> "ExpiryRanView":
        return ExpiryRanView(
            job_run_id=ran.job_run_id,
            expired=ran.orders,
            returned=ran.returned,
            forfeited=ran.forfeited,
            remaining=ran.remaining,
        )


class JobRunView(View):
    """Work over all that was due."""

    job_run_id: int
    """Its id."""
    kind: JobKind
    """What was done."""
    begun_at: datetime
    """When the first call for it came."""
    begun_by: str
    """The id of who made that call."""
    worked_at: datetime
    """When something was last done."""
    worked_by: str
    """The id of who did it."""
    orders: int
    """How many orders were ended so far."""
    returned: int
    """The points of them that came back."""
    forfeited: int
    """The points of them that were lost."""
    remaining: int
    """How many were due besides, by the last look."""
    ended_at: datetime | None
    """When nothing was left; null while there is."""

    @staticmethod
    def of(run: JobRun) -> "JobRunView":
        return JobRunView(**{name: getattr(run, name) for name in JobRunView.model_fields})


class JobRunPage(View):
    """Some of what ran."""

    items: list[JobRunView]
    """The last begun first."""
    next: Next


@job_routes.post(
    "/benefit-expiry-runs",
    status_code=201,
    summary="End orders that nobody booked in time",
    responses=documented(*access.guard.REFUSALS, *BODY_REFUSALS),
)
async def run_benefit_expiry(
    _: ExpiryWanted,
    actor: access.guard.BenefitKeeper,
    database: access.guard.Db,
    now: DatabaseNow,
    key: NeededKey,
    way: RequestWay,
) -> ExpiryRanView:
    """At most 20,000 of them, in batches that are kept one by one. Several callers share the work."""
    return ExpiryRanView.of(await job_runs.run_expiry(database, actor=actor, key=key, now=now, trace_id=way.trace_id))


@job_routes.get(
    "/benefit-job-runs",
    summary="List what ran over benefits",
    responses=documented(*access.guard.REFUSALS, BadPageSize, BadCursor),
)
async def list_benefit_job_runs(
    actor: access.guard.BenefitReader, conn: Conn, limit: Limit = None, cursor: Cursor = None
) -> JobRunPage:
    """With how far it is."""
    page = await job_runs.list_job_runs(conn, actor=actor, limit=page_rows(limit), cursor=cursor)
    return JobRunPage(items=list(map(JobRunView.of, page.items)), next=page.next)
