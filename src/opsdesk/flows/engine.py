"""The pure core: what facts add up to, and what has to be done next. No I/O, no clock, no randomness.

Dead-path elimination: when a node ends, each edge out of it is taken or dead. A node whose incoming edges are all
decided runs if one of them was taken; else it is skipped, and its own edges are dead. A join that says so runs as soon
as so many edges to it are taken (`ways`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from opsdesk.flows.children import begun_as_child, children_started, handed_over, still_open
from opsdesk.flows.clocks import escalates_at, tick
from opsdesk.flows.compensation import begin_undoing, note_end
from opsdesk.flows.corrections import amend, correct
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.procedure import Edge, Node, NodeType, Procedure
from opsdesk.flows.renumbering import renumbered
from opsdesk.flows.state import Loop, NodePhase, NodeState, Pause, RunStatus, State, Undoing, Wait
from opsdesk.flows.turns import give_up_turns, let_through
from opsdesk.flows.ways import (
    UNDER_WAY,
    begin_again,
    begin_round,
    behind,
    decide_awaited,
    decide_edges,
    due,
    first_loose_end,
    led_on,
    release,
    too_few,
)
from opsdesk.kit.calendars import add_working

LEASES_LOST_MAX = 5
"""A run that lost its worker this often without progress is set aside."""


@dataclass(frozen=True, slots=True)
class Execute:
    """Call the world. `resend`: the partner has the request already and is asked again."""

    node: str
    attempt: int
    resend: bool = False
    has_turn: bool = False
    """It waited for its turn under the rate limit, which has come."""
    retries: int = 0
    """How often a person had the node executed again before: what came of an earlier call does not count any more."""
    iteration: int = 1
    """Likewise: what came of a call of an earlier iteration does not count in this one."""


@dataclass(frozen=True, slots=True)
class OpenTicket:
    node: str


@dataclass(frozen=True, slots=True)
class StartChildren:
    """Start the runs that carry the node out."""

    node: str
    attempt: int
    retries: int = 0
    iteration: int = 1


@dataclass(frozen=True, slots=True)
class Escalate:
    """The time that a person may take is running out, and the next of the node's escalations is due."""

    node: str


@dataclass(frozen=True, slots=True)
class Expire:
    """The time that the node may wait has run out."""

    node: str


@dataclass(frozen=True, slots=True)
class Sleep:
    """Nothing to do before `until`; None: nothing at all before somebody acts."""

    until: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class Finish:
    outcome: RunStatus
    node: str | None
    reason: str
    actor: str = ""


@dataclass(frozen=True, slots=True)
class GoRound:
    """The loop of this edge begins another round at its target."""

    edge: int
    node: str
    iteration: int
    round: int
    nodes: tuple[str, ...]


Command = Execute | OpenTicket | Escalate | StartChildren | Expire | Sleep | GoRound | Finish


def fold(procedure: Procedure, facts: Iterable[Fact], *, run_id: str = "") -> State:
    """The state that these facts add up to, also where they were written under other versions."""
    state = State(nodes={node: NodeState() for node in procedure.nodes}, run_id=run_id)
    for fact in renumbered(facts):
        apply(procedure, state, fact)
    return state


