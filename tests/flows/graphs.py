"""Procedures and runs made by hand, for tests of the pure core."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import settings

from opsdesk.flows.calls import Done, NodeOutcome
from opsdesk.flows.child_ends import child_ended
from opsdesk.flows.children import waits_for
from opsdesk.flows.compensation import ending
from opsdesk.flows.engine import Execute, Expire, Finish, GoRound, OpenTicket, StartChildren, apply, decide, fold
from opsdesk.flows.expressions import compile_conditions
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.procedure import Edge, EdgeMode, Field, Node, NodeType, Procedure
from opsdesk.flows.program import Program
from opsdesk.flows.settle import Arrival, ArrivalKind, expired, round_begun, settle
from opsdesk.flows.state import Child, State
from opsdesk.flows.waits import person_asked

any_graph = settings(max_examples=max(300, settings().max_examples), deadline=None)
"""How many random procedures a property is tried on: more in the nightly profile."""
START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def node(name: str, **more: Any) -> Node:
    return Node(id=name, type=more.pop("type", NodeType.API), name=name, **more)


def fields(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name) for name in names)


def program(nodes: Sequence[Node], edges: Sequence[tuple[Any, ...]], **more: Any) -> Program:
    """Edges are (source, target), and then, as far as wanted, the condition, the mode and other fields."""
    made = []
    for index, (source, target, *rest) in enumerate(edges):
        condition = rest[0] if rest else None
        mode = rest[1] if len(rest) > 1 else EdgeMode.CONDITIONAL if condition else EdgeMode.SEQUENTIAL
        more_of_edge = rest[2] if len(rest) > 2 else {}
        made.append(Edge(index, source, target, mode, condition, **more_of_edge))
    procedure = Procedure("test", "test", {item.id: item for item in nodes}, tuple(made), **more)
    return Program(procedure, compile_conditions(procedure))


class Journal:
    """Drives a program without I/O: `answer` gives each call's outcome, `pick` which of several calls ends first."""

    def __init__(self, made: Program, inputs: Mapping[str, Any] | None = None) -> None:
        self.program = made
        self.facts: list[Fact] = []
        self.state: State = fold(made.procedure, ())
        self.now = START
        self.executed: list[tuple[str, int]] = []
        self.iterations: list[tuple[str, int]] = []
        self.add(Fact(FactKind.RUN_STARTED, START, payload={"inputs": inputs or {}, "actor": "test"}))

    def add(self, *facts: Fact) -> None:
        for fact in facts:
            self.facts.append(fact)
            apply(self.program.procedure, self.state, fact)

    @property
    def open_children(self) -> list[Child]:
        return [child for run, child in self.state.children.items() if self._is_open(run, child)]

    def _is_open(self, run: str, child: Child) -> bool:
        return child.end is None and waits_for(self.state, child.node, run)

    def start_children(self, command: StartChildren) -> None:
        """As the worker does: a fact that names the runs."""
        children = self.program.procedure.nodes[command.node].children
        assert children is not None
        name = f"{command.node}-{command.iteration}-{command.retries}-{command.attempt}"
        runs = [f"{name}-{index}" for index in range(children.count)]
        payload = {"reason": "children", "attempt": command.attempt, "runs": runs}
        self.add(Fact(FactKind.NODE_WAITING, self.now, command.node, command.iteration, payload))
        self.executed.append((command.node, command.attempt))
        self.iterations.append((command.node, command.iteration))

    def end_child(self, call: Execute, outcome: NodeOutcome) -> None:
        """The last of the node's children that are open ends."""
        of_node = [run for run, child in self.state.children.items() if child.node == call.node and child.end is None]
        self.end_run(of_node[-1], outcome)

    def end_run(self, run: str, outcome: NodeOutcome) -> None:
        node_id = self.state.children[run].node
        payload = {"run": run, "index": int(run.rsplit("-", 1)[1]), "outputs": {}}
        if isinstance(outcome, Done):
            payload |= {"outcome": "completed", "outputs": outcome.outputs}
        else:
            payload |= {"outcome": "stopped", "node": node_id, "reason": "it failed"}
        iteration = self.state.children[run].iteration
        arrival = Arrival(1, ArrivalKind.CHILD, node_id, iteration, payload, f"run:{run}", self.now)
        self.add(*child_ended(self.program, self.state, arrival, self.now))

    def run(
        self,
        answer: Callable[[Execute], NodeOutcome] = lambda _: Done({}),
        pick: Callable[[Sequence[Execute]], int] = lambda _: 0,
        stop: Callable[[], bool] = lambda: False,
        facts_max: int = 100_000,
    ) -> State:
        """Until the run has ended, or only waits, or `stop` says so."""
        while not stop() and len(self.facts) < facts_max:
            commands = decide(self.program.procedure, self.state, self.now)
            executes = [command for command in commands if isinstance(command, Execute)]
            executes += [Execute(child.node, 1) for child in self.open_children]
            if executes:
                call = executes[pick(executes)]
                if self.program.procedure.nodes[call.node].children is not None:
                    self.end_child(call, answer(call))
                    continue
                self.executed.append((call.node, call.attempt))
                self.iterations.append((call.node, call.iteration))
                self.add(*settle(self.program, self.state, call, answer(call), self.now))
                continue
            for command in commands:
                if isinstance(command, Finish):
                    of_the_run = self.program.procedure, self.state, command.outcome, self.now
                    self.add(ending(*of_the_run, node=command.node, reason=command.reason, actor=command.actor))
                    break
                if isinstance(command, StartChildren):
                    self.start_children(command)
                    break
                if isinstance(command, OpenTicket):
                    asked = self.program.procedure.nodes[command.node]
                    self.add(person_asked(asked, self.state.nodes[command.node], "t-1", self.now)[0])
                    break
                if isinstance(command, GoRound):
                    self.add(round_begun(command, self.now))
                    break
                if isinstance(command, Expire):
                    self.add(*expired(self.program, self.state, command.node, self.now))
                    break
            else:
                return self.state
            if self.state.outcome is not None:
                return self.state
        return self.state
