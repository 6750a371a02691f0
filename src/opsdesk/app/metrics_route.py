"""`/metrics`, where Prometheus looks at this process and at the installation."""

from fastapi import APIRouter, Depends, Response
from prometheus_client import CONTENT_TYPE_PLAIN_1_0_0, CollectorRegistry, generate_latest

from opsdesk import access
from opsdesk.app.gauges import Gauges
from opsdesk.kit.http_errors import documented


def metrics_routes(registry: CollectorRegistry, gauges: Gauges | None, *, is_open: bool) -> APIRouter:
    """With `gauges` also what the database says. `is_open`: without an API key, for whoever can reach the address."""
    guard = [] if is_open else [Depends(access.guard.Guard(access.Scope.OPERATIONS_READ))]
    routes = APIRouter(tags=["health"], dependencies=guard)

    @routes.get(
        "/metrics",
        name="metrics",
        summary="Measure this process, for Prometheus",
        response_class=Response,
        responses={
            **documented(*(() if is_open else access.guard.REFUSALS)),
            200: {
                "description": "In the text format of Prometheus.",
                "content": {"text/plain": {"schema": {"type": "string"}}},
            },
        },
    )
    async def metrics() -> Response:
        """What `opsdesk serve` says of the database it says of the whole installation: do not add it up."""
        text = generate_latest(registry)
        if gauges is not None:
            await gauges.refresh()
            text += generate_latest(gauges.registry)
        return Response(text, media_type=CONTENT_TYPE_PLAIN_1_0_0)

    return routes
