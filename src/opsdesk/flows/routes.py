"""Procedures, runs and callbacks over HTTP."""

from opsdesk.flows.routes_callbacks import callback_routes
from opsdesk.flows.routes_checks import check_routes
from opsdesk.flows.routes_children import children_routes
from opsdesk.flows.routes_corrections import correction_routes
from opsdesk.flows.routes_events import event_routes
from opsdesk.flows.routes_migrating import migrating_routes
from opsdesk.flows.routes_outages import outage_routes
from opsdesk.flows.routes_procedures import procedure_routes
from opsdesk.flows.routes_reports import report_routes
from opsdesk.flows.routes_runs import run_routes
from opsdesk.flows.routes_steering import steering_routes
from opsdesk.flows.routes_triggers import trigger_routes
from opsdesk.flows.routes_webhooks import webhook_routes

__all__ = [
    "callback_routes",
    "check_routes",
    "children_routes",
    "correction_routes",
    "event_routes",
    "migrating_routes",
    "outage_routes",
    "procedure_routes",
    "report_routes",
    "run_routes",
    "steering_routes",
    "trigger_routes",
    "webhook_routes",
]
