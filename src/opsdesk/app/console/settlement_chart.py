"""The picture of what providers were settled: a bar a month, in it a part for each of the largest providers. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from opsdesk import benefits

PROVIDERS_MAX = 5
MONTHS_MAX = 6
WIDTH, HEIGHT = 600, 180
_TOP, _BOTTOM = 18, 22
_BAR_SHARE = 0.5

ProviderTotal = benefits.settlement.files.ProviderTotal


@dataclass(frozen=True, slots=True)
class Part:
    """What one provider was settled in a month."""

    provider: str
    colour: int
    """From 1 on."""
    x: float
    y: float
    width: float
    height: float
    total_fen: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A month."""

    month: date
    middle: float
    top: float
    parts: Sequence[Part]
    total_fen: int


@dataclass(frozen=True, slots=True)
class Chart:
    """All that is drawn."""

    bars: Sequence[Bar]
    names: Sequence[tuple[str, int]]
    """Of the providers, with their colours."""
    width: int = WIDTH
    height: int = HEIGHT
    floor: int = HEIGHT - _BOTTOM


def chart_of(totals: Sequence[ProviderTotal], *, language: str) -> Chart | None:
    """None: there is nothing to see."""
    months = [(month, list(found)) for month, found in groupby(totals, key=lambda each: each.month)]
    most = max((sum(each.total_fen for each in found) for _, found in months), default=0)
    if most == 0:
        return None
    colours = {provider: number for number, provider in enumerate(sorted({each.provider for each in totals}), start=1)}
    names = {each.provider: each.name_zh if language.startswith("zh") else each.name_en for each in totals}
    step = WIDTH / len(months)
    bars = []
    for place, (month, found) in enumerate(months):
        middle, top, parts = step * (place + 0.5), float(HEIGHT - _BOTTOM), []
        for each in found:
            height = (HEIGHT - _TOP - _BOTTOM) * each.total_fen / most
            top -= height
            width = min(step * _BAR_SHARE, 72)
            colour = colours[each.provider]
            parts.append(Part(names[each.provider], colour, middle - width / 2, top, width, height, each.total_fen))
        bars.append(Bar(month, middle, top, parts, sum(each.total_fen for each in found)))
    return Chart(bars, [(names[provider], colour) for provider, colour in colours.items()])
