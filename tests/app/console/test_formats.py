"""How moments, lengths of time and numbers are written for one viewer."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from opsdesk.app.console.formats import Formats, zone_of
from opsdesk.app.console.languages import locale_of

NOON = datetime(2026, 1, 5, 12, 0, 30, tzinfo=UTC)


def formats(language: str = "en", zone: str = "Asia/Shanghai") -> Formats:
    return Formats(locale=locale_of(language), zone=ZoneInfo(zone), now=NOON)


def test_a_moment_is_in_the_zone_of_the_viewer_with_its_offset() -> None:
    assert formats().moment(NOON) == "2026-01-05 20:00 +08:00"
    assert formats(zone="America/New_York").moment(NOON, seconds=True) == "2026-01-05 07:00:30 -05:00"


def test_an_element_holds_the_exact_moment_for_machines() -> None:
    assert formats().time(NOON) == (
        '<time datetime="2026-01-05T12:00:30.000Z" title="2026-01-05 20:00:30 +08:00">2026-01-05 20:00 +08:00</time>'
    )


def test_no_moment_is_written_as_nothing() -> None:
    assert (formats().time(None), formats().ago(None), formats().moment(None)) == ("", "", "")


@pytest.mark.parametrize(
    ("language", "distance", "words"),
    [
        ("en", timedelta(minutes=-3), "3 minutes ago"),
        ("en", timedelta(days=2), "in 2 days"),
        ("zh-CN", timedelta(minutes=-3), "3分钟前"),
    ],
)
def test_a_distance_from_now_is_said_in_words(language: str, distance: timedelta, words: str) -> None:
    assert f">{words}</time>" in formats(language).ago(NOON + distance)


@pytest.mark.parametrize(
    ("length", "written"),
    [
        (0.25, "250 ms"),
        (59, "59 sec"),
        (3725, "1 hr 2 min"),
        (timedelta(days=1, seconds=30), "1 day"),
        (86400 * 3 + 7200, "3 days 2 hr"),
    ],
)
def test_a_length_of_time_has_its_two_largest_units(length: float | timedelta, written: str) -> None:
    assert formats().duration(length).replace("secs", "sec") == written


def test_a_zone_that_is_none_becomes_the_default() -> None:
    assert [zone_of(name).key for name in (None, "", "Nowhere/Here", "../../etc/passwd", "Europe/Oslo")] == [
        "Asia/Shanghai",
        "Asia/Shanghai",
        "Asia/Shanghai",
        "Asia/Shanghai",
        "Europe/Oslo",
    ]
