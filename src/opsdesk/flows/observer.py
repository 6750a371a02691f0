"""Who watches the work without taking part in it: what they see is for metrics and traces, never for decisions."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol
from uuid import UUID

from opsdesk.flows.calls import Done, Failed, NodeCall, NodeOutcome, Wait
from opsdesk.flows.facts import Fact
from opsdesk.flows.procedure import Procedure

Names = Mapping[str, str | int]
"""What a step is called, in ids and names of the procedure: run_id, procedure, node, node_type, iteration, attempt."""
Tell = Callable[[str, str], None]
"""Is told the outcome of a call (`done`, `waiting`, `failed`), and the code of a failure, else nothing."""


class Observer(Protocol):
    def call(self, names: Names, started_under: str | None) -> AbstractContextManager[Tell]:
        """Open while a node is executed. `started_under` is the `traceparent` of the run's start."""
        ...

    def kept(self, fact: str, payload: Mapping[str, object], names: Names, started_under: str | None) -> None:
        """A fact is durable. Called between two steps, so it must not wait for anything; the payload is raw."""
        ...


def names_of_call(call: NodeCall) -> Names:
    return {
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
        case Wait():
            return "waiting", ""
        case Failed(code=code):
            return "failed", code


def tell_kept(
    observer: Observer, procedure: Procedure, run_id: UUID, facts: Sequence[Fact], started_under: str | None
) -> None:
    """Tell of each fact about the run or one of its nodes."""
    for fact in facts:
        names: dict[str, str | int] = {"run_id": str(run_id), "procedure": procedure.id}
        if fact.node:
            names |= {
                "node": fact.node,
                "node_type": procedure.nodes[fact.node].type.value,
                "iteration": fact.iteration,
            }
        observer.kept(fact.kind.value, fact.payload, names, started_under)
