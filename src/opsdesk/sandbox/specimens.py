"""Identity pictures made by code: a card with shapes and text, and faces of circles and lines. Nobody looks like them.

Every picture says SPECIMEN across it. The same person looks the same on each; two people differ.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from io import BytesIO
from itertools import count
from math import pi, sin
from typing import Any

from PIL import Image, ImageDraw, ImageFont

CARD_PX = (856, 540)
FACE_PX = (640, 800)
KEPT_MAX = 128
"""How many pictures are kept ready."""

_INK, _PAPER = (38, 42, 56), (250, 250, 246)
_SKINS = ((244, 211, 178), (226, 183, 142), (198, 152, 110), (160, 114, 82))
_HAIRS = ((30, 26, 28), (76, 50, 36), (120, 86, 52), (86, 86, 92))
_GROUNDS = ((198, 214, 226), (214, 222, 200), (226, 212, 204), (210, 206, 226))
_CLOTHES = ((52, 84, 120), (120, 60, 64), (64, 104, 84), (96, 84, 116))


class Kind(StrEnum):
    """What is in a picture."""

    CARD_FRONT = "card_front"
    CARD_BACK = "card_back"
    FACE_FRONT = "face_front"
    FACE_SIDE = "face_side"


@dataclass(frozen=True, slots=True)
class Traits:
    """What one invented person looks like, out of a digest of their name."""

    digest: bytes

    def of(self, place: int, many: int) -> int:
        """One of so many."""
        return self.digest[place] % many

    def share(self, place: int) -> float:
        """From 0 to 1."""
        return self.digest[place] / 255

    @property
    def number(self) -> str:
        """The number on the card. The letters show that it is none of anybody's."""
        return f"SPECIMEN-{self.digest[:4].hex().upper()}"


def traits_of(person: str) -> Traits:
    """Those of the person of this name; each name is another person."""
    return Traits(hashlib.sha256(person.encode()).digest())


def somebody_else(person: str) -> str:
    """The name of another person, whom nobody takes for the first: hair and skin are others."""
    first = traits_of(person)
    names = (f"not {person} {number}" for number in count())
    return next(name for name in names if all(traits_of(name).of(place, 4) != first.of(place, 4) for place in (0, 1)))


@lru_cache(maxsize=KEPT_MAX)
def picture(person: str, kind: Kind) -> bytes:
    """A PNG."""
    traits = traits_of(person)
    if kind in (Kind.CARD_FRONT, Kind.CARD_BACK):
        image = _card_front(traits) if kind is Kind.CARD_FRONT else _card_back(traits)
    else:
        ground = _GROUNDS[(traits.of(2, 4) + 1) % 4]
        image = _portrait(traits, ground=ground, from_the_side=kind is Kind.FACE_SIDE)
    stamped = Image.alpha_composite(image.convert("RGBA"), _stamp(image.size)).convert("RGB")
    written = BytesIO()
    stamped.save(written, "PNG")
    return written.getvalue()


def _card_front(traits: Traits) -> Image.Image:
    image = Image.new("RGB", CARD_PX, _PAPER)
    draw = ImageDraw.Draw(image)
    _guilloche(draw, traits)
    draw.rectangle((0, 0, CARD_PX[0], 74), fill=_CLOTHES[traits.of(3, 4)])
    draw.text((28, 20), "IDENTITY CARD", font=_font(34), fill=_PAPER)
    draw.text((CARD_PX[0] - 28, 26), "SPECIMEN", font=_font(26), fill=_PAPER, anchor="ra")
    image.paste(_portrait(traits, ground=_GROUNDS[traits.of(2, 4)]).resize((250, 312)), (40, 116))
    draw.rectangle((40, 116, 290, 428), outline=_INK, width=3)
    born = f"{1960 + traits.of(9, 40)}-{1 + traits.of(10, 12):02}-{1 + traits.of(11, 28):02}"
    lines = (("NAME", "SPECIMEN PERSON"), ("BORN", born), ("NUMBER", traits.number))
    for row, (label, value) in enumerate(lines):
        draw.text((330, 128 + row * 104), label, font=_font(19), fill=(104, 108, 120))
        draw.text((330, 156 + row * 104), value, font=_font(33), fill=_INK)
    draw.text((40, 470), "Drawn by a program. It proves nothing.", font=_font(20), fill=(104, 108, 120))
    return image


def _card_back(traits: Traits) -> Image.Image:
    image = Image.new("RGB", CARD_PX, _PAPER)
    draw = ImageDraw.Draw(image)
    _guilloche(draw, traits)
    draw.rectangle((0, 60, CARD_PX[0], 140), fill=_INK)
    draw.rounded_rectangle((60, 200, 190, 300), radius=14, fill=(214, 184, 96), outline=_INK, width=3)
    for line in (233, 266):
        draw.line((60, line, 190, line), fill=_INK, width=2)
    draw.text((230, 206), "ISSUED BY", font=_font(19), fill=(104, 108, 120))
    draw.text((230, 232), "SPECIMEN OFFICE", font=_font(33), fill=_INK)
    draw.text((230, 300), "VALID UNTIL", font=_font(19), fill=(104, 108, 120))
    draw.text((230, 326), f"{2030 + traits.of(12, 9)}-12-31", font=_font(33), fill=_INK)
    for row in range(2):
        draw.text((40, 420 + row * 46), f"{traits.number}<<<<<SPECIMEN<<<<<<<<"[:38], font=_font(30), fill=_INK)
    return image


def _portrait(traits: Traits, *, ground: tuple[int, int, int], from_the_side: bool = False) -> Image.Image:
    image = Image.new("RGB", FACE_PX, ground)
    draw = ImageDraw.Draw(image)
    if from_the_side:
        _profile(draw, traits)
    else:
        _face(draw, traits)
    return image


