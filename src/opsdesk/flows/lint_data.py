"""The expressions of `data` nodes: parsed and type-checked against what is in scope where the node begins."""

from collections.abc import Iterator

from opsdesk.flows.expressions import Condition, ConditionInvalid, compile_condition, compile_value
from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.lint_expressions import CODES
from opsdesk.flows.lint_names import Names, scope_at, words_of
from opsdesk.flows.lint_paths import Certainty, places, position_of
from opsdesk.flows.nodes.data_fields import expressions_of
from opsdesk.flows.procedure import Node, NodeType
from opsdesk.flows.tree import locate


def lint_data(names: Names) -> Iterator[Finding]:
    for index, node in places(names.procedure):
        if node.type is not NodeType.DATA:
            continue
        for path, text, decides in expressions_of(node.runtime):
            yield from _expression(names, node, index, path, text, decides)


def _expression(names: Names, node: Node, index: int, path: str, text: str, decides: bool) -> Iterator[Finding]:
    start = position_of(names.procedure, "nodes", index, "runtime", *path.split("."))
    where = f"nodes.{index}.runtime.{path}"
    known = names.at(node.id, words_of(text))
    compile_one = compile_condition if decides else compile_value
    try:
        expression = compile_one(text, scope_at(known))
    except ConditionInvalid as error:
        for problem in error.problems:
            position = locate(names.lines, start, text, problem.offset)
            message = f"{node.id}: {path}: {problem.message}"
            yield Finding(CODES[problem.kind], Severity.ERROR, message, problem.hint, position, where)
        return
    for name in _maybe_missing(names, node, expression):
        position = locate(names.lines, start, text, max(text.find(name), 0))
        message = f"{node.id}: {path}: {name} may be missing, because not every path gives it; the node then fails"
        hint = f"ask first: has({name}) ? … : …" if "." in name else "name it in full, and ask first with has(…)"
        yield Finding(Code.EXPRESSION_MAYBE, Severity.WARNING, message, hint, position, where)


def _maybe_missing(names: Names, node: Node, expression: Condition) -> Iterator[str]:
    known = names.at(node.id, [name.rsplit(".", 1)[-1] for name in expression.names])
    for name in expression.names:
        providers = known.get(name)
        if providers is None or name in expression.guarded:
            continue
        if names.certainty(node.id, providers) is not Certainty.SURELY:
            yield name
