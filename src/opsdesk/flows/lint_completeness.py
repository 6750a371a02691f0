"""Whether the conditions out of a node leave something out, or hold together: solved, not sampled.

Where conditions compare variables with constants, each variable's values are cut into cells inside which the
conditions cannot tell values apart, and every combination of cells is put to the conditions themselves. Anything else
is said to be undecided.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import prod
from typing import Any

from opsdesk.flows.expressions import Condition, ConditionFailed
from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.lint_domains import Domain, Path, Undecidable, Value, domain, usages
from opsdesk.flows.lint_names import Names, Provider, scope_at
from opsdesk.flows.procedure import FAILURE_MODES, Edge, EdgeMode

DECISIONS = frozenset({EdgeMode.CONDITIONAL, EdgeMode.SWITCH})
CELLS_MAX = 5_000
"""Combinations for one node."""
CELLS_TOTAL_MAX = 40_000
"""Combinations for one procedure."""


@dataclass(frozen=True, slots=True)
class Variable:
    path: Path
    spellings: tuple[Path, ...]
    """The same value under its other names: `score` and `outputs.check.score`."""
    domain: Domain

    @property
    def told(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination: which of the edges are taken, or None where that cannot be decided."""

    values: tuple[Value, ...]
    taken: tuple[int, ...] | None


def lint_completeness(names: Names, conditions: Mapping[int, Condition]) -> Iterator[Finding]:
    budget = CELLS_TOTAL_MAX
    for node_id in names.procedure.nodes:
        edges = _deciding(names, node_id, conditions)
        if not edges:
            continue
        try:
            variables, cells = _cells_of(names, edges, conditions, min(CELLS_MAX, budget))
            budget -= len(cells)
            yield from _solve(node_id, edges, conditions, variables, cells)
        except Undecidable as why:
            message = f"{node_id}: whether its conditions cover everything cannot be decided, because {why}"
            yield _finding(Code.UNDECIDED, Severity.NOTE, message, "", edges[0])


def _deciding(names: Names, node_id: str, conditions: Mapping[int, Condition]) -> list[Edge]:
    """The conditional edges, where one of them has to be taken for the run to go on."""
    edges = [edge for edge in names.graph.outgoing[node_id] if edge.mode not in FAILURE_MODES]
    if not edges or any(edge.mode not in DECISIONS or edge.index not in conditions for edge in edges):
        return []
    loops = [edge for edge in names.procedure.outgoing[node_id] if edge.leads_back]
    # Where a loop goes round, nothing is missing: what else there is waits until it is over.
    return [*edges, *loops] if all(edge.index in conditions for edge in loops) else []


def _variables(names: Names, edges: Sequence[Edge], conditions: Mapping[int, Condition]) -> list[Variable]:
    used = usages(conditions[edge.index].tree for edge in edges)
    words = [word for path in used for word in path[0].split(".")]
    known = names.at(edges[0].source, words, edge=edges[0])
    scope = scope_at(known, edges[0])
    spellings: dict[Path, list[Path]] = {}
    for path in used:
        spellings.setdefault(_canonical(known, path), []).append(path)
    variables = []
    for paths in spellings.values():
        usage = used[paths[0]]
        for path in paths[1:]:
            usage.numbers |= used[path].numbers
            usage.texts |= used[path].texts
            usage.booleans |= used[path].booleans
            usage.null |= used[path].null
        schema: Mapping[str, Any] = scope.names.get(paths[0][0], {})
        for part in paths[0][1:]:
            properties = schema.get("properties")
            inner = properties.get(part) if isinstance(properties, dict) else None
            schema = inner if isinstance(inner, dict) else {}
        variables.append(Variable(paths[0], tuple(paths), domain(usage, schema)))
    return variables


def _canonical(known: Mapping[str, list[Provider]], path: Path) -> Path:
    """A bare name that only one node gives is that node's; one that several give is its own."""
    providers = known.get(path[0], [])
    if len(providers) != 1:
        return path
    node = providers[0].node
    return (f"{node.id if node else ''}\0{providers[0].field.name}", *path[1:])


def excluding(names: Names, conditions: Mapping[int, Condition]) -> Iterator[tuple[Edge, Edge]]:
    """Pairs of conditional edges out of one node that are proved never to be taken together."""
    for node_id in names.procedure.nodes:
        edges = [
            edge
            for edge in names.graph.outgoing[node_id]
            if edge.mode in DECISIONS and edge.index in conditions and edge not in names.graph.backward
        ]
        try:
            cells = _cells_of(names, edges, conditions, CELLS_MAX)[1] if len(edges) > 1 else []
        except Undecidable:
            continue
        if any(cell.taken is None for cell in cells):
            continue
        together = {pair for cell in cells for pair in combinations(cell.taken or (), 2)}
        for pair in combinations(range(len(edges)), 2) if cells else ():
            if pair not in together:
                yield edges[pair[0]], edges[pair[1]]


