"""What the runtime needs of the rest of the product, handed in by wiring."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from opsdesk.flows.calls import NodeFunction
from opsdesk.flows.observer import Observer
from opsdesk.flows.procedure import NodeType
from opsdesk.flows.tickets import CloseTicketFunction, OpenTicketFunction
from opsdesk.kit.clock import Clock


@dataclass(frozen=True, slots=True)
class Ports:
    clock: Clock
    nodes: Mapping[NodeType, NodeFunction]
    open_ticket: OpenTicketFunction
    close_ticket: CloseTicketFunction
    callback_url: Callable[[UUID, str, int], str]
    """Of a run, a node and an iteration."""
    observer: Observer | None = None
