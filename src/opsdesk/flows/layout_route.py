"""Lines: the levels at which they turn between the layers, and the corners that they have in the end."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from opsdesk.flows.layout_model import Chain, Layered, Layout, Place, Point, Route, Vertex
from opsdesk.flows.layout_ports import ports, straightened

STUB_PX = 14.0
"""A line leaves a layer straight for this far, and has twice as much before the next one: room for its arrow."""
TRACK_PX = 12.0
"""Between two lines that run beside each other."""
COINCIDE_PX = 7.0
TURNS_WEIGHED_MAX = 150
"""Of more lines between two layers no best order is looked for: it would take seconds, and nobody could read it."""
OVERLAP_COST = 8
"""Two lines on top of each other are worth this many crossings."""


@dataclass(slots=True)
class _Turn:
    """A line between two layers: the columns in which it comes from above and goes on below."""

    chain: int
    upper: list[float]
    lower: list[float]
    track: int = 0
    y: float = 0.0

    @property
    def left(self) -> float:
        return min(self.upper + self.lower)

    @property
    def right(self) -> float:
        return max(self.upper + self.lower)

    @property
    def straight(self) -> bool:
        return len(self.upper) == len(self.lower) == 1 and self.left == self.right


@dataclass(slots=True)
class _Gap:
    """What runs between two layers; gap 0 is above the first layer."""

    turns: list[_Turn] = field(default_factory=list)
    y: float = 0.0
    height: float = 0.0


def routed(graph: Layered, columns: Sequence[float]) -> Layout:
    met = ports(graph, columns)
    x = straightened(graph, columns, met)
    met = ports(graph, x)
    gaps = [_Gap() for _ in range(len(graph.layers) + 1)]
    for number, chain in enumerate(graph.chains):
        for layer, turn in _turns(graph, number, chain, x, met[number]):
            gaps[layer].turns.append(turn)
    for position, gap in enumerate(gaps):
        gap.height = _set_tracks(gap) + _stubs(graph, gap, position)
    tops = _set_levels(graph, gaps)
    places = {
        vertex.box: _place(vertex, x[number], tops[vertex.layer], graph)
        for number, vertex in enumerate(graph.vertices)
        if vertex.box is not None
    }
    routes = {
        chain.link.key: _route(graph, number, chain, x, tops, gaps, places) for number, chain in enumerate(graph.chains)
    }
    return _from_zero(places, routes, height=gaps[-1].y + gaps[-1].height)


def _turns(
    graph: Layered, number: int, chain: Chain, x: Sequence[float], port: tuple[float, float]
) -> list[tuple[int, _Turn]]:
    """The turns of a link with the gap that each is in, from top to bottom."""
    start, end = port
    columns = [x[vertex] for vertex in chain.vertices]
    if not chain.back:
        columns[0], columns[-1] = start, end
    first = graph.vertices[chain.vertices[0]].layer
    turns = [
        (first + step + 1, _Turn(chain=number, upper=[upper], lower=[lower]))
        for step, (upper, lower) in enumerate(pairwise(columns))
    ]
    if not chain.back:
        return turns
    above = (first, _Turn(chain=number, upper=[], lower=[columns[0], end]))
    below = (first + len(columns), _Turn(chain=number, upper=[columns[-1], start], lower=[]))
    return [above, *turns, below]


def _stubs(graph: Layered, gap: _Gap, position: int) -> float:
    """The height of a gap without its tracks: more where arrows end, none outside all layers if no line is there."""
    if 0 < position < len(graph.layers):
        arrows = any(not graph.vertices[vertex].passing for vertex in graph.layers[position])
        return (3 if arrows else 2) * STUB_PX
    return 3 * STUB_PX if gap.turns else 0.0


def _set_tracks(gap: _Gap) -> float:
    """Give each line that turns a track such that lines cross little and never run on each other; their height."""
    turning = [turn for turn in gap.turns if not turn.straight]
    placed: list[_Turn] = []
    for turn in _in_good_order(turning):
        over = [other.track for other in placed if _meet(turn, other)]
        turn.track = 1 + max(over, default=0)
        placed.append(turn)
    tracks = max((turn.track for turn in turning), default=0)
    return max(tracks - 1, 0) * TRACK_PX


def _meet(one: _Turn, other: _Turn) -> bool:
    return one.left - COINCIDE_PX <= other.right and other.left - COINCIDE_PX <= one.right


def _in_good_order(turns: Sequence[_Turn]) -> list[_Turn]:
    """From top to bottom: always next the one that gains most from standing above all that are left."""
    if len(turns) > TURNS_WEIGHED_MAX:
        return sorted(turns, key=lambda turn: turn.left)
    gains = [[_cost(other, one) - _cost(one, other) for other in turns] for one in turns]
    total = [sum(row) for row in gains]
    left = list(range(len(turns)))
    ordered = []
    while left:
        best = max(left, key=lambda one: (total[one], -one))
        left.remove(best)
        for one in left:
            total[one] -= gains[one][best]
        ordered.append(turns[best])
    return ordered


def _cost(above: _Turn, below: _Turn) -> int:
    """Crossings and overlaps if the first turns higher than the second."""
    cost = sum(below.left < column < below.right for column in above.lower)
    cost += sum(above.left < column < above.right for column in below.upper)
    for down in above.lower:
        cost += OVERLAP_COST * sum(abs(down - up) < COINCIDE_PX for up in below.upper)
    return cost


def _set_levels(graph: Layered, gaps: Sequence[_Gap]) -> list[float]:
    """The top of each layer; sets the level of each gap and turn on the way."""
    y = 0.0
    tops = []
    for number, gap in enumerate(gaps):
        gap.y = y
        for turn in gap.turns:
            turn.y = y + STUB_PX + (turn.track - 1) * TRACK_PX
        y += gap.height
        if number < len(graph.layers):
            tops.append(y)
            y += _layer_height(graph, number)
    return tops


def _layer_height(graph: Layered, layer: int) -> float:
    return max(graph.vertices[vertex].height for vertex in graph.layers[layer])


def _place(vertex: Vertex, middle: float, top: float, graph: Layered) -> Place:
    spare = _layer_height(graph, vertex.layer) - vertex.height
    return Place(x=middle - vertex.width / 2, y=top + spare * vertex.low, width=vertex.width, height=vertex.height)


def _route(
    graph: Layered,
    number: int,
    chain: Chain,
    x: Sequence[float],
    tops: Sequence[float],
    gaps: Sequence[_Gap],
    places: dict[str, Place],
) -> Route:
    source, target = places[chain.link.source], places[chain.link.target]
    turns = [turn for gap in gaps for turn in gap.turns if turn.chain == number]
    corners: list[Point] = []
    for turn in turns:
        columns = [turn.upper[0], turn.lower[0]] if turn.upper and turn.lower else [*turn.lower[::-1], *turn.upper]
        corners += [Point(column, turn.y) for column in columns]
    first = Point(corners[0].x, (target if chain.back else source).y + (0 if chain.back else source.height))
    last = Point(corners[-1].x, source.y + source.height if chain.back else target.y)
    points = [first, *corners, last]
    label = next((key for key in chain.vertices if graph.vertices[key].label is not None), None)
    return Route(
        points=_corners(points[::-1] if chain.back else points),
        label=None if label is None else _place_label(graph, label, x, tops),
        back=chain.back,
    )


def _place_label(graph: Layered, label: int, x: Sequence[float], tops: Sequence[float]) -> Place:
    vertex = graph.vertices[label]
    spare = _layer_height(graph, vertex.layer) - vertex.height
    return Place(
        x=x[label] - vertex.width / 2, y=tops[vertex.layer] + spare / 2, width=vertex.width, height=vertex.height
    )


def _corners(points: Sequence[Point]) -> tuple[Point, ...]:
    """Without the points in the middle of a straight piece."""
    kept: list[Point] = []
    for point in points:
        while len(kept) > 1 and (kept[-2].x == kept[-1].x == point.x or kept[-2].y == kept[-1].y == point.y):
            kept.pop()
        if not kept or kept[-1] != point:
            kept.append(point)
    return tuple(kept)


def _from_zero(places: dict[str, Place], routes: dict[int, Route], *, height: float) -> Layout:
    """The layout with its own width; lines and labels may reach beyond the boxes."""
    rectangles = [*places.values(), *(route.label for route in routes.values() if route.label)]
    columns = [point.x for route in routes.values() for point in route.points]
    left = min([*(place.x for place in rectangles), *columns])
    right = max([*(place.x + place.width for place in rectangles), *columns])
    shifted = {
        key: Route(
            points=tuple(Point(point.x - left, point.y) for point in route.points),
            label=route.label and Place(route.label.x - left, route.label.y, route.label.width, route.label.height),
            back=route.back,
        )
        for key, route in routes.items()
    }
    moved = {key: Place(place.x - left, place.y, place.width, place.height) for key, place in places.items()}
    return Layout(width=right - left, height=height, places=moved, routes=shifted)
