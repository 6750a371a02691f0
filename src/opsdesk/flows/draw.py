"""The picture of a procedure, and of a run: one SVG that stands on its own, without scripts or links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from importlib.resources import files

from opsdesk.flows import draw_card, draw_edge, draw_undo
from opsdesk.flows.draw_card import Card
from opsdesk.flows.draw_status import NO_OUTAGES, Moment, OutageTold, caption, settled
from opsdesk.flows.draw_text import quoted, width_px, wrapped
from opsdesk.flows.draw_words import Words, words
from opsdesk.flows.layout import Box, Layout, Link, Place, layout
from opsdesk.flows.lint_paths import starts_of
from opsdesk.flows.mermaid import mermaid as mermaid
from opsdesk.flows.procedure import EdgeMode, Procedure
from opsdesk.flows.state import NodePhase, State

STYLE = " ".join(files("opsdesk.flows").joinpath("draw.css").read_text("utf-8").split())
"""The style element's text, the same in every picture: a page that shows one inline can permit it by its hash."""

MARGIN_PX = 28.0
WIDTH_MIN_PX = 460.0
HEADING_PX = 19.0
HEADING_LINE_PX = 26.0
CAPTION_LINE_PX = 19.0
CAPTION_LINES_MAX = 8
TERMINAL_HEIGHT_PX = 26.0
TERMINAL_PADDING_PX = 16.0
_START = "\0start\0"
_END = "\0end\0"


def svg(
    procedure: Procedure,
    state: State | None = None,
    *,
    now: datetime | None = None,
    language: str = "en",
    zone: tzinfo = UTC,
    within_page: bool = False,
    outages: Mapping[str, OutageTold] = NO_OUTAGES,
) -> str:
    """Draw a procedure; with a state, where a run of it stands. Times are shown in `zone`, counted from `now`.
    `outages` are those that its nodes wait for (`outage_control.told_of`).

    `within_page`: without its style and its heading, for a page that has both.
    """
    picture = _Picture(
        procedure=procedure,
        state=settled(state) if state else None,
        words=words(language),
        moment=Moment(now=now, zone=zone, outages=outages),
        within_page=within_page,
    )
    return picture.drawn(language="zh-CN" if language.lower().startswith("zh") else "en")


