"""What a human node asks of the review desk; the desk itself is handed in by wiring."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from opsdesk.flows.procedure import Node
from opsdesk.flows.screening import Screening
from opsdesk.kit.db import Connection


@dataclass(frozen=True, slots=True)
class TicketRequest:
    """A human node that has been reached: `inputs` are shown, the node's outputs are asked for, by `due_at`."""

    run_id: UUID
    procedure_id: str
    node: Node
    iteration: int
    generation: int
    """Goes up when a person has the node executed again: that is another ticket."""
    inputs: Mapping[str, Any]
    due_at: datetime | None
    requested_by: str
    screening: Screening | None = None
    """The screening type that makes the ticket; None: it is derived from the node."""


OpenTicketFunction = Callable[[Connection, TicketRequest, datetime], Awaitable[str]]
"""Opens the ticket in the caller's transaction and returns its id; the same request gives the same ticket.

Raises CannotAsk, having written nothing but what operators are told of it.
"""

CloseTicketFunction = Callable[[Connection, str, str, datetime], Awaitable[None]]
"""Closes a ticket (id) for a reason (`expired` or `cancelled`) in the caller's transaction, if it is still open.

Raises RunLost for a ticket that should expire and was decided a moment before: the run reads its journal again, and
finds the answer in its inbox.
"""


class EscalateTicketFunction(Protocol):
    """Makes an escalation of a ticket in the caller's transaction, if it is still open.

    Raises RunLost for a ticket that was decided a moment before: the run reads its journal again, and finds the answer.
    """

    async def __call__(
        self, conn: Connection, ticket: str, *, role: str | None, priority: int | None, event: str | None, now: datetime
    ) -> None:
        """`role` answers it from then on, `priority` is how far up it goes, operators are told of `event`."""
        ...


MoveClockFunction = Callable[[Connection, str, datetime | None, datetime | None, datetime], Awaitable[None]]
"""Tells a ticket (id) when it is due now, or since when its clock stands, in the caller's transaction."""


async def no_escalation(
    conn: Connection, ticket: str, *, role: str | None, priority: int | None, event: str | None, now: datetime
) -> None:
    """Where there is no desk that could be told."""


async def no_clock(
    conn: Connection, ticket: str, due_at: datetime | None, stands_since: datetime | None, now: datetime
) -> None:
    """Likewise."""
