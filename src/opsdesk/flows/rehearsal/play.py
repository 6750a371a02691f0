"""Plays one run to its end. Pure, like the engine and the settling that it drives: no I/O, and a clock of its own."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from opsdesk.flows.calls import Done, Failed, NodeCall, NodeOutcome
from opsdesk.flows.calls import Wait as Promise
from opsdesk.flows.clocks import escalated
from opsdesk.flows.compensation import ending
from opsdesk.flows.engine import (
    Command,
    Escalate,
    Execute,
    Expire,
    Finish,
    GoRound,
    OpenTicket,
    Sleep,
    StartChildren,
    apply,
    decide,
    fold,
    status,
)
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.nodes.data import data_node
from opsdesk.flows.nodes.outputs import bind_outputs
from opsdesk.flows.nodes.system_fields import operation_of
from opsdesk.flows.procedure import Edge, NodeType
from opsdesk.flows.program import Program
from opsdesk.flows.settle import (
    Arrival,
    ArrivalKind,
    awaiting,
    ended,
    expired,
    failed,
    round_begun,
    settle,
    take_in,
)
from opsdesk.flows.state import NodePhase, RunStatus, State
from opsdesk.flows.waits import person_asked

FACTS_MAX = 2_000
"""A run that makes more is taken for one that never ends."""
STARTED_AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ACTOR = "rehearsal"
ATTEMPT_LAST = 1_000_000
"""Nobody is asked again for an answer that was wrong."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody answers, so that the time which the node may take runs out."""


@dataclass(frozen=True, slots=True)
class GoesOn:
    """The node has no way that ever leaves the circle it is in, so that the run never ends."""

    reason: str


Answer = NodeOutcome | Silence | GoesOn
Answering = Callable[[State, str, int], Answer]
"""What a node (by id) answers when it is asked for the n-th time, counted from 1 over attempts and iterations."""


Choosing = Callable[[Sequence[Edge]], Edge | None]
"""Which of these edges, out of one node, an event takes; None: no event comes."""


@dataclass(slots=True)
class Played:
    """A run that has ended, or rests with nothing that would wake it."""

    state: State
    facts: list[Fact] = field(default_factory=list)
    endless: str = ""
    """Why it is taken for a run that never ends."""
    asked: dict[str, int] = field(default_factory=dict)
    """How often each node was asked."""
    unheard: list[str] = field(default_factory=list)
    """Events that came when nothing waited for them, or did not come because nothing waited any more."""

    @property
    def outcome(self) -> str:
        """How it ended: a status of runs, or `endless`."""
        return "endless" if self.endless else status(self.state).value

    @property
    def ended_at_node(self) -> str | None:
        """Where it ended or rests."""
        if self.state.outcome is not None:
            return self.state.outcome_node
        resting = (NodePhase.BLOCKED, NodePhase.WAITING, NodePhase.RETRYING)
        return next((name for name, node in self.state.nodes.items() if node.phase in resting), None)

    @property
    def reason(self) -> str:
        """Why it ended there, in words."""
        if self.endless:
            return self.endless
        if self.state.outcome is not None:
            return self.state.outcome_reason or ""
        node = self.state.nodes[self.ended_at_node] if self.ended_at_node else None
        if node is not None and node.error is not None and node.phase is NodePhase.BLOCKED:
            return f"incident {node.error.get('code')}: {node.error.get('message')}"
        if self.state.awaited:
            return "it waits for an event that does not come"
        return "it waits, and no time limit ends that"

    @property
    def path(self) -> list[str]:
        """The nodes in the order in which they ended; one that ended in several iterations is here as often."""
        kinds = (FactKind.NODE_ENDED, FactKind.NODE_FAILED, FactKind.NODE_BLOCKED)
        return [fact.node for fact in self.facts if fact.kind in kinds]

    @property
    def taken(self) -> list[int]:
        """The indexes of the edges that were taken, in order."""
        return [index for fact in self.facts for index in fact.payload.get("taken", ())]


