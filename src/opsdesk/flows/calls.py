"""What a node is given when it is executed, and what it may answer."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from opsdesk.flows.procedure import Node


@dataclass(frozen=True, slots=True)
class NodeCall:
    """One execution of one node.

    The idempotency key is the same for every repetition that Opsdesk makes on its own (a crash, a retry), and another
    one for a re-send that the procedure asks for. `scope` holds the names that the node sees, `inputs` those that it
    declares.
    """

    run_id: UUID
    procedure_id: str
    node: Node
    iteration: int
    attempt: int
    idempotency_key: str
    callback_url: str
    scope: Mapping[str, Any]
    outputs: Mapping[str, Mapping[str, Any]]
    """Outputs of the nodes on the way here, by node: what `${outputs.<node>.<name>}` sees."""
    inputs: Mapping[str, Any]
    run_inputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    """The node has ended; `outputs` are those that it declares."""

    outputs: Mapping[str, Any]
    usage: Mapping[str, Any] | None = field(default=None, compare=False)
    """What a model used for it: tokens, and where there are prices the cost. Beside what it came to."""


@dataclass(frozen=True, slots=True)
class Wait:
    """The partner has taken the request and will answer at the callback address."""


@dataclass(frozen=True, slots=True)
class Timer:
    """The node ends by itself when the time comes: `after_s` from when it began, or at `at`. No worker is held."""

    after_s: float | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The node failed. `message` names what was wrong, never a personal value or a secret."""

    code: str
    message: str
    retryable: bool = False
    retry_after_s: float | None = None
    timeout: bool = False
    outage: bool = False
    """Whoever was called does not answer at all, as far as this call can tell."""
    usage: Mapping[str, Any] | None = field(default=None, compare=False)
    """As of `Done`: a model that fails is paid too."""


NodeOutcome = Done | Wait | Timer | Failed
NodeFunction = Callable[[NodeCall], Awaitable[NodeOutcome]]
