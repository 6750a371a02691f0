"""Working time: when an office is open, and how much of that lies between two moments. Pure.

Everything is counted in real seconds between opening and closing as the clocks of the zone show them, so an hour that
clocks repeat is two hours, and one that they leave out is none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS_MAX = 3_660
"""How far ahead working time is looked for: about ten years."""
MINUTES_OF_DAY = 24 * 60

Hours = tuple[tuple[int, int], ...]
"""Opening and closing in minutes since midnight, in order and apart; 1440 is the midnight that ends the day."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """When people work: `hours` from Monday to Sunday, but for `holidays`, and for `days` with hours of their own."""

    zone: ZoneInfo
    hours: tuple[Hours, ...]
    holidays: frozenset[date] = frozenset()
    days: Mapping[date, Hours] = field(default_factory=dict)

    def periods(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """From opening to closing on a day, in UTC."""
        hours = self.days.get(day)
        if hours is None:
            hours = () if day in self.holidays else self.hours[day.weekday()]
        for opens, closes in hours:
            begin, end = self._moment(day, opens, first=True), self._moment(day, closes, first=False)
            if begin < end:  # not so where the clocks leave all of it out
                yield begin, end

    def _moment(self, day: date, minute: int, *, first: bool) -> datetime:
        """Of a time that clocks show twice, the first or the last; one that they leave out is where they go on."""
        days, minute = divmod(minute, MINUTES_OF_DAY)
        shown = datetime.combine(day + timedelta(days=days), time(minute // 60, minute % 60), tzinfo=self.zone)
        moment = shown.replace(fold=0 if first else 1).astimezone(UTC)
        if moment.astimezone(self.zone).replace(tzinfo=None) == shown.replace(tzinfo=None):
            return moment
        # Left out: the offset before and the one after it lie around the moment at which the clocks go on.
        return _gap_end(shown.replace(fold=1).astimezone(UTC), shown.replace(fold=0).astimezone(UTC), self.zone)


def _gap_end(early: datetime, late: datetime, zone: ZoneInfo) -> datetime:
    """The moment between the two at which the zone's offset changes."""
    offset = early.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)


def add_working(calendar: Calendar | None, start: datetime, seconds: float) -> datetime:
    """When so many working seconds have passed since `start`; without a calendar, all time counts.

    Where the calendar has fewer within DAYS_MAX days, the end of them.
    """
    if calendar is None:
        return start + timedelta(seconds=seconds)
    left = timedelta(seconds=max(seconds, 0))
    for opens, closes in _periods_from(calendar, start):
        begin = max(opens, start)
        if begin + left <= closes:
            return begin + left
        left -= closes - begin
    return start + timedelta(days=DAYS_MAX)


def working_s(calendar: Calendar | None, start: datetime, end: datetime) -> float:
    """How many working seconds lie between two moments; 0 where they are not in this order."""
    if end <= start:
        return 0.0
    if calendar is None:
        return (end - start).total_seconds()
    counted = timedelta()
    for opens, closes in _periods_from(calendar, start):
        if opens >= end:
            break
        counted += max(min(closes, end) - max(opens, start), timedelta())
    return counted.total_seconds()


def is_reachable(calendar: Calendar, seconds: float) -> bool:
    """Whether the calendar has so much working time within DAYS_MAX days of a day like any other."""
    start = datetime(2026, 1, 5, tzinfo=UTC)
    return add_working(calendar, start, seconds) < start + timedelta(days=DAYS_MAX)


def _periods_from(calendar: Calendar, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The periods that end after `start`, in order."""
    first = start.astimezone(calendar.zone).date() - timedelta(days=1)
    for day in range(DAYS_MAX + 2):
        for begin, end in calendar.periods(first + timedelta(days=day)):
            if end > start:
                yield begin, end
