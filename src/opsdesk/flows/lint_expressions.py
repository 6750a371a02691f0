"""Conditions: parsed and type-checked against what is in scope on the path to them."""

from collections.abc import Iterator, Mapping

from opsdesk.flows import expression_tree as tree
from opsdesk.flows.expression_problems import NAMES_SEEN, Problem, ProblemKind, nearest
from opsdesk.flows.expressions import (
    Condition,
    ConditionInvalid,
    Scope,
    compile_condition,
    compile_value,
    qualified,
    widest_scope,
)
from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.lint_names import Names, Provider, scope_at, words_of
from opsdesk.flows.lint_paths import Certainty
from opsdesk.flows.procedure import Edge, Position, with_article
from opsdesk.flows.tree import locate

FINDINGS_MAX = 500
HINTS_MAX = 50
"""Findings for which every name in scope is looked through for the one that was meant."""

CODES = {
    ProblemKind.SYNTAX: Code.EXPRESSION_SYNTAX,
    ProblemKind.UNKNOWN_NAME: Code.EXPRESSION_NAME,
    ProblemKind.UNKNOWN_FUNCTION: Code.EXPRESSION_FUNCTION,
    ProblemKind.HABIT: Code.EXPRESSION_HABIT,
    ProblemKind.TYPES: Code.EXPRESSION_TYPES,
    ProblemKind.NOT_BOOLEAN: Code.EXPRESSION_NOT_BOOLEAN,
    ProblemKind.LIMIT: Code.EXPRESSION_LIMIT,
}
_COMPARISONS = frozenset({"_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_"})
_KINDS = {"string": (str,), "boolean": (bool,), "number": (int, float), "integer": (int, float)}


def lint_expressions(names: Names) -> tuple[list[Finding], dict[int, Condition]]:
    """What is wrong with the conditions; and those that compile, by index of the edge."""
    findings: list[Finding] = []
    conditions: dict[int, Condition] = {}
    everywhere = widest_scope(names.procedure)
    told: set[tuple[int, str]] = set()
    for edge in names.procedure.edges:
        if (text := edge.expression) is None:
            continue
        if len(findings) >= FINDINGS_MAX:
            break
        known = names.at(edge.source, words_of(text), edge=edge)
        scope = scope_at(known, edge)
        try:
            condition = _compiled(edge, text, scope)
        except ConditionInvalid as error:
            problems = error.problems
            if len(findings) < HINTS_MAX:
                problems = _problems(edge, text, scope_at(names.at(edge.source, edge=edge), edge))
            for problem in problems:
                # Once an edge; the ways of a switch share what they compare.
                if (edge.place, problem.message) not in told:
                    told.add((edge.place, problem.message))
                    findings.append(_finding(names, edge, problem, everywhere))
            continue
        conditions[edge.index] = condition
        findings.extend(_comparisons(names, edge, condition, scope))
        findings.extend(_maybe_missing(names, edge, condition, known))
    return findings, conditions


def _compiled(edge: Edge, text: str, scope: Scope) -> Condition:
    return compile_value(text, scope) if edge.for_each else compile_condition(text, scope)


def _problems(edge: Edge, text: str, scope: Scope) -> tuple[Problem, ...]:
    """Once more with every name in scope, so that the hints know them."""
    try:
        _compiled(edge, text, scope)
    except ConditionInvalid as error:
        return error.problems
    return ()


def _finding(names: Names, edge: Edge, problem: Problem, everywhere: Scope) -> Finding:
    message, hint = problem.message, _of_node(names, problem)
    if problem.kind is ProblemKind.UNKNOWN_NAME and (late := _provided_elsewhere(names, edge, problem, everywhere)):
        message, hint = late, "conditions see only what ran on the way to them"
    message = f"{_told(edge)}: {message}"
    position = _at(names, edge, problem.offset)
    return Finding(CODES[problem.kind], Severity.ERROR, message, hint, position, f"edges.{edge.place}")


