"""What the runtime needs of the rest of the product, handed in by wiring."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from opsdesk.flows.calls import NodeCall, NodeFunction
from opsdesk.flows.circuits import OutageLimits
from opsdesk.flows.observer import Observer
from opsdesk.flows.procedure import NodeType
from opsdesk.flows.tickets import (
    CloseTicketFunction,
    EscalateTicketFunction,
    MoveClockFunction,
    OpenTicketFunction,
    no_clock,
    no_escalation,
)
from opsdesk.kit.clock import Clock

EndpointOf = Callable[[NodeCall], str | None]
"""Whom a call is to, as scheme, host and port; None: nobody who could be out."""


def nobody(_: NodeCall) -> None:
    """Where outages are not looked for."""


@dataclass(frozen=True, slots=True)
class Ports:
    clock: Clock
    nodes: Mapping[NodeType, NodeFunction]
    open_ticket: OpenTicketFunction
    close_ticket: CloseTicketFunction
    callback_url: Callable[[UUID, str, int], str]
    """Of a run, a node and an iteration."""
    escalate_ticket: EscalateTicketFunction = no_escalation
    move_clock: MoveClockFunction = no_clock
    observer: Observer | None = None
    endpoint_of: EndpointOf = nobody
    """Whom a call is to."""
    outage_limits: OutageLimits = field(default_factory=OutageLimits)
