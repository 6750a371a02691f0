"""Months are those of the clocks in Shanghai."""

from datetime import UTC, date, datetime

import pytest

from opsdesk.benefits.settlement.errors import CompletionTimeInvalid, MonthInvalid
from opsdesk.benefits.settlement.months import Calendar, file_name, month_of, read_completion, read_month, write_moment
from tests.benefits.settlement.settling import moment

DECEMBER, JANUARY = date(2025, 12, 1), date(2026, 1, 1)


@pytest.mark.req("PTS-704")
@pytest.mark.parametrize(
    ("at", "month"),
    [
        ("2025-12-01 00:00:00", DECEMBER),
        ("2025-12-31 23:59:59.999", DECEMBER),
        ("2026-01-01 00:00:00", JANUARY),
    ],
)
def test_a_month_ends_at_midnight_in_shanghai(at: str, month: date) -> None:
    assert month_of(moment(at).astimezone(UTC)) == month


@pytest.mark.req("PTS-704")
def test_the_month_of_utc_is_never_asked() -> None:
    assert month_of(datetime(2025, 12, 31, 16, tzinfo=UTC)) == JANUARY


@pytest.mark.req("PTS-704")
def test_twelve_digits_are_read_with_no_seconds() -> None:
    assert read_completion("202512210000") == read_completion("20251221000000") == moment("2025-12-21 00:00:00")


@pytest.mark.req("PTS-704")
@pytest.mark.parametrize(
    "text", ["", "2025122100", "2025122100000", "202513210000", "20251221000060", "２０２５12210000"]
)
def test_other_times_of_completion_are_refused(text: str) -> None:
    with pytest.raises(CompletionTimeInvalid):
        read_completion(text)


@pytest.mark.parametrize("text", ["", "2025-13", "202512", "2025-12-01", "0000-01"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(MonthInvalid):
        read_month(text)


@pytest.mark.req("PTS-701", "PTS-706")
def test_a_month_can_be_closed_from_one_on_the_third_on() -> None:
    calendar = Calendar()
    assert calendar.closes_at(DECEMBER) == moment("2026-01-03 01:00:00")
    assert calendar.last_due(moment("2026-01-03 00:59:59.999")) == date(2025, 11, 1)
    assert calendar.last_due(moment("2026-01-03 01:00:00")) == DECEMBER


def test_a_file_is_named_for_its_provider_and_month() -> None:
    assert file_name("air-port", DECEMBER) == "air-port-202512.txt.gz"
    assert write_moment(moment("2026-01-03 01:00:00.999")) == "20260103010000"
