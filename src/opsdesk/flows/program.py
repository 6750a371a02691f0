"""A procedure made ready to run: its conditions compiled, its text bound to its row."""

from collections.abc import Mapping
from dataclasses import dataclass

from opsdesk.flows.expressions import Condition
from opsdesk.flows.procedure import Procedure


@dataclass(frozen=True, slots=True)
class Program:
    procedure: Procedure
    conditions: Mapping[int, Condition]
    """By index of the edge; absent for edges that have none."""
