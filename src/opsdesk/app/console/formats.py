"""How moments, lengths of time and numbers are written for one viewer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_timedelta
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit
from markupsafe import Markup

ZONE_DEFAULT = "Asia/Shanghai"

_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def zone_of(name: str | None) -> ZoneInfo:
    """The time zone of this name, or the default one where there is none of that name."""
    try:
        return ZoneInfo(name or ZONE_DEFAULT)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(ZONE_DEFAULT)


@dataclass(frozen=True, slots=True)
class Formats:
    """One viewer's way of writing, at the moment of the request."""

    locale: Locale
    zone: ZoneInfo
    now: datetime

    def moment(self, moment: datetime | None, *, seconds: bool = False) -> str:
        """`2026-01-05 10:00 +08:00`: the same in every language, in one width, and never without its offset."""
        if moment is None:
            return ""
        local = moment.astimezone(self.zone)
        return f"{local:%Y-%m-%d %H:%M:%S} {_offset(local)}" if seconds else f"{local:%Y-%m-%d %H:%M} {_offset(local)}"

    def time(self, moment: datetime | None, *, seconds: bool = False) -> Markup:
        """An element with the moment in the viewer's zone; nothing for no moment."""
        return _element(moment, self.moment(moment, seconds=seconds), self.moment(moment, seconds=True))

    def ago(self, moment: datetime | None) -> Markup:
        """An element that says how far the moment is from now; the moment itself is its title."""
        if moment is None:
            return Markup("")
        distance = moment - self.now
        words = format_timedelta(distance, add_direction=True, threshold=1.1, locale=self.locale)
        return _element(moment, words, self.moment(moment, seconds=True))

    def duration(self, length: timedelta | float | None) -> str:
        """The two largest units of a length of time, given as such or in seconds: `2 hr, 5 min`."""
        if length is None:
            return ""
        left = abs(length.total_seconds() if isinstance(length, timedelta) else length)
        if left < 1:
            return _unit(round(left * 1000), "millisecond", self.locale)
        parts: list[tuple[int, str]] = []
        for name, size_s in _UNITS:
            count = int(left // size_s)
            left -= count * size_s
            if count or parts:
                parts.append((count, name))
        return " ".join(_unit(count, name, self.locale) for count, name in parts[:2] if count)

    def number(self, value: float) -> str:
        return format_decimal(value, locale=self.locale)

    def percent(self, share: float) -> str:
        """A share such as 0.25."""
        return format_percent(share, format="#,##0.#%", locale=self.locale)

    def filters(self) -> Mapping[str, object]:
        return {
            "moment": self.moment,
            "time": self.time,
            "ago": self.ago,
            "duration": self.duration,
            "number": self.number,
            "percent": self.percent,
        }


def _element(moment: datetime | None, text: str, title: str) -> Markup:
    if moment is None:
        return Markup("")
    exact = moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(exact, title, text)


def _offset(local: datetime) -> str:
    written = local.strftime("%z")
    return f"{written[:3]}:{written[3:5]}"


def _unit(count: int, name: str, locale: Locale) -> str:
    return format_unit(count, f"duration-{name}", length="short", locale=locale)
