"""Edges of a picture: the line with its rounded corners, its ends, and its label."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

from opsdesk.flows.draw_text import clean, quoted, width_px, wrapped
from opsdesk.flows.draw_words import Words
from opsdesk.flows.layout import Place, Point, Route
from opsdesk.flows.procedure import Edge, EdgeMode

LABEL_WIDTH_PX = 196.0
LABEL_LINES_MAX = 2
CONDITION_LINES_MAX = 3
LABEL_LINE_PX = 15.0
LABEL_PADDING_PX = 7.0
FONT_PX = 11.0
CORNER_PX = 8.0
SUNK_PX = 16.0
"""A line begins this far inside its node, which lies on top: the lower edge of a node need not be straight."""
HEAD_LENGTH_PX = 9.0
HEAD_HALF_PX = 4.5
TAIL_PX = 5.0
DECISIONS = frozenset({EdgeMode.CONDITIONAL, EdgeMode.SWITCH})


@dataclass(frozen=True, slots=True)
class Label:
    """What stands on an edge: the word for its mode, its own label, its condition; each line with its class."""

    mode: str
    lines: tuple[tuple[str, str], ...]
    width: float
    height: float


def label(edge: Edge, *, forked: bool, words: Words) -> Label | None:
    """The label of an edge, shortened; None for one that needs no words, as its fork (`forked`) says what it is."""
    mode = _mode(edge, words)
    if edge.mode is EdgeMode.PARALLEL and forked:
        mode = words["conditional"] if edge.condition else ""
    room = LABEL_WIDTH_PX - 2 * LABEL_PADDING_PX
    texts = _lines(edge.label, room, mode=mode, lines_max=LABEL_LINES_MAX, kind="label")
    texts += _lines(edge.told, room, mode="" if texts else mode, lines_max=CONDITION_LINES_MAX, kind="code")
    if not texts and not mode:
        return None
    widths = [_line_width(kind, text) for kind, text in texts] or [0.0]
    widths[0] += width_px(f"{mode}  " if texts else mode, FONT_PX * 1.06) if mode else 0.0
    texts = texts or [("label", "")]
    return Label(
        mode=mode,
        lines=tuple(texts),
        width=max(widths) + 2 * LABEL_PADDING_PX,
        height=LABEL_LINE_PX * len(texts) + LABEL_PADDING_PX,
    )


def _lines(text: str, room: float, *, mode: str, lines_max: int, kind: str) -> list[tuple[str, str]]:
    """The text in lines, each with its class; the first leaves room for the word before it."""
    whole, mono = " ".join(clean(text).split()), kind == "code"
    if not whole:
        return []
    first = room - (width_px(mode + " ", FONT_PX * 1.06) if mode else 0.0)
    lines = wrapped(whole, width=first, size_px=FONT_PX, lines_max=lines_max, mono=mono)
    if mode and len(lines) > 1:
        head = lines[0]
        lines = [head, *wrapped(whole[len(head) :], width=room, size_px=FONT_PX, lines_max=lines_max - 1, mono=mono)]
    return [(kind, line) for line in lines]


def _line_width(kind: str, text: str) -> float:
    return width_px(text, FONT_PX, mono=kind == "code")


def spoken(edge: Edge, words: Words) -> str:
    """The whole edge in words, with all of its condition."""
    return " · ".join(filter(None, [f"{edge.source} → {edge.target}", spoken_mode(edge, words)]))


def spoken_mode(edge: Edge, words: Words) -> str:
    """How and when the edge is taken; empty for a plain step to the next node."""
    mode = _mode(edge, words)
    return " ".join(filter(None, [mode, edge.label, edge.told]))


def _mode(edge: Edge, words: Words) -> str:
    if edge.mode is EdgeMode.SPAWN and edge.spawn_count > 1:
        return f"{words['spawn']} × {edge.spawn_count}"
    return words["conditional"] if edge.mode is EdgeMode.SEQUENTIAL and edge.condition else words[edge.mode.value]


def drawn(edge: Edge, route: Route, *, edge_label: Label | None, title: str, state: str) -> str:
    """The edge as a group; `state` is `taken`, `dead` or empty."""
    classes = " ".join(filter(None, ["edge", f"edge-{edge.mode.value}", state]))
    pieces = [f'<g class="{classes}"><title>{quoted(title)}</title>', line(_sunk(route.points))]
    if edge.mode is EdgeMode.SPAWN:
        pieces.append(_head(route.points[-2], route.points[-1], back=7.0))
    pieces.append(_tail(edge, route.points[0]))
    if edge_label and route.label:
        pieces.append(chip(edge_label, route.label))
    return "".join([*pieces, "</g>"])


def _sunk(points: Sequence[Point]) -> Sequence[Point]:
    return [Point(points[0].x, points[0].y - SUNK_PX), *points[1:]]


def line(points: Sequence[Point]) -> str:
    """A line along the points, its corners rounded, with its arrow head."""
    end = _towards(points[-1], points[-2], HEAD_LENGTH_PX - 2)
    path = [f"M{_xy(points[0])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        radius = min(CORNER_PX, _length(before, corner) / 2, _length(corner, after) / 2)
        path.append(f"L{_xy(_towards(corner, before, radius))}Q{_xy(corner)} {_xy(_towards(corner, after, radius))}")
    path.append(f"L{_xy(end)}")
    return f'<path class="line" d="{"".join(path)}"/>{_head(points[-2], points[-1])}'


def _head(before: Point, end: Point, *, back: float = 0.0) -> str:
    tip = _towards(end, before, back)
    base = _towards(tip, before, HEAD_LENGTH_PX)
    across = Point(base.y - tip.y, tip.x - base.x)
    scale = HEAD_HALF_PX / (hypot(*across) or 1.0)
    left = Point(base.x + across.x * scale, base.y + across.y * scale)
    right = Point(base.x - across.x * scale, base.y - across.y * scale)
    return f'<path class="head" d="M{_xy(tip)}L{_xy(left)}L{_xy(right)}Z"/>'


def _tail(edge: Edge, start: Point) -> str:
    """A sign where the edge leaves its node: a diamond for a decision, a circle for an event."""
    x, y = start
    if edge.mode in DECISIONS or edge.condition:
        return (
            f'<path class="tail" d="M{_number(x)} {_number(y)}l{TAIL_PX} {TAIL_PX + 1}l-{TAIL_PX} {TAIL_PX + 1}'
            f'l-{TAIL_PX} -{TAIL_PX + 1}Z"/>'
        )
    if edge.mode is EdgeMode.EVENT:
        return f'<circle class="tail" cx="{_number(x)}" cy="{_number(y + TAIL_PX)}" r="{TAIL_PX}"/>'
    return ""


def chip(edge_label: Label, place: Place) -> str:
    """The label, on a ground of its own."""
    x, y = place.x, place.y
    pieces = [
        f'<rect class="chip" x="{_number(x)}" y="{_number(y)}" width="{_number(place.width)}" '
        f'height="{_number(place.height)}" rx="5"/>'
    ]
    for number, (kind, text) in enumerate(edge_label.lines):
        mode = f'<tspan class="mode">{quoted(edge_label.mode)}</tspan>' if edge_label.mode and not number else ""
        base = y + LABEL_PADDING_PX / 2 + LABEL_LINE_PX * (number + 0.75)
        words = f'<tspan class="{kind}">{quoted(text)}</tspan>' if text else ""
        content = " ".join(filter(None, [mode, words]))
        pieces.append(f'<text x="{_number(x + LABEL_PADDING_PX)}" y="{_number(base)}">{content}</text>')
    return "".join(pieces)


def _towards(start: Point, end: Point, distance: float) -> Point:
    length = _length(start, end)
    if not length:
        return start
    share = min(distance / length, 1.0)
    return Point(start.x + (end.x - start.x) * share, start.y + (end.y - start.y) * share)


def _length(one: Point, other: Point) -> float:
    return hypot(one.x - other.x, one.y - other.y)


def _xy(point: Point) -> str:
    return f"{_number(point.x)} {_number(point.y)}"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
