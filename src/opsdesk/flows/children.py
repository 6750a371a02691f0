"""Runs that carry out a node of another run: how a child begins and hands its end over. Part of the pure core."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opsdesk.flows.facts import Fact
from opsdesk.flows.procedure import Procedure
from opsdesk.flows.state import Child, NodePhase, Parent, RunStatus, State, Wait

DEPTH_MAX = 8
"""Runs that start runs; deeper than so many, something goes round in a circle."""
REASON = "children"
"""Why a node waits that is carried out by runs of its own."""


def begun_as_child(state: State, payload: Mapping[str, Any]) -> None:
    """Take in what a run was told that another one started: by whom, and of a single node what it sees."""
    state.parent = Parent(**payload["parent"])
    if (part := payload.get("part")) is not None:
        node = state.nodes[part["node"]]
        node.scope = {**node.scope, **part["scope"]}
        node.earlier = part["outputs"]


def children_started(state: State, fact: Fact) -> None:
    """A node waits for runs that carry it out. Those that did so before, and have ended, are not asked for any more."""
    over = [run for run, child in state.children.items() if child.node == fact.node and child.end is not None]
    for run in over:
        del state.children[run]
    for run in fact.payload["runs"]:
        state.children[run] = Child(fact.node, fact.iteration)


def handed_over(state: State) -> tuple[str, str] | None:
    """The node whose failure the parent takes up, and what is to be said of it: it is no incident here."""
    parent = state.parent
    assert parent is not None
    for name, node in state.nodes.items():
        if node.phase is NodePhase.BLOCKED and node.error is not None and "timeout" in node.error:
            is_timeout = bool(node.error["timeout"])
            if parent.takes_failure or (is_timeout and parent.takes_timeout):
                return name, f"{node.error['code']}: {node.error['message']}"
    return None


def end_of_child(procedure: Procedure, state: State, run_id: str) -> dict[str, Any]:
    """What the parent is told when a child has ended. Of outputs by one name, that of the last node in the document."""
    assert state.parent is not None
    assert state.outcome is not None
    told: dict[str, Any] = {"run": run_id, "index": state.parent.index, "outcome": state.outcome.value, "outputs": {}}
    if state.outcome is RunStatus.COMPLETED:
        given = [node.outputs for node in map(state.nodes.__getitem__, procedure.nodes) if node.phase is NodePhase.DONE]
        told["outputs"] = {name: outputs[name] for outputs in given for name in state.parent.returns if name in outputs}
        return told
    told["reason"] = state.outcome_reason or ""
    if state.outcome_node:
        told["node"] = state.outcome_node
        error = state.nodes[state.outcome_node].error
        if state.nodes[state.outcome_node].phase in (NodePhase.BLOCKED, NodePhase.FAILED) and error is not None:
            told |= {"code": error["code"], "timeout": bool(error.get("timeout"))}
    if state.outcome is RunStatus.TIMED_OUT:
        told |= {"code": "TimedOut", "timeout": True}
    return told


def waits_for(state: State, node_id: str, run_id: str) -> bool:
    """Whether the node waits for this child now."""
    wait = state.nodes[node_id].wait if node_id in state.nodes else None
    return wait is not None and run_id in wait.runs


def still_open(state: State, wait: Wait) -> int:
    """How many of the children that a node waits for have not ended."""
    return sum(1 for run in wait.runs if state.children[run].end is None)


def ends_of(state: State, wait: Wait, last: Mapping[str, Any]) -> Sequence[Mapping[str, Any] | None]:
    """How each of the children ended that a node waits for, with the one that ends now; None: it is open."""
    return [last if run == last["run"] else state.children[run].end for run in wait.runs]


def no_longer_wanted(state: State) -> Iterator[tuple[str, str]]:
    """The children, with the reason, that are open and that nothing waits for any more."""
    for run, child in state.children.items():
        if child.end is not None:
            continue
        if state.outcome is not None:
            yield run, f"the run that started it has ended: {state.outcome}"
        elif state.nodes[child.node].iteration != child.iteration or not waits_for(state, child.node, run):
            yield run, f"{child.node} of the run that started it does not wait for it any more"
