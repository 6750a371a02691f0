"""The node type `data`: values checked by JSON Schema and CEL, and others computed from them by CEL. No I/O."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from opsdesk.flows.calls import Done, Failed, NodeCall, NodeFunction, NodeOutcome
from opsdesk.flows.expression_work import work_problem
from opsdesk.flows.expressions import (
    Condition,
    ConditionFailed,
    ConditionInvalid,
    Scope,
    compile_condition,
    compile_value,
    qualified,
)
from opsdesk.flows.nodes.data_fields import checks_of, data_problems
from opsdesk.flows.nodes.failures import Failure, NodeFailure
from opsdesk.flows.nodes.outputs import bind_outputs
from opsdesk.flows.nodes.problems import check_fields
from opsdesk.flows.nodes.schemas import schema_problem
from opsdesk.flows.procedure import Node

COMPILED_MAX = 1024


def data_node() -> NodeFunction:
    """The function of `data` nodes."""

    async def run(call: NodeCall) -> NodeOutcome:
        try:
            check_fields(call.node, data_problems)
            return _outcome(call)
        except NodeFailure as failure:
            return failure.failed

    return run


def _outcome(call: NodeCall) -> Done | Failed:
    """The declared inputs, what is computed from the names in scope, and `valid` with `problems`.

    A transform is computed only from values that fit.
    """
    node, values = call.node, _values(call)
    problems = _problems(node, call.inputs, values)
    if problems and node.runtime.get("on_failure", "halt") == "halt":
        return Failed(Failure.DATA_INVALID, "; ".join(problems))
    answer: dict[str, Any] = {**call.inputs, "valid": not problems, "problems": problems}
    if not problems:
        for name, text in (node.runtime.get("transform") or {}).items():
            where = f"transform.{name}"
            answer[name] = _json_value(_evaluate(text, values, decides=False, where=where), where)
    return bind_outputs(node, answer)


def _problems(node: Node, inputs: Mapping[str, Any], values: Mapping[str, Any]) -> list[str]:
    """What does not fit: places and rules, never a value."""
    schema = node.runtime.get("schema")
    if schema is not None and (problem := schema_problem(schema, dict(inputs))) is not None:
        # The checks may rely on what the schema says.
        return [f"the input{problem}"]
    checks = checks_of(node.runtime) or []
    return [
        check.message
        for index, check in enumerate(checks)
        if not _evaluate(check.expression, values, decides=True, where=f"checks.{index}")
    ]


def _values(call: NodeCall) -> dict[str, Any]:
    """Every name that an expression may use, as conditions spell them."""
    values = dict(call.scope)
    values.update({f"inputs.{name}": value for name, value in call.run_inputs.items()})
    for node_id, outputs in call.outputs.items():
        values.update({qualified(node_id, name): value for name, value in outputs.items()})
    values["metadata.run_id"] = str(call.run_id)
    values["metadata.procedure_id"] = call.procedure_id
    values["metadata.attempt"] = call.attempt
    return values


def _evaluate(text: str, values: Mapping[str, Any], *, decides: bool, where: str) -> Any:
    try:
        expression = _compiled(text, frozenset(values), decides)
        if problem := work_problem(expression.tree, expression.expression, expression.names, values):
            raise NodeFailure(Failure.EXPRESSION_FAILED, f"{where}: {problem}")
        return expression.evaluate(values) if decides else expression.value(values)
    except ConditionInvalid as error:
        raise NodeFailure(Failure.EXPRESSION_FAILED, f"{where}: {error}") from None
    except ConditionFailed as error:
        raise NodeFailure(Failure.EXPRESSION_FAILED, f"{where}: {error.message}") from None


@lru_cache(maxsize=COMPILED_MAX)
def _compiled(text: str, names: frozenset[str], decides: bool) -> Condition:
    scope = Scope({name: {} for name in names})
    return compile_condition(text, scope) if decides else compile_value(text, scope)


def _json_value(value: Any, where: str) -> Any:
    """What CEL gives as JSON has it: a timestamp is its text. What else JSON lacks is left to the check of outputs."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, list):
        return [_json_value(item, where) for item in value]
    if not isinstance(value, dict):
        return value
    if not all(isinstance(key, str) for key in value):
        raise NodeFailure(Failure.EXPRESSION_FAILED, f"{where}: the result has keys that are not texts")
    return {key: _json_value(item, where) for key, item in value.items()}
