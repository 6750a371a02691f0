"""The rejection panel of a screening ticket: what it can be rejected with now, and what of the ticks still holds."""

import hashlib
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

import orjson

from opsdesk import review
from opsdesk.kit.db import Connection

KEYS = 9
"""So many reasons can be ticked by a key."""
MARK_CHARS = 16


@dataclass(frozen=True, slots=True)
class Choosable:
    """A reason as it is offered."""

    id: str
    detail: str
    code: str | None
    is_selectable: bool
    is_ticked: bool
    key: int | None
    """1 to KEYS, for the first of those that can be ticked."""


@dataclass(frozen=True, slots=True)
class Group:
    """The reasons under one label; without labels there is one group, without a name."""

    label: str
    reasons: Sequence[Choosable]


@dataclass(frozen=True, slots=True)
class Panel:
    version: int
    mark: str
    """Of all that it offers: another one, where anything of that has changed."""
    is_single: bool
    groups: Sequence[Group]
    order_decides: bool
    """Several reasons, a single code and no priority: the order of the configuration decides which code goes back."""
    lost: int
    """How many of the ticks do not hold any more."""
    remark_required: bool

    @property
    def can_reject(self) -> bool:
        return any(reason.is_selectable for group in self.groups for reason in group.reasons)


async def panel_of(
    conn: Connection, *, type_id: int, ticked: Collection[str] = (), seen_version: int | None = None
) -> Panel:
    """The newest panel, with those of the ticks that hold: unchanged since the version that was seen."""
    deciding = review.screening.deciding
    newest = await deciding.rejection_panel(conn, type_id=type_id)
    valid: Collection[str] = ()
    if ticked:
        seen = newest.rejection
        if seen_version is not None and seen_version != newest.version:
            with suppress(review.screening.errors.ScreeningTypeUnknown):  # there never was: ticks count as they are
                _, document = await review.screening.types.version_document(conn, type_id=type_id, version=seen_version)
                seen = document.rejection
        valid = review.screening.ticking.still_valid([*ticked], seen=seen, newest=newest.rejection, codes=newest.codes)
    return _panel(newest, valid, lost=len(set(ticked)) - len(valid))


def _panel(newest: review.screening.deciding.RejectionPanel, valid: Collection[str], *, lost: int) -> Panel:
    choice = review.screening.model.Choice
    rejection = newest.rejection
    groups: dict[str, list[Choosable]] = {}
    number = 0
    for reason in rejection.reasons:
        selectable = review.screening.ticking.is_selectable(reason, newest.codes)
        number += selectable
        key = number if selectable and number <= KEYS else None
        shown = Choosable(reason.id, reason.detail, reason.code, selectable, reason.id in valid, key)
        groups.setdefault(reason.label or "", []).append(shown)
    one_code = rejection.code_return is choice.SINGLE and not rejection.with_priority
    return Panel(
        version=newest.version,
        mark=hashlib.sha256(orjson.dumps(newest.facts())).hexdigest()[:MARK_CHARS],
        is_single=rejection.choice is choice.SINGLE,
        groups=[Group(label, reasons) for label, reasons in groups.items()],
        order_decides=rejection.choice is choice.MULTIPLE and one_code,
        lost=lost,
        remark_required=newest.rules.remark_required,
    )
