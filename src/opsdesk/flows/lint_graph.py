"""The graph: where a run begins, what it can never reach, and what would wait for ever."""

from collections import deque
from collections.abc import Iterator

from opsdesk.flows.document import raw_edge
from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.lint_paths import Graph, reachable
from opsdesk.flows.procedure import FAILURE_MODES, Edge, EdgeMode, NodeType, Procedure


def lint_graph(procedure: Procedure, graph: Graph) -> Iterator[Finding]:
    reached = reachable(graph, graph.entries or tuple(procedure.nodes))
    yield from _unreachable(procedure, reached)
    yield from _joins(procedure, graph, reached)
    yield from _cycles(procedure, graph)
    yield from _failure_edges(procedure, graph, reached)
    yield from _not_connected(procedure, graph)
    yield from _same_edges(procedure)
    yield from _loops(procedure)


def _unreachable(procedure: Procedure, reached: set[str]) -> Iterator[Finding]:
    for node in procedure.nodes.values():
        if node.id not in reached and node.id not in procedure.undo_nodes:
            message = f"{node.id} never runs: no path leads to it from where a run begins"
            hint = "add an edge to it, or remove it"
            yield Finding(Code.UNREACHABLE, Severity.ERROR, message, hint, node.position, f"nodes.{node.id}")


def _joins(procedure: Procedure, graph: Graph, reached: set[str]) -> Iterator[Finding]:
    for node in procedure.nodes.values():
        incoming = graph.incoming[node.id]
        dead = [edge for edge in incoming if edge.source not in reached]
        needed = procedure.joins.get(node.id)
        enough = needed is not None and len(incoming) - len(dead) >= needed
        if node.id in reached and dead and not enough:
            message = f"{node.id} waits for {dead[0].source}, which never runs, so that it never runs either"
            yield _about_edge(Code.JOIN_NEVER, Severity.ERROR, message, "remove the edge", dead[0])
        yield from _join_counts(procedure, incoming)


def _join_counts(procedure: Procedure, incoming: tuple[Edge, ...]) -> Iterator[Finding]:
    """A number of edges that can come, and one for all edges to the node."""
    first: Edge | None = None
    for edge in incoming:
        raw = raw_edge(procedure, edge)
        if raw.get("join_mode") == "wait_n" and not 1 <= (edge.join_count or 0) <= len(incoming):
            message = f"{edge.target} waits for join_count edges, which has to be a number from 1 to {len(incoming)}"
            yield _about_edge(Code.JOIN_NEVER, Severity.ERROR, message, "", edge)
        if raw.get("join_mode") is None:
            continue
        if first is not None and first.join_count != edge.join_count:
            message = f"{edge.target} waits in two ways; the other is at line {first.position.line}"
            yield _about_edge(Code.JOIN_NEVER, Severity.ERROR, message, "say once how it waits", edge)
        first = first or edge


def _cycles(procedure: Procedure, graph: Graph) -> Iterator[Finding]:
    for edge in procedure.edges:
        if edge not in graph.backward:
            continue
        way = _way(graph, edge.target, edge.source)
        path = " → ".join([*way, edge.target])
        if not graph.entries and not graph.forward(edge.target):
            message = f"{path} goes in a circle, so that a run has nowhere to begin"
            yield _about_edge(Code.NO_START, Severity.ERROR, message, _way_out(procedure, edge), edge)
            continue
        waits = "each waits for the other" if len(way) > 1 else "the node waits for itself"
        message = f"{path} goes in a circle, and {waits}"
        yield _about_edge(Code.CYCLE, Severity.ERROR, message, _way_out(procedure, edge), edge)


def _way_out(procedure: Procedure, edge: Edge) -> str:
    """How going back is written, which depends on what takes the edge."""
    if edge.by_failure and procedure.nodes[edge.source].type is NodeType.HUMAN:
        return "for an answer of the person write mode: loop, and in when: which one"
    if edge.by_failure and edge.source == edge.target:
        return "to call a node again when it fails, give it a retry_policy"
    if edge.by_failure:
        return "lead a failure to a node of its own, and from there back with mode: loop and a condition, such as true"
    if edge.condition is None:
        return "write mode: loop, and in when: as long as what it goes back"
    return "make the edge that leads back mode: loop"


