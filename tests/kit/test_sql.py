"""A list read backwards is the same statement, turned around."""

import pytest

from opsdesk.kit.sql import backwards


def test_comparisons_and_orders_are_turned_around() -> None:
    statement = b"select a from t where (a, b) < (%(after)s, %(after_id)s) order by a desc, b desc limit %(limit)s;"
    turned = b"select a from t where (a, b) > (%(after)s, %(after_id)s) order by a, b limit %(limit)s;"
    assert backwards(statement) == turned
    assert backwards(turned) == statement


def test_what_is_not_about_the_place_stays_as_it_is() -> None:
    statement = b"select a from t where c < %(x)s and d >= %(after)s order by coalesce(a, 'x, y'), -b\nlimit 1;"
    turned = b"select a from t where c < %(x)s and d <= %(after)s order by coalesce(a, 'x, y') desc, -b desc\nlimit 1;"
    assert backwards(statement) == turned


def test_what_is_marked_as_fixed_keeps_its_direction() -> None:
    statement = b"select distinct on (a) a from t where a > %(after)s order by a, /* fixed */ b desc limit 1;"
    assert backwards(statement).endswith(b"order by a desc, /* fixed */ b desc limit 1;")


@pytest.mark.parametrize("statement", [b"select a from t order by a;", b"select a from t where a > %(after)s;"])
def test_a_list_that_cannot_be_turned_around_is_a_mistake(statement: bytes) -> None:
    with pytest.raises(AssertionError):
        backwards(statement)
