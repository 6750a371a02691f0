"""The OSOP runtime: procedures are files, runs are journals of facts.

Used noun by noun: `flows.runs.start_run(…)`, `flows.draw.svg(…)`; what the runtime is put together from has its name
here. All of it is imported when it is first asked for, so that a command that reads a file does not wait for what only
a server needs.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opsdesk.flows import (
        arrivals,
        checks,
        definitions,
        document,
        draw,
        errors,
        lint,
        nodes,
        record,
        reports,
        routes,
        run_list,
        runs,
        text_view,
        triggering,
        views,
    )
    from opsdesk.flows.ports import Ports
    from opsdesk.flows.procedure import NodeType
    from opsdesk.flows.runtime import Runtime
    from opsdesk.flows.tickets import TicketRequest

__all__ = [
    "NodeType",
    "Ports",
    "Runtime",
    "TicketRequest",
    "arrivals",
    "checks",
    "definitions",
    "document",
    "draw",
    "errors",
    "lint",
    "nodes",
    "record",
    "reports",
    "routes",
    "run_list",
    "runs",
    "text_view",
    "triggering",
    "views",
]

_HOMES = {
    "NodeType": "procedure",
    "Ports": "ports",
    "Runtime": "runtime",
    "TicketRequest": "tickets",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__} has no attribute {name}")
