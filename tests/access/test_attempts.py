"""What is counted against guessing, as numbers: waits grow, have an end, and leak away."""

from hypothesis import given
from hypothesis import strategies as st

from opsdesk.access.attempts import ADDRESS, DEVICE, PLACE, STRANGERS, Limit, is_known_device, new_device_token

KEY = b"k" * 32
DAY_S = 24 * 3600
limits = st.sampled_from([PLACE, DEVICE, STRANGERS, ADDRESS])
failures = st.floats(min_value=0, max_value=1e9)
times = st.floats(min_value=-1e9, max_value=1e9)


@given(limits, failures, times)
def test_nobody_ever_waits_longer_than_the_limit_says(limit: Limit, failed: float, elapsed_s: float) -> None:
    assert 0 <= limit.wait_s(failed, elapsed_s=elapsed_s) <= limit.wait_s_max


@given(limits, failures, failures)
def test_more_failures_never_make_the_wait_shorter(limit: Limit, failed: float, more: float) -> None:
    assert limit.wait_s(failed, elapsed_s=0) <= limit.wait_s(failed + more, elapsed_s=0)


@given(limits, failures)
def test_whoever_waits_as_long_as_told_is_let_through(limit: Limit, failed: float) -> None:
    assert limit.wait_s(failed, elapsed_s=limit.wait_s(failed, elapsed_s=0)) == 0


@given(limits, failures, st.floats(min_value=0, max_value=1e9))
def test_failures_leak_away_and_never_below_none(limit: Limit, failed: float, elapsed_s: float) -> None:
    assert 0 <= limit.level(failed, elapsed_s=elapsed_s) <= failed
    assert limit.level(failed, elapsed_s=failed * limit.leak_s * 1.001) == 0


def guesses_in(limit: Limit, seconds: float) -> int:
    """How many attempts somebody gets who takes each as soon as it is let through."""
    now, level, at, count = 0.0, 0.0, 0.0, 0
    while now <= seconds:
        level, at, count = limit.level(level, elapsed_s=now - at) + 1, now, count + 1
        now += max(limit.wait_s(level, elapsed_s=0), 0.001)
    return count


def test_an_attacker_has_few_guesses_a_day() -> None:
    assert guesses_in(PLACE, DAY_S) < 150
    assert guesses_in(STRANGERS, DAY_S) < 400
    assert guesses_in(ADDRESS, DAY_S) < 10_000


@given(st.text(max_size=50), st.text(max_size=50))
def test_a_token_makes_a_browser_known_for_one_account(account: str, other: str) -> None:
    token = new_device_token(account=account, device_key=KEY)
    assert is_known_device(token, account=account, device_key=KEY)
    assert not is_known_device(token, account=account, device_key=b"another")
    assert is_known_device(token, account=other, device_key=KEY) is (other == account)


@given(st.one_of(st.none(), st.text(max_size=100)))
def test_what_is_no_token_makes_no_browser_known(token: str | None) -> None:
    assert not is_known_device(token, account="reviewer@example.com", device_key=KEY)
