"""The runs that a run has started, over HTTP."""

from uuid import UUID

from fastapi import APIRouter

from opsdesk import access
from opsdesk.flows import family, runs
from opsdesk.flows.errors import RunNotFound
from opsdesk.flows.routes_runs import RunId
from opsdesk.flows.views_children import ChildrenPage, ChildView
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import StrictRoute
from opsdesk.kit.http_requests import Conn
from opsdesk.kit.http_shapes import Cursor, Limit
from opsdesk.kit.paging import BadCursor, BadPageSize, decode_cursor, page_of, page_rows

children_routes = APIRouter(prefix="/v1", tags=["runs"], route_class=StrictRoute)


@children_routes.get(
    "/runs/{run_id}/children",
    summary="List the runs that a run has started",
    responses=documented(*access.guard.REFUSALS, RunNotFound, BadPageSize, BadCursor),
)
async def list_children(
    run_id: RunId, _: access.guard.RunReader, conn: Conn, limit: Limit = None, cursor: Cursor = None
) -> ChildrenPage:
    """In the order in which they were started. `counts` is about all of them, by node and status."""
    await runs.show_run(conn, run_id)
    size = page_rows(limit)
    after = UUID(decode_cursor(cursor, shape=(str,))[0]) if cursor else family.START
    found = await family.children_of(conn, run_id, after=after, limit=size + 1)
    page = page_of(found, size=size, key=lambda child: (str(child.run_id),))
    counts = await family.count_children(conn, run_id)
    return ChildrenPage(items=list(map(ChildView.of, page.items)), next=page.next, counts=counts)
