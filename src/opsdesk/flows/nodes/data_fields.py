"""The fields of a `data` node: what it checks and what it computes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from opsdesk.flows.nodes.problems import FieldProblem
from opsdesk.flows.nodes.schemas import is_schema
from opsdesk.flows.procedure import Node

EXPRESSIONS_MAX = 100
SUBTYPES = frozenset({"transform", "validate", "aggregate"})


@dataclass(frozen=True, slots=True)
class DataCheck:
    """A condition that has to hold, and what is said where it does not."""

    expression: str
    message: str


def data_problems(node: Node) -> Iterator[FieldProblem]:
    """Why the node cannot be run."""
    subtype, runtime = node.subtype, node.runtime
    if subtype is not None and subtype not in SUBTYPES:
        yield FieldProblem("subtype", f"a data node of subtype {subtype[:40]} (known: {', '.join(sorted(SUBTYPES))})")
        return
    transform, schema, checks = (runtime.get(name) for name in ("transform", "schema", "checks"))
    if transform is None and schema is None and checks is None:
        yield FieldProblem("", "a data node without runtime.transform, runtime.schema or runtime.checks")
    if transform is not None and not _expressions_by_name(transform):
        yield FieldProblem("transform", "a data node whose transform is not a CEL expression for each name")
    if schema is not None and not (isinstance(schema, Mapping) and is_schema(schema)):
        yield FieldProblem("schema", "a data node whose schema is no JSON Schema (2020-12)")
    if checks is not None and checks_of(runtime) is None:
        yield FieldProblem("checks", "a data node whose checks are not CEL expressions, or {expression, message}")
    if len(expressions_of(runtime)) > EXPRESSIONS_MAX:
        yield FieldProblem("transform", f"a data node with more than {EXPRESSIONS_MAX} expressions")
    if runtime.get("on_failure", "halt") not in ("halt", "continue"):
        yield FieldProblem("on_failure", "a data node whose on_failure is neither halt nor continue")


def _expressions_by_name(transform: object) -> bool:
    return isinstance(transform, Mapping) and all(isinstance(text, str) and text.strip() for text in transform.values())


def checks_of(runtime: Mapping[str, Any]) -> list[DataCheck] | None:
    """The checks in their order; None where they are not written as checks are."""
    given = runtime.get("checks") or []
    if not isinstance(given, list | tuple):
        return None
    checks = []
    for each in given:
        parts = {"expression": each} if isinstance(each, str) else each
        if not isinstance(parts, Mapping) or parts.keys() - {"expression", "message"}:
            return None
        expression, message = parts.get("expression"), parts.get("message", "")
        if not isinstance(expression, str) or not expression.strip() or not isinstance(message, str):
            return None
        checks.append(DataCheck(expression, message or f"`{expression}` does not hold"))
    return checks


def expressions_of(runtime: Mapping[str, Any]) -> list[tuple[str, str, bool]]:
    """Every expression with its path below `runtime`, and whether it has to be true or false."""
    transform = runtime.get("transform")
    named = transform.items() if isinstance(transform, Mapping) else ()
    found = [(f"transform.{name}", text, False) for name, text in named if isinstance(text, str)]
    given = runtime.get("checks")
    for index, each in enumerate(given if isinstance(given, list | tuple) else ()):
        if isinstance(each, str):
            found.append((f"checks.{index}", each, True))
        elif isinstance(each, Mapping) and isinstance(each.get("expression"), str):
            found.append((f"checks.{index}.expression", each["expression"], True))
    return found