def apply(procedure: Procedure, state: State, fact: Fact) -> None:
    """Take one more fact into the state, in place."""
    state.seq += 1
    if fact.node:
        state.leases_lost = 0
        _apply_to_node(procedure, state, fact)
        if procedure.undo_nodes:
            note_end(procedure, state, fact)
        if procedure.has_clocks:
            tick(procedure, state, fact)
        return
    payload = fact.payload
    match fact.kind:
        case FactKind.RUN_STARTED:
            state.inputs = payload["inputs"]
            state.actor = payload["actor"]
            state.trace = payload.get("trace")
            state.started_at = fact.at
            if procedure.timeout_s is not None:
                state.deadline_at = add_working(procedure.calendar, fact.at, procedure.timeout_s)
            for node in procedure.entries:
                release(procedure, state, node.id, fact.at)
            if "parent" in payload:
                begun_as_child(state, payload)
            for node_id in procedure.detours:
                state.nodes[node_id].phase = NodePhase.SKIPPED
                decide_edges(procedure, state, node_id, (), fact.at)
            if procedure.has_clocks:
                tick(procedure, state, fact)
        case FactKind.UNDO_BEGUN:
            begin_undoing(procedure, state, fact)
        case FactKind.RUN_ENDED:
            state.outcome = RunStatus(payload["outcome"])
            state.outcome_node = payload.get("node")
            state.outcome_reason = payload.get("reason")
            state.ended_at = fact.at
        case FactKind.LEASE_LOST:
            state.leases_lost += 1
        case FactKind.RUN_SET_ASIDE:
            state.set_aside = payload["message"]
        case FactKind.RUN_RESUMED:
            state.set_aside = None
            state.leases_lost = 0
        case FactKind.RUN_PAUSED:
            state.pause = Pause(payload["actor"], fact.at, payload["reason"])
        case FactKind.RUN_CORRECTED:
            correct(procedure, state, payload, fact.at)
        case FactKind.PAUSE_ENDED:
            state.pause = None
            give_up_turns(state, fact.at)
        case _:
            pass


def _apply_to_node(procedure: Procedure, state: State, fact: Fact) -> None:
    node = state.nodes[fact.node]
    payload = fact.payload
    match fact.kind:
        case FactKind.NODE_ENDED:
            node.phase, node.ended_at, node.wait = NodePhase.DONE, fact.at, None
            node.outputs = payload["outputs"]
            node.skipped_because = payload["reason"] if payload.get("by") == "skip" else None
            for index, items in payload.get("items", {}).items():
                state.loops[int(index)] = Loop(items=items)
                state.rounds += len(items) - 1
            if state.undoing is None:
                decide_edges(procedure, state, fact.node, payload["taken"], fact.at)
        case FactKind.ATTEMPT_FAILED:
            node.phase, node.error = NodePhase.RETRYING, payload
            if node.wait is not None and node.wait.runs:
                node.wait = None
            node.retry_at = datetime.fromisoformat(payload["retry_at"])
            node.attempt = payload["attempt"] + 1
        case FactKind.NODE_WAITING:
            node.phase, node.retry_at = NodePhase.WAITING, None
            node.wait = Wait.of(payload)
            node.attempt = payload["attempt"]
            node.sends = payload.get("sends", node.sends)
            node.error = payload.get("error", node.error)
            if node.wait.runs:
                children_started(state, fact)
            if node.wait.outage is not None:
                node.wait.parked_at, node.parked_since = fact.at, node.wait.since
        case FactKind.NODE_RELEASED:
            let_through(node, fact.at, canary=payload["canary"])
        case FactKind.NODE_FAILED:
            node.ended_at, node.wait, node.error = fact.at, None, payload
            node.phase = NodePhase.FAILED if payload["taken"] else NodePhase.BLOCKED
            if payload["taken"]:
                decide_edges(procedure, state, fact.node, payload["taken"], fact.at)
        case FactKind.NODE_BLOCKED:
            node.phase, node.ended_at, node.wait, node.error = NodePhase.BLOCKED, fact.at, None, payload
        case FactKind.NODE_RETRIED:
            node.phase, node.attempt, node.sends, node.error = NodePhase.ACTIVE, 1, 0, None
            node.released_at, node.ended_at, node.retry_at = fact.at, None, None
            node.key_generation += 1 if payload["new_key"] else 0
            node.retries += 1
        case FactKind.NODE_RERUN:
            begin_again(procedure, state, fact.node, fact.at)
        case FactKind.NODE_AMENDED:
            amend(state, fact.node, payload["values"])
        case FactKind.NODE_ESCALATED:
            if node.wait is not None:
                node.wait.escalated, node.wait.role = payload["step"], payload["role"] or node.wait.role
        case FactKind.EVENT_CAME:
            for index in payload["taken"]:
                state.events[index] = payload["event"]
            decide_awaited(procedure, state, fact.node, payload["taken"], fact.at)
        case FactKind.CHILD_ENDED if payload["run"] in state.children:
            state.children[payload["run"]].end = payload
        case FactKind.ROUND_BEGUN:
            begin_round(procedure, state, procedure.edge(payload["edge"]), fact.at)
        case _:
            pass