def _way(graph: Graph, start: str, end: str) -> list[str]:
    """A shortest way along edges."""
    before: dict[str, str | None] = {start: None}
    pending = deque([start])
    while pending and end not in before:
        current = pending.popleft()
        for edge in graph.outgoing[current]:
            if edge.target not in before:
                before[edge.target] = current
                pending.append(edge.target)
    way = []
    step: str | None = end
    while step is not None:
        way.append(step)
        step = before.get(step)
    return way[::-1]


def _failure_edges(procedure: Procedure, graph: Graph, reached: set[str]) -> Iterator[Finding]:
    for edge in procedure.edges:
        if edge.mode not in FAILURE_MODES or edge in graph.backward:
            continue
        node = procedure.nodes[edge.source]
        if edge.source not in reached:
            message = f"the {edge.mode} edge to {edge.target} starts at {edge.source}, which never runs"
            hint = "start it at the node whose failure it is for"
            yield _about_edge(Code.FALLBACK_FROM_NOTHING, Severity.ERROR, message, hint, edge)
        elif node.timeout_s is not None or node.approval.timeout_s is not None:
            continue
        elif edge.mode is EdgeMode.TIMEOUT:
            message = f"the timeout edge to {edge.target} is never taken: {edge.source} has no time limit"
            hint = f"give {edge.source} a timeout_sec"
            yield _about_edge(Code.TIMEOUT_WITHOUT_LIMIT, Severity.WARNING, message, hint, edge)
        elif node.type is NodeType.HUMAN:
            message = (
                f"the {edge.mode} edge to {edge.target} is never taken: {edge.source} is a person's, who fails only"
                " when a time runs out, and it has no time limit"
            )
            hint = f"for an answer write mode: conditional and which one; else give {edge.source} a timeout_sec"
            yield _about_edge(Code.TIMEOUT_WITHOUT_LIMIT, Severity.WARNING, message, hint, edge)


def _not_connected(procedure: Procedure, graph: Graph) -> Iterator[Finding]:
    if len(procedure.nodes) == 1:
        return
    connected = {end for edge in (*procedure.edges, *graph.edges) for end in (edge.source, edge.target)}
    for node in procedure.nodes.values():
        if node.id not in connected and node.id not in procedure.undo_nodes:
            message = f"{node.id} has no edges, so that it runs at the start, beside everything else"
            hint = "connect it"
            yield Finding(Code.NOT_CONNECTED, Severity.WARNING, message, hint, node.position, f"nodes.{node.id}")


def _same_edges(procedure: Procedure) -> Iterator[Finding]:
    seen: dict[tuple[object, ...], Edge] = {}
    for edge in procedure.edges:
        first = seen.setdefault((edge.source, edge.target, edge.mode, edge.condition), edge)
        if first is not edge:
            message = (
                f"the edge {edge.source} → {edge.target} is here twice; the first is at line {first.position.line}"
            )
            yield _about_edge(Code.SAME_EDGE, Severity.WARNING, message, "remove one of them", edge)


def _loops(procedure: Procedure) -> Iterator[Finding]:
    for edge in procedure.edges:
        if edge.leads_back and edge.source not in procedure.behind(edge.target):
            message = f"the loop from {edge.source} never comes back: {edge.target} does not lead to {edge.source}"
            hint = "a loop with a condition leads back; for the items of a list write for_each"
            yield _about_edge(Code.LOOP_FORWARD, Severity.ERROR, message, hint, edge)


def _about_edge(code: Code, severity: Severity, message: str, hint: str, edge: Edge) -> Finding:
    return Finding(code, severity, message, hint, edge.position, f"edges.{edge.place}")
