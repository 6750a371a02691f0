"""Working time, held against a reference that looks at every minute."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdesk.kit.calendars import DAYS_MAX, Calendar, Hours, add_working, is_reachable, working_s

SHANGHAI, BERLIN, NEW_YORK = (ZoneInfo(name) for name in ("Asia/Shanghai", "Europe/Berlin", "America/New_York"))
OFFICE: tuple[Hours, ...] = (((9 * 60, 18 * 60),),) * 5 + ((), ())
NIGHTS: tuple[Hours, ...] = (((0, 6 * 60), (22 * 60, 1440)),) * 7
ZONES = [SHANGHAI, BERLIN, NEW_YORK, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("America/St_Johns"), ZoneInfo("UTC")]


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def is_open(calendar: Calendar, moment: datetime) -> bool:
    """Whether the clocks of the zone show a time between opening and closing; the slow way."""
    shown = moment.astimezone(calendar.zone)
    hours = calendar.days.get(shown.date())
    if hours is None:
        hours = () if shown.date() in calendar.holidays else calendar.hours[shown.weekday()]
    minute = shown.hour * 60 + shown.minute
    return any(opens <= minute < closes for opens, closes in hours)


def reference_s(calendar: Calendar, start: datetime, minutes: int) -> int:
    """Working seconds in so many minutes from `start` on, minute by minute."""
    return 60 * sum(is_open(calendar, start + timedelta(minutes=minute)) for minute in range(minutes))


@st.composite
def hours(draw: st.DrawFn) -> Hours:
    marks = draw(st.lists(st.integers(0, 1440), min_size=0, max_size=4, unique=True))
    marks = sorted(marks)[: len(marks) // 2 * 2]
    return tuple(zip(marks[::2], marks[1::2], strict=True))


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    days = st.dates(date(2026, 3, 1), date(2026, 4, 10)) | st.dates(date(2026, 10, 1), date(2026, 11, 10))
    return Calendar(
        zone=draw(st.sampled_from(ZONES)),
        hours=tuple(draw(st.lists(hours(), min_size=7, max_size=7))),
        holidays=draw(st.frozensets(days, max_size=3)),
        days=draw(st.dictionaries(days, hours(), max_size=3)),
    )


def moments() -> st.SearchStrategy[datetime]:
    """Whole minutes around the days on which clocks change."""
    first = [datetime(2026, 3, 6, tzinfo=UTC), datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 10, 2, tzinfo=UTC)]
    first += [datetime(2026, 10, 23, tzinfo=UTC), datetime(2026, 10, 30, tzinfo=UTC), datetime(2026, 4, 3, tzinfo=UTC)]
    return st.builds(lambda day, minute: day + timedelta(minutes=minute), st.sampled_from(first), st.integers(0, 4320))


@pytest.mark.req("FLO-313")
@settings(max_examples=150, deadline=None)
@given(calendars(), moments(), st.integers(0, 4 * 1440))
def test_working_time_is_what_counting_every_minute_gives(calendar: Calendar, start: datetime, minutes: int) -> None:
    assert working_s(calendar, start, start + timedelta(minutes=minutes)) == reference_s(calendar, start, minutes)


@pytest.mark.req("FLO-313")
@settings(max_examples=150, deadline=None)
@given(calendars(), moments(), st.integers(1, 2 * 86_400))
def test_adding_working_time_and_counting_it_agree(calendar: Calendar, start: datetime, seconds: int) -> None:
    due = add_working(calendar, start, seconds)
    if due < start + timedelta(days=DAYS_MAX):
        assert working_s(calendar, start, due) == seconds
        assert is_open(calendar, due - timedelta(seconds=1))


@pytest.mark.req("FLO-313")
@settings(max_examples=100, deadline=None)
@given(calendars(), moments(), st.integers(0, 40_000), st.integers(0, 40_000))
def test_a_clock_that_stops_and_goes_on_loses_nothing(
    calendar: Calendar, start: datetime, first: int, second: int
) -> None:
    half = add_working(calendar, start, first)
    whole = add_working(calendar, start, first + second)
    if whole < start + timedelta(days=DAYS_MAX):
        assert add_working(calendar, half, second) == whole or second == 0


@pytest.mark.req("FLO-313")
def test_a_friday_afternoon_goes_on_on_monday() -> None:
    office = Calendar(SHANGHAI, OFFICE)
    assert add_working(office, at("2026-01-09T17:00"), 2 * 3600) == at("2026-01-12T10:00")
    assert add_working(office, at("2026-01-10T12:00"), 1) == at("2026-01-12T09:00:01")


@pytest.mark.req("FLO-313")
def test_what_is_due_at_closing_time_is_due_then_and_not_the_next_morning() -> None:
    assert add_working(Calendar(SHANGHAI, OFFICE), at("2026-01-09T17:00"), 3600) == at("2026-01-09T18:00")


@pytest.mark.req("FLO-313")
def test_holidays_are_left_out_and_days_of_their_own_count() -> None:
    office = Calendar(SHANGHAI, OFFICE, frozenset({date(2026, 1, 12)}), {date(2026, 1, 10): ((600, 660),)})
    assert add_working(office, at("2026-01-09T17:00"), 2 * 3600) == at("2026-01-10T11:00")
    assert add_working(office, at("2026-01-09T17:00"), 2 * 3600 + 1) == at("2026-01-13T09:00:01")


@pytest.mark.req("FLO-313")
def test_the_hour_that_clocks_leave_out_is_no_working_time() -> None:
    nights = Calendar(BERLIN, NIGHTS)
    assert working_s(nights, at("2026-03-29T00:00", BERLIN), at("2026-03-29T06:00", BERLIN)) == 5 * 3600


@pytest.mark.req("FLO-313")
def test_the_hour_that_clocks_show_twice_counts_twice() -> None:
    nights = Calendar(BERLIN, NIGHTS)
    assert working_s(nights, at("2026-10-25T00:00", BERLIN), at("2026-10-25T06:00", BERLIN)) == 7 * 3600


@pytest.mark.req("FLO-313")
def test_opening_in_the_hour_that_is_left_out_is_when_clocks_go_on() -> None:
    calendar = Calendar(BERLIN, (((150, 240),),) * 7)
    (period,) = calendar.periods(date(2026, 3, 29))
    assert period == (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), datetime(2026, 3, 29, 2, 0, tzinfo=UTC))


@pytest.mark.req("FLO-313")
def test_a_calendar_that_never_opens_ends_the_search_at_its_limit() -> None:
    never = Calendar(SHANGHAI, ((),) * 7)
    start = at("2026-01-05T09:00")
    assert add_working(never, start, 1) == start + timedelta(days=DAYS_MAX)
    assert (working_s(never, start, start + timedelta(days=400)), is_reachable(never, 1)) == (0, False)
    assert is_reachable(Calendar(SHANGHAI, OFFICE), 40 * 3600)


def test_without_a_calendar_all_time_counts() -> None:
    start = at("2026-01-10T12:00")
    assert (add_working(None, start, 60), working_s(None, start, start + timedelta(seconds=60))) == (
        start + timedelta(seconds=60),
        60,
    )


def test_time_that_runs_backwards_is_none() -> None:
    assert working_s(Calendar(SHANGHAI, OFFICE), at("2026-01-12T10:00"), at("2026-01-12T09:00")) == 0