def decide(procedure: Procedure, state: State, now: datetime) -> list[Command]:
    """What has to be done now. A `Finish` stands alone."""
    if state.outcome is not None:
        return []
    if state.pause is not None:
        # Also before the time limit of the run: what runs out during a pause does so when it ends.
        return [Sleep(None, f"operator: paused by {state.pause.actor}")]
    if state.undoing is not None:
        return _undo_commands(procedure, state, state.undoing, now)
    if state.deadline_at is not None and now >= state.deadline_at:
        return [Finish(RunStatus.TIMED_OUT, None, f"the time limit of {procedure.timeout_s:g} s ran out")]
    if state.set_aside is not None:
        return [Sleep(None, f"operator: {state.set_aside}"), *_deadline(state)]
    if state.parent is not None and (handed := handed_over(state)) is not None:
        return [Finish(RunStatus.STOPPED, *handed)]
    if (edge := due(procedure, state)) is not None:
        return [_go_round(procedure, state, edge)]
    commands = list(_node_commands(procedure, state, now))
    for edge in procedure.edges if state.awaited else ():
        if edge.index in state.awaited:
            commands.append(Sleep(None, f"event: {edge.condition} ({edge.source} → {edge.target})"))
    if commands:
        return [*commands, *_deadline(state)]
    return [_finish(procedure, state)]


def _undo_commands(procedure: Procedure, state: State, undoing: Undoing, now: datetime) -> list[Command]:
    """The time limit of the run does not count any more: it is for what the run is to do."""
    if state.set_aside is not None:
        return [Sleep(None, f"operator: {state.set_aside}")]
    commands = list(_node_commands(procedure, state, now))
    return commands or [Finish(undoing.outcome, undoing.node, undoing.reason, undoing.actor)]


def _go_round(procedure: Procedure, state: State, edge: Edge) -> GoRound:
    node = state.nodes[edge.target]
    iteration = node.iteration + (node.released_at is not None)
    again = tuple(behind(procedure, edge.target))
    return GoRound(edge.index, edge.target, iteration, state.loops[edge.index].round + 1, again)


def _deadline(state: State) -> list[Command]:
    return [Sleep(state.deadline_at, "time limit of the run")] if state.deadline_at else []


def _node_commands(procedure: Procedure, state: State, now: datetime) -> Iterator[Command]:
    for node_id, node in state.nodes.items():
        if node.phase not in UNDER_WAY:
            continue
        match node.phase:
            case NodePhase.ACTIVE:
                yield _begin(procedure.nodes[node_id], node)
            case NodePhase.RETRYING:
                assert node.retry_at is not None
                if now >= node.retry_at:
                    yield _begin(procedure.nodes[node_id], node)
                else:
                    yield Sleep(node.retry_at, f"timer: attempt {node.attempt} of {node_id}")
            case NodePhase.WAITING:
                command = _waiting_command(state, node_id, node, now)
                if procedure.has_clocks and not isinstance(command, Expire):
                    yield from _escalation(procedure, node_id, node, now)
                yield command
            case NodePhase.BLOCKED:
                yield Sleep(None, f"operator: incident at {node_id}")
            case _:
                pass


