"""The report of a run over HTTP, as a file for people."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from opsdesk import access
from opsdesk.flows import record, run_report, run_report_html, run_report_text, runs
from opsdesk.flows.errors import RunNotFound
from opsdesk.flows.routes_runs import RunId, unmasked
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import StrictRoute
from opsdesk.kit.http_requests import Conn, Now

report_routes = APIRouter(prefix="/v1", tags=["runs"], route_class=StrictRoute)

_TEXT: dict[str, Any] = {"schema": {"type": "string"}}


@report_routes.get(
    "/runs/{run_id}/report",
    summary="Read the report of a run",
    response_class=Response,
    responses=documented(*access.guard.REFUSALS, RunNotFound)
    | {200: {"content": {"text/html": _TEXT, "text/plain": _TEXT}, "description": "The report."}},
)
async def read_report(
    run_id: RunId,
    actor: access.guard.RunReader,
    conn: Conn,
    now: Now,
    form: Annotated[
        Literal["html", "text"], Query(alias="format", description="One static HTML file, or text of 80 columns.")
    ] = "html",
) -> Response:
    """What ran, how it went and how long it took. Personal values are masked unless the reader may see them."""
    procedure, _state, facts = await runs.read_state(conn, run_id)
    reveal = unmasked if access.Scope.PERSONAL_READ in actor.scopes else record.masked
    log = record.osop_log(procedure, str(run_id), facts, reveal=reveal)
    report = run_report.report_of(procedure, log, now=now)
    if form == "text":
        return Response(run_report_text.text(report), media_type="text/plain")
    headers = {"Content-Security-Policy": run_report_html.POLICY}
    return Response(run_report_html.html(report), media_type="text/html", headers=headers)
