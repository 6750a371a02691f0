"""A procedure made ready to run: its conditions compiled, its text bound to its row."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from opsdesk.flows.expressions import Condition
from opsdesk.flows.procedure import Procedure
from opsdesk.flows.subjects import subject_names


@dataclass(frozen=True, slots=True)
class Program:
    procedure: Procedure
    conditions: Mapping[int, Condition]
    """By index of the edge; absent for edges that have none."""
    subjects: frozenset[str] = field(init=False)
    """The names of inputs and outputs that say whom a run is about."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "subjects", subject_names(self.procedure))
