"""The values of a screening ticket, each by the display type of its key. Pure: what does not fit is shown as text."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from opsdesk import review
from opsdesk.app.console.environment import is_link

DisplayType = review.screening.model.DisplayType
_MILLISECONDS_FROM = 10**11
"""Numbers from here on are milliseconds since 1970, smaller ones are seconds."""
_SECONDS_FROM = 10**8


@dataclass(frozen=True, slots=True)
class Displayed:
    """A value as it is shown."""

    key_id: str
    name: str
    kind: str
    """empty, text, parts (of several lines), link, date, datetime"""
    text: str = ""
    moment: datetime | None = None
    """Of a datetime whose zone is known: it is shown in the viewer's."""
    unfit: str | None = None
    """The display type that the value does not fit."""
    problem: str | None = None
    """Why there is no value although one came."""


def displayed(field: review.screening.frozen.FrozenKey, *, is_masked: bool) -> Displayed:
    """The value of a field. A masked one is text: it fits nothing any more, and says so by its look."""
    key, value = field.key, field.value
    if field.problem is not None:
        return Displayed(key.id, key.name, "empty", problem=field.problem)
    if value is None or value == "":
        return Displayed(key.id, key.name, "empty")
    if is_masked or key.display is DisplayType.TEXT:
        return _text(key, value)
    shown = _fitting(key, value)
    return shown or _text(key, value, unfit=key.display.value)


def _fitting(key: review.screening.model.Key, value: Any) -> Displayed | None:
    """None: it does not fit. A picture is not shown by its value, but by the copy that was kept of it."""
    match key.display:
        case DisplayType.IMG if isinstance(value, str) and is_link(value):
            return Displayed(key.id, key.name, "text", value)
        case DisplayType.LINK if isinstance(value, str) and is_link(value):
            return Displayed(key.id, key.name, "link", value)
        case DisplayType.DATE if (day := _day(value)) is not None:
            return Displayed(key.id, key.name, "date", day.isoformat())
        case DisplayType.DATETIME if (moment := _moment(value)) is not None:
            known = moment if moment.tzinfo else None
            return Displayed(key.id, key.name, "datetime", moment.isoformat(" ", "seconds"), moment=known)
        case _:
            return None


def _day(value: Any) -> date | None:
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value.strip())
    except ValueError:
        return None


def _moment(value: Any) -> datetime | None:
    """Of a text as ISO 8601 has it, or of a number since 1970."""
    try:
        if isinstance(value, str):
            return datetime.fromisoformat(value.strip()) if len(value.strip()) > len("2026-01-05") else None
        if isinstance(value, int) and not isinstance(value, bool) and value >= _SECONDS_FROM:
            return datetime.fromtimestamp(value / 1000 if value >= _MILLISECONDS_FROM else value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _text(key: review.screening.model.Key, value: Any, *, unfit: str | None = None) -> Displayed:
    if isinstance(value, str):
        return Displayed(key.id, key.name, "text", value, unfit=unfit)
    if isinstance(value, dict | list):
        return Displayed(key.id, key.name, "parts", json.dumps(value, ensure_ascii=False, indent=2), unfit=unfit)
    return Displayed(key.id, key.name, "text", json.dumps(value, ensure_ascii=False), unfit=unfit)
