"""Where values go: outputs that nobody uses, and names that two nodes of one run give."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from opsdesk.flows.expressions import Condition
from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.lint_completeness import excluding
from opsdesk.flows.lint_decisions import FALSE, Diagram, TooComplex
from opsdesk.flows.lint_names import Names
from opsdesk.flows.procedure import Field, Node
from opsdesk.flows.subjects import subject_names

PAIRS_MAX = 500
"""Of nodes that give the same name; more are not looked at."""
_WORD = re.compile(r"\w+")


def lint_dataflow(names: Names, conditions: Mapping[int, Condition]) -> Iterator[Finding]:
    yield from _unused(names)
    yield from _given_twice(names, conditions)


def _unused(names: Names) -> Iterator[Finding]:
    """What the last nodes give is the result of the run, and what says whom it is about is how the run is found."""
    used = {word for entry in _looking(names) for word in entry} | subject_names(names.procedure)
    for node in names.procedure.nodes.values():
        if not names.procedure.outgoing[node.id]:
            continue
        for output in node.outputs:
            if output.name not in used:
                message = f"nobody uses {output.name}, which {node.id} gives"
                hint = "leave it out if nobody needs it later; it is kept in the journal of each run"
                yield _finding(Code.OUTPUT_UNUSED, Severity.NOTE, message, hint, node, output)


def _looking(names: Names) -> Iterator[set[str]]:
    """The words of everything that can look at an output."""
    raw = names.procedure.raw
    yield from ({entry.name} for node in names.procedure.nodes.values() for entry in node.inputs)
    for part in (raw.get("edges"), raw.get("outputs"), raw.get("contracts"), raw.get("message_contracts")):
        yield _words(part)
    for node in raw["nodes"] if isinstance(raw["nodes"], list) else ():
        if isinstance(node, dict):
            yield _words([value for key, value in node.items() if key not in ("outputs", "name", "purpose", "explain")])


def _words(value: Any) -> set[str]:
    match value:
        case str():
            return {value, *_WORD.findall(value)}
        case dict():
            return set().union(*(_words(part) for part in (*value.keys(), *value.values())))
        case list():
            return set().union(*map(_words, value))
        case _:
            return set()


def _given_twice(names: Names, conditions: Mapping[int, Condition]) -> Iterator[Finding]:
    """Two nodes that both run in one run and both give a name: the bare name is what came last on the way."""
    givers: dict[str, list[tuple[Node, Field]]] = {}
    for node_id in names.graph.order:
        node = names.procedure.nodes[node_id]
        for output in node.outputs:
            givers.setdefault(output.name, []).append((node, output))
    pairs = [(name, *pair) for name, nodes in givers.items() for pair in combinations(nodes, 2)]
    never: Diagram = FALSE
    try:
        for one, other in excluding(names, conditions) if pairs else ():
            never = names.paths.diagrams.either(never, names.paths.taken_together(one, other))
        for name, (first, _), (second, output) in pairs[:PAIRS_MAX]:
            if not _meet(names, first.id, second.id, never):
                continue
            after = first.id in names.before[second.id]
            how = "replaces the one of" if after else "is given beside the one of"
            message = f"{name} of {second.id} {how} {first.id} for everything that comes later"
            hint = f"give it another name, or write outputs.{first.id.replace('-', '_')}.{name} where that one is meant"
            yield _finding(Code.OUTPUT_TWICE, Severity.WARNING, message, hint, second, output)
    except TooComplex:
        return


def _meet(names: Names, first: str, second: str, never: Diagram) -> bool:
    """Whether some node sees both, so that the bare name could be either. `never`: what is proved not to happen."""
    paths = names.paths
    if first in names.before[second] and paths.diagrams.without(paths.sees(second, first), never) is not FALSE:
        return True
    later = [node for node in names.graph.order if {first, second} <= names.before[node]]
    both = [paths.diagrams.both(paths.sees(node, first), paths.sees(node, second)) for node in later[:1]]
    return any(paths.diagrams.without(seen, never) is not FALSE for seen in both)


def _finding(code: Code, severity: Severity, message: str, hint: str, node: Node, output: Field) -> Finding:
    return Finding(code, severity, message, hint, output.position, f"nodes.{node.id}.outputs.{output.name}")
