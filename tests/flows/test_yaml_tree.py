from pathlib import Path

import pytest

from opsdesk.flows import yaml_tree
from opsdesk.flows.findings import Finding
from opsdesk.flows.procedure import Position
from opsdesk.flows.tree import DEPTH_MAX, INTEGER_MAX, NODES_MAX, locate, plain, positions
from opsdesk.flows.yaml_builder import ALIAS_NODES_MAX
from opsdesk.flows.yaml_tree import SIZE_BYTES_MAX, parse, read_source


def value_of(text: str | bytes, *, name: str = "x.yaml") -> object:
    parsed = parse(text, name=name)
    assert parsed.findings == ()
    assert parsed.tree is not None
    return plain(parsed.tree)


def finding_of(text: str | bytes, *, name: str = "x.yaml") -> tuple[str, int, int]:
    parsed = parse(text, name=name)
    assert len(parsed.findings) == 1, parsed.findings
    finding = parsed.findings[0]
    return str(finding.code), finding.position.line, finding.position.column


@pytest.mark.req("FLO-101")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[yes, no, on, off, y, n]", ["yes", "no", "on", "off", "y", "n"]),
        ("[true, True, TRUE, false]", [True, True, True, False]),
        ("[null, ~, NULL, ]", [None, None, None]),
        ("[1:30, 2020-01-01, 1_000]", ["1:30", "2020-01-01", "1_000"]),
        ("[0o17, 0x1F, +5, -7]", [15, 31, 5, -7]),
        ("[1.5, 1e3, .5, -2.]", [1.5, 1000.0, 0.5, -2.0]),
        ("['1', \"true\", !!str 5, ! 6]", ["1", "true", "5", "6"]),
        ("[!!int 5, !!float 5, !!null '', !!bool true]", [5, 5.0, None, True]),
        ("on: push", {"on": "push"}),
        ("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}),
        ("\ufeffa: 1", {"a": 1}),
        (b"\xef\xbb\xbfa: \xe4\xb8\xad", {"a": "中"}),
        ('{"a": [1, "x"]}', {"a": [1, "x"]}),
    ],
)
def test_scalars_follow_the_core_schema_of_yaml_1_2(text: str | bytes, value: object) -> None:
    assert value_of(text) == value


def test_a_number_with_leading_zeros_is_decimal_and_warned_of() -> None:
    parsed = parse("phone: 0912", name="x.yaml")
    assert parsed.tree is not None
    assert plain(parsed.tree) == {"phone": 912}
    assert finding_of("phone: 0912") == ("OSOP109", 1, 8)


@pytest.mark.req("FLO-101")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: 1\nb: 2\na: 3\n", ("OSOP104", 3, 1)),
        ("1: a", ("OSOP105", 1, 1)),
        ("? [a]\n: b", ("OSOP105", 1, 3)),
        ("a: !!python/object:os.system x", ("OSOP106", 1, 4)),
        ("a: !!binary aGk=", ("OSOP106", 1, 4)),
        ("a: !!int x", ("OSOP106", 1, 4)),
        ("a: !!set {b}", ("OSOP106", 1, 4)),
        ("---\na: 1\n---\nb: 2", ("OSOP107", 3, 1)),
        ("a: .inf", ("OSOP108", 1, 4)),
        ("a: 1e999", ("OSOP108", 1, 4)),
        (f"a: {INTEGER_MAX + 1}", ("OSOP108", 1, 4)),
        ("a: " + "9" * 5000, ("OSOP108", 1, 4)),
        ("a: b: c", ("OSOP102", 1, 5)),
        ("a:\n\t- b", ("OSOP102", 2, 1)),
        ("a: *nobody", ("OSOP102", 1, 4)),
        ("a: &a [*a]", ("OSOP103", 1, 8)),
        ("a: b\x01", ("OSOP102", 1, 5)),
        ("a: \ud800", ("OSOP101", 1, 4)),
        (b"ok: 1\nno: \xe9", ("OSOP101", 2, 5)),
        ("a: 1".encode("utf-16"), ("OSOP101", 1, 1)),
        ("a: 1".encode("utf-16-le"), ("OSOP101", 1, 1)),
        ("a: 1".encode("utf-32"), ("OSOP101", 1, 1)),
    ],
)
def test_what_cannot_be_trusted_is_found_with_its_place(text: str | bytes, found: tuple[str, int, int]) -> None:
    assert finding_of(text) == found


def test_a_duplicate_key_names_both_places() -> None:
    finding = parse("a: 1\nb: {c: 1,\n  c: 2}\n", name="x.yaml").findings[0]
    assert finding.position == Position(3, 3)
    assert "line 2, column 5" in finding.message


def test_the_encoding_of_a_file_is_named() -> None:
    assert "UTF-16" in parse("a: 1".encode("utf-16"), name="x.yaml").findings[0].message
    assert "UTF-32" in parse("a: 1".encode("utf-32"), name="x.yaml").findings[0].message


@pytest.mark.req("FLO-101")
def test_a_yaml_bomb_is_refused_before_it_unfolds() -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 12)]
    assert finding_of("\n".join(lines))[0] == "OSOP103"


def test_aliases_may_unfold_up_to_their_limit() -> None:
    within = "a: &a x\nb: [" + ", ".join(["*a"] * ALIAS_NODES_MAX) + "]"
    assert len(value_of(within)["b"]) == ALIAS_NODES_MAX  # type: ignore[index]  # a mapping
    beyond = "a: &a x\nb: [" + ", ".join(["*a"] * (ALIAS_NODES_MAX + 1)) + "]"
    assert finding_of(beyond)[0] == "OSOP103"


