"""Which tickets a sample takes: as many as asked for, some of every stratum, and the same ones each time."""

from collections import Counter
from itertools import count
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.review.model import Verdict
from opsdesk.review.sampling.drawing import Decided, Stratum, allocation, draw, population_digest

SIZES = st.integers(1, 60)
SEEDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12)


@st.composite
def populations(draw_from: st.DrawFn) -> list[Decided]:
    """Up to a hundred tickets in a few strata of quite different sizes."""
    strata = st.tuples(st.integers(1, 3), st.sampled_from([*Verdict]), st.sampled_from(["anna", "bo", "cy"]))
    counts = draw_from(st.dictionaries(strata, st.integers(1, 25), min_size=1, max_size=8))
    ids = count(1)
    return [
        Decided(UUID(int=next(ids)), 1, type_id, verdict, reviewer)
        for (type_id, verdict, reviewer), members in counts.items()
        for _ in range(members)
    ]


def strata_of(tickets: list[Decided] | tuple[Decided, ...]) -> Counter[Stratum]:
    return Counter(each.stratum for each in tickets)


@pytest.mark.req("REV-B11")
@given(populations(), SIZES, SEEDS)
def test_a_sample_has_the_size_that_was_asked_for_and_nothing_twice(
    population: list[Decided], size: int, seed: str
) -> None:
    sample = draw(population, size=size, seed=seed)
    assert len(sample) == min(size, len(population))
    assert len({each.ticket_id for each in sample}) == len(sample)
    assert set(sample) <= set(population)


@pytest.mark.req("REV-B11")
@given(populations(), SIZES, SEEDS)
def test_every_stratum_is_represented_where_there_are_places_for_all(
    population: list[Decided], size: int, seed: str
) -> None:
    there, sample = strata_of(population), strata_of(draw(population, size=size, seed=seed))
    assert len(sample) == min(len(there), size, len(population))


@pytest.mark.req("REV-B11")
@given(populations(), SIZES, SEEDS)
def test_a_larger_stratum_never_gets_fewer_places_than_a_smaller_one(
    population: list[Decided], size: int, seed: str
) -> None:
    counts = dict(strata_of(population))
    places = allocation(counts, size=size, seed=seed)
    by_size = sorted(counts, key=lambda each: (counts[each], places.get(each, 0)))
    given_places = [places.get(each, 0) for each in by_size]
    assert given_places == sorted(given_places)
    assert all(places.get(each, 0) <= counts[each] for each in counts)


@pytest.mark.req("REV-B11")
@given(populations(), SIZES, SEEDS, st.randoms(use_true_random=False))
def test_the_same_seed_draws_the_same_sample_in_whichever_order_the_tickets_come(
    population: list[Decided], size: int, seed: str, shuffled: Random
) -> None:
    other_order = list(population)
    shuffled.shuffle(other_order)
    assert draw(other_order, size=size, seed=seed) == draw(population, size=size, seed=seed)
    assert population_digest(other_order) == population_digest(population)


@pytest.mark.req("REV-B11")
def test_places_are_given_in_proportion() -> None:
    counts: dict[Stratum, int] = {(1, "pass", "anna"): 600, (1, "reject", "anna"): 300, (1, "pass", "bo"): 100}
    assert list(allocation(counts, size=50, seed="s").values()) == [30, 15, 5]


@pytest.mark.req("REV-B11")
def test_a_small_stratum_gets_its_place_from_the_one_that_has_too_many() -> None:
    counts: dict[Stratum, int] = {(1, "pass", "anna"): 990, (1, "reject", "anna"): 9, (2, "reject", "bo"): 1}
    assert list(allocation(counts, size=10, seed="s").values()) == [8, 1, 1]


@pytest.mark.req("REV-B11")
def test_another_seed_draws_another_sample_and_every_ticket_is_drawn_by_some() -> None:
    population = [Decided(UUID(int=number), 1, 1, Verdict.PASS, "anna") for number in range(1, 41)]
    drawn = Counter(each for seed in range(400) for each in draw(population, size=4, seed=str(seed)))
    assert set(drawn) == set(population)
    # 40 expected of each; six standard deviations to either side.
    assert 4 < min(drawn.values()) <= max(drawn.values()) < 76


@pytest.mark.req("REV-B11")
def test_the_digest_tells_another_verdict_or_another_reviewer() -> None:
    first = Decided(UUID(int=1), 1, 1, Verdict.PASS, "anna")
    others = [
        Decided(UUID(int=1), 1, 1, Verdict.REJECT, "anna"),
        Decided(UUID(int=1), 1, 1, Verdict.PASS, "bo"),
        Decided(UUID(int=2), 1, 1, Verdict.PASS, "anna"),
        Decided(UUID(int=1), 2, 1, Verdict.PASS, "anna"),
    ]
    assert len({population_digest([each]) for each in (first, *others)}) == 5
