"""The values of screening tickets by their display types, and what is made of those that do not fit."""

from datetime import UTC, datetime
from typing import Any

import pytest

from opsdesk.app.console.screening_values import Displayed, displayed
from opsdesk.review.screening.frozen import FrozenKey
from opsdesk.review.screening.model import DisplayType, Key


def shown(display: str, value: Any, *, is_masked: bool = False, problem: str | None = None) -> Displayed:
    field = FrozenKey(Key("k1", "key", DisplayType(display)), value, problem)
    return displayed(field, is_masked=is_masked)


@pytest.mark.parametrize(
    ("display", "value", "kind", "text"),
    [
        ("text", "王小明", "text", "王小明"),
        ("text", 0.7, "text", "0.7"),
        ("text", {"a": [1]}, "parts", '{\n  "a": [\n    1\n  ]\n}'),
        ("link", "https://example.com/a", "link", "https://example.com/a"),
        ("date", "2026-01-05", "date", "2026-01-05"),
        ("datetime", "2026-01-05 10:00:00", "datetime", "2026-01-05 10:00:00"),
        ("img", "https://example.com/a.png", "text", "https://example.com/a.png"),
        ("text", None, "empty", ""),
        ("link", "", "empty", ""),
    ],
)
def test_a_value_that_fits_is_shown_by_its_display_type(display: str, value: Any, kind: str, text: str) -> None:
    found = shown(display, value)
    assert (found.kind, found.text, found.unfit) == (kind, text, None)


@pytest.mark.req("REV-X36")
@pytest.mark.parametrize(
    ("display", "value"),
    [
        ("link", "javascript:alert(1)"),
        ("link", "data:text/html,x"),
        ("link", ["https://example.com"]),
        ("date", "yesterday"),
        ("date", 5),
        ("datetime", "2026-01-05"),
        ("datetime", True),
        ("datetime", 10**30),
        ("img", "front.png"),
    ],
)
def test_a_value_that_does_not_fit_is_text_with_a_marker(display: str, value: Any) -> None:
    found = shown(display, value)
    assert found.kind in ("text", "parts")
    assert found.unfit == display


def test_a_moment_whose_zone_is_known_is_shown_in_that_of_the_viewer() -> None:
    wanted = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
    for value in ("2026-01-05T10:00:00+08:00", 1767578400, 1767578400000):
        assert shown("datetime", value).moment == wanted


def test_what_is_masked_fits_nothing_and_is_not_marked() -> None:
    assert shown("link", "h*", is_masked=True).unfit is None
    assert shown("text", None, problem="has more than 10 characters").problem == "has more than 10 characters"
