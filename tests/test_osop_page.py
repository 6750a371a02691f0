"""docs/reference/osop.md says of every field that the reader of documents knows what becomes of it, and of no other.

That each is there, tests/test_docs.py holds. What fails is mended in script/osop_fields.txt, or for a new kind of
object in LEVELS of script/osop_page.py.
"""

import re
from collections.abc import Mapping

import pytest

from opsdesk.flows import document_fields as known
from opsdesk.flows.document_fields import FieldSet
from script.osop_page import LEVELS, osop_page, said_of
from tests.flows.specification import FIELDS, Treatment

SCHEMAS = ("1.0", "2.0", "2.1")
USES = ("run", "checked", "kept")
NO_SCHEMA = (
    *("nodes[].retry_policy.backoff.", "edges[].cases[].", "tests[].failure_injection.", "tests[].x-events[]."),
    *("triggers[].config.", "sop:"),
)
"""Levels that the table of specification.py does not list field by field."""


@pytest.mark.req("FLO-104")
def test_fields_by_kind_of_object_are_all_on_the_page() -> None:
    of_many = {
        name
        for name, value in vars(known).items()
        if isinstance(value, Mapping) and any(isinstance(each, FieldSet) for each in value.values())
    }
    assert of_many == {"RUNTIMES", "TRIGGER_CONFIGS"}
    listed = [level.fields for level in LEVELS.values()]
    assert [kind for kind, fields in known.TRIGGER_CONFIGS.items() if fields not in listed] == []


@pytest.mark.parametrize("name", [*LEVELS, "ours"])
def test_no_field_of_an_object_is_explained_twice(name: str) -> None:
    explained = [field for word in said_of(name) for field in word.names]
    assert sorted(explained) == sorted(set(explained))


@pytest.mark.parametrize("name", list(LEVELS))
def test_every_line_says_since_when_and_what_becomes_of_the_field(name: str) -> None:
    for word in said_of(name):
        versions = word.since.split(", ")
        assert (word.names, len(versions) in (1, len(word.names))) == (word.names, True)
        assert (word.names, {*versions} <= {*SCHEMAS, "text", "ours"}) == (word.names, True)
        assert (word.names, word.use in USES, bool(word.text)) == (word.names, True, True)


@pytest.mark.parametrize("name", [name for name, level in LEVELS.items() if not level.path.startswith(NO_SCHEMA)])
def test_what_is_said_of_a_field_fits_the_table_of_the_public_schemas(name: str) -> None:
    path = LEVELS[name].path
    for word in said_of(name):
        versions = word.since.split(", ")
        for index, field in enumerate(word.names):
            since = versions[index if len(versions) > 1 else 0]
            assert (field, since in SCHEMAS) == (field, f"{path}{field}" in FIELDS)
            treatment = FIELDS.get(f"{path}{field}")
            if treatment in (Treatment.HONOURED, Treatment.CARRIED):
                assert (field, word.use == "kept") == (field, treatment is Treatment.CARRIED)


def test_a_field_that_is_not_honoured_is_named_on_the_page() -> None:
    page = osop_page()
    for level in LEVELS.values():
        for field in level.fields.not_honoured:
            assert re.search(rf"^\|.*`{field}`.*\| named", page, re.MULTILINE), field
