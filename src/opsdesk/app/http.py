"""What the server answers: every route of every capability and every page, in one frame."""

from collections.abc import Sequence
from functools import cache
from importlib.metadata import version

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from opsdesk import access, benefits, flows, points, review
from opsdesk.app import desk, health
from opsdesk.app.console import error_pages, frame
from opsdesk.app.console.routes import page_routers
from opsdesk.app.gauges import Gauges
from opsdesk.app.metrics_route import metrics_routes
from opsdesk.app.settlement import calendar_of
from opsdesk.app.wiring import Opsdesk
from opsdesk.kit import http_errors, http_requests
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_frame import RequestFrame

LARGER_BODIES = dict.fromkeys(("/v1/benefit-customer-lists", "/benefits/customers"), 64 * 1024 * 1024)
"""By path, in bytes: a bank's list of all of its customers."""
DESCRIPTION = """\
Runs procedures, asks people, and keeps the evidence.

Every request but those to `/v1/callbacks`, `/v1/webhooks` and `/open/v1` carries an API key, as
`Authorization: Bearer opsdesk_…`.
Times are RFC 3339 in UTC. Lists come as `{"items": […], "next": cursor}`; `next` goes into the query as `cursor`.
Errors have one shape. Writes are once-only by their `Idempotency-Key`. Personal values are masked for keys without the
scope `personal:read`.
"""


def http_api(installation: Opsdesk) -> FastAPI:
    """The application for uvicorn."""
    app = FastAPI(
        title="Opsdesk",
        version=version("opsdesk"),
        description=DESCRIPTION,
        openapi_url="/v1/openapi.json",
        # Their pages take scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
        responses=documented(),
    )
    http_requests.provide(
        app, database=installation.database, clock=installation.clock, secret=installation.secrets.get
    )
    app.state.settlement = installation.settlement
    app.state.benefit_rules = installation.benefit_rules
    access.guard.provide(app, rules=installation.sign_in_rules, oidc=installation.oidc)
    benefits.partners.guard.provide(app, master=installation.link_master)
    benefits.providing.provide(app, redeem=installation.redeem)
    shared = frame.install(app, secure=installation.sign_in_rules.secure, key=installation.console_key)
    included = [*routers(installation), *page_routers(shared)]
    same = _same_everywhere(installation.benefit_rules)
    app.router.routes.extend(_put_together(installation.benefit_rules).routes)
    for router in included[len(same) :]:
        app.include_router(router)
    http_errors.install(
        app, routes=[route for router in included for route in router.routes], error_page=error_pages.for_people
    )
    app.add_middleware(
        RequestFrame,
        observe=installation.observation.request,
        https=installation.sign_in_rules.secure,
        larger_bodies=LARGER_BODIES,
    )
    return app


def routers(installation: Opsdesk) -> Sequence[APIRouter]:
    """Every route for programs, but for the description of them all."""
    return [
        *_same_everywhere(installation.benefit_rules),
        flows.routes.callback_routes(installation.callbacks),
        benefits.open_platform.open_routes(installation.bus),
        *_settlement(installation),
        _metrics(installation, with_gauges=True),
    ]


@cache
def _same_everywhere(rules: "benefits.rules.Rules") -> Sequence[APIRouter]:
    """What all applications with the same rules have: made once in a process, as making routes takes its time."""
    return [
        health.routes,
        flows.routes.procedure_routes,
        flows.routes.check_routes,
        flows.routes.report_routes,
        flows.routes.event_routes,
        flows.routes.migrating_routes,
        flows.routes.run_routes,
        flows.routes.steering_routes,
        flows.routes.correction_routes(desk.correct_inputs, refusals=review.amendments.REFUSALS[1:]),
        flows.routes.children_routes,
        flows.routes.outage_routes,
        flows.routes.trigger_routes,
        flows.routes.webhook_routes,
        review.routes.ticket_routes(desk.on_decided, refusals=flows.arrivals.DECISION_REFUSALS),
        review.routes_verdicts.verdict_routes(desk.on_decided, refusals=flows.arrivals.DECISION_REFUSALS),
        review.routes_leading.leading_routes,
        review.routes_board.routes,
        review.routes_pictures.picture_routes,
        review.routes_evidence.evidence_routes(desk.on_amended, refusals=flows.arrivals.AMENDMENT_REFUSALS),
        review.groups.routes.group_routes(flows.checks.condition_over),
        review.routes_screening.screening_routes,
        review.routes_screening_files.file_routes,
        review.routes_adapts.adapt_routes,
        review.routes_reference.reference_routes,
        review.routes_reference.list_routes,
        review.routes_applications.application_routes(flows.checks.condition_over),
        review.routes_results.result_routes,
        review.routes_alerts.alert_routes,
        review.sampling.routes.quality_routes,
        points.routes.points_routes,
        benefits.routes_orders.order_routes(rules),
        benefits.routes_bus.bus_routes(rules),
        benefits.routes_jobs.job_routes,
        benefits.routes_catalogue.catalogue_routes,
        benefits.routes_desk.desk_routes,
        benefits.partners.routes.partner_routes,
        benefits.partners.routes.link_key_routes,
        access.routes.routes,
        access.routes.audit_routes,
        access.routes.people_routes,
    ]


@cache
def _put_together(rules: "benefits.rules.Rules") -> APIRouter:
    """The same, included as an application would: what is found out of a route at its first request is kept."""
    whole = APIRouter(responses=documented(), generate_unique_id_function=_operation_id)
    for router in _same_everywhere(rules):
        whole.include_router(router)
    return whole


def _operation_id(route: APIRoute) -> str:
    return route.name


def _settlement(installation: Opsdesk) -> Sequence[APIRouter]:
    settlement, routes = installation.settlement, benefits.settlement.routes
    return [
        routes.settlement_routes(settlement),
        routes.reading_routes,
        routes.content_routes(settlement),
        benefits.settlement.routes_partner.partner_routes(settlement),
    ]


def worker_api(installation: Opsdesk) -> FastAPI:
    """What a worker answers on a port of its own: health, and what it counts."""
    app = FastAPI(title="Opsdesk worker", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    http_requests.provide(app, database=installation.database, clock=installation.clock)
    included = [health.routes, _metrics(installation, with_gauges=False)]
    for router in included:
        app.include_router(router)
    http_errors.install(app, routes=[route for router in included for route in router.routes])
    app.add_middleware(RequestFrame)
    return app


def _metrics(installation: Opsdesk, *, with_gauges: bool) -> APIRouter:
    seen, settings = installation.observation.metrics, installation.settings
    calendar = calendar_of(settings)
    gauges = Gauges(installation.database, installation.clock, calendar) if with_gauges else None
    return metrics_routes(seen.registry, gauges, is_open=bool(settings.metrics_open))
