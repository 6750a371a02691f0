"""Turns under a rate limit, whenever they are asked for."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.flows.procedure import RateLimit
from opsdesk.flows.rate_limit import next_turn

START = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.req("FLO-002")
@given(st.integers(1, 5), st.lists(st.integers(0, 40), max_size=40))
def test_no_period_holds_more_turns_than_the_limit_and_only_its_own_are_remembered(
    calls: int, pauses_s: list[int]
) -> None:
    limit, now = RateLimit(calls, 60), START
    slots: list[datetime] = []
    turns = []
    for pause_s in pauses_s:
        now += timedelta(seconds=pause_s)
        turn, slots = next_turn(slots, limit=limit, now=now)
        assert turn >= now
        assert all(slot > now - timedelta(seconds=60) for slot in slots)
        turns.append(turn)
    assert turns == sorted(turns)
    for earlier, later in zip(turns, turns[calls:], strict=False):
        assert later - earlier >= timedelta(seconds=60)
