"""From an answer to the outputs that a node declares: by name, complete, and each as its schema says."""

import re
from collections.abc import Mapping
from typing import Any

from opsdesk.flows.calls import Done, Failed
from opsdesk.flows.nodes.failures import Failure
from opsdesk.flows.nodes.schemas import schema_problem
from opsdesk.flows.nodes.storable import storage_problem
from opsdesk.flows.procedure import Node

_STEP = re.compile(r"\.(\w+(?:-\w+)*)|\['([^'\]]+)'\]|\[(\d{1,6})\]")
_PLACE = re.compile(rf"\$(?:{_STEP.pattern})*")
_NOTHING = object()


def bind_outputs(node: Node, answer: Any) -> Done | Failed:
    """The declared outputs out of the answer; names that the node does not declare are dropped.

    An answer is a JSON object; `runtime.response_mapping` of the node says where in it an output is, else it is there
    under its own name. The message of a failure names outputs and places, never a value.
    """
    if not node.outputs:
        return Done({})
    if not isinstance(answer, Mapping):
        return Failed(Failure.ANSWER_NOT_JSON, "the answer is not a JSON object")
    mapping = node.runtime.get("response_mapping")
    values = {**answer, **_mapped(mapping, answer)} if isinstance(mapping, Mapping) else answer
    missing = [output.name for output in node.outputs if output.required and output.name not in values]
    if missing:
        return Failed(Failure.OUTPUT_MISSING, f"the answer lacks {', '.join(missing)}")
    outputs = {output.name: values[output.name] for output in node.outputs if output.name in values}
    problems = _problems(node, outputs)
    if problems:
        return Failed(Failure.OUTPUT_INVALID, "; ".join(problems))
    return Done(outputs)


def _problems(node: Node, outputs: Mapping[str, Any]) -> list[str]:
    problems = []
    for output in node.outputs:
        if output.name not in outputs:
            continue
        value = outputs[output.name]
        problem = storage_problem(value)
        if problem is None and output.schema:
            problem = schema_problem(output.schema, value)
        if problem is not None:
            problems.append(f"output {output.name}{problem}")
    return problems


def _mapped(mapping: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs whose place the document gives as `$.data.id` or `$.items[0].id`, where there is something."""
    found = {}
    for name, place in mapping.items():
        value = _at(str(place), answer)
        if value is not _NOTHING:
            found[name] = value
    return found


def _at(place: str, answer: Any) -> Any:
    steps = place_steps(place)
    if steps is None:
        return _NOTHING
    for step in steps:
        if isinstance(step, int):
            inside = isinstance(answer, list) and step < len(answer)
        else:
            inside = isinstance(answer, Mapping) and step in answer
        if not inside:
            return _NOTHING
        answer = answer[step]
    return answer


def place_steps(place: str) -> tuple[str | int, ...] | None:
    """The steps of a place such as `$.items[0]['first name']`; None if it is not one that Opsdesk follows."""
    if not _PLACE.fullmatch(place):
        return None
    return tuple(
        int(index) if index else quoted or plain for plain, quoted, index in _STEP.findall(place.removeprefix("$"))
    )
