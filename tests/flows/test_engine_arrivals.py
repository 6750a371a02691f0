"""Any procedure, whatever comes in and in whatever order: it ends, or waits for something that has a name."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdesk.flows.approval import Approval
from opsdesk.flows.calls import Done, Failed, NodeOutcome, Wait
from opsdesk.flows.compensation import run_ended
from opsdesk.flows.engine import Execute, Expire, Finish, OpenTicket, decide, fold, next_wake, status
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.procedure import EdgeMode, NodeType, RetryPolicy
from opsdesk.flows.program import Program
from opsdesk.flows.settle import Arrival, ArrivalKind, expired, settle, take_in
from opsdesk.flows.state import NodePhase, RunStatus
from opsdesk.flows.waits import person_asked
from tests.flows.graphs import Journal, fields, node, program
from tests.flows.test_engine import programs

OUTCOMES: list[NodeOutcome] = [
    Done({"x": 1}),
    Done({"x": 2}),
    Done({"x": "undecidable"}),
    Wait(),
    Failed("E", "e"),
    Failed("R", "r", retryable=True),
    Failed("T", "t", timeout=True),
]
STEPS_MAX = 120
Option = TypeVar("Option")


@st.composite
def with_people(draw: st.DrawFn) -> Program:
    """As `programs`, and some nodes are people with a time limit; sometimes the whole run has one."""
    made = draw(programs())
    nodes = {
        name: replace(each, type=NodeType.HUMAN, approval=Approval(role="officer", timeout_s=7200))
        if draw(st.booleans())
        else replace(each, timeout_s=3600, retry=RetryPolicy(draw(st.integers(0, 2)), backoff_s=600))
        for name, each in made.procedure.nodes.items()
    }
    conditions = {
        index: (edge.source, edge.target, edge.condition.replace("x !=", "x <") if edge.condition else None, edge.mode)
        for index, edge in enumerate(made.procedure.edges)
    }
    return program(list(nodes.values()), list(conditions.values()), timeout_s=draw(st.sampled_from([None, 20_000])))


class Chaos:
    """Does one thing after another to a run, chosen by the test: calls end, answers come, people act, time passes."""

    def __init__(self, made: Program, data: st.DataObject) -> None:
        self.journal = Journal(made)
        self.data = data
        self.flying: list[Execute] = []

    def pick(self, options: Sequence[Option]) -> Option:
        return self.data.draw(st.sampled_from(options))

    def step(self) -> None:
        self.launch()
        acts = [self.call_ends] * len(self.flying) + [
            self.arrives,
            self.person_acts,
            self.operator_acts,
            self.time_passes,
        ]
        self.pick(acts)()

    def launch(self) -> None:
        journal, made = self.journal, self.journal.program
        while True:
            again = False
            for command in decide(made.procedure, journal.state, journal.now):
                match command:
                    case Finish():
                        journal.add(run_ended(command.outcome, journal.now, node=command.node, reason=command.reason))
                    case Expire():
                        journal.add(*expired(made, journal.state, command.node, journal.now))
                        again = True
                        break
                    case OpenTicket():
                        state = journal.state.nodes[command.node]
                        asked = made.procedure.nodes[command.node]
                        ticket = f"t-{command.node}-{state.iteration}-{state.retries}"
                        journal.add(person_asked(asked, state, ticket, journal.now)[0])
                    case Execute() if command.node not in [other.node for other in self.flying]:
                        self.flying.append(command)
            if not again:
                return

    def call_ends(self) -> None:
        journal = self.journal
        command = self.pick(self.flying)
        self.flying.remove(command)
        outcome: NodeOutcome = self.pick(OUTCOMES)
        journal.add(*settle(journal.program, journal.state, command, outcome, journal.now))

    def arrives(self) -> None:
        names = list(self.journal.state.nodes)
        kinds = [ArrivalKind.CALLBACK, ArrivalKind.SIGNAL, ArrivalKind.DECISION]
        answers: list[object] = [{"x": 1}, {"x": 2}, {"x": "undecidable"}, {}]
        payload = {"answer": self.pick(answers)}
        self.take(self.pick(kinds), self.pick(names), payload)

    def person_acts(self) -> None:
        names = list(self.journal.state.nodes)
        kind = ArrivalKind.CANCEL if self.data.draw(st.integers(0, 19)) == 0 else ArrivalKind.RETRY
        self.take(kind, self.pick(names), {"new_key": self.data.draw(st.booleans())})

    def operator_acts(self) -> None:
        kind = self.pick([ArrivalKind.PAUSE, ArrivalKind.RESUME, ArrivalKind.SKIP, ArrivalKind.RERUN])
        name = self.pick(list(self.journal.state.nodes)) if kind in (ArrivalKind.SKIP, ArrivalKind.RERUN) else ""
        outputs: list[object] = [None, {"x": 1}, {"x": "undecidable"}]
        self.take(kind, name, {"reason": "asked to", "outputs": self.pick(outputs)})

    def take(self, kind: ArrivalKind, name: str, payload: dict[str, object]) -> None:
        journal = self.journal
        iteration = journal.state.nodes[name].iteration if name else 1
        arrival = Arrival(1, kind, name, iteration, payload, "someone", journal.now)
        facts = take_in(journal.program, journal.state, arrival, journal.now)
        assert facts, "what comes in always leaves a fact"
        journal.add(*facts)

    def time_passes(self) -> None:
        self.journal.now += timedelta(seconds=self.data.draw(st.sampled_from([1, 600, 3600, 7200, 30_000])))


@pytest.mark.req("FLO-314", "FLO-315")
@settings(max_examples=200, deadline=None)
@given(with_people(), st.data())
def test_whatever_comes_in_and_when_a_run_ends_once_or_waits_for_something_named(
    made: Program, data: st.DataObject
) -> None:
    chaos = Chaos(made, data)
    for _ in range(data.draw(st.integers(0, STEPS_MAX))):
        chaos.step()
    chaos.launch()
    state, facts = chaos.journal.state, chaos.journal.facts
    assert fold(made.procedure, facts) == state
    commands = decide(made.procedure, state, chaos.journal.now)
    assert (commands == []) == (state.outcome is not None)
    if state.outcome is None and not [command for command in commands if isinstance(command, Execute)]:
        assert next_wake(commands)[1]
        assert status(state) in (RunStatus.WAITING, RunStatus.BLOCKED, RunStatus.PAUSED)
    _each_node_ends_once(facts)
    _edges_agree_with_phases(made, chaos.journal)


def _each_node_ends_once(facts: Sequence[Fact]) -> None:
    ends = [(fact.node, fact.iteration) for fact in facts if fact.kind is FactKind.NODE_ENDED]
    failed = [fact for fact in facts if fact.kind is FactKind.NODE_FAILED and fact.payload["taken"]]
    ends += [(fact.node, fact.iteration) for fact in failed]
    assert len(ends) == len(set(ends))
    after_the_end = [fact.kind for fact in facts[[fact.kind for fact in facts].index(FactKind.RUN_STARTED) :]]
    if FactKind.RUN_ENDED in after_the_end:
        assert set(after_the_end[after_the_end.index(FactKind.RUN_ENDED) + 1 :]) <= {FactKind.IGNORED}


def _edges_agree_with_phases(made: Program, journal: Journal) -> None:
    """Nothing behind a node that did not end was begun, and nothing was skipped that a taken edge leads to."""
    nodes, edges = journal.state.nodes, journal.state.edges
    for edge in made.procedure.edges:
        source, target = nodes[edge.source].phase, nodes[edge.target].phase
        over = source in (NodePhase.DONE, NodePhase.FAILED, NodePhase.SKIPPED)
        assert (edge.index in edges) == over
        assert not edges.get(edge.index) or target not in (NodePhase.SKIPPED,)
        assert over or target is NodePhase.PENDING
        failure = edge.mode in (EdgeMode.FALLBACK, EdgeMode.ERROR, EdgeMode.TIMEOUT)
        assert not edges.get(edge.index) or (source is NodePhase.FAILED) == failure


def test_a_blocked_node_beside_a_finished_branch_keeps_the_run_from_ending() -> None:
    nodes = [node("a", outputs=fields("x")), node("b"), node("c"), node("d")]
    journal = Journal(program(nodes, [("a", "b", "x > 1"), ("c", "d")]))
    state = journal.run(lambda _: Done({"x": "no number"}))
    assert (state.outcome, status(state)) == (None, RunStatus.BLOCKED)
    assert state.nodes["d"].phase is NodePhase.DONE


def test_a_node_behind_failure_edges_only_is_skipped_when_nothing_fails() -> None:
    nodes = [node("a"), node("b"), node("rescue")]
    edges = [("a", "rescue", None, EdgeMode.FALLBACK), ("b", "rescue", None, EdgeMode.ERROR)]
    state = Journal(program(nodes, edges)).run()
    assert (state.nodes["rescue"].phase, state.outcome) == (NodePhase.SKIPPED, RunStatus.COMPLETED)


def test_an_error_edge_that_cannot_be_decided_leaves_the_fallback_to_take() -> None:
    nodes = [node("a", outputs=fields("x")), node("error"), node("fallback")]
    edges = [("a", "error", "x > 1", EdgeMode.ERROR), ("a", "fallback", None, EdgeMode.FALLBACK)]
    state = Journal(program(nodes, edges)).run(lambda command: Failed("E", "e") if command.node == "a" else Done({}))
    assert (state.nodes["error"].phase, state.nodes["fallback"].phase) == (NodePhase.SKIPPED, NodePhase.DONE)
