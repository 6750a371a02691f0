"""Text in a picture: how wide it will be, where it breaks, and what of it may stand in XML."""

import re
import unicodedata
from html import escape

CJK_EM = 1.0
NARROW_EM = 0.32
SLIM_EM = 0.42
LIGHT_EM = 0.54
WIDE_EM = 0.92
UPPER_EM = 0.7
OTHER_EM = 0.62
MONO_EM = 0.61
"""Widths of characters as shares of the font size, towards the wider of the usual fonts."""
NARROW = frozenset("ijlI|.,:;!'` ·")
SLIM = frozenset('ftr()[]/\\"-')
LIGHT = frozenset("ckszxyvJ_?*")
WIDE = frozenset("mwMW@%—&")
NO_LINE_BEGINS_WITH = frozenset("，。、；：！？）」』】》〉…,.;:!?)]}%")

_GROUPS = ((NARROW, NARROW_EM), (SLIM, SLIM_EM), (LIGHT, LIGHT_EM), (WIDE, WIDE_EM))
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_TURNS_DIRECTION = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_UNIT = re.compile(r"\s+|[^\s_\-/.&|=]*[_\-/.&|=]+|[^\s_\-/.&|=]+")


def clean(text: str) -> str:
    """The text as XML may hold it; marks that turn the direction of writing are left out, as they make text lie."""
    return _UNFIT.sub("\ufffd", _TURNS_DIRECTION.sub("", text))


def quoted(text: str) -> str:
    """The text for an element or an attribute."""
    return escape(clean(text), quote=True)


def is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def width_px(text: str, size_px: float, *, mono: bool = False) -> float:
    """About how wide the text is in a usual sans-serif (or monospaced) font."""
    return size_px * sum(_em(character, mono=mono) for character in text)


def wrapped(text: str, *, width: float, size_px: float, lines_max: int, mono: bool = False) -> list[str]:
    """The text in lines that fit, broken at spaces, after joints such as `_` and between Chinese characters.

    What does not fit into the lines allowed is cut, with an ellipsis.
    """
    lines = [""]
    for unit in _units(" ".join(clean(text).split())):
        for piece in _fitting(unit, width=width, size_px=size_px, mono=mono):
            if width_px((lines[-1] + piece).rstrip(), size_px, mono=mono) <= width:
                lines[-1] += piece
            elif piece.strip():
                lines.append(piece)
    lines = [line.strip() for line in lines]
    if len(lines) <= lines_max:
        return [line for line in lines if line]
    return [*lines[: lines_max - 1], _cut(lines[lines_max - 1], width=width, size_px=size_px, mono=mono)]


def shortened(text: str, *, width: float, size_px: float, mono: bool = False) -> str:
    """The text in one line."""
    return next(iter(wrapped(text, width=width, size_px=size_px, lines_max=1, mono=mono)), "")


def _em(character: str, *, mono: bool) -> float:
    if unicodedata.combining(character):
        return 0.0
    if is_wide(character):
        return CJK_EM
    if mono:
        return MONO_EM
    known = next((em for group, em in _GROUPS if character in group), None)
    return known or (UPPER_EM if character.isupper() else OTHER_EM)


def _units(text: str) -> list[str]:
    """The pieces between which a line may break."""
    units: list[str] = []
    for match in _UNIT.findall(text):
        piece = ""
        for character in match:
            if piece and (is_wide(character) or is_wide(piece[-1])) and character not in NO_LINE_BEGINS_WITH:
                units.append(piece)
                piece = ""
            piece += character
        units.append(piece)
    return units


def _fitting(unit: str, *, width: float, size_px: float, mono: bool) -> list[str]:
    """The unit in pieces none of which is wider than a line."""
    if width_px(unit, size_px, mono=mono) <= width:
        return [unit]
    pieces = [""]
    for character in unit:
        if pieces[-1] and width_px(pieces[-1] + character, size_px, mono=mono) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces


def _cut(line: str, *, width: float, size_px: float, mono: bool) -> str:
    while line and width_px(line + "…", size_px, mono=mono) > width:
        line = line[:-1]
    return line.rstrip() + "…"
