"""What undoes what, in a picture: a line of its own from a node to the one that undoes it. No edge of the procedure."""

from collections.abc import Iterator
from dataclasses import dataclass

from opsdesk.flows.draw_edge import LABEL_LINE_PX, LABEL_PADDING_PX, Label, chip, line
from opsdesk.flows.draw_text import quoted, width_px
from opsdesk.flows.draw_words import Words
from opsdesk.flows.layout import Link, Route
from opsdesk.flows.procedure import Procedure
from opsdesk.flows.state import State

FIRST_KEY = -1_000_000
"""Of the links in the layout, counted down; edges and markers have others."""
SIGN_PX = 4.5


@dataclass(frozen=True, slots=True)
class UndoLine:
    """`node` is undone by `undo`."""

    key: int
    node: str
    undo: str


def undo_lines(procedure: Procedure) -> list[UndoLine]:
    pairs = [(node, undo) for undo, nodes in procedure.undo_nodes.items() for node in nodes]
    return [UndoLine(FIRST_KEY - number, node, undo) for number, (node, undo) in enumerate(pairs)]


def undo_links(procedure: Procedure, words: Words) -> Iterator[Link]:
    """For the layout, with room for the word on the line."""
    room = _label(words)
    for each in undo_lines(procedure):
        yield Link(each.key, each.node, each.undo, room.width, room.height)


def drawn(each: UndoLine, route: Route, *, state: State | None, words: Words) -> str:
    """Dashed in long and short, with a square where it leaves the node, and the word; taken once it undoes."""
    taken = state is not None and _is_undone(state, each)
    title = f"{each.node} → {each.undo} · {words['undone_by']}"
    x, y = route.points[0]
    half = SIGN_PX
    sign = f'<path class="tail" d="M{x - half:.1f} {y:.1f}h{2 * half:g}v{2 * half:g}h-{2 * half:g}Z"/>'
    label = chip(_label(words), route.label) if route.label else ""
    return (
        f'<g class="edge edge-undo{" taken" if taken else ""}"><title>{quoted(title)}</title>'
        f"{line(route.points)}{sign}{label}</g>"
    )


def _is_undone(state: State, each: UndoLine) -> bool:
    undoing = state.undoing
    return undoing is not None and any(
        done.node == each.node for done in (*undoing.undone, *((undoing.now,) if undoing.now else ()))
    )


def _label(words: Words) -> Label:
    word = words["undone_by"]
    width = width_px(word, 11.0 * 1.06) + 2 * LABEL_PADDING_PX
    return Label(mode=word, lines=(("label", ""),), width=width, height=LABEL_LINE_PX + LABEL_PADDING_PX)
