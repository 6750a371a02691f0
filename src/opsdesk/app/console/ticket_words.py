"""How the states of tickets and what happens to them are called on pages."""

from collections.abc import Mapping

from opsdesk import review
from opsdesk.app.console.words import N_

PATH = "/tickets"
STATES: Mapping[str, tuple[str, str]] = {
    review.TicketStatus.OPEN: ("waiting", N_("open")),
    review.TicketStatus.DECIDED: ("done", N_("decided")),
    review.TicketStatus.EXPIRED: ("skipped", N_("expired")),
    review.TicketStatus.CANCELLED: ("stopped", N_("cancelled")),
    review.TicketStatus.ANSWERED_ELSEWHERE: ("skipped", N_("answered elsewhere")),
}
"""Each with its badge."""
EVENTS: Mapping[str, str] = {
    "opened": N_("opened"),
    "claimed": N_("claimed"),
    "assigned": N_("assigned"),
    "released": N_("given back"),
    "skipped": N_("skipped"),
    "answered": N_("answered"),
    "decided": N_("decided"),
    "amended": N_("data amended"),
    "escalated": N_("escalated"),
    "clock_stopped": N_("clock stopped"),
    "clock_started": N_("clock goes on"),
    "second_asked": N_("one more person is asked"),
    "revealed": N_("asked to see"),
    "closed": N_("closed"),
}
STANDINGS: Mapping[str, tuple[str, str]] = {
    "decides": ("done", N_("decides")),
    "counts": ("waiting", N_("counts")),
    "differs": ("skipped", N_("differs from the decision")),
    "void_amended": ("stopped", N_("void: the data was amended")),
    "void_closed": ("skipped", N_("void: the ticket was closed")),
}
"""What an answer is worth, each with its badge."""