def test_aliases_cannot_nest_deeper_than_the_limit() -> None:
    half = DEPTH_MAX // 2 + 1
    text = "a: &a " + "[" * half + "]" * half + "\nb: " + "[" * half + "*a" + "]" * half
    assert finding_of(text)[0] == "OSOP103"


@pytest.mark.parametrize("name", ["x.yaml", "x.json"])
def test_nesting_is_limited_in_both_languages(name: str) -> None:
    value_of("[" * DEPTH_MAX + "]" * DEPTH_MAX, name=name)
    assert finding_of("[" * (DEPTH_MAX + 1) + "]" * (DEPTH_MAX + 1), name=name)[0] == "OSOP103"
    assert finding_of("[" * 100_000, name=name)[0] == "OSOP103"


@pytest.mark.parametrize("name", ["x.yaml", "x.json"])
def test_the_number_of_values_is_limited(name: str) -> None:
    value_of("[" + ",".join(["1"] * (NODES_MAX - 1)) + "]", name=name)
    assert finding_of("[" + ",".join(["1"] * NODES_MAX) + "]", name=name)[0] == "OSOP103"


def test_the_size_of_a_document_is_limited() -> None:
    value_of("#" * (SIZE_BYTES_MAX - 5) + "\na: 1")
    assert finding_of("#" * (SIZE_BYTES_MAX + 1))[0] == "OSOP103"
    assert finding_of(b"#" * (SIZE_BYTES_MAX + 1))[0] == "OSOP103"


def test_no_more_than_the_limit_is_read_from_disk(tmp_path: Path) -> None:
    large = tmp_path / "large.osop"
    large.write_bytes(b"#" * (SIZE_BYTES_MAX * 3))
    assert len(read_source(large)) == SIZE_BYTES_MAX + 1  # type: ignore[arg-type]  # bytes


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    assert isinstance(read_source(tmp_path), Finding)
    assert isinstance(read_source(tmp_path / "missing.osop"), Finding)
    assert isinstance(read_source(Path("/dev/zero")), Finding)


@pytest.mark.req("FLO-101")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{a: 1}", ("OSOP102", 1, 2)),
        ("[1,]", ("OSOP102", 1, 4)),
        ("[NaN]", ("OSOP102", 1, 2)),
        ("[01]", ("OSOP102", 1, 3)),
        ('{"a" 1}', ("OSOP102", 1, 6)),
        ("1 2", ("OSOP102", 1, 3)),
        ("# hello\n1", ("OSOP102", 1, 1)),
        ("", ("OSOP102", 1, 1)),
        ('"a\nb"', ("OSOP102", 1, 3)),
        (r'"\ud800"', ("OSOP102", 1, 1)),
        ('{"a": 1,\n "a": 2}', ("OSOP104", 2, 2)),
        ("[1e999]", ("OSOP108", 1, 2)),
    ],
)
def test_a_json_file_has_to_be_json(text: str, found: tuple[str, int, int]) -> None:
    assert finding_of(text, name="x.osop.json") == found


def test_json_is_read_as_json_has_it() -> None:
    text = r'{"a": [1, -2.5, 1E2, "x\ud83d\ude00\/", null, true, {}, []]}'
    assert value_of(text, name="x.json") == {"a": [1, -2.5, 100.0, "x😀/", None, True, {}, []]}


def test_every_value_knows_where_it_stands() -> None:
    text = "a:\n  - {b: 1}\n  - 中: 文\n"
    parsed = parse(text, name="x.yaml")
    assert parsed.tree is not None
    assert positions(parsed.tree) == {
        "": Position(1, 1),
        "a": Position(2, 3),
        "a.0": Position(2, 5),
        "a.0.b": Position(2, 9),
        "a.1": Position(3, 5),
        "a.1.中": Position(3, 8),
    }


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("when: a > 1 && bcd", Position(1, 16)),
        ('when: "a > 1 && bcd"', Position(1, 17)),
        ("when: 'a > 1 && bcd'", Position(1, 17)),
        ("when: >\n  a > 1\n  && bcd\n", Position(3, 6)),
        ("when: |-\n  a > 1 &&\n  bcd\n", Position(3, 3)),
        ("when: a > 1\n  && bcd\n", Position(2, 6)),
    ],
)
def test_a_place_inside_a_text_is_found_through_quotes_and_folding(text: str, position: Position) -> None:
    parsed = parse(text, name="x.yaml")
    assert parsed.tree is not None
    value = plain(parsed.tree)["when"]
    start = positions(parsed.tree)["when"]
    assert locate(text.splitlines(keepends=True), start, value, value.index("bcd")) == position


def test_where_escapes_hide_the_place_it_is_the_start() -> None:
    text = r'when: "a \u003e 1 && bcd"'
    assert locate([text], Position(1, 7), "a > 1 && bcd", 9) == Position(1, 7)


def test_limits_are_what_the_reference_says() -> None:
    reference = (Path(yaml_tree.__file__).parents[3] / "docs" / "reference" / "lint.md").read_text()
    for limit in (SIZE_BYTES_MAX, DEPTH_MAX, NODES_MAX, ALIAS_NODES_MAX):
        assert f"{limit:,}" in reference
