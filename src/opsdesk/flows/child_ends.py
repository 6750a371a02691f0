"""What a run makes of the end of a run that it has started. Pure, like the settling."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from opsdesk.flows.calls import Done, Failed
from opsdesk.flows.children import ends_of, waits_for
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.nodes.failures import Failure
from opsdesk.flows.nodes.outputs import bind_outputs
from opsdesk.flows.procedure import Children, OnChildFailure
from opsdesk.flows.program import Program
from opsdesk.flows.settle import Arrival, ended, failed, ignored
from opsdesk.flows.state import RunStatus, State

_CODES = {
    "stopped": Failure.CHILD_STOPPED,
    "cancelled": Failure.CHILD_CANCELLED,
    "timed_out": Failure.TIMED_OUT,
}
End = Mapping[str, Any]
"""The payload of `child_ended`."""


def child_ended(program: Program, state: State, arrival: Arrival, now: datetime) -> list[Fact]:
    """That the child has ended, and, if it was the last that its node waited for, that the node has too."""
    last = arrival.payload
    if state.outcome is not None or last["run"] not in state.children or state.children[last["run"]].end is not None:
        return [ignored(arrival, "nothing waits for the end of this run", now)]
    came = Fact(FactKind.CHILD_ENDED, now, arrival.node, arrival.iteration, last)
    node, declared = state.nodes[arrival.node], program.procedure.nodes[arrival.node]
    if not waits_for(state, arrival.node, last["run"]) or declared.children is None:
        return [came]
    assert node.wait is not None
    ends = ends_of(state, node.wait, last)
    broken = [end for end in ends if end is not None and end["outcome"] != RunStatus.COMPLETED]
    over = [end for end in ends if end is not None]
    how = declared.children.on_failure
    if broken and (how is OnChildFailure.CANCEL or (how is OnChildFailure.WAIT and len(over) == len(ends))):
        failure = _failure(declared.children, broken)
    elif len(over) < len(ends):
        return [came]
    else:
        bound = bind_outputs(declared, _answer(declared.children, over))
        if isinstance(bound, Done):
            return [came, ended(program, state, arrival.node, bound.outputs, now)]
        failure = bound
    return [came, failed(program, state, arrival.node, failure, now, attempt=node.attempt)]


def _answer(children: Children, ends: Sequence[End]) -> dict[str, Any]:
    """The outputs by name; of several children the lists of them in their order, with null for what one did not give.

    Of a child that did not complete and need not, every output is null.
    """
    names = [output.name for output in children.outputs]
    if children.count > 1:
        return {name: [end["outputs"].get(name) for end in ends] for name in names}
    (only,) = ends
    if only["outcome"] == RunStatus.COMPLETED:
        return dict(only["outputs"])
    return dict.fromkeys(names)


def _failure(children: Children, broken: Sequence[End]) -> Failed:
    """What the first of them in their order failed with, under the id of its run."""
    first = broken[0]
    where = f" at {first['node']}" if first.get("node") else ""
    which = f" ({first['index'] + 1} of {children.count})" if children.count > 1 else ""
    more = f"; {len(broken) - 1} more did not complete" if len(broken) > 1 else ""
    message = f"run {first['run']}{which} ended as {first['outcome']}{where}: {first.get('reason', '')}{more}"
    return Failed(
        first.get("code") or _CODES[first["outcome"]],
        message,
        # A node that runs alone has been tried again there already.
        retryable=children.procedure is not None,
        timeout=bool(first.get("timeout")),
    )
