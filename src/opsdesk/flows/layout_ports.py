"""Ports: the columns in which lines meet their boxes, chosen so that as many lines as can be run straight."""

from collections.abc import Sequence
from itertools import takewhile

from opsdesk.flows.layout_model import Chain, Layered

PORT_GAP_PX = 20.0
PORT_INSET_PX = 22.0
JOG_PX = 14.0
"""A step to the side that is smaller than this is taken out where the line is free to move."""
PULL_ROOM_PX = 20.0
ROOM_MIN_PX = 10.0
"""What is left at least beside a line that is moved."""


def ports(graph: Layered, x: Sequence[float]) -> list[tuple[float, float]]:
    """For each link the column at its source and the one at its target."""
    bottoms: dict[int, list[_Wanted]] = {}
    tops: dict[int, list[_Wanted]] = {}
    for number, chain in enumerate(graph.chains):
        source, target = graph.index[chain.link.source], graph.index[chain.link.target]
        near_source = chain.vertices[-1] if chain.back else chain.vertices[1]
        near_target = chain.vertices[0] if chain.back else chain.vertices[-2]
        bottoms.setdefault(source, []).append(_wanted(graph, x, source, near_source, number))
        tops.setdefault(target, []).append(_wanted(graph, x, target, near_target, number))
    starts, ends = [0.0] * len(graph.chains), [0.0] * len(graph.chains)
    for found, wishes in ((starts, bottoms), (ends, tops)):
        for box, wanted in wishes.items():
            in_order = [(wish, number) for _, _, wish, number in sorted(wanted)]
            for number, column in _spread(in_order, x[box], graph.vertices[box].width):
                found[number] = column
    return [
        _without_jog(start, end, graph, chain, free_start=len(bottoms[graph.index[chain.link.source]]) == 1, x=x)
        for chain, start, end in zip(graph.chains, starts, ends, strict=True)
    ]


_Wanted = tuple[int, float, float, int]
"""Which side of the box, the place there, the column that a line would like best, the number of its link."""


def _wanted(graph: Layered, x: Sequence[float], box: int, near: int, number: int) -> _Wanted:
    """Of lines that lead back on one side, the inner ones meet the box further out, so that they do not cross."""
    wish = _wish(graph, x, box, near)
    low, high = _span(graph, x, box)
    side = 0 if not graph.chains[number].back else -1 if wish < low else int(wish > high)
    return side, -wish if side else wish, wish, number


def _wish(graph: Layered, x: Sequence[float], box: int, near: int) -> float:
    """Where a line would best meet a box: straight above or below where it comes from."""
    if graph.vertices[near].passing:
        return x[near]
    low = max(_span(graph, x, box)[0], _span(graph, x, near)[0])
    high = min(_span(graph, x, box)[1], _span(graph, x, near)[1])
    return min(max(x[box], low), high) if low <= high and abs(x[box] - x[near]) < JOG_PX else (low + high) / 2


def _span(graph: Layered, x: Sequence[float], box: int) -> tuple[float, float]:
    half = max(graph.vertices[box].width / 2 - PORT_INSET_PX, 0.0)
    return x[box] - half, x[box] + half


def _spread(wanted: Sequence[tuple[float, int]], middle: float, width: float) -> list[tuple[int, float]]:
    """Columns in the wished order, a gap apart, within the box."""
    half = max(width / 2 - PORT_INSET_PX, 0.0)
    gap = min(PORT_GAP_PX, 2 * half / max(len(wanted) - 1, 1))
    columns: list[float] = []
    for wish, _ in wanted:
        column = min(max(wish, middle - half), middle + half)
        columns.append(max(column, columns[-1] + gap) if columns else column)
    limit = middle + half
    for place in range(len(columns) - 1, -1, -1):
        columns[place] = min(columns[place], limit)
        limit = columns[place] - gap
    return [(number, column) for (_, number), column in zip(wanted, columns, strict=True)]


def _without_jog(
    start: float, end: float, graph: Layered, chain: Chain, *, free_start: bool, x: Sequence[float]
) -> tuple[float, float]:
    if chain.back or len(chain.vertices) > 2 or abs(start - end) > JOG_PX or not free_start:
        return start, end
    low, high = _span(graph, x, graph.index[chain.link.source])
    return (end, end) if low <= end <= high else (start, end)


def straightened(graph: Layered, columns: Sequence[float], met: Sequence[tuple[float, float]]) -> list[float]:
    """Columns in which a line that passes layers moves over to where it leaves or enters, if that is a small step.

    A straight line that leads back moves towards the box that it comes from, as far as there is room.
    """
    x = list(columns)
    for chain, (start, end) in zip(graph.chains, met, strict=True):
        passing = [vertex for vertex in chain.vertices if graph.vertices[vertex].passing]
        if chain.back:
            _pull_in(graph, x, passing, towards=x[graph.index[chain.link.source]])
            continue
        for wanted, run in ((end, _run(x, passing[::-1])), (start, _run(x, passing))):
            near = run and 0 < abs(x[run[0]] - wanted) <= JOG_PX
            if near and all(_is_free(graph, x, vertex, wanted) for vertex in run):
                for vertex in run:
                    x[vertex] = wanted
    return x


def _pull_in(graph: Layered, x: list[float], passing: Sequence[int], *, towards: float) -> None:
    if len(_run(x, passing)) < len(passing):
        return
    side = 1 if x[passing[0]] > towards else -1
    limits = []
    for vertex in passing:
        layer = graph.layers[graph.vertices[vertex].layer]
        place = layer.index(vertex) - side
        if 0 <= place < len(layer):
            room = (graph.vertices[vertex].width + graph.vertices[layer[place]].width) / 2 + PULL_ROOM_PX
            limits.append(side * x[layer[place]] + room)
    if limits and max(limits) < side * x[passing[0]]:
        for vertex in passing:
            x[vertex] = side * max(limits)


def _run(x: Sequence[float], passing: Sequence[int]) -> list[int]:
    """The vertices at the beginning that stand in one column."""
    return list(takewhile(lambda vertex: abs(x[vertex] - x[passing[0]]) < 1, passing))


def _is_free(graph: Layered, x: Sequence[float], vertex: int, wanted: float) -> bool:
    layer = graph.layers[graph.vertices[vertex].layer]
    place = layer.index(vertex)
    for other in layer[max(place - 1, 0) : place] + layer[place + 1 : place + 2]:
        room = (graph.vertices[vertex].width + graph.vertices[other].width) / 2 + ROOM_MIN_PX
        if abs(wanted - x[other]) < room or (wanted - x[other]) * (x[vertex] - x[other]) <= 0:
            return False
    return True
