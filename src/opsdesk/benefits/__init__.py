"""What points buy: the catalogue, orders from redemption to their end, links, and the settlement with providers.

Used noun by noun: `benefits.serving.book(…)`. What needs the web framework is imported when it is first asked for, so
that commands start without it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opsdesk.benefits import (
        bus,
        catalogue,
        customers,
        disputes,
        ending,
        errors,
        expiring,
        invariants,
        job_runs,
        lists,
        model,
        open_platform,
        orders,
        partners,
        quotes,
        redeeming,
        relay,
        routes_bus,
        routes_catalogue,
        routes_jobs,
        routes_orders,
        rules,
        serving,
        settlement,
        views_catalogue,
    )

__all__ = [
    "bus",
    "catalogue",
    "customers",
    "disputes",
    "ending",
    "errors",
    "expiring",
    "invariants",
    "job_runs",
    "lists",
    "model",
    "open_platform",
    "orders",
    "partners",
    "quotes",
    "redeeming",
    "relay",
    "routes_bus",
    "routes_catalogue",
    "routes_jobs",
    "routes_orders",
    "rules",
    "serving",
    "settlement",
    "views_catalogue",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__} has no attribute {name}")
