"""The review desk: people are asked, claim what they work on, and decide."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from opsdesk.review.claims import claim, release
from opsdesk.review.decisions import OnDecided, decide
from opsdesk.review.model import (
    NewTicket,
    Ticket,
    TicketAnswer,
    TicketClosing,
    TicketDecision,
    TicketField,
    TicketStatus,
    TicketSummary,
)
from opsdesk.review.queue import count_tickets, find_tickets, list_tickets
from opsdesk.review.tickets import close_ticket, open_ticket, show_ticket, ticket_answers, ticket_history

if TYPE_CHECKING:
    from opsdesk.review import alerts as alerts
    from opsdesk.review import amendments as amendments
    from opsdesk.review import applications as applications
    from opsdesk.review import board as board
    from opsdesk.review import deadlines as deadlines
    from opsdesk.review import errors as errors
    from opsdesk.review import evidence as evidence
    from opsdesk.review import groups as groups
    from opsdesk.review import leading as leading
    from opsdesk.review import model as model
    from opsdesk.review import pictures as pictures
    from opsdesk.review import queue as queue
    from opsdesk.review import reasons as reasons
    from opsdesk.review import reference as reference
    from opsdesk.review import routes as routes
    from opsdesk.review import routes_adapts as routes_adapts
    from opsdesk.review import routes_alerts as routes_alerts
    from opsdesk.review import routes_applications as routes_applications
    from opsdesk.review import routes_board as routes_board
    from opsdesk.review import routes_evidence as routes_evidence
    from opsdesk.review import routes_leading as routes_leading
    from opsdesk.review import routes_pictures as routes_pictures
    from opsdesk.review import routes_reference as routes_reference
    from opsdesk.review import routes_results as routes_results
    from opsdesk.review import routes_screening as routes_screening
    from opsdesk.review import routes_screening_files as routes_screening_files
    from opsdesk.review import routes_verdicts as routes_verdicts
    from opsdesk.review import sampling as sampling
    from opsdesk.review import screening as screening
    from opsdesk.review import views as views
    from opsdesk.review import views_applications as views_applications
    from opsdesk.review import views_configuration as views_configuration
    from opsdesk.review import views_evidence as views_evidence
    from opsdesk.review import views_reference as views_reference
    from opsdesk.review import views_screening as views_screening

__all__ = [
    "NewTicket",
    "OnDecided",
    "Ticket",
    "TicketAnswer",
    "TicketClosing",
    "TicketDecision",
    "TicketField",
    "TicketStatus",
    "TicketSummary",
    "claim",
    "close_ticket",
    "count_tickets",
    "decide",
    "find_tickets",
    "list_tickets",
    "open_ticket",
    "release",
    "show_ticket",
    "ticket_answers",
    "ticket_history",
]


_LATER = frozenset(
    {
        "alerts",
        "amendments",
        "applications",
        "board",
        "deadlines",
        "errors",
        "evidence",
        "groups",
        "leading",
        "model",
        "pictures",
        "queue",
        "reasons",
        "reference",
        "routes",
        "routes_adapts",
        "routes_alerts",
        "routes_applications",
        "routes_board",
        "routes_evidence",
        "routes_leading",
        "routes_reference",
        "routes_results",
        "routes_screening",
        "routes_pictures",
        "routes_screening_files",
        "routes_verdicts",
        "sampling",
        "screening",
        "views",
        "views_configuration",
        "views_applications",
        "views_evidence",
        "views_reference",
        "views_screening",
    }
)


def __getattr__(name: str) -> ModuleType:
    """What not every process needs is imported when it is first asked for, so that commands start without it."""
    if name in _LATER:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__} has no attribute {name}")
