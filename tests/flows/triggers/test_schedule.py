"""The instants of a cron expression, where clocks are changed and where they are not."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.flows.triggers.schedule import COUNTED_MAX, instant, latest_due, next_due, problem_of, upcoming

BERLIN = "Europe/Berlin"
SHANGHAI = "Asia/Shanghai"
NEW_YORK = "America/New_York"
ZONES = [BERLIN, SHANGHAI, NEW_YORK, "Australia/Lord_Howe", "UTC", "Africa/Casablanca"]
EXPRESSIONS = ["30 2 * * *", "*/15 * * * *", "0 9 * * MON-FRI", "5 1,2,3 * 3,10 *", "0 0 1 * *"]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def times(expression: str, zone: str, *, after: str, count: int) -> list[str]:
    return [f"{due:%m-%d %H:%M}" for due in upcoming(expression, zone, after=utc(after), count=count)]


def test_an_expression_is_read_in_its_own_time_zone() -> None:
    assert times("0 9 * * *", SHANGHAI, after="2026-01-05 00:00", count=2) == ["01-05 01:00", "01-06 01:00"]
    assert times("0 9 * * *", NEW_YORK, after="2026-01-05 00:00", count=2) == ["01-05 14:00", "01-06 14:00"]


@pytest.mark.req("FLO-306")
def test_a_cron_time_that_a_clock_change_leaves_out_fires_once_at_the_change() -> None:
    # On 29 March 2026 clocks in Berlin go from 02:00 to 03:00, at 01:00 UTC.
    assert times("30 2 * * *", BERLIN, after="2026-03-28 12:00", count=2) == ["03-29 01:00", "03-30 00:30"]


def test_several_times_that_a_clock_change_leaves_out_are_one() -> None:
    assert times("*/20 2 * * *", BERLIN, after="2026-03-28 12:00", count=2) == ["03-29 01:00", "03-30 00:00"]
    assert times("0 2,3 * * *", BERLIN, after="2026-03-28 12:00", count=2) == ["03-29 01:00", "03-30 00:00"]


@pytest.mark.req("FLO-306")
def test_a_cron_time_that_a_clock_change_repeats_fires_once_at_the_first() -> None:
    # On 25 October 2026 clocks in Berlin go from 03:00 back to 02:00, at 01:00 UTC.
    assert times("30 2 * * *", BERLIN, after="2026-10-24 12:00", count=2) == ["10-25 00:30", "10-26 01:30"]
    assert times("30 2 * * *", BERLIN, after="2026-10-25 00:45", count=1) == ["10-26 01:30"]
    assert times("30 2 * * *", BERLIN, after="2026-10-25 01:15", count=1) == ["10-26 01:30"]


def test_a_day_that_a_zone_leaves_out_fires_when_it_is_jumped_over() -> None:
    # Samoa had no 30 December 2011.
    due = times("0 12 * * *", "Pacific/Apia", after="2011-12-29 00:00", count=3)
    assert due == ["12-29 22:00", "12-30 10:00", "12-30 22:00"]


def test_a_change_of_half_an_hour_is_a_change_too() -> None:
    # On 4 October 2026 clocks on Lord Howe Island go from 02:00 to 02:30, at 15:30 UTC of the day before.
    assert times("15 2 * * *", "Australia/Lord_Howe", after="2026-10-03 00:00", count=1) == ["10-03 15:30"]


@given(
    st.sampled_from(EXPRESSIONS),
    st.sampled_from(ZONES),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)),
)
def test_instants_rise_and_none_is_left_out_by_asking_in_parts(expression: str, zone: str, after: datetime) -> None:
    due = upcoming(expression, zone, after=after, count=8)
    assert due == sorted(set(due))
    assert all(each > after for each in due)
    steps = [after]
    for _ in due:
        steps.append(next_due(expression, zone, after=steps[-1]))
    assert steps[1:] == due
    again = upcoming(expression, zone, after=due[0] - timedelta(seconds=1), count=8)
    assert again == due


@given(
    st.sampled_from(EXPRESSIONS),
    st.sampled_from(ZONES),
    st.datetimes(datetime(2026, 3, 1), datetime(2026, 11, 10)).map(lambda at: at.replace(tzinfo=UTC)),
    st.integers(min_value=0, max_value=3_000_000),
)
def test_the_latest_of_those_gone_by_is_the_last_that_was_due(
    expression: str, zone: str, after: datetime, seconds: int
) -> None:
    first = next_due(expression, zone, after=after)
    now = first + timedelta(seconds=seconds)
    latest, count = latest_due(expression, zone, first=first, now=now)
    assert first <= latest <= now < next_due(expression, zone, after=latest)
    assert 1 <= count <= COUNTED_MAX


def test_those_gone_by_are_counted_up_to_a_limit_only() -> None:
    first, now = utc("2026-01-01 00:00"), utc("2026-10-25 01:10")
    latest, count = latest_due("* * * * *", BERLIN, first=first, now=now)
    # The hour from 02:00 exists twice there, and is in its second round at this moment.
    assert (latest, count) == (utc("2026-10-25 00:59"), COUNTED_MAX)


def test_the_instant_of_a_time_that_exists_is_its_own() -> None:
    local = datetime(2026, 7, 1, 12, 0)
    assert instant(local, ZoneInfo(BERLIN)) == utc("2026-07-01 10:00")


@pytest.mark.parametrize(
    ("expression", "zone", "words"),
    [
        ("0 9 * *", SHANGHAI, "five fields"),
        ("0 0 9 * * *", SHANGHAI, "five fields"),
        ("@daily", SHANGHAI, "five fields"),
        ("61 * * * *", SHANGHAI, "five fields"),
        ("0 0 31 2 *", SHANGHAI, "no day"),
        ("0 9 * * *", "Mars/Olympus", "no time zone"),
        ("0 9 * * *" + " " * 300, SHANGHAI, "five fields"),
    ],
)
def test_what_is_no_schedule_is_said_in_words(expression: str, zone: str, words: str) -> None:
    assert words in str(problem_of(expression, zone))
