"""The instants that a cron expression names in a time zone, also where clocks are changed.

A local time that does not exist, because clocks are put forward over it, is the instant at which they are; one that
exists twice, because clocks are put back, is the first of the two. Several that come to one instant are one.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

FIELDS = 5
EXPRESSION_CHARACTERS_MAX = 200
UPCOMING_MAX = 100
COUNTED_MAX = 1_000
"""Times gone by are not counted further."""
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def problem_of(expression: str, zone: str) -> str | None:
    """What is wrong with a schedule, in words; None for nothing."""
    if zone not in available_timezones():
        return f"there is no time zone {zone[:60]}; write one as the IANA database has it, such as Asia/Shanghai"
    croniter = _croniter()
    fields = len(expression.split())
    if len(expression) > EXPRESSION_CHARACTERS_MAX or fields != FIELDS or not croniter.is_valid(expression):
        return "it is not a cron expression of five fields: minute, hour, day of month, month, day of week"
    if next(_local_times(expression, after=datetime(2000, 1, 1)), None) is None:  # noqa: DTZ001  local, in any zone
        return "no day has such a date"
    return None


def next_due(expression: str, zone: str, *, after: datetime) -> datetime:
    """The first instant strictly after the given one."""
    return next(_due(expression, ZoneInfo(zone), after=after))


def upcoming(expression: str, zone: str, *, after: datetime, count: int) -> list[datetime]:
    """The next instants, in order; UPCOMING_MAX at most."""
    return list(islice(_due(expression, ZoneInfo(zone), after=after), min(count, UPCOMING_MAX)))


def latest_due(expression: str, zone: str, *, first: datetime, now: datetime) -> tuple[datetime, int]:
    """The last instant that is not after `now`, where `first` is one, and how many there are up to it from `first`.

    The number stops at COUNTED_MAX; the instant is the last one all the same.
    """
    latest, count = first, 1
    for due in _due(expression, ZoneInfo(zone), after=first):
        if due > now:
            return latest, count
        latest, count = due, count + 1
        if count == COUNTED_MAX:
            break
    return _last_before(expression, ZoneInfo(zone), now=now, otherwise=latest), count


def _due(expression: str, zone: ZoneInfo, *, after: datetime) -> Iterator[datetime]:
    """In order, each once: the instants of local times only ever rise, but for the times that exist twice."""
    latest = after
    for local in _local_times(expression, after=after.astimezone(zone).replace(tzinfo=None)):
        due = instant(local, zone)
        if due > latest:
            latest = due
            yield due


def _last_before(expression: str, zone: ZoneInfo, *, now: datetime, otherwise: datetime) -> datetime:
    """Walked back from the latest that the local clock has shown by now, also before it was put back."""
    shown = max(moment.astimezone(zone).utcoffset() or timedelta() for moment in (now, now - _DAY))
    start = now.astimezone(UTC).replace(tzinfo=None) + shown + _SECOND
    walk = _croniter()(expression, start)
    while True:
        due = instant(walk.get_prev(datetime), zone)
        if due <= now:
            return max(due, otherwise)


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a local time without a zone, in UTC."""
    first = local.replace(tzinfo=zone, fold=0)
    due = first.astimezone(UTC)
    if due.astimezone(zone).replace(tzinfo=None, fold=0) == local:
        return due
    return _jump_over(first, zone)


def _jump_over(missing: datetime, zone: ZoneInfo) -> datetime:
    """When clocks are put forward over a local time, to the second, found by halving."""
    before = missing.utcoffset()
    low, high = missing.replace(fold=1).astimezone(UTC), missing.astimezone(UTC)
    while high - low > _SECOND:
        middle = low + (high - low) // 2
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def _local_times(expression: str, *, after: datetime) -> Iterator[datetime]:
    """Without a zone, so that every day has all of its minutes. Ends where no day of the next fifty years fits."""
    walk = _croniter()(expression, after)
    while True:
        try:
            yield walk.get_next(datetime)
        except ValueError:  # CroniterBadDateError is one
            return


def _croniter() -> Any:
    # Imported late: documents are read much more often than schedules are.
    from croniter import croniter

    return croniter