@dataclass(frozen=True, slots=True)
class _Picture:
    procedure: Procedure
    state: State | None
    words: Words
    moment: Moment
    within_page: bool

    def drawn(self, *, language: str) -> str:
        cards = self._cards()
        labels = self._labels()
        plan = self._plan(cards, labels)
        width = max(plan.width, WIDTH_MIN_PX) + 2 * MARGIN_PX
        heading, top = ([], MARGIN_PX) if self.within_page else self._heading(width - 2 * MARGIN_PX)
        height = round(top + plan.height + MARGIN_PX)
        right = (width - plan.width) / 2
        body = [*self._edges(plan, labels), *self._terminals(plan), *self._nodes(plan, cards)]
        name = f"flow-{self.procedure.digest[:12] or 'picture'}"
        return "".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" class="flow" lang="{language}" role="img" '
                f'aria-labelledby="{name}-title {name}-desc" width="{round(width)}" height="{height}" '
                f'viewBox="0 0 {round(width)} {height}">',
                f'<title id="{name}-title">{quoted(self.procedure.name)}</title>',
                f'<desc id="{name}-desc">{quoted(self._description())}</desc>',
                "" if self.within_page else f"<style>{STYLE}</style>",
                f'<rect class="paper" width="{round(width)}" height="{height}"/>',
                *heading,
                f'<g transform="translate({right:.1f} {top:.1f})">',
                *body,
                "</g></svg>\n",
            ]
        )

    def _cards(self) -> dict[str, Card]:
        made = {}
        for node in self.procedure.nodes.values():
            fork = self._fork(node.id)
            node_state = self.state.nodes.get(node.id) if self.state else None
            made[node.id] = draw_card.card(node, node_state, fork=fork, words=self.words, moment=self.moment)
        return made

    def _labels(self) -> dict[int, draw_edge.Label | None]:
        return {
            edge.index: draw_edge.label(edge, forked=self._fork(edge.source) > 0, words=self.words)
            for edge in self.procedure.edges
        }

    def _fork(self, node: str) -> int:
        """How many ways begin here at the same time; 0 where there is but one."""
        count = sum(edge.mode is EdgeMode.PARALLEL for edge in self.procedure.outgoing[node])
        return count if count > 1 else 0

    def _plan(self, cards: Mapping[str, Card], labels: Mapping[int, draw_edge.Label | None]) -> Layout:
        boxes = [Box(key=key, width=card.width, height=card.height) for key, card in cards.items()]
        links = []
        for edge in self.procedure.edges:
            label = labels[edge.index]
            room = (label.width, label.height) if label else (0.0, 0.0)
            links.append(Link(edge.index, edge.source, edge.target, *room))
        links += draw_undo.undo_links(self.procedure, self.words)
        for number, (key, node) in enumerate(self._ends()):
            word = self._terminal_word(key)
            width = width_px(word, 11.5) * 1.05 + 2 * TERMINAL_PADDING_PX
            boxes.append(Box(key=key, width=width, height=TERMINAL_HEIGHT_PX, low=key.startswith(_START)))
            source, target = (key, node) if key.startswith(_START) else (node, key)
            links.append(Link(-1 - number, source, target))
        return layout(boxes, links)

    def _ends(self) -> list[tuple[str, str]]:
        """The markers of the picture, each with its node: a start before each entry, an end after each last node."""
        starts = [(_START + node_id, node_id) for node_id in starts_of(self.procedure)]
        nodes, undo_nodes = self.procedure.nodes, self.procedure.undo_nodes
        return starts + [(_END + key, key) for key in nodes if self._may_end(key) and key not in undo_nodes]

    def _may_end(self, node_id: str) -> bool:
        """Nothing follows when it ends well and no loop goes round."""
        return all(edge.by_failure or edge.leads_back for edge in self.procedure.outgoing[node_id])

    def _terminal_word(self, key: str) -> str:
        return self.words["start" if key.startswith(_START) else "end"]

    def _heading(self, room: float) -> tuple[list[str], float]:
        y = MARGIN_PX
        pieces = []
        for content in wrapped(self.procedure.name, width=room / 1.05, size_px=HEADING_PX, lines_max=2):
            y += HEADING_LINE_PX
            pieces.append(_text("heading", content, x=MARGIN_PX, y=y - 8))
        first = f"{self.procedure.id} {self.procedure.version}".strip()
        y += CAPTION_LINE_PX
        pieces.append(_text("caption code", first, x=MARGIN_PX, y=y - 8))
        if self.state:
            phase, lines = caption(self.procedure, self.state, words=self.words, moment=self.moment)
            for number, line in enumerate(lines[:CAPTION_LINES_MAX]):
                for content in wrapped(line, width=room / 1.05, size_px=13, lines_max=2):
                    y += CAPTION_LINE_PX
                    style = f"caption strong {phase.value}" if not number else "caption"
                    pieces.append(_text(style, content, x=MARGIN_PX, y=y - 6))
        return pieces, y + MARGIN_PX / 2

    def _description(self) -> str:
        counts = {"nodes": len(self.procedure.nodes), "edges": len(self.procedure.edges)}
        parts = [self.words["summary"].format(name=self.procedure.name, **counts), self.procedure.description]
        if self.state:
            parts += caption(self.procedure, self.state, words=self.words, moment=self.moment)[1]
        return " ".join(filter(None, parts))

    def _edges(self, plan: Layout, labels: Mapping[int, draw_edge.Label | None]) -> list[str]:
        """The faint ones first, so that a taken way lies on top."""
        drawn = []
        for edge in self.procedure.edges:
            route = plan.routes.get(edge.index)
            if route is None:
                continue
            state = self._edge_state(edge.index)
            title = draw_edge.spoken(edge, self.words)
            title += f" · {self.words[state]}" if state else ""
            piece = draw_edge.drawn(edge, route, edge_label=labels[edge.index], title=title, state=state)
            drawn.append((_DEPTH[state], piece))
        for each in draw_undo.undo_lines(self.procedure):
            piece = draw_undo.drawn(each, plan.routes[each.key], state=self.state, words=self.words)
            drawn.append((_DEPTH[""], piece))
        for number, (key, node) in enumerate(self._ends()):
            state = self._terminal_state(key, node)
            lines = draw_edge.line(plan.routes[-1 - number].points)
            drawn.append((_DEPTH[state], f'<g class="edge {state}">{lines}</g>'))
        return [piece for _, piece in sorted(drawn, key=lambda entry: entry[0])]

    def _edge_state(self, index: int) -> str:
        taken = self.state.edges.get(index) if self.state else None
        return "" if taken is None else ("taken" if taken else "dead")

    def _terminal_state(self, key: str, node: str) -> str:
        if self.state is None:
            return ""
        phase = self.state.nodes[node].phase if node in self.state.nodes else NodePhase.PENDING
        if key.startswith(_START) or phase is NodePhase.DONE:
            return "taken"
        return "dead" if phase in (NodePhase.SKIPPED, NodePhase.FAILED) else ""

    def _terminals(self, plan: Layout) -> list[str]:
        return [self._terminal(key, plan.places[key], self._terminal_state(key, node)) for key, node in self._ends()]

    def _terminal(self, key: str, place: Place, state: str) -> str:
        start = key.startswith(_START)
        half = place.height / 2
        inner = f'x="3" y="3" width="{place.width - 6:.1f}" height="{place.height - 6:g}" rx="{half - 3:g}"'
        inner = "" if start else f'<rect class="terminal-inner" {inner}/>'
        return (
            f'<g class="{"start" if start else "end"} {state}" transform="translate({place.x:.1f} {place.y:.1f})">'
            f'<rect class="terminal" width="{place.width:.1f}" height="{place.height:g}" rx="{half:g}"/>{inner}'
            f'<text class="terminal-text" text-anchor="middle" x="{place.width / 2:.1f}" y="{half + 4:g}">'
            f"{quoted(self._terminal_word(key))}</text></g>"
        )

    def _nodes(self, plan: Layout, cards: Mapping[str, Card]) -> Sequence[str]:
        drawn = []
        for node in self.procedure.nodes.values():
            place = plan.places[node.id]
            node_state = self.state.nodes.get(node.id) if self.state else None
            group = draw_card.opened(node, node_state, x=place.x, y=place.y, words=self.words, moment=self.moment)
            drawn.append("".join([group, *cards[node.id].pieces, "</g>"]))
        return drawn


def _text(style: str, content: str, *, x: float, y: float) -> str:
    return f'<text class="{style}" x="{x:g}" y="{y:g}">{quoted(content)}</text>'


_DEPTH = {"dead": 0, "": 1, "taken": 2}
