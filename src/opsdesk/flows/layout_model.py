"""What a layout is made from and made of, and the layered graph that its steps work on. Lengths are pixels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Box:
    key: str
    width: float
    height: float
    low: bool = False
    """Stands at the bottom of its layer instead of the top."""


@dataclass(frozen=True, slots=True)
class Link:
    """`label_width` and `label_height` are the room that its label needs; 0 for none."""

    key: int
    source: str
    target: str
    label_width: float = 0.0
    label_height: float = 0.0


class Point(NamedTuple):
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Place:
    """A rectangle by its upper left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Route:
    """The corners of a link from its source to its target; every piece is horizontal or vertical."""

    points: tuple[Point, ...]
    label: Place | None = None
    back: bool = False
    """It leads upwards, or to the box that it comes from."""


@dataclass(frozen=True, slots=True)
class Layout:
    width: float
    height: float
    places: Mapping[str, Place]
    routes: Mapping[int, Route]


@dataclass(slots=True)
class Vertex:
    """One place in one layer: a box, a label, or a point where a line passes through the layer."""

    layer: int
    width: float = 0.0
    height: float = 0.0
    box: str | None = None
    label: int | None = None
    low: bool = False

    @property
    def passing(self) -> bool:
        return self.box is None


@dataclass(slots=True)
class Chain:
    """A link as the vertices that it passes, from top to bottom.

    The ends of a link downwards are its boxes. A link that leads back has its target's and its source's layer at the
    ends, so that it passes beside both.
    """

    link: Link
    vertices: list[int]
    back: bool = False


@dataclass(slots=True)
class Layered:
    vertices: list[Vertex]
    layers: list[list[int]]
    chains: list[Chain]
    index: dict[str, int]
    """The vertex of each box."""
    above: list[list[int]] = field(default_factory=list)
    below: list[list[int]] = field(default_factory=list)
    """Neighbours of each vertex in the layer above and the one below."""

    def connect(self) -> None:
        """Bring the neighbours up to date with the chains."""
        self.above = [[] for _ in self.vertices]
        self.below = [[] for _ in self.vertices]
        for chain in self.chains:
            for upper, lower in pairwise(chain.vertices):
                self.below[upper].append(lower)
                self.above[lower].append(upper)
