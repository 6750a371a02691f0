"""Events: written in the transaction of what happened, delivered through jobs, and told in the operations log."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from opsdesk import jobs
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.ids import new_id
from opsdesk.kit.log import get_logger

_log = get_logger("opsdesk.operations")


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationsEvent:
    """Something that operators want to hear of. What it holds is logged, so it is ids and names, never an answer."""

    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStalled(OperationsEvent):
    """An open run was found that nothing will wake."""

    run_id: str
    procedure: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketOpened(OperationsEvent):
    """People are asked for something."""

    ticket_id: str
    run_id: str
    node: str
    role: str | None
    due_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketDecided(OperationsEvent):
    """People have answered, and the run goes on with it."""

    ticket_id: str
    run_id: str
    node: str
    decided_by: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketEscalated(OperationsEvent):
    """A ticket will not be answered in time unless somebody looks at it."""

    ticket_id: str
    run_id: str
    node: str
    role: str | None
    priority: int
    event: str | None
    """The name that the procedure gives it."""


async def publish(conn: Connection, event: OperationsEvent) -> None:
    """Tell the subscribers of the event, in the caller's transaction."""
    payload = asdict(event)
    del payload["id"]
    await jobs.publish(conn, jobs.Event(type(event).__name__, payload, id=event.id))


async def write_in_operations_log(_database: Database, event: Mapping[str, Any]) -> jobs.JobOutcome:
    """One line for one event; after a crash perhaps twice, with the same `event_id`."""
    _log.info(event["name"], event_id=event["id"], **event["payload"])
    return jobs.Done()