def play(
    program: Program,
    inputs: Mapping[str, Any],
    answering: Answering,
    choosing: Choosing | None = None,
    *,
    events: Sequence[Mapping[str, Any]] = (),
) -> Played:
    """Run the procedure on these inputs; calls end in the order of the document, retries and waits take no time.

    Each time that the run waits for an event, the next of `events` comes, and after them those that `choosing` says.
    """
    return _Player(program, answering, choosing, deque(events)).play(inputs)


@dataclass(slots=True)
class _Player:
    program: Program
    answering: Answering
    choosing: Choosing | None = None
    events: deque[Mapping[str, Any]] = field(default_factory=deque)
    in_vain: set[tuple[str, int]] = field(default_factory=set)
    """Nodes, with their iterations, after which no event comes."""
    now: datetime = STARTED_AT
    played: Played = field(init=False)

    def __post_init__(self) -> None:
        self.played = Played(fold(self.program.procedure, (), run_id="rehearsal"))

    def play(self, inputs: Mapping[str, Any]) -> Played:
        self._add(Fact(FactKind.RUN_STARTED, self.now, payload={"inputs": inputs, "actor": ACTOR}))
        while self.played.state.outcome is None and not self.played.endless:
            if len(self.played.facts) > FACTS_MAX:
                self.played.endless = f"it goes on after {FACTS_MAX} facts"
            elif not self._step(decide(self.program.procedure, self.played.state, self.now)):
                break
        self.played.unheard += [str(event["name"]) for event in self.events]
        return self.played

    def _step(self, commands: list[Command]) -> bool:
        """Do the first thing that is to be done; False if there is nothing that would ever wake the run."""
        timer: Execute | None = None
        for command in commands:
            match command:
                case Execute(node=node) if self._is_timer(node):
                    timer = timer or command
                case Finish(outcome=outcome, node=node, reason=reason):
                    state = self.played.state
                    self._add(ending(self.program.procedure, state, outcome, self.now, node=node, reason=reason))
                    return True
                case GoRound():
                    self._add(round_begun(command, self.now))
                    return True
                case Expire(node=node):
                    self._add(*expired(self.program, self.played.state, node, self.now))
                    return True
                case Escalate(node=node):
                    state = self.played.state
                    self._add(escalated(self.program.procedure, node, state.nodes[node], self.now))
                    return True
                case Execute():
                    self._execute(command)
                    return True
                case StartChildren(node=node, attempt=attempt, retries=retries, iteration=iteration):
                    # Their runs are rehearsed by themselves; here it counts what they come to together.
                    self._execute(Execute(node, attempt, retries=retries, iteration=iteration))
                    return True
                case OpenTicket(node=node):
                    self._ask_person(node)
                    return True
                case _:
                    pass
        if self._event_comes():
            return True
        if timer is not None:
            self._execute(timer)
            return True
        return self._sleep(commands)

    def _is_timer(self, node_id: str) -> bool:
        """Its time passes at once, but not before what happens without it."""
        node = self.program.procedure.nodes[node_id]
        return node.type is NodeType.SYSTEM and operation_of(node) == "timer"

    def _event_comes(self) -> bool:
        """One that a node waits for, the first that does, if it is to come at all."""
        state, procedure = self.played.state, self.program.procedure
        if self.events and state.awaited:
            self._tell(self.events.popleft())
            return True
        if self.choosing is None or not state.awaited:
            return False
        waited = [edge for edge in procedure.edges if edge.index in state.awaited]
        asked = [edge for edge in waited if (edge.source, state.nodes[edge.source].iteration) not in self.in_vain]
        if not asked:
            return False
        source = asked[0].source
        iteration = state.nodes[source].iteration
        edge = self.choosing([edge for edge in asked if edge.source == source])
        if edge is None:
            self.in_vain.add((source, iteration))
        else:
            payload = {"event": {"name": "", "data": {}, "key": ""}, "taken": [edge.index], "actor": ACTOR}
            self._add(Fact(FactKind.EVENT_CAME, self.now, source, iteration, payload))
        return True

    def _tell(self, event: Mapping[str, Any]) -> None:
        """As an event from outside is told, which is refused where nothing waits for it."""
        state = self.played.state
        if awaiting(self.program, state, event):
            arrival = Arrival(0, ArrivalKind.EVENT, "", 0, {"event": event}, ACTOR, self.now)
            self._add(*take_in(self.program, state, arrival, self.now))
        else:
            self.played.unheard.append(str(event["name"]))

    def _sleep(self, commands: list[Command]) -> bool:
        sleeps = [command for command in commands if isinstance(command, Sleep) and command.until is not None]
        if status(self.played.state) is RunStatus.BLOCKED:
            # Somebody has to mend it; that the time limit of the run would end it some day is not where it stands.
            sleeps = [command for command in sleeps if command.until != self.played.state.deadline_at]
        moments = [command.until for command in sleeps if command.until is not None and command.until > self.now]
        if not moments:
            return False
        self.now = min(moments)
        return True

    def _answer(self, node_id: str) -> Answer:
        number = self.played.asked[node_id] = self.played.asked.get(node_id, 0) + 1
        return self.answering(self.played.state, node_id, number)

    def _execute(self, command: Execute) -> None:
        answer = self._answer(command.node)
        if isinstance(answer, GoesOn):
            self.played.endless = answer.reason
            return
        if isinstance(answer, Silence):
            declared = self.program.procedure.nodes[command.node]
            answers_later = declared.type is NodeType.API and declared.children is None
            told = f"{command.node} did not answer in time"
            answer = Promise() if answers_later else Failed("TimedOut", told, timeout=True)
        self._add(*settle(self.program, self.played.state, command, answer, self.now))

    def _ask_person(self, node_id: str) -> None:
        declared, state = self.program.procedure.nodes[node_id], self.played.state
        fact, _due_at = person_asked(declared, state.nodes[node_id], f"ticket of {node_id}", self.now)
        self._add(fact)
        answer = self._answer(node_id)
        if isinstance(answer, Done):
            by = {"actor": ACTOR, "by": ArrivalKind.DECISION.value}
            self._add(ended(self.program, state, node_id, answer.outputs, self.now, **by))
        elif isinstance(answer, Failed):
            self._add(failed(self.program, state, node_id, answer, self.now, attempt=ATTEMPT_LAST))
        elif isinstance(answer, GoesOn):
            self.played.endless = answer.reason

    def _add(self, *facts: Fact) -> None:
        for fact in facts:
            self.played.facts.append(fact)
            apply(self.program.procedure, self.played.state, fact)


