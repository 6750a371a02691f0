"""What YAML and JSON documents are read into."""

from dataclasses import dataclass, field

from opsdesk.flows.findings import Finding
from opsdesk.flows.procedure import Position

DEPTH_MAX = 64
"""Collections inside collections."""
NODES_MAX = 50_000
"""Values in a document."""
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
