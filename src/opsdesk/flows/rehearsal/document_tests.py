"""Runs the tests that a document declares: by the core that runs procedures, with the answers that the tests give."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from opsdesk.flows.calls import Done, Failed, NodeOutcome
from opsdesk.flows.facts import FactKind
from opsdesk.flows.procedure import Case, CaseKind, Injected, NodeType
from opsdesk.flows.program import Program
from opsdesk.flows.rehearsal.choices import Given, check_given
from opsdesk.flows.rehearsal.expectations import broken_by_paths, broken_by_run, broken_by_unit
from opsdesk.flows.rehearsal.play import STARTED_AT, Answer, Played, Silence, bound, computed, play
from opsdesk.flows.rehearsal.simulation import WALKS_DEFAULT, simulate
from opsdesk.flows.settle import ended, failed
from opsdesk.flows.state import NodePhase, NodeState, State


class Verdict(StrEnum):
    """What came of a test that a document declares."""

    PASSED = "passed"
    FAILED = "failed"
    LEFT_OUT = "left out"
    """It needs the world."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of one test. `problems` say what was expected and what came instead."""

    case: Case
    verdict: Verdict
    problems: tuple[str, ...] = ()


def run_tests(program: Program, *, only: frozenset[str] = frozenset()) -> tuple[CaseResult, ...]:
    """The declared tests, or those of them with the ids in `only`, in the order of the document."""
    return tuple(_tested(program, case) for case in program.procedure.cases if not only or case.id in only)


def _tested(program: Program, case: Case) -> CaseResult:
    match case.kind:
        case CaseKind.END_TO_END:
            return CaseResult(case, Verdict.LEFT_OUT, ("it needs the partners; a rehearsal has none",))
        case CaseKind.UNIT if not _can_answer(program, case):
            return CaseResult(case, Verdict.LEFT_OUT, (f"it has no mock of {case.target}, and needs the world for it",))
        case CaseKind.UNIT:
            problems = list(_unit(program, case))
        case CaseKind.INTEGRATION:
            problems = list(_integration(program, case))
        case CaseKind.SIMULATION:
            problems = list(_simulation(program, case))
    return CaseResult(case, Verdict.FAILED if problems else Verdict.PASSED, tuple(problems))


def _can_answer(program: Program, case: Case) -> bool:
    assert case.target is not None
    target = program.procedure.nodes[case.target]
    is_computed = target.type is NodeType.DATA and target.children is None
    return is_computed or case.target in case.mocks or case.target in case.failures


def _unit(program: Program, case: Case) -> Iterator[str]:
    """One node, as if everything before it had given it the input of the test."""
    assert case.target is not None
    state = _standing_at(program, case.target, case.inputs)
    outcome = _outcome(program, case, state, case.target, 1)
    if isinstance(outcome, Failed):
        fact = failed(program, state, case.target, outcome, STARTED_AT, attempt=1)
    elif isinstance(outcome, Done):
        fact = ended(program, state, case.target, outcome.outputs, STARTED_AT)
    else:
        fact = failed(program, state, case.target, _late(case.target), STARTED_AT, attempt=1)
    yield from broken_by_unit(program.procedure, case, fact)


def _late(node_id: str) -> Failed:
    return Failed("TimedOut", f"{node_id} did not answer in time", timeout=True)


def _standing_at(program: Program, node_id: str, inputs: Mapping[str, Any]) -> State:
    nodes = {name: NodeState() for name in program.procedure.nodes}
    nodes[node_id] = NodeState(phase=NodePhase.ACTIVE, attempt=1, released_at=STARTED_AT, scope=dict(inputs))
    return State(nodes=nodes, run_id="rehearsal", inputs=dict(inputs), started_at=STARTED_AT)


def _integration(program: Program, case: Case) -> Iterator[str]:
    if problems := check_given(program, Given(inputs=case.inputs)):
        yield from problems
        return
    unmocked: dict[str, None] = {}

    def answering(state: State, node_id: str, number: int) -> Answer:
        outcome = _outcome(program, case, state, node_id, number)
        if outcome is None:
            unmocked[node_id] = None
            return Failed("NoMock", f"{node_id} has no mock")
        return outcome

    played = play(program, _with_defaults(program, case.inputs), answering, events=case.events)
    missing = [entry.name for entry in program.procedure.inputs if entry.required and entry.name not in case.inputs]
    yield from (f"the run needs the input {name}" for name in missing)
    yield from (f"{name} is asked, and has no mock" for name in unmocked)
    yield from (f"nothing waits for the event {name}" for name in played.unheard)
    yield from broken_by_run(program.procedure, case.expect, played)
    yield from _bad_mocks(played, case)


def _bad_mocks(played: Played, case: Case) -> Iterator[str]:
    """A mock that the node refuses is a mistake of the test, if the test does not expect a failure."""
    for fact in played.facts:
        refused = fact.payload.get("code") in ("OutputMissing", "OutputInvalid", "AnswerNotJson")
        if fact.kind is FactKind.NODE_FAILED and refused and fact.node in case.mocks and not fact.payload["taken"]:
            yield f"the mock of {fact.node} is refused: {fact.payload['message']}"


def _with_defaults(program: Program, inputs: Mapping[str, Any]) -> dict[str, Any]:
    declared = program.procedure.inputs
    return {entry.name: entry.schema["default"] for entry in declared if "default" in entry.schema} | dict(inputs)


def _outcome(program: Program, case: Case, state: State, node_id: str, number: int) -> NodeOutcome | Silence | None:
    """An injected failure first, then the mock, then what the node computes by itself; None: the test says nothing."""
    injected = case.failures.get(node_id)
    if injected is not None and (injected.times is None or number <= injected.times):
        return _injected(program, injected, node_id)
    answers = case.mocks.get(node_id)
    if answers is not None:
        place = number - 1 - (injected.times or 0 if injected is not None else 0)
        return bound(program, node_id, answers[min(place, len(answers) - 1)])
    return computed(program, state, node_id)


def _injected(program: Program, injected: Injected, node_id: str) -> NodeOutcome | Silence:
    if injected.timeout:
        return Silence()
    message = injected.message or f"{node_id} fails, as the test has it"
    return Failed(injected.code, message, retryable=injected.retryable)


def _simulation(program: Program, case: Case) -> Iterator[str]:
    given = Given(
        inputs=case.inputs,
        answers={name: answers[0] for name, answers in case.mocks.items() if name not in case.failures},
        failures={name: each.code for name, each in case.failures.items() if not each.timeout},
        silent=frozenset(name for name, each in case.failures.items() if each.timeout),
    )
    if problems := check_given(program, given):
        yield from problems
        return
    simulation = simulate(program, given=given, walks_max=WALKS_DEFAULT)
    yield from broken_by_paths(case.expect, simulation)
    if not simulation.complete:
        yield f"there are more paths than {WALKS_DEFAULT} walks see; give more mocks"
