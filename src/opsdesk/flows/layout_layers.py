"""Layers: which links lead back, where each box stands, and the points where long links pass the layers between."""

from collections.abc import Mapping, Sequence, Set
from itertools import pairwise

from opsdesk.flows.layout_model import Box, Chain, Layered, Link, Vertex


def layered(boxes: Sequence[Box], links: Sequence[Link]) -> Layered:
    """Give every box a layer below all that leads to it, and every label a layer of its own between two of them.

    Layers between, in which no label stands, are left out. Ends of links that lead back are added after ordering.
    """
    back = back_links([box.key for box in boxes], links)
    ranks = _ranks([box.key for box in boxes], [link for link in links if link.key not in back])
    vertices = [
        Vertex(layer=2 * ranks[box.key], width=box.width, height=box.height, box=box.key, low=box.low) for box in boxes
    ]
    index = {box.key: number for number, box in enumerate(boxes)}
    labelled = {2 * ranks[link.source] + 1 for link in links if link.label_width and link.key not in back}
    used = sorted(labelled | {vertex.layer for vertex in vertices})
    chains = [_chain(link, link.key in back, ranks=ranks, index=index, vertices=vertices, used=used) for link in links]
    return _compact(vertices, chains, index, used)


def back_links(keys: Sequence[str], links: Sequence[Link]) -> Set[int]:
    """The links to a box that is still open in a walk in depth from the entries: without them there is no cycle."""
    outgoing: dict[str, list[Link]] = {key: [] for key in keys}
    entered = set()
    for link in links:
        outgoing[link.source].append(link)
        entered.add(link.target)
    found: set[int] = set()
    done: set[str] = set()
    for start in [*(key for key in keys if key not in entered), *keys]:
        if start in done:
            continue
        opened = {start}
        stack = [(start, iter(outgoing[start]))]
        while stack:
            key, rest = stack[-1]
            step = next(rest, None)
            if step is None:
                opened.discard(key)
                done.add(key)
                stack.pop()
            elif step.target in opened:
                found.add(step.key)
            elif step.target not in done:
                opened.add(step.target)
                stack.append((step.target, iter(outgoing[step.target])))
    return found


def _ranks(keys: Sequence[str], links: Sequence[Link]) -> dict[str, int]:
    """Longest way from an entry; then boxes with more links downwards than upwards sink towards what they lead to."""
    sources: dict[str, list[str]] = {key: [] for key in keys}
    targets: dict[str, list[str]] = {key: [] for key in keys}
    for link in links:
        sources[link.target].append(link.source)
        targets[link.source].append(link.target)
    sequence = _topological(keys, sources, targets)
    ranks: dict[str, int] = {}
    for key in sequence:
        ranks[key] = 1 + max((ranks[source] for source in sources[key]), default=-1)
    for key in reversed(sequence):
        if len(targets[key]) > len(sources[key]):
            ranks[key] = min(ranks[target] for target in targets[key]) - 1
    lowest = min(ranks.values(), default=0)
    return {key: rank - lowest for key, rank in ranks.items()}


def _topological(
    keys: Sequence[str], sources: Mapping[str, list[str]], targets: Mapping[str, list[str]]
) -> Sequence[str]:
    open_sources = {key: len(sources[key]) for key in keys}
    sequence = [key for key in keys if not open_sources[key]]
    for key in sequence:  # grows while it is walked
        for target in targets[key]:
            open_sources[target] -= 1
            if not open_sources[target]:
                sequence.append(target)
    return sequence


def _chain(
    link: Link,
    back: bool,
    *,
    ranks: Mapping[str, int],
    index: Mapping[str, int],
    vertices: list[Vertex],
    used: Sequence[int],
) -> Chain:
    first, last = sorted((2 * ranks[link.source], 2 * ranks[link.target]))
    between = []
    for layer in used:
        if first < layer < last:
            between.append(len(vertices))
            vertices.append(Vertex(layer=layer))
    if link.source == link.target:
        return Chain(link=link, vertices=[index[link.source]], back=True)
    if back:
        return Chain(link=link, vertices=[index[link.target], *between, index[link.source]], back=True)
    if link.label_width:
        label = vertices[between[0]]
        label.width, label.height, label.label = link.label_width, link.label_height, link.key
    return Chain(link=link, vertices=[index[link.source], *between, index[link.target]])


def _compact(vertices: list[Vertex], chains: list[Chain], index: dict[str, int], used: Sequence[int]) -> Layered:
    number = {layer: position for position, layer in enumerate(used)}
    layers: list[list[int]] = [[] for _ in used]
    for key, vertex in enumerate(vertices):
        vertex.layer = number[vertex.layer]
        layers[vertex.layer].append(key)
    graph = Layered(vertices=vertices, layers=layers, chains=chains, index=index)
    graph.connect()
    assert all(
        graph.vertices[lower].layer == graph.vertices[upper].layer + 1
        for chain in chains
        for upper, lower in pairwise(chain.vertices)
    ), "a link skips a layer"
    return graph
