"""When a ticket is due, and when it is escalated: as the rules were when it was made. Pure."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from opsdesk.kit.calendars import Calendar, add_working
from opsdesk.review.screening.model import Counted, DueRules, WorkingHours

BUSINESS_ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Times:
    """None: at no time."""

    due_at: datetime | None = None
    escalate_at: datetime | None = None


def times_of(rules: DueRules, *, adapt_minutes: int | None, opened_at: datetime) -> Times:
    """What an adapt says of its application and scene goes before what the type says.

    A ticket that has less time than its escalation comes before the end of it is escalated at once.
    """
    minutes = adapt_minutes or rules.minutes
    if minutes is None:
        return Times()
    calendar = calendar_of(rules.hours) if rules.counted is Counted.WORKING else None
    due_at = add_working(calendar, opened_at, minutes * 60)
    if rules.escalation is None:
        return Times(due_at)
    return Times(due_at, add_working(calendar, opened_at, max(minutes - rules.escalation.minutes, 0) * 60))


def calendar_of(hours: WorkingHours) -> Calendar:
    """The working hours as they are counted with."""
    day = ((minutes_of(hours.opens), minutes_of(hours.closes)),)
    return Calendar(
        zone=BUSINESS_ZONE,
        hours=tuple(day if weekday in hours.days else () for weekday in range(1, 8)),
        holidays=frozenset(hours.closed_days),
        days=dict.fromkeys(hours.open_days, day),
    )


def minutes_of(clock: str) -> int:
    """Since midnight, of a time such as `09:30`."""
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)
