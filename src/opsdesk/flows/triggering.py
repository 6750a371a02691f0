"""Triggers as everybody else sees them: listed, put in use and out of it, fired, and what came for them."""

from opsdesk.flows.trigger import TriggerKind
from opsdesk.flows.triggers.deliveries import (
    Delivery,
    DeliveryState,
    deliver_again,
    list_deliveries,
    show_delivery,
)
from opsdesk.flows.triggers.firing import OverdueTrigger, fire, fire_due, overdue_triggers
from opsdesk.flows.triggers.standing import (
    Standing,
    TriggerFilter,
    TriggerState,
    activate,
    deactivate,
    list_triggers,
    move,
    next_fires,
    pause,
    show_trigger,
)
from opsdesk.flows.triggers.telling import Told, tell_event
from opsdesk.flows.views_triggers import DeliveryView, TriggerView, all_shown, shown

__all__ = [
    "Delivery",
    "DeliveryState",
    "DeliveryView",
    "OverdueTrigger",
    "Standing",
    "Told",
    "TriggerFilter",
    "TriggerKind",
    "TriggerState",
    "TriggerView",
    "activate",
    "all_shown",
    "deactivate",
    "deliver_again",
    "fire",
    "fire_due",
    "list_deliveries",
    "list_triggers",
    "move",
    "next_fires",
    "overdue_triggers",
    "pause",
    "show_delivery",
    "show_trigger",
    "shown",
    "tell_event",
]