def _begin(declared: Node, node: NodeState) -> Command:
    if declared.children is not None:
        return StartChildren(declared.id, node.attempt, node.retries, node.iteration)
    if declared.type is NodeType.HUMAN:
        return OpenTicket(declared.id)
    return Execute(declared.id, node.attempt, retries=node.retries, iteration=node.iteration)


def _escalation(procedure: Procedure, node_id: str, node: NodeState, now: datetime) -> Iterator[Command]:
    moment = escalates_at(procedure, node_id, node)
    if moment is not None:
        yield Escalate(node_id) if now >= moment else Sleep(moment, f"timer: escalation of {node_id}")


def _waiting_command(state: State, node_id: str, node: NodeState, now: datetime) -> Command:
    wait = node.wait
    assert wait is not None
    if wait.outage is not None:
        return Sleep(None, f"outage: {wait.outage} ({node_id})")
    if wait.reason == "rate_limit":
        assert wait.until is not None
        if now >= wait.until:
            return Execute(node_id, node.attempt, has_turn=True, retries=node.retries, iteration=node.iteration)
        return Sleep(wait.until, f"timer: turn of {node_id} under its rate limit")
    if wait.until is not None and now >= wait.until:
        return Expire(node_id)
    if wait.resend_at is not None and now >= wait.resend_at:
        return Execute(
            node_id,
            node.attempt + 1,
            resend=True,
            has_turn=wait.has_turn,
            retries=node.retries,
            iteration=node.iteration,
        )
    if wait.reason == "timer":
        return Sleep(wait.until, f"timer: {node_id}")
    if wait.reason == "children":
        return Sleep(wait.until, f"children: {still_open(state, wait)} of {len(wait.runs)} ({node_id})")
    moments = [moment for moment in (wait.until, wait.resend_at) if moment is not None]
    who = f"person: {wait.role or 'anyone'}" if wait.reason == "person" else "event: partner's answer"
    return Sleep(min(moments, default=None), f"{who} ({node_id})")


def _finish(procedure: Procedure, state: State) -> Finish:
    """Completed, or stopped where a node ended and no condition led further, or too few paths came to a join."""
    if (loose := state.loose_end or first_loose_end(procedure, state)) is not None:
        return Finish(RunStatus.STOPPED, *loose)
    if (short := too_few(procedure, state)) is not None:
        node_id, came, needed = short
        return Finish(RunStatus.STOPPED, node_id, f"{came} of the {needed} paths that {node_id} waits for came to it")
    done = [node_id for node_id, node in state.nodes.items() if node.phase is NodePhase.DONE]
    ends = [node_id for node_id in done if not led_on(state, procedure.outgoing[node_id])]
    only = ends[0] if len(ends) == 1 else None
    return Finish(RunStatus.COMPLETED, only, f"ended at {', '.join(ends)}" if ends else "")


def status(state: State) -> RunStatus:
    if state.outcome is not None:
        return state.outcome
    if state.pause is not None:
        return RunStatus.PAUSED
    phases = {node.phase for node in state.nodes.values()}
    if state.set_aside is not None or NodePhase.BLOCKED in phases:
        return RunStatus.BLOCKED
    if state.undoing is not None:
        return RunStatus.COMPENSATING
    return RunStatus.RUNNING if NodePhase.ACTIVE in phases else RunStatus.WAITING


def next_wake(commands: Iterable[Command]) -> tuple[datetime | None, str]:
    """When a sleeping run wakes and what it is called: the earliest of its reasons; those without a time count last."""
    sleeps = [command for command in commands if isinstance(command, Sleep)]
    assert sleeps, "only a run with nothing else to do sleeps"
    first = min((sleep.until for sleep in sleeps if sleep.until is not None), default=None)
    named = next((sleep.why for sleep in sleeps if not sleep.why.startswith(("timer", "time limit"))), None)
    timed = next((sleep.why for sleep in sleeps if sleep.until == first), sleeps[0].why)
    return first, named or timed
