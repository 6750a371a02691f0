"""The browser of a session, in words that its owner knows."""

import pytest

from opsdesk.app.console.devices import SHORT_CHARS_MAX, device

KHTML = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "known_as"),
    [
        (f"Mozilla/5.0 (X11; Linux x86_64) {KHTML} Chrome/141.0.0.0 Safari/537.36", "Chrome 141, Linux"),
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KHTML} Chrome/141.0.0.0 Safari/537.36 Edg/141.0",
            "Edge 141, Windows",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:144.0) Gecko/20100101 Firefox/144.0", "Firefox 144, macOS"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/18.6 Mobile/15E148 Safari/604.1",
            "Safari 18, iPhone",
        ),
        (f"Mozilla/5.0 (Linux; Android 10; K) {KHTML} Chrome/141.0.0.0 Mobile Safari/537.36", "Chrome 141, Android"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
    ],
)
def test_a_browser_is_called_what_people_call_it(user_agent: str, known_as: str) -> None:
    assert device(user_agent) == known_as


def test_what_is_not_known_is_shown_by_its_beginning() -> None:
    assert device("robot " * 40) == ("robot " * 40)[: SHORT_CHARS_MAX - 1].rstrip() + "…"