def _cells_of(
    names: Names, edges: Sequence[Edge], conditions: Mapping[int, Condition], most: int
) -> tuple[list[Variable], list[Cell]]:
    """Raises Undecidable."""
    variables = _variables(names, edges, conditions)
    if prod(len(variable.domain.values) for variable in variables) > most:
        raise Undecidable("there are too many combinations")
    combined = product(*(each.domain.values for each in variables))
    return variables, [_cell(variables, values, edges, conditions) for values in combined]


def _solve(
    node_id: str,
    edges: Sequence[Edge],
    conditions: Mapping[int, Condition],
    variables: Sequence[Variable],
    cells: Sequence[Cell],
) -> Iterator[Finding]:
    gaps = [cell for cell in cells if not cell.taken]
    overlap = next((cell for cell in cells if cell.taken and len(cell.taken) > 1), None)
    if gaps:
        yield _gap(node_id, edges[0], variables, gaps)
    if overlap is not None:
        targets = " and ".join(edges[place].target for place in overlap.taken or ())
        message = f"{node_id} goes on to {targets} at the same time when {_told(variables, overlap)}"
        hint = "make the conditions exclude each other, unless both are meant"
        yield _finding(Code.OVERLAP, Severity.WARNING, message, hint, edges[0])
    if not gaps:
        times = " × ".join(f"{variable.told} ({variable.domain.told})" for variable in variables)
        count = "exactly one" if overlap is None else "at least one"
        message = f"{node_id}: proved that {count} of its conditions holds for all values: {times or 'always'}"
        yield _finding(Code.COMPLETE, Severity.NOTE, message, "", edges[0])
        yield from _left_over(node_id, edges, conditions, variables)


def _gap(node_id: str, edge: Edge, variables: Sequence[Variable], gaps: Sequence[Cell]) -> Finding:
    first = gaps[0]
    what = (
        "no edge is taken, and the run stops there" if first.taken is not None else "the conditions cannot be decided"
    )
    more = f" (and in {len(gaps) - 1} more cases)" if len(gaps) > 1 else ""
    message = f"nothing happens after {node_id} when {_told(variables, first)}: {what}{more}"
    return _finding(Code.GAP, Severity.WARNING, message, f"add an edge from {node_id} for it", edge)


def _left_over(
    node_id: str, edges: Sequence[Edge], conditions: Mapping[int, Condition], variables: Sequence[Variable]
) -> Iterator[Finding]:
    """Values that the conditions do not speak of, for one variable at a time; a schema would rule them out."""
    for place, variable in enumerate(variables):
        others = [each.domain.values if at != place else variable.domain.left_over for at, each in enumerate(variables)]
        if prod(map(len, others)) > CELLS_MAX:
            continue
        for values in product(*others):
            cell = _cell(variables, values, edges, conditions)
            if cell.taken == ():
                message = f"{node_id}: left over is {_told(variables, cell)}: no edge"
                hint = f"declare a schema for {variable.told}, so that nothing else is accepted"
                yield _finding(Code.LEFT_OVER, Severity.NOTE, message, hint, edges[0])
                break


def _cell(
    variables: Sequence[Variable],
    values: tuple[Value, ...],
    edges: Sequence[Edge],
    conditions: Mapping[int, Condition],
) -> Cell:
    data: dict[str, Any] = {}
    for variable, value in zip(variables, values, strict=True):
        for path in variable.spellings:
            _put(data, path, value)
    try:
        taken = tuple(place for place, edge in enumerate(edges) if conditions[edge.index].evaluate(data))
    except ConditionFailed:
        return Cell(values, None)
    back = tuple(place for place in taken if edges[place].leads_back)
    return Cell(values, back[:1] or taken)


def _put(data: dict[str, Any], path: Path, value: Value) -> None:
    for part in path[:-1]:
        data = data.setdefault(part, {})
    data[path[-1]] = value


def _told(variables: Sequence[Variable], cell: Cell) -> str:
    pairs = zip(variables, cell.values, strict=True)
    return (
        ", ".join(f"{variable.told} = {json.dumps(value, ensure_ascii=False)}" for variable, value in pairs) or "ever"
    )


def _finding(code: Code, severity: Severity, message: str, hint: str, edge: Edge) -> Finding:
    return Finding(code, severity, message, hint, edge.condition_position, f"edges.{edge.place}")
