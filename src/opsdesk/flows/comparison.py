"""Two versions of a procedure beside each other: what changed about its parts, and in its text."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from difflib import unified_diff
from enum import StrEnum
from typing import Any

from opsdesk.flows.procedure import Edge, Field, Node, Procedure

CONTEXT_LINES = 3
DIFFERENCE_LINES_MAX = 2000
_NOT_COMPARED = frozenset({"id", "index", "position", "condition_position"})


class ChangeKind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class PartKind(StrEnum):
    """What of a procedure it is about."""

    PROCEDURE = "procedure"
    INPUT = "input"
    NODE = "node"
    EDGE = "edge"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `name` is the id of the node, the ends of the edge, the name of the input."""

    kind: ChangeKind
    part: PartKind
    name: str
    what: str = ""
    """Which of its properties; empty where all of it came or went."""
    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that a run of the one would do otherwise than a run of the other, and the difference of the texts."""

    changes: tuple[Change, ...]
    lines: tuple[str, ...]
    """In the form of `diff -u`, without its heads; at most DIFFERENCE_LINES_MAX."""


def compare(old: Procedure, new: Procedure) -> Comparison:
    """What is different in the second of two versions."""
    changes = [
        *_properties(
            PartKind.PROCEDURE,
            new.id,
            {name: getattr(old, name) for name in ("name", "version", "description", "timeout_s")},
            {name: getattr(new, name) for name in ("name", "version", "description", "timeout_s")},
        ),
        *_parts(PartKind.INPUT, _by_name(old.inputs), _by_name(new.inputs)),
        *_parts(PartKind.NODE, old.nodes, new.nodes),
        *_parts(PartKind.EDGE, _by_ends(old.edges), _by_ends(new.edges)),
    ]
    texts = old.source.splitlines(), new.source.splitlines()
    lines = list(unified_diff(*texts, lineterm="", n=CONTEXT_LINES))[2:]
    return Comparison(tuple(changes), tuple(lines[:DIFFERENCE_LINES_MAX]))


def _by_name(declared: Iterable[Field]) -> dict[str, Field]:
    return {field.name: field for field in declared}


def _by_ends(edges: Iterable[Edge]) -> dict[str, Edge]:
    """Several edges between two nodes are told apart by their place among these."""
    named: dict[str, Edge] = {}
    for edge in edges:
        name = f"{edge.source} → {edge.target}"
        number = 2
        while name in named:
            name = f"{edge.source} → {edge.target} ({number})"
            number += 1
        named[name] = edge
    return named


def _parts(part: PartKind, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for name in dict.fromkeys([*old, *new]):
        if name not in new:
            yield Change(ChangeKind.REMOVED, part, name)
        elif name not in old:
            yield Change(ChangeKind.ADDED, part, name)
        else:
            yield from _properties(part, name, _facts(old[name]), _facts(new[name]))


def _facts(part: Node | Edge | Field) -> dict[str, Any]:
    """Its properties, those of the parts that it is made of under their own names."""
    facts: dict[str, Any] = {}
    for field in fields(part):
        value = getattr(part, field.name)
        if field.name in _NOT_COMPARED:
            continue
        if field.name in ("inputs", "outputs"):
            facts[field.name] = [(item.name, item.required, dict(item.schema)) for item in value]
        elif field.name in ("retry", "security", "approval"):
            facts |= {f"{field.name}.{name}": getattr(value, name) for name in value.__slots__}
        elif field.name == "runtime":
            facts |= {f"runtime.{name}": setting for name, setting in value.items()}
        else:
            facts[field.name] = value
    return facts


def _properties(part: PartKind, name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for what in dict.fromkeys([*old, *new]):
        if old.get(what) != new.get(what):
            yield Change(ChangeKind.CHANGED, part, name, what, old.get(what), new.get(what))
