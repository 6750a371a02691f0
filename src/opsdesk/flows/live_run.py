"""A run while a worker holds it."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from opsdesk.flows.calls import Failed, NodeOutcome
from opsdesk.flows.engine import Execute
from opsdesk.flows.facts import Fact
from opsdesk.flows.program import Program
from opsdesk.flows.state import RunStatus, State
from opsdesk.flows.writer import NewRun


@dataclass(frozen=True, slots=True)
class Parked:
    """The call has to wait for its turn under a rate limit."""

    until: datetime


@dataclass(slots=True)
class LiveRun:
    """`state` may be ahead of the journal by `unsaved`; nothing is executed that rests on facts not yet durable."""

    run_id: UUID
    program: Program
    state: State
    header_status: RunStatus = RunStatus.RUNNING
    new_run: NewRun | None = None
    unsaved: list[Fact] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    outcomes: deque[tuple[Execute, NodeOutcome | Parked]] = field(default_factory=deque)
    flying: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    """Calls under way, by node."""
    arrived: bool = True
    """Something may be in the inbox."""
    pause_s: float = 0.0
    """Let go for so long before anything is executed."""
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Future[State] | None = None
    """For whoever started the run in this process and waits for it."""

    @property
    def durable_seq(self) -> int:
        """How many facts the journal holds."""
        return self.state.seq - len(self.unsaved)

    @property
    def failures(self) -> int:
        """How many of the calls that ended have failed."""
        return sum(isinstance(outcome, Failed) for _, outcome in self.outcomes)

    def poke(self) -> None:
        self.arrived = True
        self.wake.set()
