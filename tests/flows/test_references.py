from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.flows.references import (
    Namespace,
    Reference,
    ReferenceMalformed,
    ReferenceMissing,
    parse,
    parse_all,
    resolve,
    resolve_all,
)

VALUES: dict[str, Any] = {"name": "中; rm -rf", "count": 3, "ratio": 0.5, "none": None, "person": {"tags": ["a", "b"]}}


def lookup(reference: Reference) -> Any:
    return VALUES[reference.name]


@pytest.mark.req("FLO-303")
@pytest.mark.parametrize(
    ("text", "namespace", "node", "name", "path"),
    [
        ("name", Namespace.BARE, None, "name", ()),
        ("person.tags.0", Namespace.BARE, None, "person", ("tags", "0")),
        ("inputs.name", Namespace.INPUTS, None, "name", ()),
        ("outputs.run-tests.report.url", Namespace.OUTPUTS, "run-tests", "report", ("url",)),
        ("secrets.API_KEY", Namespace.SECRETS, None, "API_KEY", ()),
        ("env.STAGE", Namespace.ENV, None, "STAGE", ()),
        ("metadata.run_id", Namespace.METADATA, None, "run_id", ()),
        ("客户", Namespace.BARE, None, "客户", ()),
    ],
)
def test_every_namespace_is_understood(
    text: str, namespace: Namespace, node: str | None, name: str, path: tuple[str, ...]
) -> None:
    assert parse(f"a ${{{text}}}") == ["a ", Reference(text, namespace, name, node, path, offset=2)]


@pytest.mark.req("FLO-303")
@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("${count}", 3),
        ("${none}", None),
        ("${person}", {"tags": ["a", "b"]}),
        ("${person.tags.1}", "b"),
        ("${count} of ${ratio}", "3 of 0.5"),
        ("<${name}>", "<中; rm -rf>"),
        ("x ${none} ${person}", 'x null {"tags":["a","b"]}'),
        (" ${count}", " 3"),
        ("$${count} costs $5 and ${ count }", "${count} costs $5 and 3"),
        ("$$${count}", "$${count}"),
        ("nothing", "nothing"),
        ("", ""),
    ],
)
def test_a_template_becomes_its_values(template: str, value: object) -> None:
    assert resolve(template, lookup) == value


def test_values_are_not_templates_again() -> None:
    assert resolve("${name}", lambda reference: "${secrets.KEY}") == "${secrets.KEY}"


@pytest.mark.parametrize("template", ["${missing}", "${person.missing}", "${person.tags.7}", "${name.x}", "${count.0}"])
def test_a_missing_value_is_named(template: str) -> None:
    with pytest.raises(ReferenceMissing) as caught:
        resolve(f"a {template}", lookup)
    assert caught.value.name == template[2:-1]


@pytest.mark.req("FLO-303")
@pytest.mark.parametrize(
    "template", ["${", "${a", "${}", "${a b}", "${HOME:-x}", "${{ x }}", "${outputs.a}", "${a..b}"]
)
def test_what_is_no_reference_is_malformed(template: str) -> None:
    with pytest.raises(ReferenceMalformed) as caught:
        parse(f"ab {template}")
    assert caught.value.offset == 3


def test_all_that_is_wrong_is_told_at_once() -> None:
    references, malformed = parse_all("${a b} ${name} ${HOME:-x} $${ok}")
    assert [reference.text for reference in references] == ["name"]
    assert [wrong.offset for wrong in malformed] == [0, 15]


def test_references_are_found_inside_lists_and_mappings() -> None:
    value = {"a": ["${count}", 1, None], "${count}": {"b": "n=${count}"}}
    assert resolve_all(value, lookup) == {"a": [3, 1, None], "${count}": {"b": "n=3"}}


@given(st.text(st.sampled_from("${}.ab -") | st.characters(), max_size=40))
def test_any_text_is_a_template_or_malformed(text: str) -> None:
    references, malformed = parse_all(text)
    if not malformed:
        parts = parse(text)
        assert [part for part in parts if isinstance(part, Reference)] == references
    if "${" not in text:
        assert resolve(text, lookup) == text