def _of_node(names: Names, problem: Problem) -> str:
    """How the output of a node is named, for who writes the node and the output."""
    if problem.kind is not ProblemKind.UNKNOWN_NAME:
        return problem.hint
    parts = problem.message.removeprefix("nothing provides ").split(".")
    place = 1 if parts[0] == "outputs" else 0
    spelt = {node_id.replace("-", "_"): node_id for node_id in names.procedure.nodes}
    node = spelt.get(parts[place].replace("-", "_")) if len(parts) > place + 1 else None
    if node is None:
        return problem.hint or NAMES_SEEN
    output, declared = parts[place + 1], [each.name for each in names.procedure.nodes[node].outputs]
    if output in declared:
        return f"write {qualified(node, output)}"
    if near := nearest(output, declared):
        return f"did you mean {qualified(node, near)}?"
    if problem.hint.endswith(f".{output}?"):
        return problem.hint
    also = "" if place else f", and write {qualified(node, output)}"
    return f"{node} declares no output {output}: add it to its outputs{also}"


def _provided_elsewhere(names: Names, edge: Edge, problem: Problem, everywhere: Scope) -> str | None:
    whole = problem.message.removeprefix("nothing provides ")
    # Of `answer.status`, the name is what is provided, and the rest is inside of it.
    parts = whole.split(".")
    name = next((part for n in range(len(parts), 0, -1) if (part := ".".join(parts[:n])) in everywhere.names), None)
    if name is None:
        return None
    if name.startswith("error."):
        return f"{name} is known on error edges only"
    last = name.rsplit(".", 1)[-1]
    for node in names.procedure.nodes.values():
        if any(output.name == last for output in node.outputs):
            if node.id == edge.source:
                return (
                    f"{name} is not there, because {node.id} has failed where {with_article(edge.mode)} edge is taken"
                )
            return f"{name} comes from {node.id}, which does not run before {edge.source}"
    return None


def _told(edge: Edge) -> str:
    return f"{edge.source} → {edge.target}"


def _at(names: Names, edge: Edge, offset: int) -> Position:
    return locate(names.lines, edge.condition_position, edge.expression or "", offset)


def _offset(edge: Edge, text: str) -> int:
    return max((edge.expression or "").find(text), 0)


def _maybe_missing(
    names: Names, edge: Edge, condition: Condition, known: Mapping[str, list[Provider]]
) -> Iterator[Finding]:
    for name in condition.names:
        providers = known.get(name)
        if providers is None or name in condition.guarded:
            continue
        if names.certainty(edge.source, providers, edge) is Certainty.SURELY:
            continue
        sources = ", ".join(
            sorted({provider.node.id if provider.node else "the run's inputs" for provider in providers})
        )
        message = (
            f"{_told(edge)}: {name} may be missing, because not every path gives it ({sources}); the run then stops"
        )
        provider = providers[0].node
        full = name if "." in name or provider is None else f"outputs.{provider.id.replace('-', '_')}.{name}"
        hint = f"ask first: has({full}) && …" if "." in full else f"ask first: has(inputs.{name}) && …"
        position = _at(names, edge, _offset(edge, name))
        yield Finding(Code.EXPRESSION_MAYBE, Severity.WARNING, message, hint, position, f"edges.{edge.place}")


def _comparisons(names: Names, edge: Edge, condition: Condition, scope: Scope) -> Iterator[Finding]:
    """Comparisons with a constant that the declared schema rules out: CEL cannot know, and they are never true."""
    for node in tree.walk(condition.tree):
        if not isinstance(node, tree.Call) or node.function not in _COMPARISONS:
            continue
        for one, other in (node.arguments, node.arguments[::-1]):
            if isinstance(one, tree.Name) and isinstance(other, tree.Constant):
                found = _ruled_out(one.name, other.value, scope)
                if found:
                    message, hint = found
                    position = _at(names, edge, _offset(edge, one.name))
                    message = f"{_told(edge)}: {message}"
                    yield Finding(Code.EXPRESSION_TYPES, Severity.ERROR, message, hint, position, f"edges.{edge.place}")


def _ruled_out(name: str, value: object, scope: Scope) -> tuple[str, str] | None:
    schema = scope.names.get(name, {})
    kinds = _KINDS.get(str(schema.get("type")))
    if value is None or isinstance(value, bytes):
        return None
    if kinds is not None and not (isinstance(value, kinds) and isinstance(value, bool) == (kinds == (bool,))):
        return f"{name} is a {schema['type']}, and is compared with something else", ""
    allowed = schema.get("enum")
    if isinstance(allowed, list) and value not in allowed:
        near = nearest(value, [text for text in allowed if isinstance(text, str)]) if isinstance(value, str) else None
        hint = f"did you mean '{near}'?" if near else "the schema lists what it can be"
        return f"{name} is never {value!r}", hint
    return None
