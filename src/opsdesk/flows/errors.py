"""What can be refused about procedures and runs."""

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from opsdesk.kit.errors import Invalid, NotFound, Refused


@dataclass(eq=False)
class ProcedureNotFound(NotFound):
    """No procedure of this name is known."""

    procedure: str


@dataclass(eq=False)
class ProcedureRefused(Invalid):
    """The document has errors, or needs what cannot be run; nothing was stored or started."""

    file: str
    findings: list[dict[str, Any]]


@dataclass(eq=False)
class RunNotFound(NotFound):
    """There is no run with this identifier."""

    run_id: UUID


@dataclass(eq=False)
class InputsInvalid(Invalid):
    """The run was not started: its inputs are not what the procedure asks for."""

    procedure: str
    problems: list[str]


@dataclass(eq=False)
class RunFinished(Refused):
    """The run has ended, so nothing can be done to it any more."""

    run_id: UUID
    state: str


@dataclass(eq=False)
class NodeUnknown(NotFound):
    """The procedure of this run has no such node."""

    run_id: UUID
    node: str


@dataclass(eq=False)
class NotWaiting(Refused):
    """The node does not wait for an answer."""

    run_id: UUID
    node: str
    state: str


@dataclass(eq=False)
class NobodyWaits(Refused):
    """No open run waits for this event now; nothing of it was kept."""

    event: str


@dataclass(eq=False)
class TooManyRuns(Refused):
    """More open runs are about this subject than one event is told to; name the run."""

    limit: int


@dataclass(eq=False)
class NoIncident(Refused):
    """There is no incident to retry."""

    run_id: UUID
    node: str
    state: str


@dataclass(eq=False)
class RunIsPaused(Refused):
    """The run is paused already."""

    run_id: UUID
    state: str


@dataclass(eq=False)
class RunNotPaused(Refused):
    """The run is not paused, so there is nothing to resume."""

    run_id: UUID
    state: str


@dataclass(eq=False)
class RunIsUndone(Refused):
    """What the run has done is being undone; it ends when all of it is, and what cannot be undone is skipped."""

    run_id: UUID


@dataclass(eq=False)
class RunHeld(Refused):
    """A worker executes the run now; once it waits again it can be moved to another version."""

    run_id: UUID


@dataclass(eq=False)
class VersionIsTheSame(Refused):
    """This is the version already."""

    procedure: str
    digest: str


@dataclass(eq=False)
class RunDoesNotFit(Refused):
    """What has happened in the run does not fit this version, so it stays in the one that it has."""

    run_id: UUID
    digest: str
    misfits: list[dict[str, object]]


@dataclass(eq=False)
class NodeNotSkippable(Refused):
    """Only a node that has begun and has not ended can be skipped, and none that a person answers."""

    run_id: UUID
    node: str
    state: str


@dataclass(eq=False)
class NodeNotReached(Refused):
    """The run has not come to this node, so it cannot be run again from there."""

    run_id: UUID
    node: str
    state: str


@dataclass(eq=False)
class AnswerInvalid(Invalid):
    """The answer is not what the node declares as its outputs."""

    node: str
    problem: str


@dataclass(eq=False)
class EndpointUnreadable(Invalid):
    """An endpoint is a scheme (https, http or postgresql), a host and a port, such as https://partner.example.com:443."""

    endpoint: str


@dataclass(eq=False)
class OutageNotFound(NotFound):
    """No outage of this endpoint is known: calls are let through to it."""

    outage: str


@dataclass(eq=False)
class RehearsalInvalid(Invalid):
    """The answers that were given do not fit the procedure; nothing was rehearsed."""

    procedure: str
    problems: list[str]


@dataclass(eq=False)
class KeyReused(Refused):
    """The same idempotency key came before with other content."""

    status: ClassVar[int] = 409
    key: str


@dataclass(eq=False)
class DecidedUpon(Refused):
    """People have decided on this data already: run again from there, and correct it while they are asked."""

    run_id: UUID
    name: str
    node: str


@dataclass(eq=False)
class CannotAsk(Exception):
    """Why there is no ticket, in words that hold no value of anybody; the node fails with it."""

    code: str
    message: str
    without_type: bool = False
    """There is no screening type of this name here."""
