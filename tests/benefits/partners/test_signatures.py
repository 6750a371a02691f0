"""What a partner signs, and what is told where it signed something else."""

import hashlib

import pytest

from opsdesk.benefits.partners.signatures import LINES, explain, mistakes
from tests.benefits.partners.partnering import a_request


def test_what_is_signed_are_six_lines_and_no_line_feed_at_the_end() -> None:
    request = a_request(idempotency_key="", body=b"")
    lines = ["POST", "/open/v1/bookings", request.timestamp, "nonce-0123456789", "", hashlib.sha256(b"").hexdigest()]
    assert request.text == "\n".join(lines)
    assert len(lines) == len(LINES)


def test_what_is_equal_needs_no_explanation() -> None:
    assert explain(a_request(), a_request().text) == []


def test_every_mistake_that_is_known_is_explained() -> None:
    request = a_request(target="/open/v1/files?name=a%20b")
    for mistake in mistakes(request):
        [difference] = explain(request, mistake.text)
        assert (difference.line, difference.explanation) == (mistake.line, mistake.explanation)


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"method": "GET"}, "method"),
        ({"target": "/other"}, "target"),
        ({"timestamp": "1"}, "timestamp"),
        ({"nonce": "other-nonce-0123456789"}, "nonce"),
        ({"idempotency_key": "key-2"}, "idempotency key"),
        ({"body": b"other"}, "body"),
    ],
)
def test_the_line_that_differs_is_named(changed: dict[str, object], line: str) -> None:
    assert [each.line for each in explain(a_request(), a_request(**changed).text)] == [line]


def test_each_of_several_lines_is_named() -> None:
    found = explain(a_request(), a_request(method="post", body=b"{}").text)
    assert [each.line for each in found] == ["method", "body"]
    assert "upper case" in found[0].explanation


def test_white_space_around_a_line_is_told() -> None:
    [found] = explain(a_request(), a_request(idempotency_key="key-1 ").text)
    assert "white space" in found.explanation


@pytest.mark.parametrize("theirs", ["", "one line", "\n" * 10])
def test_another_number_of_lines_is_told(theirs: str) -> None:
    assert [each.line for each in explain(a_request(), theirs)] == ["text"]
