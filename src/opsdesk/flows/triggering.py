"""Triggers as everybody else sees them: listed, put in use and out of it, fired, and what came for them."""

from opsdesk.flows.trigger import TriggerKind
from opsdesk.flows.triggers.deliveries import (
    Delivery,
    DeliveryState,
    deliver_again,
    list_deliveries,
    show_delivery,
)
from opsdesk.flows.triggers.errors import (
    DeliveryNotRefused,
    TriggerNotDeclared,
    TriggerStateWrong,
    TriggerUnfit,
    WebhookPathTaken,
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
from opsdesk.flows.triggers.telling import Told, events_wanted, tell_event
from opsdesk.flows.views_triggers import DeliveryView, TriggerView, all_shown, shown

CHANGE_REFUSALS = (TriggerNotDeclared, TriggerStateWrong, TriggerUnfit, WebhookPathTaken)
"""What putting a trigger into use, or out of it, may be refused for, once it is found."""

__all__ = [
    "CHANGE_REFUSALS",
    "Delivery",
    "DeliveryNotRefused",
    "DeliveryState",
    "DeliveryView",
    "OverdueTrigger",
    "Standing",
    "Told",
    "TriggerFilter",
    "TriggerKind",
    "TriggerState",
    "TriggerStateWrong",
    "TriggerUnfit",
    "TriggerView",
    "WebhookPathTaken",
    "activate",
    "all_shown",
    "deactivate",
    "deliver_again",
    "events_wanted",
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
