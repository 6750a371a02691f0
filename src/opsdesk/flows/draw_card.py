"""The card of a node: its outline, glyph, name and marks, the state of a run, and the bar where ways part."""

from dataclasses import dataclass, field

from opsdesk.flows.draw_shapes import (
    APPROVAL_MARK,
    CHILDREN_MARK,
    CLOCK_MARK,
    PERSON_MARK,
    PHASE_GLYPHS,
    RETRY_MARK,
    SCREENING_MARK,
    TYPE_GLYPHS,
    WAVE_PX,
    outline,
)
from opsdesk.flows.draw_status import Moment, children_told, duration, node_lines
from opsdesk.flows.draw_text import quoted, shortened, width_px, wrapped
from opsdesk.flows.draw_words import Words
from opsdesk.flows.procedure import Node, NodeType
from opsdesk.flows.state import NodeState

CARD_WIDTH_PX = 264.0
GLYPH_LEFT_PX = 20.0
TEXT_LEFT_PX = 54.0
TEXT_RIGHT_PX = 18.0
TEXT_WIDTH_PX = CARD_WIDTH_PX - TEXT_LEFT_PX - TEXT_RIGHT_PX
PADDING_PX = 10.0
NAME_LINES_MAX = 2
PURPOSE_LINES_MAX = 3
BAND_PX = 40.0
FORK_PX = 16.0
FORK_GAP_PX = 3.0
MARK_GAP_PX = 12.0
DETAIL_LEFT_PX = 42.0
BAND_EDGE = {NodeType.AGENT: 16, NodeType.CICD: 16, NodeType.MCP: 16, NodeType.DOCKER: 11}
FOOT = {NodeType.DATA: 2 * WAVE_PX, NodeType.DB: 6.0}
HEAD = {NodeType.DB: 12.0, NodeType.CLI: 5.0, NodeType.SYSTEM: 2.0}


@dataclass(slots=True)
class Card:
    """A node drawn from 0, 0; the picture moves it to its place."""

    height: float
    pieces: list[str] = field(default_factory=list)
    width: float = CARD_WIDTH_PX

    def text(self, content: str, *, x: float, style: str) -> None:
        self.pieces.append(f'<text class="{style}" x="{x:g}" y="{self.height:g}">{quoted(content)}</text>')

    def path(self, path: str, *, x: float, y: float, style: str) -> None:
        self.pieces.append(f'<path class="{style}" transform="translate({x:g} {y:g})" d="{path}"/>')


def card(node: Node, node_state: NodeState | None, *, fork: int, words: Words, moment: Moment) -> Card:
    """Draw a node; `fork` is how many parallel ways begin here. With a state there is a band that says it.

    The band has the same height in every state, so that the picture of a run does not move while the run goes on.
    """
    made = Card(height=PADDING_PX + HEAD.get(node.type, 0.0))
    made.path(TYPE_GLYPHS[node.type], x=GLYPH_LEFT_PX, y=made.height + 6, style="glyph")
    _write_name(made, node, words)
    _write_marks(made, node, words)
    made.height += PADDING_PX
    if node_state is not None:
        _write_state(made, node, node_state, words=words, moment=moment)
    made.height += FOOT.get(node.type, 0.0)
    frame = outline(node.type, width=made.width, height=made.height)
    made.pieces.insert(0, f'<path class="outline" d="{frame}"/>')
    if fork:
        _write_fork(made, fork, words)
    made.height = float(round(made.height))
    return made


def opened(node: Node, node_state: NodeState | None, *, x: float, y: float, words: Words, moment: Moment) -> str:
    """The start of the group that a card stands in, with all that is known about the node as its title."""
    phase = f" {node_state.phase.value}" if node_state is not None else ""
    parts = [node.name, node.id if node.id != node.name else "", node.purpose if node.purpose != node.name else ""]
    if node_state is not None:
        parts += node_lines(node, node_state, words=words, moment=moment)
    if node.approval.screening is not None:
        parts.append(words["screening"].format(type=node.approval.screening.type))
    title = "\n".join(filter(None, [words[node.type.value], *parts]))
    return (
        f'<g class="node type-{node.type.value}{phase}" transform="translate({x:.1f} {y:.1f})">'
        f"<title>{quoted(title)}</title>"
    )


