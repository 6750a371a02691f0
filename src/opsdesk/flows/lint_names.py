"""The names that are in scope at a place of a procedure, and who provides them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from opsdesk.flows.expressions import ERROR_NAMES, EVENT_SCHEMAS, METADATA_NAMES, Scope, edge_schemas, qualified
from opsdesk.flows.lint_decisions import TooComplex
from opsdesk.flows.lint_paths import Certainty, Graph, Paths, ancestors, graph_of
from opsdesk.flows.procedure import FAILURE_MODES, Edge, EdgeMode, Field, Node, Procedure

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Provider:
    """A node that has the name among its outputs, or the run itself for an input (`node` is None)."""

    node: Node | None
    field: Field


@dataclass(frozen=True, slots=True)
class Names:
    """Everything that lint asks about names."""

    procedure: Procedure
    graph: Graph
    paths: Paths
    before: Mapping[str, frozenset[str]]
    lines: list[str]
    """Of the source."""
    loops: tuple[tuple[Edge, frozenset[str]], ...]
    """The edges that give names of their own, of mode `loop` and `event`, each with the nodes behind it."""
    providers: Mapping[str, list[tuple[str, Provider]]]
    """By the last part of a name: the whole names, bare and qualified, with who provides them."""

    @classmethod
    def of(cls, procedure: Procedure) -> "Names":
        graph, lines = graph_of(procedure), procedure.source.splitlines(keepends=True)
        looping = [edge for edge in procedure.edges if edge.mode is EdgeMode.LOOP or edge.waits]
        loops = tuple((edge, procedure.behind(edge.target)) for edge in looping)
        return cls(procedure, graph, Paths(graph), ancestors(graph), lines, loops, _providers(procedure, graph))

    def at(
        self, node_id: str, words: Iterable[str] | None = None, *, edge: Edge | None = None
    ) -> dict[str, list[Provider]]:
        """The names in scope where the node begins, or where an edge out of it is decided, bare and qualified.

        With words: those names whose last part is among them. A procedure can have very many names.
        """
        if node_id in self.procedure.undo_nodes:
            return self._at_undo(node_id, words)
        visible = self._visible(node_id)
        if edge is not None and edge.mode not in FAILURE_MODES:
            visible.add(node_id)
        found: dict[str, list[Provider]] = {}
        for word in self.providers if words is None else dict.fromkeys(words):
            for name, provider in self.providers.get(word, ()):
                if provider.node is None or provider.node.id in visible:
                    found.setdefault(name, []).append(provider)
        own = self._of_spawning(node_id) if edge is None else ()
        for name, provider in chain(self._of_loops(node_id), own):
            if words is None or name.split(".")[1] in words:
                found.setdefault(name, []).append(provider)
        return found

    def _at_undo(self, node_id: str, words: Iterable[str] | None) -> dict[str, list[Provider]]:
        """What undoes sees what is in scope where the nodes that it undoes have ended."""
        found: dict[str, list[Provider]] = {}
        words = None if words is None else list(words)
        for edge in self._undone(node_id):
            for name, providers in self.at(edge.source, words, edge=edge).items():
                kept = found.setdefault(name, [])
                kept += [provider for provider in providers if provider not in kept]
        return found

    def _undone(self, node_id: str) -> list[Edge]:
        """As if an edge led from each node that it undoes."""
        return [Edge(-1, undone, node_id) for undone in self.procedure.undo_nodes[node_id]]

    def _visible(self, node_id: str) -> set[str]:
        """The nodes that may have ended before, also in an earlier round of a loop."""
        visible = set(self.before[node_id])
        for edge, inside in self.loops:
            if edge.leads_back and node_id in inside:
                visible |= {edge.source, *self.before[edge.source]}
        return visible

    def _of_loops(self, node_id: str) -> Iterator[tuple[str, Provider]]:
        """What the loops that lead here give, by way of the nodes that they lead to."""
        for edge, inside in self.loops:
            if node_id not in inside:
                continue
            alone = edge.leads_back or len(self.graph.incoming[edge.target]) == 1
            node = None if edge.target == node_id else self.procedure.nodes[edge.target]
            for name, schema in edge_schemas(edge).items():
                yield name, Provider(node, Field(name, schema, required=alone))

    def _of_spawning(self, node_id: str) -> Iterator[tuple[str, Provider]]:
        """What each child of a node sees of its place among them."""
        if self.procedure.nodes[node_id].children is not None:
            for name in ("spawn.index", "spawn.count"):
                yield name, Provider(None, Field(name, {"type": "integer"}))

    def certainty(self, node_id: str, providers: list[Provider], edge: Edge | None = None) -> Certainty:
        """Whether the name has a value there. What cannot be decided within the limits counts as sure."""
        if any(provider.node is None and _always(provider.field) for provider in providers):
            return Certainty.SURELY
        if node_id in self.procedure.undo_nodes:
            return min(self.certainty(each.source, providers, each) for each in self._undone(node_id))
        certain = [provider.node.id for provider in providers if provider.node and _always(provider.field)]
        try:
            found = self.paths.certainty(node_id, certain, edge=edge)
            if found is Certainty.SURELY or len(certain) == len(providers):
                return found
        except TooComplex:
            return Certainty.SURELY
        return Certainty.MAYBE


def words_of(condition: str) -> list[str]:
    """The words of a condition, some of which are names."""
    return _WORD.findall(condition)


def _providers(procedure: Procedure, graph: Graph) -> Mapping[str, list[tuple[str, Provider]]]:
    found: dict[str, list[tuple[str, Provider]]] = {}
    for entry in procedure.inputs:
        for name in (entry.name, f"inputs.{entry.name}"):
            found.setdefault(entry.name, []).append((name, Provider(None, entry)))
    for node_id in graph.order:
        node = procedure.nodes[node_id]
        for output in node.outputs:
            for name in (output.name, qualified(node_id, output.name)):
                found.setdefault(output.name, []).append((name, Provider(node, output)))
    return found


def _always(entry: Field) -> bool:
    return entry.required or "default" in entry.schema


def scope_at(names: Mapping[str, list[Provider]], edge: Edge | None = None) -> Scope:
    """What a condition on the edge, or an expression of a node, is compiled against."""
    scope: dict[str, Mapping[str, Any]] = {}
    for name, providers in names.items():
        schemas = [provider.field.schema for provider in providers]
        scope[name] = schemas[0] if all(schema == schemas[0] for schema in schemas) else {}
    scope.update({f"metadata.{name}": {} for name in METADATA_NAMES})
    if edge is not None and edge.waits:
        scope.update(EVENT_SCHEMAS)
    if edge is not None and edge.mode is EdgeMode.ERROR:
        scope.update({f"error.{name}": {"type": "string"} for name in ERROR_NAMES})
    return Scope(scope)
