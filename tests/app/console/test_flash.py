"""What the next page says once."""

from datetime import UTC, datetime, timedelta

import pytest

from opsdesk.app.console.flash import FLASH_AGE_S, FLASH_CHARS_MAX, FLASHES_MAX, Flash, opened, sealed

KEY = b"a key"
NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


def test_what_was_sealed_is_read_again() -> None:
    flashes = [Flash("done", "账户已建立"), Flash("warning", "Look at it")]
    assert opened(sealed(flashes, key=KEY, now=NOW), key=KEY, now=NOW + timedelta(seconds=2)) == flashes


@pytest.mark.parametrize("value", ["", ".", "a.b", "é.é", "x" * 9000])
def test_what_is_not_ours_says_nothing(value: str) -> None:
    assert opened(value, key=KEY, now=NOW) == ()


def test_what_another_key_sealed_or_somebody_changed_says_nothing() -> None:
    value = sealed([Flash("done", "Paid")], key=KEY, now=NOW)
    assert opened(value, key=b"another", now=NOW) == ()
    assert opened("A" + value[1:], key=KEY, now=NOW) == ()


def test_what_is_too_old_says_nothing() -> None:
    value = sealed([Flash("done", "Paid")], key=KEY, now=NOW)
    assert opened(value, key=KEY, now=NOW + timedelta(seconds=FLASH_AGE_S - 1)) != ()
    assert opened(value, key=KEY, now=NOW + timedelta(seconds=FLASH_AGE_S + 2)) == ()


def test_the_longest_messages_fit_into_a_cookie() -> None:
    value = sealed([Flash("done", "长" * 900)] * 9, key=KEY, now=NOW)
    assert len(value) < 3900
    read = opened(value, key=KEY, now=NOW)
    assert [len(flash.text) for flash in read] == [FLASH_CHARS_MAX] * FLASHES_MAX
