"""What pages say of points and benefits."""

import re
from collections.abc import Mapping
from typing import Protocol

from opsdesk.app.console.words import N_

FEN_OF_YUAN = 100
_AMOUNT = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,2}))?")

STATUSES: Mapping[int, tuple[str, str]] = {
    100: ("waiting", N_("not booked")),
    200: ("running", N_("booked")),
    300: ("done", N_("completed")),
    400: ("stopped", N_("cancelled")),
    500: ("skipped", N_("expired")),
}
"""By the number of the status: the badge, and the word."""
CHANNELS: Mapping[str, str] = {"mobile": N_("mobile bank"), "phone": N_("phone bank"), "crm": "CRM"}
PROPOSALS: Mapping[str, str] = {"pay": N_("pay the provider"), "dismiss": N_("do not pay")}


FATES: Mapping[str, tuple[str, str]] = {
    "held": ("waiting", N_("held")),
    "returned": ("done", N_("returned")),
    "forfeited": ("skipped", N_("expired meanwhile")),
    "spent": ("stopped", N_("spent")),
}
"""What became of points: the badge, and the word."""


class _Named(Protocol):
    @property
    def name_zh(self) -> str: ...

    @property
    def name_en(self) -> str: ...


def name_in(language: str, entry: _Named) -> str:
    """What a provider or a service is called in the viewer's language."""
    return entry.name_zh if language.startswith("zh") else entry.name_en


def yuan(fen: int) -> str:
    """An amount as people read and type it: `150.00`."""
    return f"{fen // FEN_OF_YUAN}.{fen % FEN_OF_YUAN:02}"


def fen(text: str) -> int | None:
    """An amount that was typed in yuan, with up to two decimals; None for what is none."""
    found = _AMOUNT.fullmatch(text.strip())
    return int(found[1]) * FEN_OF_YUAN + int((found[2] or "").ljust(2, "0")) if found else None


def whole(text: str) -> int | None:
    """A whole number that was typed; None for what is none."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
