"""Whether a loop goes round, and over what: decided once, when the node before it has ended. Part of the pure core."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opsdesk.flows.procedure import Edge
from opsdesk.flows.program import Program
from opsdesk.flows.state import State

ROUNDS_MAX = 10_000
"""Rounds of one loop, whatever its `max_iterations`; and of all loops of a run together."""
ITEMS_MAX = 1_000
"""Items of a list that a `for_each` without `max_iterations` goes over."""


@dataclass(eq=False)
class LoopRefused(Exception):
    """A loop would go round more often than its limit."""

    code: str
    message: str


def way_back(program: Program, state: State, node_id: str, values: Mapping[str, Any]) -> Edge | None:
    """The first loop out of the node whose condition holds.

    Raises: ConditionFailed; LoopRefused.
    """
    for edge in program.procedure.outgoing[node_id]:
        if not edge.leads_back:
            continue
        loop = state.loops.get(edge.index)
        done = loop.round if loop is not None else 1
        if not program.conditions[edge.index].evaluate({**values, "loop.iteration": done}):
            continue
        if done >= edge.rounds_max:
            message = (
                f"{edge.source} has gone back to {edge.target} until round {done}, and `{edge.condition}` still holds"
            )
            raise LoopRefused("LoopLimit", message)
        _check_run(state, 1)
        return edge
    return None


def items_of(program: Program, state: State, edge: Edge, values: Mapping[str, Any]) -> list[Any]:
    """What a `for_each` goes over.

    Raises: ConditionFailed; LoopRefused.
    """
    items = program.conditions[edge.index].items(values)
    if len(items) > edge.rounds_max:
        message = (
            f"`{edge.for_each}` has {len(items)} items, and the loop to {edge.target} takes {edge.rounds_max} at most"
        )
        raise LoopRefused("TooManyItems", message)
    _check_run(state, len(items) - 1)
    return items


def _check_run(state: State, more: int) -> None:
    if state.rounds + more > ROUNDS_MAX:
        message = f"the loops of this run have gone round {state.rounds} times, and {ROUNDS_MAX} is the limit"
        raise LoopRefused("LoopLimit", message)
