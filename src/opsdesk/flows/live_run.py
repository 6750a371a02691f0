"""A run while a worker holds it."""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from opsdesk.flows.calls import Failed, NodeCall, NodeOutcome
from opsdesk.flows.children import no_longer_wanted
from opsdesk.flows.clocks import stands
from opsdesk.flows.compensation import ending
from opsdesk.flows.corrections import overlaid
from opsdesk.flows.engine import Execute, Finish
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.parking import HeldUp, Parked, ParkedCall, parked_calls
from opsdesk.flows.program import Program
from opsdesk.flows.state import RunStatus, State
from opsdesk.flows.subjects import digests_of, subjects_of
from opsdesk.flows.writer import NewRun

_QUIET = (FactKind.NODE_ENDED, FactKind.RUN_STARTED)


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
    subjects: set[int] = field(default_factory=set)
    """Whom it is about, as far as written from here."""
    unsaved_subjects: list[int] = field(default_factory=list)
    """Whom the facts that are being written say it is about, beside those."""
    outcomes: deque[tuple[Execute, NodeOutcome | Parked | HeldUp]] = field(default_factory=deque)
    clocks_told: dict[str, tuple[datetime | None, datetime | None]] = field(default_factory=dict)
    """By ticket: when the review desk thinks that it is due, and since when its clock stands."""
    flying: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    """Calls under way, by node."""
    parked: Mapping[str, ParkedCall] = field(default_factory=dict)
    """The calls that the database knows to wait for an outage to be over, by node."""
    arrived: bool = True
    """Something may be in the inbox."""
    pause_s: float = 0.0
    """Let go for so long before anything is executed."""
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: set[str] = field(default_factory=set)
    """Children that were told from here that nothing waits for them any more."""
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

    @property
    def under_way(self) -> set[str]:
        """The nodes whose calls are being made, or have ended and are not settled yet."""
        return {*self.flying, *(command.node for command, _ in self.outcomes)}

    def ending(self, command: Finish, now: datetime) -> Fact:
        """The fact that the run ends, or that what it has done is undone before."""
        return ending(
            self.program.procedure,
            self.state,
            command.outcome,
            now,
            node=command.node,
            reason=command.reason,
            actor=command.actor,
            under_way=self.under_way,
        )

    @property
    def is_quiet(self) -> bool:
        """Whether what is about to be written concerns the journal alone: no ticket, no clock, no other run, no outage.

        It is so of most writes; whatever this knows nothing of is looked into.
        """
        state = self.state
        if self.parked or state.children or state.parent is not None or state.stops:
            return False
        for fact in self.unsaved:  # noqa: SIM110 - as in `led_on`
            if fact.kind not in _QUIET or "tickets" in fact.payload:
                return False
        return True

    @property
    def has_ended_as_child(self) -> bool:
        """Whether what is about to be written ends a run that another one waits for."""
        return self.state.parent is not None and any(fact.kind is FactKind.RUN_ENDED for fact in self.unsaved)

    @property
    def unwanted(self) -> dict[str, str]:
        """Children, with the reason, that are to be cancelled because of what is about to be written."""
        return {run: reason for run, reason in no_longer_wanted(self.state) if run not in self.cancelled}

    @property
    def concerns_others(self) -> bool:
        """Whether what is about to be written is to be told to the parent of the run, or to children of it."""
        return self.has_ended_as_child or (bool(self.state.children) and bool(self.unwanted))

    def find_subjects(self) -> list[int]:
        """Whom the unsaved facts say it is about, beside those written before."""
        found = subjects_of(self.program.subjects, self.unsaved)
        self.unsaved_subjects = [digest for digest in found if digest not in self.subjects]
        return self.unsaved_subjects

    def parked_now(self) -> Mapping[str, ParkedCall]:
        """The calls that wait for an outage to be over by the state."""
        return parked_calls(self.state)

    def has_parked(self) -> bool:
        """Whether what the database knows of that may have to change with what is unsaved."""
        return bool(self.parked) or any(fact.payload.get("outage") for fact in self.unsaved)

    def customers(self) -> list[int]:
        """Whom the run is about as far as it has come, as digests."""
        values = [self.state.inputs, *(node.outputs for node in self.state.nodes.values())]
        return digests_of(self.program.subjects, values)

    def poke(self) -> None:
        self.arrived = True
        self.wake.set()

    def call(self, command: Execute, callback_url: str) -> NodeCall:
        """What a node is given; its key is the same for every repetition of this command, on whatever worker."""
        node, state = self.program.procedure.nodes[command.node], self.state.nodes[command.node]
        key = f"{self.state.run_id}:{node.id}:{state.iteration}"
        if state.key_generation > 1:
            key += f":{state.key_generation}"
        if command.resend:
            # Also after a retry with the old key: a re-send is for the partner to do it again.
            key += f":retry-{state.retries}" if state.retries else ""
            key += f":send-{state.sends + 1}"
        scope, run_inputs = state.scope, self.state.inputs
        outputs = {**state.earlier, **{name: self.state.nodes[name].outputs for name in state.ancestors}}
        if state.amended:
            outputs, run_inputs = overlaid(outputs, run_inputs, state.amended)
        return NodeCall(
            run_id=self.run_id,
            procedure_id=self.program.procedure.id,
            node=node,
            iteration=state.iteration,
            attempt=command.attempt,
            idempotency_key=key,
            callback_url=callback_url,
            scope=scope,
            outputs=outputs,
            inputs={field.name: scope[field.name] for field in node.inputs if field.name in scope},
            run_inputs=run_inputs,
        )

    def tickets_to_close(self) -> list[tuple[str, str]]:
        """Tickets, with the reason, that nobody can answer any more because of what is about to be written."""
        tickets = []
        for fact in self.unsaved:
            if fact.kind is FactKind.NODE_FAILED and fact.payload.get("ticket"):
                tickets.append((fact.payload["ticket"], "expired"))
            tickets += [(ticket, "cancelled") for ticket in fact.payload.get("tickets", ())]
            if fact.kind is FactKind.RUN_ENDED:
                waits = [node.wait for node in self.state.nodes.values() if node.wait is not None]
                tickets += [(wait.ticket, "cancelled") for wait in waits if wait.ticket]
        return tickets

    def moved_clocks(self) -> dict[str, tuple[datetime | None, datetime | None]]:
        """By ticket of which the review desk does not know it yet: when it is due, and since when its clock stands."""
        if not self.state.stops:
            return {}
        moved = {}
        for node in self.state.nodes.values():
            wait = node.wait
            if wait is None or wait.ticket is None or wait.clock is None:
                continue
            now = (wait.until, self.state.stopped_since if stands(node) else None)
            if self.clocks_told.get(wait.ticket) != now:
                moved[wait.ticket] = now
        return moved
