"""The drawing of the flows as arrows: read from the source document, or from our own table of them."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("drawn_arrows.csv")
COLUMNS = ("flow", "branch", "source", "target", "kind", "label")
BETWEEN = " / "
"""Between the names of branches that lie within each other."""

_FLOW = re.compile(r"== 流程(\d): .* ==")
_ARROW = re.compile(r"(\w+) (--?>) (\w+): (.*)")
_NUMBER = re.compile(r"^\d+\.")


@dataclass(frozen=True, slots=True)
class Arrow:
    flow: int
    branch: tuple[str, ...]
    """The groups and alternatives that it stands in, the outermost first."""
    source: str
    target: str
    kind: str
    """`call`, `return` or `self`."""
    label: str
    """Without its number: the same step has another one in each flow."""

    def names(self, source: str, target: str, kind: str, label: str) -> bool:
        """Whether a recorded hop is this arrow: its label begins with the words of the drawing."""
        words = re.sub("XX|YY", r"\\d+", re.escape(_close(self.label)))
        same = (source, target, kind) == (self.source, self.target, self.kind)
        return same and re.match(words, _close(label)) is not None

    def __str__(self) -> str:
        return f"{self.source} > {self.target} {self.kind}: {self.label}"


def read_document(text: str) -> Sequence[Arrow]:
    """The arrows of a sequence diagram in PlantUML, flow by flow."""
    return list(_arrows(text))


def _arrows(text: str) -> Iterator[Arrow]:
    flow, branch = 0, list[str]()
    for line in map(str.strip, text.splitlines()):
        opened = re.match(r"(group|alt|loop) (.*)", line)
        if found := _FLOW.match(line):
            flow, branch = int(found[1]), []
        elif opened:
            branch.append(opened[2])
        elif line.startswith("else "):
            branch[-1] = line.removeprefix("else ")
        elif line == "end":
            branch.pop()
        elif flow and (found := _ARROW.fullmatch(line)):
            source, shaft, target, label = found.groups()
            kind = "self" if source == target else "return" if shaft == "-->" else "call"
            yield Arrow(flow, tuple(branch), source, target, kind, _NUMBER.sub("", label.replace("\\n", "")))


def read_table() -> Sequence[Arrow]:
    """The same from our own table, which is there where the source document is not."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        Arrow(
            flow=int(row["flow"]),
            branch=tuple(row["branch"].split(BETWEEN)) if row["branch"] else (),
            source=row["source"],
            target=row["target"],
            kind=row["kind"],
            label=row["label"],
        )
        for row in rows
    ]


def path_through(arrows: Sequence[Arrow], flow: int, *taken: str) -> list[Arrow]:
    """The arrows of a flow where these branches are taken and no others."""
    return [arrow for arrow in arrows if arrow.flow == flow and set(arrow.branch) <= set(taken)]


def _close(text: str) -> str:
    return re.sub(r"\s", "", text)
