"""Business months and the times in files, as the clocks in Shanghai show them. Pure."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from opsdesk.benefits.rules import BUSINESS_ZONE, business_day
from opsdesk.benefits.settlement.errors import CompletionTimeInvalid, MonthInvalid

CLOSING_DAY = 3
"""Services of the last day of a month may be reported until the end of the 2nd."""

_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}", re.ASCII)
_DIGITS = re.compile(r"[0-9]{12}(?:[0-9]{2})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a month is closed, and by when its files have to be there."""

    day: int = CLOSING_DAY
    """Of the month that follows."""
    closes: time = time(1)
    alarm: time = time(9)

    def closes_at(self, month: date) -> datetime:
        """From when on the month can be closed."""
        return datetime.combine(next_month(month).replace(day=self.day), self.closes, tzinfo=BUSINESS_ZONE)

    def alarm_at(self, month: date) -> datetime:
        """When files that are still missing are an alarm."""
        return datetime.combine(next_month(month).replace(day=self.day), self.alarm, tzinfo=BUSINESS_ZONE)

    def last_due(self, now: datetime) -> date:
        """The last month that can be closed."""
        month = previous_month(business_day(now).replace(day=1))
        return month if self.closes_at(month) <= now else previous_month(month)


def month_of(moment: datetime) -> date:
    """The first day of the month that a moment lies in."""
    return business_day(moment).replace(day=1)


def next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def previous_month(month: date) -> date:
    return (month - timedelta(days=1)).replace(day=1)


def read_month(text: str) -> date:
    """`2025-12`. Raises MonthInvalid."""
    if not _MONTH.fullmatch(text):
        raise MonthInvalid
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise MonthInvalid from None


def write_month(month: date) -> str:
    return f"{month:%Y-%m}"


def read_completion(text: str) -> datetime:
    """`20251221000000`, or `202512210000` for the same. Raises CompletionTimeInvalid."""
    if not _DIGITS.fullmatch(text):
        raise CompletionTimeInvalid
    try:
        return datetime.strptime(text.ljust(14, "0"), "%Y%m%d%H%M%S").replace(tzinfo=BUSINESS_ZONE)
    except ValueError:
        raise CompletionTimeInvalid from None


def write_moment(moment: datetime) -> str:
    """14 digits."""
    return f"{moment.astimezone(BUSINESS_ZONE):%Y%m%d%H%M%S}"


def file_name(provider: str, month: date) -> str:
    return f"{provider}-{month:%Y%m}.txt.gz"
