"""What can be said of the fields of a node before it runs. The document's reader asks, and the worker once more."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from opsdesk.flows.nodes.failures import Failure, NodeFailure
from opsdesk.flows.procedure import Node


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """Why a node cannot be run: its field of `runtime`, and the subject of a sentence that ends `cannot be run`."""

    field: str
    message: str


_WITHOUT = "without "


def told_together(messages: Sequence[str]) -> str:
    """The subjects of one sentence: what is said of one node is said once, with everything that it lacks in one list.

    All begin with the same words up to `node`, such as `an agent node`.
    """
    if len(messages) == 1:
        return messages[0]
    owner = messages[0].partition(" node ")[0] + " node "
    rest = [message.removeprefix(owner).removesuffix(",") for message in messages]
    lacked = [each.removeprefix(_WITHOUT) for each in rest if each.startswith(_WITHOUT)]
    parts = [_WITHOUT + " and ".join(filter(None, (", ".join(lacked[:-1]), lacked[-1])))] if lacked else []
    parts += [each for each in rest if not each.startswith(_WITHOUT)]
    return f"{owner}{', and '.join(parts)}{',' if len(parts) > 1 else ''}"


FieldProblems = Callable[[Node], Iterable[FieldProblem]]


def check_fields(node: Node, problems: FieldProblems) -> None:
    """Raises NodeFailure for the first problem."""
    for problem in problems(node):
        raise NodeFailure(Failure.BAD_NODE, f"{problem.message} cannot be run")
