"""Values as people type them, and lengths of time as they read them."""

from typing import Any

import pytest

from opsdesk.app.output import span
from opsdesk.app.values import ValuesInvalid, typed_values


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("a=5", {"type": "integer"}, 5),
        ("a=5", {"type": "number"}, 5),
        ("a=5e-1", {"type": "number"}, 0.5),
        ("a=5", {"type": "string"}, "5"),
        ("a=5", {}, "5"),
        ("a=True", {"type": "boolean"}, True),
        ("a=yes", {"type": "boolean"}, "yes"),
        ("a=five", {"type": "integer"}, "five"),
        ("a=5", {"type": ["null", "integer"]}, 5),
        ("a=b=c", {}, "b=c"),
        ("a=", {}, ""),
        ("a:=null", {"type": "string"}, None),
        ('a:={"b": [1]}', {}, {"b": [1]}),
    ],
)
def test_a_value_becomes_what_its_schema_asks_for(text: str, schema: dict[str, Any], value: Any) -> None:
    given = typed_values([text], {"a": schema})["a"]
    assert (given, type(given)) == (value, type(value))


@pytest.mark.parametrize("text", ["a", "=1", ":=1", "a:=NaN", "a:=", 'a:={"b": 1, "b": 2}'])
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValuesInvalid):
        typed_values([text], {})


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "< 0.1 s"),
        (0.2, "0.2 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (3599, "59 min 59 s"),
        (86_399, "23 h 59 min"),
        (86_400, "1 d"),
        (180_000, "2 d 2 h"),
    ],
)
def test_a_length_of_time_is_told_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert span(seconds) == words
