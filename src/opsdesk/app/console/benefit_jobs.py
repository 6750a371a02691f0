"""What runs over benefits by itself, on a page: how far it is, and the log of what ran."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from opsdesk import benefits
from opsdesk.app.console.frame import fragment, is_partial, page
from opsdesk.app.console.viewer import BenefitReader
from opsdesk.app.console.words import N_
from opsdesk.kit.http_requests import Conn, Now

PATH = "/benefits/jobs"
KINDS: Mapping[str, str] = {"expiry": N_("orders that nobody booked in time")}

routes = APIRouter(include_in_schema=False)


@routes.get(PATH)
async def list_benefit_jobs(
    request: Request,
    visitor: BenefitReader,
    conn: Conn,
    now: Now,
    cursor: Annotated[str, Query(max_length=1000)] = "",
) -> Response:
    """The last begun first; the page asks again by itself."""
    found = await benefits.job_runs.list_job_runs(conn, actor=visitor.actor, cursor=cursor or None)
    values: dict[str, Any] = {
        "path": PATH,
        "runs": found.items,
        "next": found.next,
        "previous": found.previous,
        "cursor": cursor,
        "due": await benefits.expiring.count_due(conn, now=now),
        "kinds": KINDS,
    }
    if is_partial(request):
        return fragment(request, visitor, "benefits/jobs_live.html", **values)
    return page(request, visitor, "benefits/jobs.html", **values)
