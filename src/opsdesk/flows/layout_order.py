"""Order within the layers: sweeps that put each vertex between its neighbours, then swaps that undo crossings."""

from bisect import bisect_right, insort
from collections.abc import Sequence, Set

from opsdesk.flows.layout_model import Chain, Layered, Vertex

SWEEPS_MAX = 12
SWEEPS_IN_VAIN_MAX = 4
SWAP_ROUNDS_MAX = 4


def order(graph: Layered) -> None:
    """Sort each layer so that few links cross, then give the links that lead back their places beside their ends."""
    _start(graph)
    best, fewest, in_vain = [list(layer) for layer in graph.layers], _crossings(graph), 0
    for sweep in range(SWEEPS_MAX):
        if not fewest or in_vain >= SWEEPS_IN_VAIN_MAX:
            break
        _sweep(graph, down=sweep % 2 == 0)
        _swap(graph)
        count = _crossings(graph)
        in_vain += 1
        if count < fewest:
            best, fewest, in_vain = [list(layer) for layer in graph.layers], count, 0
    graph.layers[:] = best
    for chain in graph.chains:
        if chain.back:
            _lead_back(graph, chain)
    graph.connect()
    # Links beside each other that lead back to one box: until their ends had places, nothing told them apart.
    lanes = {vertex for chain in graph.chains if chain.back for vertex in chain.vertices}
    if lanes:
        _swap(graph, among=lanes)


def _start(graph: Layered) -> None:
    """Order of a walk in depth: what belongs together stands together before the first sweep."""
    seen: set[int] = set()
    layers: list[list[int]] = [[] for _ in graph.layers]
    for first in [vertex for layer in graph.layers for vertex in layer]:
        stack = [first]
        while stack:
            vertex = stack.pop()
            if vertex in seen:
                continue
            seen.add(vertex)
            layers[graph.vertices[vertex].layer].append(vertex)
            stack.extend(reversed(graph.below[vertex]))
    graph.layers[:] = layers


def _sweep(graph: Layered, *, down: bool) -> None:
    neighbours = graph.above if down else graph.below
    layers = graph.layers[1:] if down else graph.layers[-2::-1]
    position = _positions(graph)
    for layer in layers:
        middle = {}
        for vertex in layer:
            places = [position[neighbour] for neighbour in neighbours[vertex]]
            middle[vertex] = sum(places) / len(places) if places else float(position[vertex])
        layer.sort(key=middle.__getitem__)
        for place, vertex in enumerate(layer):
            position[vertex] = place


def _swap(graph: Layered, among: Set[int] | None = None) -> None:
    """Exchange neighbours in a layer wherever that leaves fewer crossings; only some vertices, if they are given."""
    position = _positions(graph)
    for _ in range(SWAP_ROUNDS_MAX):
        better = False
        for layer in graph.layers:
            for place in range(len(layer) - 1):
                left, right = layer[place], layer[place + 1]
                if among is not None and not {left, right} <= among:
                    continue
                gain = 0
                for neighbours in (graph.above, graph.below):
                    gain += _gain([position[n] for n in neighbours[left]], [position[n] for n in neighbours[right]])
                if gain > 0:
                    layer[place], layer[place + 1] = right, left
                    position[left], position[right] = place + 1, place
                    better = True
        if not better:
            return


def _gain(left: Sequence[int], right: Sequence[int]) -> int:
    """How many crossings fewer there are if the owner of `left` changes places with the owner of `right`."""
    return sum((one > other) - (one < other) for one in left for other in right)


def _crossings(graph: Layered) -> int:
    position = _positions(graph)
    count = 0
    for layer in graph.layers[:-1]:
        passed: list[int] = []
        for vertex in layer:
            ends = sorted(position[neighbour] for neighbour in graph.below[vertex])
            count += sum(len(passed) - bisect_right(passed, end) for end in ends)
            for end in ends:
                insort(passed, end)
    return count


def _positions(graph: Layered) -> list[int]:
    position = [0] * len(graph.vertices)
    for layer in graph.layers:
        for place, vertex in enumerate(layer):
            position[vertex] = place
    return position


def _lead_back(graph: Layered, chain: Chain) -> None:
    """Put the ends of a link that leads back beside its boxes, on the side where it crosses less of their own links."""
    target, source, *_ = graph.index[chain.link.target], graph.index[chain.link.source]
    lane = [vertex for vertex in chain.vertices if graph.vertices[vertex].passing]
    if target == source:
        chain.vertices = [_beside(graph, source, chain, right=True)]
        return
    position = _positions(graph)
    near_target = position[lane[0]] if lane else position[source]
    near_source = position[lane[-1]] if lane else position[target]
    right_of_target = _is_right(near_target, [position[vertex] for vertex in graph.below[target]])
    right_of_source = _is_right(near_source, [position[vertex] for vertex in graph.above[source]])
    if not lane:
        right_of_source = right_of_target
    upper = _beside(graph, target, None, right=right_of_target)
    lower = _beside(graph, source, chain, right=right_of_source)
    chain.vertices = [upper, *lane, lower]


def _is_right(place: int, neighbours: Sequence[int]) -> bool:
    smaller = sum(neighbour < place for neighbour in neighbours)
    return 2 * smaller >= len([neighbour for neighbour in neighbours if neighbour != place])


def _beside(graph: Layered, box: int, labelled: Chain | None, *, right: bool) -> int:
    layer = graph.vertices[box].layer
    vertex = Vertex(layer=layer)
    if labelled and labelled.link.label_width:
        link = labelled.link
        vertex.width, vertex.height, vertex.label = link.label_width, link.label_height, link.key
    graph.vertices.append(vertex)
    place = graph.layers[layer].index(box) + right
    graph.layers[layer].insert(place, len(graph.vertices) - 1)
    return len(graph.vertices) - 1