def bound(program: Program, node_id: str, answer: Any) -> NodeOutcome:
    """What the node makes of an answer, as in a run: its declared outputs, or the failure that it is."""
    return bind_outputs(program.procedure.nodes[node_id], answer)


def computed(program: Program, state: State, node_id: str) -> NodeOutcome | None:
    """What a node answers that computes from what it sees alone; None for one that needs the world."""
    node, stands = program.procedure.nodes[node_id], state.nodes[node_id]
    if node.type is not NodeType.DATA or node.children is not None:
        return None
    call = NodeCall(
        run_id=UUID(int=0),
        procedure_id=program.procedure.id,
        node=node,
        iteration=stands.iteration,
        attempt=stands.attempt,
        idempotency_key="rehearsal",
        callback_url="",
        scope=stands.scope,
        outputs={name: state.nodes[name].outputs for name in stands.ancestors},
        inputs={entry.name: stands.scope[entry.name] for entry in node.inputs if entry.name in stands.scope},
        run_inputs=state.inputs,
    )
    answering = data_node()(call)
    try:
        answering.send(None)  # type: ignore[attr-defined]  # a coroutine, and one that never waits
    except StopIteration as answered:
        outcome: NodeOutcome = answered.value
        return outcome
    raise AssertionError("a data node waits for nothing")
