"""A trigger as a document declares it: what starts runs of the procedure, beside those who ask for one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from opsdesk.flows.procedure import Position

TIME_ZONE_DEFAULT = "Asia/Shanghai"
TOLERANCE_S_DEFAULT = 300.0
START = Position()


class TriggerKind(StrEnum):
    """What a trigger waits for."""

    MANUAL = "manual"
    """A person starts the run. Whoever may start runs always can; declaring it only says so."""
    API = "api"
    """A program starts the run. Whoever may start runs always can; declaring it only says so."""
    CRON = "cron"
    WEBHOOK = "webhook"
    EVENT = "event"


FIRED = frozenset({TriggerKind.CRON, TriggerKind.WEBHOOK, TriggerKind.EVENT})
"""The kinds that start runs by themselves, and so have to be activated."""


class Missed(StrEnum):
    """What is done about the times of a cron trigger that went by while no worker was there."""

    ONCE = "once"
    """One run for all of them, for the latest."""
    SKIP = "skip"
    """No run."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """Of its kind; what belongs to other kinds is empty. `id` names it within the procedure, over all versions."""

    id: str
    kind: TriggerKind
    cron: str = ""
    """Five fields."""
    time_zone: str = TIME_ZONE_DEFAULT
    missed: Missed = Missed.ONCE
    path: str = ""
    """Of the webhook, without the slash before it."""
    secret_ref: str = ""
    tolerance_s: float = TOLERANCE_S_DEFAULT
    """How far the time that a sender claims may be from ours, either way."""
    event: str = ""
    """The name of the events."""
    filter: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the event's data, and what each has to be."""
    condition: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """By input of the procedure: a value with `${…}`."""
    computed: Mapping[str, str] = field(default_factory=dict)
    """By input of the procedure: an expression in CEL."""
    position: Position = START

    @property
    def fires(self) -> bool:
        return self.kind in FIRED

    @property
    def gives_everything(self) -> bool:
        """Whether what came is itself the inputs, because nothing says which part of it is which."""
        return not self.inputs and not self.computed