def _at(x: float, y: float) -> tuple[float, float]:
    """A place in a portrait, by shares of it."""
    return x * FACE_PX[0], y * FACE_PX[1]


def _face(draw: ImageDraw.ImageDraw, traits: Traits) -> None:
    """A head from the front, its parts where the traits put them."""
    skin, hair = _SKINS[traits.of(0, 4)], _HAIRS[traits.of(1, 4)]

    def oval(x: float, y: float, rx: float, ry: float, **how: Any) -> None:
        draw.ellipse((*_at(x - rx, y - ry), *_at(x + rx, y + ry)), **how)

    oval(0.5, 1.06, 0.44, 0.3, fill=_CLOTHES[traits.of(3, 4)])
    draw.rectangle((*_at(0.41, 0.64), *_at(0.59, 0.84)), fill=skin)
    chin = 0.27 + 0.05 * traits.share(4)
    oval(0.5, 0.4, 0.29, 0.3, fill=hair)
    if traits.of(5, 2):
        oval(0.5, 0.43, 0.31, 0.3, fill=hair)
    oval(0.5, 0.46, 0.235 + 0.03 * traits.share(6), chin, fill=skin)
    draw.chord((*_at(0.24, 0.13), *_at(0.76, 0.5)), 180, 360, fill=hair)
    apart = 0.085 + 0.035 * traits.share(7)
    for side in (-1, 1):
        x = 0.5 + side * apart
        oval(x, 0.44, 0.042, 0.024, fill=(252, 252, 252), outline=_INK)
        oval(x, 0.44, 0.018, 0.018, fill=_INK)
        oval(x, 0.385, 0.055, 0.012, fill=hair)
        if traits.of(8, 3) == 0:
            oval(x, 0.44, 0.075, 0.055, outline=_INK, width=7)
    dark = tuple(round(each * 0.8) for each in skin)
    oval(0.5, 0.53, 0.022 + 0.02 * traits.share(13), 0.04, fill=dark)
    mouth = 0.06 + 0.04 * traits.share(14)
    draw.arc((*_at(0.5 - mouth, 0.58), *_at(0.5 + mouth, 0.66)), 10, 170, fill=(140, 52, 56), width=10)
    if traits.of(15, 2):
        oval(0.5 + 0.12 * (1 if traits.of(16, 2) else -1), 0.57, 0.012, 0.01, fill=_INK)


def _profile(draw: ImageDraw.ImageDraw, traits: Traits) -> None:
    """The same head from the side: one eye, and a nose that sticks out."""
    skin, hair = _SKINS[traits.of(0, 4)], _HAIRS[traits.of(1, 4)]
    draw.ellipse((*_at(0.1, 0.78), *_at(0.86, 1.4)), fill=_CLOTHES[traits.of(3, 4)])
    draw.rectangle((*_at(0.42, 0.62), *_at(0.6, 0.86)), fill=skin)
    draw.ellipse((*_at(0.26, 0.12), *_at(0.8, 0.68 if traits.of(5, 2) else 0.58)), fill=hair)
    draw.ellipse((*_at(0.2, 0.2), *_at(0.68, 0.74)), fill=skin)
    nose = 0.06 + 0.05 * traits.share(13)
    draw.polygon([_at(0.22, 0.42), _at(0.22 - nose, 0.55), _at(0.24, 0.57)], fill=skin)
    draw.chord((*_at(0.24, 0.12), *_at(0.78, 0.52)), 200, 380, fill=hair)
    draw.ellipse((*_at(0.27, 0.42), *_at(0.35, 0.46)), fill=(252, 252, 252), outline=_INK)
    draw.ellipse((*_at(0.275, 0.423), *_at(0.305, 0.457)), fill=_INK)
    draw.ellipse((*_at(0.26, 0.37), *_at(0.37, 0.39)), fill=hair)
    if traits.of(8, 3) == 0:
        draw.ellipse((*_at(0.24, 0.39), *_at(0.38, 0.49)), outline=_INK, width=7)
        draw.line((*_at(0.38, 0.43), *_at(0.56, 0.42)), fill=_INK, width=7)
    draw.ellipse((*_at(0.52, 0.42), *_at(0.59, 0.53)), fill=tuple(round(each * 0.85) for each in skin))
    draw.line((*_at(0.22, 0.63), *_at(0.31, 0.62)), fill=(140, 52, 56), width=9)


def _guilloche(draw: ImageDraw.ImageDraw, traits: Traits) -> None:
    """Fine curves, as papers have them that are hard to copy."""
    width, height = CARD_PX
    for line in range(18):
        shift = line * height / 18
        turn = traits.share(17) * 2 * pi + line / 3
        curve = [(x, shift + 26 * sin(x / (60 + 40 * traits.share(18)) + turn)) for x in range(0, width + 8, 8)]
        draw.line(curve, fill=(218, 224, 228), width=2)


def _stamp(size: tuple[int, int]) -> Image.Image:
    """SPECIMEN across the whole of it, again and again, so that no part of it can pass for more."""
    width, height = size
    layer = Image.new("RGBA", (2 * width, 2 * height), (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    step = 150
    for row in range(0, 2 * height, step):
        offset = -60 if row // step % 2 else -210
        for column in range(offset, 2 * width, 400):
            draw.text((column, row), "SPECIMEN", font=_font(54), fill=(200, 30, 40, 76))
    turned = layer.rotate(26)
    left, top = width // 2, height // 2
    return turned.crop((left, top, left + width, top + height))


@lru_cache
def _font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size_px)
