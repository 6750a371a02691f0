"""What can be said of the fields of a node before it runs. The document's reader asks, and the worker once more."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from opsdesk.flows.nodes.failures import Failure, NodeFailure
from opsdesk.flows.procedure import Node


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """Why a node cannot be run: its field of `runtime`, and the subject of a sentence that ends `cannot be run`."""

    field: str
    message: str


FieldProblems = Callable[[Node], Iterable[FieldProblem]]


def check_fields(node: Node, problems: FieldProblems) -> None:
    """Raises NodeFailure for the first problem."""
    for problem in problems(node):
        raise NodeFailure(Failure.BAD_NODE, f"{problem.message} cannot be run")
