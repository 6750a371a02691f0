"""What a simulation found, as text for a terminal."""

from collections.abc import Iterator

from opsdesk.flows.draw_text import clean
from opsdesk.flows.procedure import Edge, Procedure
from opsdesk.flows.rehearsal.simulation import Path, Simulation, Step

WIDTH = 100
ROUNDS_SHOWN = 4
"""So many equal rounds in a row are told once, with their number."""
ROUND_STEPS_MAX = 20
_INDENT = "     "


def tell_simulation(procedure: Procedure, simulation: Simulation) -> str:
    """How each path ends and which way it goes, then what no path came to."""
    lines = [f"{_plain(procedure.name)} ({_plain(procedure.id)})", _summary(simulation), ""]
    for number, path in enumerate(simulation.paths, start=1):
        lines += _path(number, path)
    lines += _never(procedure, simulation)
    lines += _undone(procedure)
    lines += [f"Note: {_plain(note)}" for note in simulation.notes]
    return "\n".join(lines) + "\n"


def told_edge(edge: Edge) -> str:
    """`a → b (conditional: score > 1)`"""
    condition = f": {edge.told}" if edge.told else ""
    return f"{edge.source} → {edge.target} ({edge.mode}{condition})"


def _summary(simulation: Simulation) -> str:
    count = len(simulation.paths)
    outcomes = ", ".join(f"{number} {_spoken(outcome)}" for outcome, number in simulation.outcomes.items())
    paths = f"{count} path{'' if count == 1 else 's'}: {outcomes}"
    if simulation.complete:
        return f"{paths}. There are no others among the values that the conditions tell apart."
    return f"{paths}. Stopped after {simulation.walks} walks; there are more paths (--walks)."


def _spoken(outcome: str) -> str:
    return outcome.replace("_", " ")


def _path(number: int, path: Path) -> list[str]:
    where = f" at {path.node}" if path.node and path.node not in path.reason else ""
    reason = f": {path.reason}" if path.reason else ""
    lines = [f"{number:3}. {_plain(_spoken(path.outcome) + where + reason)}"]
    words = [f"started with {path.inputs}"] if path.inputs else []
    words += _rounds([_step(step) for step in path.steps])
    return [*lines, *_wrapped([_plain(word) for word in words]), ""]


def _step(step: Step) -> str:
    return f"{step.node} [{step.told}]" if step.told else step.node


def _rounds(words: list[str]) -> Iterator[str]:
    """Each step, but what comes many times in a row only once."""
    at = 0
    while at < len(words):
        for length in range(1, ROUND_STEPS_MAX + 1):
            block = words[at : at + length]
            times = 1
            while words[at + times * length : at + (times + 1) * length] == block:
                times += 1
            if times >= ROUNDS_SHOWN:
                yield from block[:-1]
                what = "that" if length == 1 else f"these {length}"
                yield f"{block[-1]} ({what} {times} times)"
                at += times * length
                break
        else:
            yield words[at]
            at += 1


def _wrapped(words: list[str]) -> Iterator[str]:
    line = _INDENT + (words[0] if words else "(no node)")
    for word in words[1:]:
        if len(line) + len(word) + 3 > WIDTH:
            yield line
            line = f"{_INDENT}→ {word}"
        else:
            line += f" → {word}"
    yield line


def _never(procedure: Procedure, simulation: Simulation) -> Iterator[str]:
    walked = "on no path" if simulation.complete else f"in none of the {simulation.walks} walks"
    if not simulation.nodes_never_run and not simulation.edges_never_taken:
        yield "Every node runs and every edge is taken on some path."
    for node in simulation.nodes_never_run:
        yield f"Runs {walked}: {_plain(node)}"
    for edge in simulation.edges_never_taken:
        yield f"Taken {walked}: {_plain(told_edge(edge))} at line {edge.position.line}"


def _undone(procedure: Procedure) -> Iterator[str]:
    """Walks end as procedures do; a cancellation can come at any time."""
    for node in procedure.nodes.values():
        if node.undo is not None and node.undo.node in procedure.undo_nodes and "cancelled" in node.undo.on:
            yield f"Where a run is cancelled after {_plain(node.id)}: {_plain(node.undo.node)} undoes it."


def _plain(text: str) -> str:
    return " ".join(clean(text).split())
