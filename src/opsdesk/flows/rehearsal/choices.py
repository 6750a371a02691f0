"""The ways that a node may go in a rehearsal: what it may answer, that it fails, that nobody answers."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from typing import Any

from opsdesk.flows.calls import Done, Failed
from opsdesk.flows.expressions import qualified
from opsdesk.flows.facts import FactKind
from opsdesk.flows.nodes.schemas import schema_problem
from opsdesk.flows.procedure import FAILURE_MODES, EdgeMode, Field, Node, NodeType
from opsdesk.flows.program import Program
from opsdesk.flows.rehearsal.invention import Invented, Told, told_apart, values_for
from opsdesk.flows.rehearsal.open_conditions import OTHER_FAILURE, OpenCondition
from opsdesk.flows.rehearsal.play import STARTED_AT, Answer, Silence, bound
from opsdesk.flows.settle import ended, failed
from opsdesk.flows.state import State

CHOICES_MAX = 200
"""For one node, before those that make no difference are left out."""
OPEN_MAX = 4
"""Conditions out of one node that cannot be read, each with both ways."""
FAILURE = "Failed"
"""The code of a failure that no condition asks for by its code."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One way that a node may go, and in words what makes it different from the others."""

    answer: Answer
    told: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """Answers that are given instead of invented: of the run's inputs, and by node."""

    inputs: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By node: outputs by name; those that are not given are invented."""
    failures: Mapping[str, str] = field(default_factory=dict)
    """By node: the code with which it fails."""
    silent: frozenset[str] = frozenset()
    """Nodes that nobody answers."""


@dataclass(slots=True)
class Choices:
    """Every way that the nodes of one procedure may go, as far as its conditions tell them apart."""

    program: Program
    given: Given = field(default_factory=Given)
    notes: dict[str, None] = field(default_factory=dict)
    """What could not be invented well, in words, in order."""
    _told: dict[str, Told] = field(default_factory=dict)
    _ways: dict[str, list[Choice]] = field(default_factory=dict)
    _used_elsewhere: dict[str, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._told = told_apart(self.program)

    def of_inputs(self) -> list[tuple[dict[str, Any], str]]:
        """What a run may be started with, each with what makes it different."""
        fields = self.program.procedure.inputs
        return list(self._combinations(fields, "the run", ("", "inputs."), self.given.inputs))

    def at(self, state: State, node_id: str) -> list[Choice]:
        """The ways of a node where the run stands, without those that lead where another leads already."""
        if node_id not in self._ways:
            self._ways[node_id] = list(self._all(self.program.procedure.nodes[node_id]))
        different: dict[str, Choice] = {}
        for choice in self._ways[node_id]:
            different.setdefault(self._difference(state, node_id, choice), choice)
        return list(different.values())

    def taken(self, state: State, node_id: str, choice: Choice) -> tuple[int, ...]:
        """The edges that the choice takes at once."""
        return self._decided(state, node_id, choice)[1]

    def _all(self, node: Node) -> Iterator[Choice]:
        if node.id in self.given.failures:
            code = self.given.failures[node.id]
            yield Choice(Failed(code, f"{node.id} fails as told"), f"fails with {code}")
            return
        if node.id in self.given.silent:
            yield Choice(Silence(), "nobody answers in time")
            return
        spellings = ("", qualified(node.id, ""))
        fixed = self.given.answers.get(node.id, {})
        for outputs, told in self._combinations(node.outputs, node.id, spellings, fixed):
            for decided, also in self._open(node):
                yield Choice(Done({**outputs, **decided}), ", ".join(filter(None, (told, also))))
        if node.id not in self.given.answers:
            yield from self._failures(node)

    def _open(self, node: Node) -> Iterator[tuple[dict[str, bool], str]]:
        """Every way that the conditions out of the node may go which cannot be read."""
        conditions: list[object] = [
            self.program.conditions.get(edge.index) for edge in self.program.procedure.outgoing[node.id]
        ]
        every = [condition for condition in conditions if isinstance(condition, OpenCondition)]
        for condition in every:
            self.notes[f"{condition.told} cannot be read, so that both ways are walked"] = None
        unread = [condition for condition in every if not condition.by_failure]
        for decisions in product((True, False), repeat=min(len(unread), OPEN_MAX)):
            pairs = list(zip(unread, decisions, strict=False))
            words = [f"{each.told} is {str(decided).lower()}" for each, decided in pairs]
            yield {each.key: decided for each, decided in pairs}, ", ".join(words)

    def _failures(self, node: Node) -> Iterator[Choice]:
        """A failure where an edge is there for one; silence where the time that may pass is limited for people."""
        outgoing = self.program.procedure.outgoing[node.id]
        modes = {edge.mode for edge in outgoing}
        conditions: list[object] = [self.program.conditions.get(edge.index) for edge in outgoing]
        unread = any(isinstance(each, OpenCondition) and each.by_failure for each in conditions)
        asked = node.type is NodeType.HUMAN
        if modes & {EdgeMode.ERROR, EdgeMode.FALLBACK} and not asked:
            codes = self._told.get("error.code")
            texts = sorted(codes.usages[()].texts) if codes and () in codes.usages else []
            for code in [*texts, FAILURE]:
                yield Choice(Failed(code, f"{node.id} fails"), f"fails with {code}" if texts else "fails")
            if unread:
                told = "fails otherwise than a condition says that cannot be read"
                yield Choice(Failed(OTHER_FAILURE, f"{node.id} fails"), told)
        limited = node.timeout_s is not None or node.approval.timeout_s is not None
        if limited and (EdgeMode.TIMEOUT in modes or asked):
            yield Choice(Silence(), "nobody answers in time")

    def _combinations(
        self, fields: tuple[Field, ...], owner: str, spellings: tuple[str, ...], fixed: Mapping[str, Any]
    ) -> Iterator[tuple[dict[str, Any], str]]:
        """Values for the fields in every combination that conditions tell apart, with those that differ in words."""
        options: list[list[tuple[bool, Any]]] = []
        differing = []
        for declared in fields:
            if declared.name in fixed:
                options.append([(True, fixed[declared.name])])
                differing.append(False)
                continue
            told = [self._told[key] for prefix in spellings if (key := f"{prefix}{declared.name}") in self._told]
            invented = values_for(declared, told)
            self._note(owner, declared, invented)
            values = [(True, value) for value in invented.values]
            options.append([*values, (False, None)] if invented.absent and told else values)
            differing.append(len(options[-1]) > 1)
        for number, combination in enumerate(product(*options)):
            if number >= CHOICES_MAX:
                self.notes[f"{owner} can answer in more than {CHOICES_MAX} ways; the others are not tried"] = None
                return
            named = list(zip(fields, combination, differing, strict=True))
            values_by_name = {declared.name: value for declared, (present, value), _ in named if present}
            words = [_in_words(declared, *made) for declared, made, differs in named if differs]
            yield values_by_name, ", ".join(words)

    def _note(self, owner: str, declared: Field, invented: Invented) -> None:
        if not invented.fits:
            self.notes[f"no value for {declared.name} of {owner} could be invented that its schema admits"] = None
        if invented.cut:
            self.notes[f"{declared.name} of {owner} is told apart in more ways than are tried"] = None

    def _difference(self, state: State, node_id: str, choice: Choice) -> str:
        kind, taken = self._decided(state, node_id, choice)
        elsewhere = {}
        if isinstance(choice.answer, Done):
            used = self._elsewhere(node_id)
            elsewhere = {name: value for name, value in choice.answer.outputs.items() if name in used}
        return json.dumps([kind, taken, elsewhere], sort_keys=True, default=str)

    def _decided(self, state: State, node_id: str, choice: Choice) -> tuple[str, tuple[int, ...]]:
        now: datetime = STARTED_AT
        match choice.answer:
            case Done(outputs=outputs):
                fact = ended(self.program, state, node_id, outputs, now)
                if fact.kind is FactKind.NODE_BLOCKED:
                    return "blocked", ()
                return "done", tuple(fact.payload["taken"])
            case Failed() as failure:
                fact = failed(self.program, state, node_id, failure, now, attempt=1)
                return "failed", tuple(fact.payload.get("taken", ()))
            case _:
                outgoing = self.program.procedure.outgoing[node_id]
                return "silent", tuple(edge.index for edge in outgoing if edge.mode is EdgeMode.TIMEOUT)

    def _elsewhere(self, node_id: str) -> frozenset[str]:
        """The outputs that conditions look at which do not decide about the edges of this node."""
        if node_id not in self._used_elsewhere:
            own = {edge.index for edge in self.program.procedure.outgoing[node_id] if edge.mode not in FAILURE_MODES}
            others = [each for index, each in self.program.conditions.items() if index not in own]
            looked = {name for each in others for name in (*each.names, *each.guarded)}
            outputs = [output.name for output in self.program.procedure.nodes[node_id].outputs]
            used = frozenset(name for name in outputs if {name, qualified(node_id, name)} & looked)
            self._used_elsewhere[node_id] = used
        return self._used_elsewhere[node_id]


def check_given(program: Program, given: Given) -> list[str]:
    """What is wrong with what is given: nodes and inputs that are not there, values that are not admitted."""
    nodes, problems = program.procedure.nodes, []
    declared_inputs = {declared.name: declared for declared in program.procedure.inputs}
    for name, value in given.inputs.items():
        if name not in declared_inputs:
            problems.append(f"the run takes no input {name[:80]}")
        elif (problem := schema_problem(declared_inputs[name].schema, value)) is not None:
            problems.append(f"input {name}{problem}")
    named = [*given.answers, *given.failures, *given.silent]
    problems += [f"there is no node {name[:80]}" for name in dict.fromkeys(named) if name not in nodes]
    for name, outputs in given.answers.items():
        if name not in nodes:
            continue
        declared = {output.name for output in nodes[name].outputs}
        problems += [f"{name} declares no output {output[:80]}" for output in outputs if output not in declared]
        if declared <= outputs.keys() and isinstance(answer := bound(program, name, dict(outputs)), Failed):
            problems.append(f"{name}: {answer.message}")
    return problems


def _in_words(declared: Field, present: bool, value: Any) -> str:
    if not present:
        return f"{declared.name} is not there"
    if declared.personal:
        return f"{declared.name} is given"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return f"{declared.name} = {text if len(text) <= 80 else text[:79] + '…'}"
