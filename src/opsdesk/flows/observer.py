"""Who watches the work without taking part in it: what they see is for metrics and traces, never for decisions."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol
from uuid import UUID

from opsdesk.flows.calls import Done, Failed, NodeCall, NodeOutcome, Timer, Wait
from opsdesk.flows.facts import Fact
from opsdesk.flows.procedure import Procedure

Names = Callable[[], Mapping[str, str | int]]
"""What a step is called, in ids and names of the procedure: run_id, procedure, node, node_type, iteration, attempt. To
be asked for by those who need it: most do not.
"""
Tell = Callable[[str, str], None]
"""Is told the outcome of a call (`done`, `waiting`, `failed`), and the code of a failure, else nothing."""


class Observer(Protocol):
    """Called at every step, so what it does costs."""

    def call(self, node_type: str, names: Names, started_under: str | None) -> AbstractContextManager[Tell]:
        """Open while a node is executed. `started_under` is the `traceparent` of the run's start."""
        ...

    def kept(
        self, fact: str, payload: Mapping[str, object], node_type: str | None, names: Names, started_under: str | None
    ) -> None:
        """A fact of a node, or of the run as a whole, is durable. The payload is raw. Must not wait for anything."""
        ...


def names_of_call(call: NodeCall) -> Names:
    return lambda: {
        "run_id": str(call.run_id),
        "procedure": call.procedure_id,
        "node": call.node.id,
        "node_type": call.node.type.value,
        "iteration": call.iteration,
        "attempt": call.attempt,
    }


def told_of(outcome: NodeOutcome) -> tuple[str, str]:
    match outcome:
        case Done():
            return "done", ""
        case Wait() | Timer():
            return "waiting", ""
        case Failed(code=code):
            return "failed", code


def tell_kept(
    observer: Observer, procedure: Procedure, run_id: UUID, facts: Sequence[Fact], started_under: str | None
) -> None:
    """Tell of each fact."""
    for fact in facts:
        node_type = procedure.nodes[fact.node].type if fact.node else None
        observer.kept(
            fact.kind, fact.payload, node_type, _names_of_fact(procedure, run_id, fact, node_type), started_under
        )


def _names_of_fact(procedure: Procedure, run_id: UUID, fact: Fact, node_type: str | None) -> Names:
    def names() -> Mapping[str, str | int]:
        of_run: Mapping[str, str | int] = {"run_id": str(run_id), "procedure": procedure.id}
        if node_type is None:
            return of_run
        return {**of_run, "node": fact.node, "node_type": node_type, "iteration": fact.iteration}

    return names
