"""What a test expects, beside what came: each difference in words. Values of personal outputs are not repeated."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.procedure import Case, Node, Procedure
from opsdesk.flows.rehearsal.play import Played
from opsdesk.flows.rehearsal.simulation import Simulation

VALUE_CHARS_MAX = 120
_SPELLED = {"failed": "blocked", "success": "completed", "succeeded": "completed", "timeout": "timed_out"}
_REFUSED = frozenset({"OutputMissing", "OutputInvalid", "AnswerNotJson"})


def broken_by_unit(procedure: Procedure, case: Case, fact: Fact) -> Iterator[str]:
    """What is not as expected about the one fact that a node's answer made."""
    node = procedure.nodes[fact.node]
    outputs: Mapping[str, Any] = fact.payload.get("outputs", {})
    went_wrong = fact.kind is not FactKind.NODE_ENDED
    code = fact.payload.get("code")
    targets = [procedure.edge(index).target for index in fact.payload.get("taken", ())]
    for name, wanted in case.expect.items():
        match name:
            case "schema_valid":
                yield from _differs("schema_valid", wanted, code not in _REFUSED)
            case "outputs":
                yield from _outputs(node, wanted, outputs)
            case "error":
                yield from _differs("error", wanted, code)
            case "next":
                yield from _differs("next", sorted(_listed(wanted)), sorted(targets))
            case "edges":
                yield from _differs("edges", sorted(_listed(wanted)), sorted(f"{node.id} -> {to}" for to in targets))
            case _ if name.startswith("x-"):
                continue
            case _:
                yield from _outputs(node, {name: wanted}, outputs)
    if went_wrong and "error" not in case.expect and case.expect.get("schema_valid") is not False:
        yield f"{node.id} failed: {code}: {fact.payload.get('message')}"


def broken_by_run(procedure: Procedure, expect: Mapping[str, Any], played: Played) -> Iterator[str]:
    """What is not as expected about a run that was played."""
    ended = set(played.path)
    for name, wanted in expect.items():
        match name:
            case "outcome" | "status":
                if _SPELLED.get(str(wanted), wanted) != played.outcome:
                    where = f" at {played.ended_at_node}" if played.ended_at_node else ""
                    yield f"{name}: expected {wanted}, came {played.outcome}{where}: {played.reason}"
            case "node":
                yield from _differs(name, wanted, played.ended_at_node)
            case "reason":
                if str(wanted) not in played.reason:
                    yield f"reason: {_shown(wanted)} is not in {_shown(played.reason)}"
            case "visited":
                yield from (f"visited: {node} did not run" for node in _listed(wanted) if node not in ended)
            case "not_visited":
                yield from (f"not_visited: {node} ran" for node in _listed(wanted) if node in ended)
            case "path":
                yield from _differs(name, _listed(wanted), played.path)
            case "edges":
                edges = [procedure.edge(index) for index in played.taken]
                taken = {f"{edge.source} -> {edge.target}" for edge in edges}
                yield from (f"edges: {edge} was not taken" for edge in _listed(wanted) if edge not in taken)
            case "attempts":
                yield from _attempts(wanted, played)
            case "outputs":
                yield from _outputs_of_nodes(procedure, wanted, played)
            case _ if not name.startswith("x-"):
                yield from _outputs_of_nodes(procedure, {name: wanted}, played)


def _attempts(wanted: Any, played: Played) -> Iterator[str]:
    for node, count in wanted.items() if isinstance(wanted, Mapping) else ():
        yield from _differs(f"attempts of {node}", count, played.asked.get(node, 0))
    if not isinstance(wanted, Mapping):
        yield "attempts: has to be a mapping from node to number"


def _outputs_of_nodes(procedure: Procedure, wanted: Any, played: Played) -> Iterator[str]:
    """By node; a name that is no node's is looked for among the outputs of all."""
    if not isinstance(wanted, Mapping):
        yield "outputs: has to be a mapping"
        return
    for name, values in wanted.items():
        if name in procedure.nodes and isinstance(values, Mapping):
            yield from _outputs(procedure.nodes[name], values, played.state.nodes[name].outputs)
            continue
        holders = [node for node in procedure.nodes.values() if name in played.state.nodes[node.id].outputs]
        if not holders:
            yield f"outputs: no node gave {name}"
        else:
            yield from _outputs(holders[-1], {name: values}, played.state.nodes[holders[-1].id].outputs)


def _outputs(node: Node, wanted: Any, outputs: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(wanted, Mapping):
        yield "outputs: has to be a mapping"
        return
    personal = {output.name for output in node.outputs if output.personal}
    for name, value in wanted.items():
        if name not in outputs:
            yield f"{node.id}.{name}: expected, and is not there"
        elif not same(value, outputs[name]):
            came = "another value, which is personal" if name in personal else _shown(outputs[name])
            yield f"{node.id}.{name}: expected {'one' if name in personal else _shown(value)}, came {came}"


def broken_by_paths(expect: Mapping[str, Any], simulation: Simulation) -> Iterator[str]:
    """What is not as expected about the paths of a simulation."""
    for name, wanted in expect.items():
        match name:
            case "outcomes":
                allowed = {str(_SPELLED.get(str(outcome), outcome)) for outcome in _listed(wanted)}
                for path in simulation.paths:
                    if path.outcome not in allowed:
                        way = " → ".join(step.node for step in path.steps)
                        yield f"outcomes: a path is {path.outcome}: {way} ({path.reason})"
            case "never":
                run = {step.node for path in simulation.paths for step in path.steps}
                yield from (f"never: {node} runs on a path" for node in _listed(wanted) if node in run)
            case "always":
                for node in _listed(wanted):
                    without = [path for path in simulation.paths if node not in {step.node for step in path.steps}]
                    if without:
                        way = " → ".join(step.node for step in without[0].steps)
                        yield f"always: {node} is not on {len(without)} of {len(simulation.paths)} paths, such as {way}"
            case "paths":
                yield from _differs(name, wanted, len(simulation.paths))
            case _:
                pass


def _differs(name: str, wanted: Any, came: Any) -> Iterator[str]:
    if not same(wanted, came):
        yield f"{name}: expected {_shown(wanted)}, came {_shown(came)}"


def same(wanted: Any, came: Any) -> bool:
    """As JSON has it: 1 is 1.0, and true is not 1."""
    if isinstance(wanted, bool) or isinstance(came, bool):
        return wanted is came
    if isinstance(wanted, Mapping) and isinstance(came, Mapping):
        return wanted.keys() == came.keys() and all(same(value, came[key]) for key, value in wanted.items())
    if isinstance(wanted, list | tuple) and isinstance(came, list | tuple):
        return len(wanted) == len(came) and all(map(same, wanted, came))
    return bool(wanted == came)


def _listed(wanted: Any) -> Iterable[Any]:
    return list(wanted) if isinstance(wanted, list | tuple) else [wanted]


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= VALUE_CHARS_MAX else text[: VALUE_CHARS_MAX - 1] + "…"
