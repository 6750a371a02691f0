"""Columns, after Brandes and Köpf (Fast and simple horizontal coordinate assignment, 2001).

Vertices that follow each other are aligned into straight blocks in four ways (towards the neighbours above or below,
from the left or from the right), each packed tightly; a vertex stands at the mean of the middle two.
"""

from collections.abc import Sequence
from itertools import pairwise

from opsdesk.flows.layout_model import Layered

BOX_GAP_PX = 40.0
LABEL_GAP_PX = 24.0
LINE_GAP_PX = 18.0


def columns(graph: Layered) -> list[float]:
    """The middle of each vertex; the leftmost box begins at 0."""
    conflicts = _conflicts(graph)
    packed = []
    for up in (True, False):
        for left in (True, False):
            packed.append(_packed(graph, conflicts, up=up, left=left))
    _to_narrowest(graph, packed)
    middle = []
    for places in zip(*packed, strict=True):
        ascending = sorted(places)
        middle.append((ascending[1] + ascending[2]) / 2)
    first = min((x - graph.vertices[key].width / 2 for key, x in enumerate(middle)), default=0.0)
    return [x - first for x in middle]


def _conflicts(graph: Layered) -> set[tuple[int, int]]:
    """Steps of links that a straight piece of a long link crosses: the long link has the right of way."""
    found = set()
    for upper, lower in pairwise(graph.layers):
        position = {vertex: place for place, vertex in enumerate(upper)}
        low, scanned = 0, 0
        for place, vertex in enumerate(lower):
            inner = _inner_above(graph, vertex)
            if inner is None and place < len(lower) - 1:
                continue
            high = len(upper) - 1 if inner is None else position[inner]
            for crossed in lower[scanned : place + 1]:
                for neighbour in graph.above[crossed]:
                    straight = _inner_above(graph, crossed) is not None
                    if not straight and not low <= position[neighbour] <= high:
                        found.add((neighbour, crossed))
            low, scanned = high, place + 1
    return found


def _inner_above(graph: Layered, vertex: int) -> int | None:
    if not graph.vertices[vertex].passing or not graph.above[vertex]:
        return None
    above = graph.above[vertex][0]
    return above if graph.vertices[above].passing else None


def _packed(graph: Layered, conflicts: set[tuple[int, int]], *, up: bool, left: bool) -> list[float]:
    layers = graph.layers if up else graph.layers[::-1]
    if not left:
        layers = [layer[::-1] for layer in layers]
    root = _blocks(layers, graph.above if up else graph.below, conflicts, up=up)
    places = _compacted(graph, layers, root)
    return places if left else [-x for x in places]


def _blocks(
    layers: Sequence[Sequence[int]],
    neighbours: Sequence[Sequence[int]],
    conflicts: set[tuple[int, int]],
    *,
    up: bool,
) -> list[int]:
    """The head of the block of each vertex: it is aligned with a middle neighbour of the layer before where it can."""
    count = len(neighbours)
    root, aligned = list(range(count)), list(range(count))
    position = [0] * count
    for layer in layers:
        for place, vertex in enumerate(layer):
            position[vertex] = place
        last = -1
        for vertex in layer:
            near = sorted(neighbours[vertex], key=position.__getitem__)
            for middle in near[(len(near) - 1) // 2 : len(near) // 2 + 1]:
                step = (middle, vertex) if up else (vertex, middle)
                if aligned[vertex] == vertex and last < position[middle] and step not in conflicts:
                    aligned[middle] = vertex
                    root[vertex] = root[middle]
                    aligned[vertex] = root[vertex]
                    last = position[middle]
    return root


def _compacted(graph: Layered, layers: Sequence[Sequence[int]], root: Sequence[int]) -> list[float]:
    """Every block as far left as the blocks before it allow, then as far back to the right as those after it do."""
    before: dict[int, dict[int, float]] = {head: {} for head in root}
    after: dict[int, dict[int, float]] = {head: {} for head in root}
    for layer in layers:
        for one, other in pairwise(layer):
            gap = max(before[root[other]].get(root[one], 0.0), _distance(graph, one, other))
            before[root[other]][root[one]] = gap
            after[root[one]][root[other]] = gap
    sequence = _blocks_in_sequence(before, after)
    x: dict[int, float] = {}
    for head in sequence:
        x[head] = max((x[other] + gap for other, gap in before[head].items()), default=0.0)
    for head in reversed(sequence):
        if after[head]:
            x[head] = max(x[head], min(x[other] - gap for other, gap in after[head].items()))
    return [x[head] for head in root]


def _blocks_in_sequence(before: dict[int, dict[int, float]], after: dict[int, dict[int, float]]) -> list[int]:
    missing = {head: len(others) for head, others in before.items()}
    sequence = [head for head, count in missing.items() if not count]
    for head in sequence:  # grows while it is walked
        for other in after[head]:
            missing[other] -= 1
            if not missing[other]:
                sequence.append(other)
    return sequence


def _distance(graph: Layered, one: int, other: int) -> float:
    first, second = graph.vertices[one], graph.vertices[other]
    if first.box is not None and second.box is not None:
        gap = BOX_GAP_PX
    elif first.width and second.width:
        gap = LABEL_GAP_PX
    else:
        gap = LINE_GAP_PX
    return (first.width + second.width) / 2 + gap


def _to_narrowest(graph: Layered, packed: list[list[float]]) -> None:
    """Move the four packings together at the edge that each was packed against."""
    halves = [vertex.width / 2 for vertex in graph.vertices]
    edges = [
        (
            min(x - half for x, half in zip(xs, halves, strict=True)),
            max(x + half for x, half in zip(xs, halves, strict=True)),
        )
        for xs in packed
    ]
    left, right = min(edges, key=lambda edge: edge[1] - edge[0])
    for number, xs in enumerate(packed):
        shift = left - edges[number][0] if number % 2 == 0 else right - edges[number][1]
        packed[number] = [x + shift for x in xs]
