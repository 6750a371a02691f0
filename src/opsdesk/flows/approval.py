"""Who answers a human node, in which time, and what its ticket is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from opsdesk.flows.screening import Screening
from opsdesk.kit.calendars import Calendar

ReasonCodes = Mapping[str, Mapping[str, str]]
"""By decision (`*`: every other): the codes that say why, each with its words."""


@dataclass(frozen=True, slots=True)
class Escalation:
    """What happens to a ticket when only `before_s` seconds (of working time, where there is a calendar) are left."""

    before_s: float
    role: str | None = None
    """Who answers it from then on."""
    priority: int | None = None
    event: str | None = None
    """What operators are told."""


@dataclass(frozen=True, slots=True)
class Approval:
    """Who answers a human node: `required_approvers` distinct people of `role`, within `timeout_s`."""

    role: str | None = None
    required_approvers: int = 1
    timeout_s: float | None = None
    reasons: ReasonCodes = field(default_factory=dict)
    calendar: Calendar | None = None
    """The time limit is of its working time; None: all time counts."""
    escalations: tuple[Escalation, ...] = ()
    screening: Screening | None = None
    """None: the ticket is derived from the node."""
