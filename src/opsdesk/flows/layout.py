"""Where the boxes and lines of a directed graph go: layers from top to bottom, lines that bend at right angles.

The method is Sugiyama's, in the order of the modules: `layout_layers` (loops, layers), `layout_order` (as few
crossings as it finds), `layout_place` (columns, after Brandes and Köpf), `layout_route` (lines). Nothing is random:
the same graph always gives the same picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from opsdesk.flows.layout_layers import layered
from opsdesk.flows.layout_model import Box, Layout, Link, Place, Point, Route
from opsdesk.flows.layout_order import order
from opsdesk.flows.layout_place import columns
from opsdesk.flows.layout_route import routed

__all__ = ["Box", "Layout", "Link", "Place", "Point", "Route", "layout"]

COMPONENT_GAP_PX = 56.0
SHELF_WIDTH_PX = 1400.0
"""Parts that no line joins stand beside each other up to this width, then below each other."""


def layout(boxes: Sequence[Box], links: Sequence[Link]) -> Layout:
    """Place the boxes and route the links; the drawing begins at 0, 0.

    A link leaves at the bottom of its source and ends at the top of its target. It never runs through a box or through
    another link's label. A link that leads back upwards runs beside the boxes between.
    """
    known = {box.key for box in boxes}
    joined = [link for link in links if link.source in known and link.target in known]
    parts = [_component(group, joined) for group in _components(boxes, joined)]
    return _packed(parts)


@dataclass(slots=True)
class _Shelf:
    x: float = 0.0
    y: float = 0.0
    height: float = 0.0


def _component(boxes: Sequence[Box], links: Sequence[Link]) -> Layout:
    keys = {box.key for box in boxes}
    graph = layered(boxes, [link for link in links if link.source in keys])
    order(graph)
    return routed(graph, columns(graph))


def _components(boxes: Sequence[Box], links: Sequence[Link]) -> list[list[Box]]:
    """The parts of the graph that no link joins, each in the order of the document."""
    part = {box.key: box.key for box in boxes}

    def root(key: str) -> str:
        while part[key] != key:
            part[key] = part[part[key]]
            key = part[key]
        return key

    for link in links:
        part[root(link.target)] = root(link.source)
    groups: dict[str, list[Box]] = {}
    for box in boxes:
        groups.setdefault(root(box.key), []).append(box)
    return list(groups.values())


def _packed(parts: Sequence[Layout]) -> Layout:
    widest = max([SHELF_WIDTH_PX, *(part.width for part in parts)])
    shelf = _Shelf()
    places: dict[str, Place] = {}
    routes: dict[int, Route] = {}
    width = 0.0
    for part in parts:
        if shelf.x > 0 and shelf.x + part.width > widest:
            shelf = _Shelf(y=shelf.y + shelf.height + COMPONENT_GAP_PX)
        moved = _moved(part, right=shelf.x, down=shelf.y)
        places |= moved.places
        routes |= moved.routes
        width = max(width, shelf.x + part.width)
        shelf.x += part.width + COMPONENT_GAP_PX
        shelf.height = max(shelf.height, part.height)
    return Layout(width=width, height=shelf.y + shelf.height, places=places, routes=routes)


def _moved(part: Layout, *, right: float, down: float) -> Layout:
    def place(old: Place) -> Place:
        return replace(old, x=old.x + right, y=old.y + down)

    def route(old: Route) -> Route:
        return Route(
            points=tuple(Point(point.x + right, point.y + down) for point in old.points),
            label=place(old.label) if old.label else None,
            back=old.back,
        )

    return Layout(
        width=part.width,
        height=part.height,
        places={key: place(old) for key, old in part.places.items()},
        routes={key: route(old) for key, old in part.routes.items()},
    )
