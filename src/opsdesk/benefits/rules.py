"""What a bank decides about benefits, and how days and months are counted. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

BUSINESS_ZONE = ZoneInfo("Asia/Shanghai")
REPORT_DAYS = 2
"""A service is reported until the end of the second day after the one on which it was performed (T+2)."""


class ExpiryBy(StrEnum):
    """When an order that was not booked expires."""

    MOMENT = "moment"
    """As many days later to the same time of the day."""
    DAY = "day"
    """At the end of the last of these days."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings of benefits."""

    aum_min_fen: int = 50_000_000
    """What a customer has to have with the bank, this much included."""
    list_age_days_max: int = 3
    """How old the newest list of customers may be."""
    bookable_days: int = 90
    expiry_by: ExpiryBy = ExpiryBy.MOMENT
    quote_s: int = 300
    """How long a quote holds, unless something expires before."""
    skew_s: int = 300
    """How far the clock of a provider may be off."""

    def expire_at(self, redeemed_at: datetime) -> datetime:
        """From when on an order cannot be booked any more."""
        if self.expiry_by is ExpiryBy.MOMENT:
            return redeemed_at + timedelta(days=self.bookable_days)
        return midnight(business_day(redeemed_at) + timedelta(days=self.bookable_days + 1))


def business_day(moment: datetime) -> date:
    return moment.astimezone(BUSINESS_ZONE).date()


def midnight(day: date) -> datetime:
    """When a business day begins."""
    return datetime.combine(day, time(), tzinfo=BUSINESS_ZONE)


def is_reported_late(*, completed_at: datetime, now: datetime) -> bool:
    """Whether the report of a service comes after T+2."""
    return now >= midnight(business_day(completed_at) + timedelta(days=REPORT_DAYS + 1))
