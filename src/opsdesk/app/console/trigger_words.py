"""How triggers and what came for them are spoken of on pages."""

from collections.abc import Mapping

from opsdesk import flows
from opsdesk.app.console.words import N_

TriggerKind = flows.triggering.TriggerKind
TriggerState = flows.triggering.TriggerState
DeliveryState = flows.triggering.DeliveryState

KINDS: Mapping[TriggerKind, str] = {
    TriggerKind.CRON: N_("clock"),
    TriggerKind.WEBHOOK: N_("webhook"),
    TriggerKind.EVENT: N_("event"),
}
STATES: Mapping[TriggerState, str] = {
    TriggerState.ACTIVE: N_("active"),
    TriggerState.PAUSED: N_("paused"),
    TriggerState.INACTIVE: N_("not activated"),
}
STATE_BADGES: Mapping[TriggerState, str] = {
    TriggerState.ACTIVE: "done",
    TriggerState.PAUSED: "paused",
    TriggerState.INACTIVE: "open",
}
OUTCOMES: Mapping[DeliveryState, str] = {
    DeliveryState.STARTED: N_("started a run"),
    DeliveryState.REFUSED: N_("refused"),
    DeliveryState.PASSED: N_("not meant"),
    DeliveryState.MISSED: N_("missed"),
}
OUTCOME_BADGES: Mapping[DeliveryState, str] = {
    DeliveryState.STARTED: "done",
    DeliveryState.REFUSED: "failed",
    DeliveryState.PASSED: "skipped",
    DeliveryState.MISSED: "stopped",
}
SAID: Mapping[str, str] = {
    "activate": N_("The trigger was activated."),
    "move": N_("The trigger starts the chosen version now."),
    "pause": N_("The trigger was paused."),
    "deactivate": N_("The trigger was put out of use."),
}
