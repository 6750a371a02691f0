"""What YAML and JSON documents are read into: values that know where they stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.procedure import Position

DEPTH_MAX = 64
"""Collections inside collections."""
NODES_MAX = 50_000
"""Values in a document."""
LOCATE_CHARS_MAX = 10_000
"""Beyond, a place inside a text is not looked for."""
INTEGER_MAX = 2**63 - 1

Scalar = bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class Tree:
    """A value, and where it stands. The contents of lists and mappings are trees again."""

    value: "Scalar | list[Tree] | dict[str, Tree]"
    position: Position
    keys: dict[str, Position] = field(default_factory=dict)
    """Where the keys of a mapping stand."""


@dataclass(eq=False)
class Refused(Exception):
    """Reading stopped; nothing after it can be trusted."""

    finding: Finding


def error_at(code: Code, message: str, position: Position, hint: str = "") -> Finding:
    """A finding that refuses the document."""
    return Finding(code, Severity.ERROR, message, hint, position)


def plain(tree: Tree) -> Any:
    """The value without positions."""
    match tree.value:
        case dict() as entries:
            return {key: plain(entry) for key, entry in entries.items()}
        case list() as items:
            return [plain(item) for item in items]
        case scalar:
            return scalar


def positions(tree: Tree, at: str = "") -> Mapping[str, Position]:
    """The position of every value by its path, such as `nodes.0.runtime.url`."""
    found: dict[str, Position] = {}
    _collect(tree, at, found)
    return found


def _collect(tree: Tree, at: str, found: dict[str, Position]) -> None:
    found[at] = tree.position
    prefix = f"{at}." if at else ""
    if isinstance(tree.value, dict):
        for key, entry in tree.value.items():
            _collect(entry, f"{prefix}{key}", found)
    elif isinstance(tree.value, list):
        for index, item in enumerate(tree.value):
            _collect(item, f"{prefix}{index}", found)


def locate(lines: Sequence[str], start: Position, value: str, offset: int) -> Position:
    """Where character `offset` of a string value stands, when the value's scalar starts at `start`.

    `lines` are those of the document, with their ends. Quotes, block indicators and line folding are followed; where
    escapes make that impossible, it is the start.
    """
    if offset > LOCATE_CHARS_MAX:
        return start
    if not 1 <= start.line <= len(lines):
        return start
    line, column = start.line - 1, start.column - 1
    if lines[line][column : column + 1] in {"|", ">"}:
        line, column = line + 1, 0
    elif lines[line][column : column + 1] in {'"', "'"}:
        column += 1
    wanted = sum(not character.isspace() for character in value[:offset])
    expected = [character for character in value[: offset + 1] if not character.isspace()]
    seen = 0
    while line < len(lines):
        while column < len(lines[line]):
            character = lines[line][column]
            if not character.isspace():
                if seen >= len(expected) or character != expected[seen]:
                    return start
                if seen == wanted:
                    return Position(line + 1, column + 1)
                seen += 1
            column += 1
        line, column = line + 1, 0
    return start
