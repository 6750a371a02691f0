"""Data that a person has corrected while a run is under way: what comes after sees it. Part of the pure core.

What has happened stays as it happened: outputs keep what a node answered, and calls that were made keep what they were
made with. Only the names that are seen from then on have the corrected values, in each of their spellings.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.procedure import NodeType, Procedure
from opsdesk.flows.state import NodePhase, NodeState, State
from opsdesk.flows.ways import release


def amend(state: State, node_id: str, values: Mapping[str, Any]) -> None:
    """What a human node shows was amended: it and everything behind it see these values."""
    node = state.nodes[node_id]
    node.scope = {**node.scope, **values}
    spelt: dict[str, Any] = {}
    for name, value in values.items():
        if name in state.inputs:
            spelt[f"inputs.{name}"] = value
        for ancestor in node.ancestors:
            if name in state.nodes[ancestor].outputs:
                spelt[f"outputs.{ancestor.replace('-', '_')}.{name}"] = value
    node.amended = {**node.amended, **spelt}


def correct(procedure: Procedure, state: State, payload: Mapping[str, Any], at: datetime) -> None:
    """Inputs of the run were corrected: every node sees them under their names, unless an output has taken the name.

    Nodes whose tickets show what was before, and could not be amended, ask again in a new iteration. What undoes
    something goes on with what was done.
    """
    values = payload["values"]
    state.inputs = {**state.inputs, **values}
    for node in state.nodes.values():
        if node.released_at is not None and node.undoes is None:
            node.scope = {**node.scope, **visible(state, node, values)}
            node.amended = {
                name: each for name, each in node.amended.items() if name.removeprefix("inputs.") not in values
            }
    for node_id in payload["again"]:
        state.nodes[node_id] = NodeState(iteration=state.nodes[node_id].iteration + 1)
        release(procedure, state, node_id, at)


def visible(state: State, node: NodeState, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the run's inputs that the node sees under their own name."""
    produced = [state.nodes[ancestor].outputs for ancestor in node.ancestors]
    hidden = {name for outputs in (*produced, *node.earlier.values()) for name in outputs}
    return {name: value for name, value in values.items() if name not in hidden}


def decided_upon(procedure: Procedure, state: State, values: Mapping[str, Any]) -> dict[str, str]:
    """By name, the node where people have decided on this input of the run: what they approved is what is done."""
    found: dict[str, str] = {}
    for node_id, node in state.nodes.items():
        if _is_decided(procedure, node_id, node):
            names = {field.name for field in procedure.nodes[node_id].inputs}
            found |= {name: node_id for name in visible(state, node, values) if name in names}
    return found


def decided_before(procedure: Procedure, state: State, node_id: str, values: Mapping[str, Any]) -> dict[str, str]:
    """By name, the node on the way to this one where people have decided on what it shows under this name."""
    found: dict[str, str] = {}
    for ancestor in state.nodes[node_id].ancestors:
        if _is_decided(procedure, ancestor, state.nodes[ancestor]):
            names = {field.name for field in procedure.nodes[ancestor].inputs}
            found |= {name: ancestor for name in values if name in names}
    return found


def _is_decided(procedure: Procedure, node_id: str, node: NodeState) -> bool:
    return procedure.nodes[node_id].type is NodeType.HUMAN and node.phase is NodePhase.DONE


def shown(procedure: Procedure, state: State, values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """By node that waits for a person: those of these inputs of the run that the person is shown."""
    found: dict[str, dict[str, Any]] = {}
    for node_id, node in state.nodes.items():
        declared = procedure.nodes[node_id]
        if declared.type is not NodeType.HUMAN or node.phase is not NodePhase.WAITING or node.undoes is not None:
            continue
        names = {field.name for field in declared.inputs}
        seen = {name: value for name, value in visible(state, node, values).items() if name in names}
        if seen:
            found[node_id] = seen
    return found


def corrected(procedure: Procedure, state: State, payload: Mapping[str, Any], now: datetime, *, actor: str) -> Fact:
    """The fact that inputs were corrected. A ticket that shows them, and was opened too late to be amended with the
    correction, is closed, and asked anew."""
    late = {}
    for node_id in shown(procedure, state, payload["values"]):
        wait = state.nodes[node_id].wait
        if wait is not None and wait.ticket is not None and wait.ticket not in payload["amended"]:
            late[node_id] = wait.ticket
    about = {"values": payload["values"], "actor": actor, "reason": payload["reason"]}
    return Fact(FactKind.RUN_CORRECTED, now, payload={**about, "again": list(late), "tickets": list(late.values())})


def overlaid(
    outputs: Mapping[str, Mapping[str, Any]], inputs: Mapping[str, Any], amended: Mapping[str, Any]
) -> tuple[dict[str, Mapping[str, Any]], dict[str, Any]]:
    """Outputs by node, and the run's inputs, with the values that were amended in their place."""
    seen = {node: dict(values) for node, values in outputs.items()}
    given = dict(inputs)
    for node, values in seen.items():
        spelt = f"outputs.{node.replace('-', '_')}."
        values.update({name: amended[spelt + name] for name in values if spelt + name in amended})
    given.update({name: amended[f"inputs.{name}"] for name in given if f"inputs.{name}" in amended})
    return dict(seen), given
