"""Wilson's interval: against values that were computed elsewhere, and by what defines it."""

from decimal import Decimal, getcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.review.sampling.intervals import Z_95, wilson_95


@pytest.mark.req("REV-B11")
@pytest.mark.parametrize(
    ("found", "of", "low", "high"),
    [
        # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_the_one_that_the_literature_gives(found: int, of: int, low: float, high: float) -> None:
    interval = wilson_95(found, of)
    assert interval is not None
    assert [round(end, 4) for end in interval] == [low, high]


@pytest.mark.req("REV-B11")
@given(st.integers(1, 2000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_its_ends_are_the_shares_that_a_score_test_just_does_not_refuse(counts: tuple[int, int]) -> None:
    getcontext().prec = 50
    found, of = map(Decimal, counts)
    z = Decimal(Z_95)
    # (share - p)² = z² p (1 - p) / n, solved for p with the formula for quadratic equations.
    a, b, c = 1 + z * z / of, -(2 * found / of + z * z / of), (found / of) ** 2
    root = (b * b - 4 * a * c).sqrt()
    interval = wilson_95(*counts)
    assert interval is not None
    assert interval == pytest.approx((float((-b - root) / (2 * a)), float((-b + root) / (2 * a))), abs=1e-12)


@pytest.mark.req("REV-B11")
def test_nothing_is_told_of_nothing() -> None:
    assert wilson_95(0, 0) is None
