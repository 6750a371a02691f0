"""What happened to an order as a picture: one SVG without scripts, styled by the page that shows it. Pure."""

import unicodedata
from collections.abc import Sequence
from html import escape

from opsdesk.benefits.rules import BUSINESS_ZONE
from opsdesk.benefits.sequence import Exchange, Language, Message, called, participants

LANE_PX = 158
HEAD_PX = 46
MARGIN_PX = 16
LINE_PX = 15
TEXT_PX = 12
SELF_PX = 26
GAP_PX = 14


def svg(title: str, told: Sequence[Exchange], *, language: Language) -> str:
    """Lanes from left to right in the order of the drawing, time downwards."""
    names = participants(told)
    lanes = {name: MARGIN_PX + LANE_PX * (number + 0.5) for number, name in enumerate(names)}
    # What the last one does by itself is told to the right of its lane.
    width = 2 * MARGIN_PX + LANE_PX * (max(len(names), 2) + 1) + SELF_PX
    body, y = [], float(MARGIN_PX + HEAD_PX + GAP_PX)
    for each in told:
        drawn, y = _exchange(each, lanes, width, y)
        body += drawn
    height = round(y + MARGIN_PX)
    heads = [_head(called(name, language), x, height) for name, x in lanes.items()]
    label = escape(title, quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="sequence" role="img" aria-label="{label}" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}"><title>{label}</title>{"".join(heads + body)}</svg>'
    )


def _head(name: str, x: float, height: int) -> str:
    lines = _wrapped(name, LANE_PX - 34)[:2]
    top = MARGIN_PX + HEAD_PX / 2 - (len(lines) - 1) * LINE_PX / 2 + 4
    return (
        f'<line class="life" x1="{x:g}" y1="{MARGIN_PX + HEAD_PX}" x2="{x:g}" y2="{height - MARGIN_PX}"/>'
        f'<rect class="who" x="{x - LANE_PX / 2 + 10:g}" y="{MARGIN_PX}" width="{LANE_PX - 20}" '
        f'height="{HEAD_PX}" rx="6"/>' + _text(lines, x, top, "who-name", anchor="middle")
    )


def _exchange(each: Exchange, lanes: dict[str, float], width: int, y: float) -> tuple[list[str], float]:
    moment = f"{each.at.astimezone(BUSINESS_ZONE):%Y-%m-%d %H:%M:%S}"
    drawn = [
        f'<rect class="divide" x="{MARGIN_PX}" y="{y:g}" width="{width - 2 * MARGIN_PX}" height="22" rx="4"/>',
        _text([f"{each.name} · {moment}"], MARGIN_PX + 8, y + 15, "divide-name"),
    ]
    y += 22 + GAP_PX
    for message in each.messages:
        pieces, y = _message(message, lanes, y)
        drawn += pieces
    return drawn, y + GAP_PX


def _message(message: Message, lanes: dict[str, float], y: float) -> tuple[list[str], float]:
    style = f"{message.kind}{' refused' if message.is_refusal else ''}"
    begin, end = lanes[message.source], lanes[message.target]
    if message.source == message.target:
        lines = _wrapped(message.label, 1.6 * LANE_PX)
        bottom = y + max(len(lines) * LINE_PX, 18)
        right = begin + SELF_PX
        pieces = [
            f'<path class="arrow {style}" d="M{begin:g} {y:g}H{right:g}V{bottom:g}H{begin + 7:g}"/>',
            _tip(begin, bottom, leftwards=True, style=style),
            _text(lines, right + 6, y + 11, f"said {style}"),
        ]
        return pieces, bottom + GAP_PX
    lines = _wrapped(message.label, abs(end - begin) - 18)
    line_y = y + len(lines) * LINE_PX + 2
    leftwards = end < begin
    pieces = [
        _text(lines, (begin + end) / 2, y + 10, f"said {style}", anchor="middle"),
        f'<path class="arrow {style}" d="M{begin:g} {line_y:g}H{end + (7 if leftwards else -7):g}"/>',
        _tip(end, line_y, leftwards=leftwards, style=style),
    ]
    return pieces, line_y + GAP_PX


def _tip(x: float, y: float, *, leftwards: bool, style: str) -> str:
    back = x + 8 if leftwards else x - 8
    return f'<path class="tip {style}" d="M{x:g} {y:g}L{back:g} {y - 4:g}V{y + 4:g}z"/>'


def _text(lines: Sequence[str], x: float, y: float, style: str, *, anchor: str = "start") -> str:
    spans = "".join(
        f'<tspan x="{x:g}" dy="{LINE_PX if number else 0}">{escape(line)}</tspan>' for number, line in enumerate(lines)
    )
    return f'<text class="{style}" text-anchor="{anchor}" x="{x:g}" y="{y:g}">{spans}</text>'


def _wrapped(text: str, width: float) -> list[str]:
    """In lines of about this width, broken at spaces and between Chinese characters."""
    lines, line, room = [], "", 0.0
    for unit in _units(text):
        size = sum(1.0 if unicodedata.east_asian_width(each) in "WF" else 0.58 for each in unit) * TEXT_PX
        if line and room + size > width:
            lines.append(line.strip())
            line, room = "", 0.0
        line, room = line + unit, room + size
    return [*lines, line.strip()]


def _units(text: str) -> list[str]:
    units = [""]
    for each in text:
        if each == " " or unicodedata.east_asian_width(each) in "WF":
            units += [each, ""]
        else:
            units[-1] += each
    return [unit for unit in units if unit]
