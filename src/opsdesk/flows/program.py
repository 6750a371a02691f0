"""A procedure made ready to run: its conditions compiled, its text bound to its row."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from opsdesk.flows.expressions import Condition
from opsdesk.flows.facts import Fact
from opsdesk.flows.procedure import Procedure
from opsdesk.flows.subjects import subject_names


@dataclass(frozen=True, slots=True)
class Program:
    procedure: Procedure
    conditions: Mapping[int, Condition]
    """By index of the edge; absent for edges that have none."""
    subjects: frozenset[str] = field(init=False)
    """The names of inputs and outputs that say whom a run is about."""

    certain: Mapping[str, tuple[int, ...]] = field(init=False)
    """By node whose edges depend on nothing but its end: the indexes of those that it goes on along."""

    def __post_init__(self) -> None:
        certain = {
            node_id: tuple(edge.index for edge in self.procedure.onward[node_id] if not edge.waits)
            for node_id, edges in self.procedure.outgoing.items()
            if not any(edge.index in self.conditions for edge in edges if not edge.waits)
        }
        object.__setattr__(self, "certain", certain)
        object.__setattr__(self, "subjects", subject_names(self.procedure))

    def of_run(self, started: Fact) -> "Program":
        """What a run executes that this fact began: all of it, or as a child one node alone."""
        procedure = part_of_run(self.procedure, started)
        return self if procedure is self.procedure else Program(procedure, {})


def part_of_run(procedure: Procedure, started: Fact) -> Procedure:
    """The procedure that a run goes through which this fact began: as a child it may be one node of it."""
    part = started.payload.get("part")
    return procedure if part is None else procedure.only(part["node"])
