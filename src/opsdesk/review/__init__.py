"""The review desk: people are asked, claim what they work on, and decide."""

from opsdesk.review.claims import claim, release
from opsdesk.review.decisions import OnDecided, decide
from opsdesk.review.model import (
    NewTicket,
    Ticket,
    TicketAnswer,
    TicketClosing,
    TicketDecision,
    TicketEvent,
    TicketField,
    TicketStatus,
    TicketSummary,
)
from opsdesk.review.queue import count_tickets, list_tickets
from opsdesk.review.tickets import close_ticket, open_ticket, show_ticket, ticket_answers, ticket_history

__all__ = [
    "NewTicket",
    "OnDecided",
    "Ticket",
    "TicketAnswer",
    "TicketClosing",
    "TicketDecision",
    "TicketEvent",
    "TicketField",
    "TicketStatus",
    "TicketSummary",
    "claim",
    "close_ticket",
    "count_tickets",
    "decide",
    "list_tickets",
    "open_ticket",
    "release",
    "show_ticket",
    "ticket_answers",
    "ticket_history",
]