def _write_name(made: Card, node: Node, words: Words) -> None:
    kind = words[node.type.value] + (f" · {node.subtype}" if node.subtype else "")
    made.height += 11
    made.text(shortened(kind, width=TEXT_WIDTH_PX, size_px=10.5), x=TEXT_LEFT_PX, style="kind")
    made.height += 1
    for content in wrapped(node.name, width=TEXT_WIDTH_PX / 1.04, size_px=14, lines_max=NAME_LINES_MAX):
        made.height += 17
        made.text(content, x=TEXT_LEFT_PX, style="name")
    if node.name != node.id:
        made.height += 15
        made.text(shortened(node.id, width=TEXT_WIDTH_PX, size_px=11, mono=True), x=TEXT_LEFT_PX, style="id")
        return
    for content in wrapped(node.purpose, width=TEXT_WIDTH_PX, size_px=11.5, lines_max=PURPOSE_LINES_MAX):
        made.height += 15
        made.text(content, x=TEXT_LEFT_PX, style="purpose")


def _write_marks(made: Card, node: Node, words: Words) -> None:
    """Who answers, how long it may take, and how often it is tried: in one line, or in two."""
    marks = [(RETRY_MARK, _retries(node, words)), (CLOCK_MARK, _limit(node, words))]
    if node.type is NodeType.HUMAN:
        count = node.approval.required_approvers
        marks.insert(0, (APPROVAL_MARK, words["approvers"].format(count=count) if count > 1 else ""))
        screening = node.approval.screening
        marks.insert(0, (SCREENING_MARK, screening.type if screening is not None else ""))
        marks.insert(0, (PERSON_MARK, node.approval.role or ""))
    marks.insert(0, (CHILDREN_MARK, children_told(node, words)))
    x = TEXT_LEFT_PX
    made.height += 2
    begun = False
    for path, content in marks:
        if not content:
            continue
        shown = shortened(content, width=TEXT_WIDTH_PX - 16, size_px=11)
        room = 16 + width_px(shown, 11)
        if not begun or x + room > TEXT_LEFT_PX + TEXT_WIDTH_PX:
            made.height += 16
            x, begun = TEXT_LEFT_PX, True
        made.path(path, x=round(x, 1), y=made.height - 10, style="mark")
        made.text(shown, x=round(x + 16, 1), style="mark-text")
        x += room + MARK_GAP_PX


def _limit(node: Node, words: Words) -> str:
    limit = node.approval.timeout_s if node.type is NodeType.HUMAN and node.approval.timeout_s else node.timeout_s
    if not limit:
        return ""
    if node.approval.calendar is not None:
        return words["working"].format(duration=duration(limit, words))
    return f"≤ {duration(limit, words)}"


def _retries(node: Node, words: Words) -> str:
    count = node.retry.max_retries
    if not count:
        return ""
    return words["retry"] if count == 1 else words["retries"].format(count=count)


def _write_state(made: Card, node: Node, node_state: NodeState, *, words: Words, moment: Moment) -> None:
    head, details = node_lines(node, node_state, words=words, moment=moment)
    top = made.height
    edge = BAND_EDGE.get(node.type, 8)
    made.pieces.append(
        f'<rect class="band" x="{edge}" y="{top:g}" width="{made.width - 2 * edge:g}" height="{BAND_PX - 6:g}" rx="6"/>'
    )
    made.path(PHASE_GLYPHS[node_state.phase], x=DETAIL_LEFT_PX - 22, y=top + 9, style="status-glyph")
    room = made.width - DETAIL_LEFT_PX - edge - 4
    made.height = top + (14 if details else 21)
    made.text(shortened(head, width=room / 1.06, size_px=11.5), x=DETAIL_LEFT_PX, style="status")
    if details:
        made.height = top + 28
        made.text(shortened(details, width=room, size_px=11), x=DETAIL_LEFT_PX, style="detail")
    made.height = top + BAND_PX


def _write_fork(made: Card, fork: int, words: Words) -> None:
    top = made.height + FORK_GAP_PX
    content = f"∥ {words['parallel']} × {fork}"
    made.pieces.append(
        f'<rect class="fork" x="14" y="{top:g}" width="{made.width - 28:g}" height="{FORK_PX:g}" rx="3"/>'
        f'<text class="fork-text" text-anchor="middle" x="{made.width / 2:g}" y="{top + 11.5:g}">'
        f"{quoted(content)}</text>"
    )
    made.height = top + FORK_PX
