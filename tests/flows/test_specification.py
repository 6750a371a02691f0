"""No field of the specification is passed over in silence: it is honoured, it only says something, or lint names it."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from opsdesk.flows import document_fields as known
from opsdesk.flows.findings import Finding
from opsdesk.flows.procedure import NodeType
from tests.flows.documents import findings_of
from tests.flows.specification import COLLECTION_FIELDS, FIELDS, RUNTIME, SAMPLES, Treatment, walked
from tests.flows.test_record import RUNS, log_of

COPIES = "OPSDESK_TEST_OSOP_SCHEMAS"
"""A folder with copies of the public schemas."""

NAMED = sorted(path for path, treatment in FIELDS.items() if treatment is Treatment.NAMED)
SETS: Mapping[str, known.FieldSet] = {
    "": known.PROCEDURE,
    "nodes[].": known.NODE,
    "nodes[].retry_policy.": known.RETRY,
    "nodes[].security.": known.SECURITY,
    "nodes[].approval_gate.": known.APPROVAL,
    "nodes[].runtime.auth.": known.AUTH,
    "nodes[].explain.": known.EXPLAIN,
    "edges[].": known.EDGE,
    "edges[].explain.": known.EXPLAIN,
    "nodes[].spawn_policy.": known.SPAWN_POLICY,
    "tests[].": known.CASE,
    "triggers[].": known.TRIGGER,
}


def small() -> dict[str, Any]:
    return {
        "osop_version": "2.0",
        "id": "small",
        "name": "Small",
        "nodes": [
            {"id": "first", "type": "human", "name": "First", "role": "reviewer"},
            {"id": "second", "type": "human", "name": "Second", "role": "reviewer"},
        ],
        "edges": [{"from": "first", "to": "second"}],
    }


def with_field(path: str, value: Any) -> str:
    """A small document with one field more."""
    made = small()
    place: Any = made
    *way, last = path.split(".")
    for step in way:
        inner = place.setdefault(step.removesuffix("[]"), [{}] if step.endswith("[]") else {})
        place = inner[0] if step.endswith("[]") else inner
    place[last] = value
    return json.dumps(made)


def named_in(findings: list[Finding], field: str) -> list[str]:
    return [finding.where for finding in findings if finding.code == "OSOP120" and finding.where.endswith(field)]


@pytest.mark.req("FLO-104")
@pytest.mark.parametrize("path", NAMED)
def test_a_field_that_is_not_honoured_is_named(path: str) -> None:
    findings = findings_of(with_field(path, SAMPLES[path]), name="small.osop.json")
    field = path.rsplit(".", 1)[-1]
    assert len(named_in(findings, field)) == 1, f"{path} is honoured now? Then say so in specification.py"


@pytest.mark.req("FLO-104")
def test_the_table_and_the_reader_of_documents_agree() -> None:
    for prefix, fields in SETS.items():
        declared = {path.removeprefix(prefix): treatment for path, treatment in FIELDS.items() if is_in(path, prefix)}
        honoured = {
            name for name, treatment in declared.items() if treatment in (Treatment.HONOURED, Treatment.CARRIED)
        }
        named = {name for name, treatment in declared.items() if treatment is Treatment.NAMED}
        assert (prefix, honoured - fields.honoured, named - fields.not_honoured) == (prefix, set(), set())


def is_in(path: str, prefix: str) -> bool:
    rest = path.removeprefix(prefix)
    return path.startswith(prefix) and "." not in rest and "[]" not in rest


def test_what_stands_in_a_field_that_is_named_is_covered_by_it() -> None:
    inner = [path for path, treatment in FIELDS.items() if treatment is Treatment.WITH_PARENT]
    assert [path for path in inner if not any(path.startswith((f"{each}.", f"{each}[].")) for each in NAMED)] == []


@pytest.mark.req("FLO-104")
@pytest.mark.parametrize("node_type", list(NodeType))
@pytest.mark.parametrize("field", RUNTIME)
def test_each_field_of_runtime_is_honoured_by_the_type_of_the_node_or_named(node_type: NodeType, field: str) -> None:
    made = small()
    made["nodes"][0] |= {"type": node_type.value, "runtime": {field: "something"}}
    findings = findings_of(json.dumps(made), name="small.osop.json")
    honoured = known.RUNTIMES[node_type.value].honoured if node_type.value in known.RUNTIMES else frozenset()
    is_named = bool(named_in(findings, f"runtime.{field}"))
    assert is_named != (field in honoured)


@pytest.mark.parametrize("node_type", list(NodeType))
def test_where_in_an_answer_an_output_is_may_be_said_of_every_type_of_node(node_type: NodeType) -> None:
    made = small()
    made["nodes"][0] |= {"type": node_type.value, "runtime": {"response_mapping": {"id": "$.items[0].id"}}}
    assert named_in(findings_of(json.dumps(made), name="small.osop.json"), "response_mapping") == []
    made["nodes"][0]["runtime"]["response_mapping"]["id"] = "items"
    findings = findings_of(json.dumps(made), name="small.osop.json")
    assert [finding.code for finding in findings if finding.where.endswith("response_mapping.id")] == ["OSOP112"]


@pytest.mark.req("FLO-104")
def test_a_time_limit_of_a_timer_is_named_since_it_has_none() -> None:
    made = small()
    made["nodes"][0] |= {"type": "system", "subtype": "timer", "runtime": {"duration": "2d"}, "timeout_sec": 60}
    assert named_in(findings_of(json.dumps(made), name="small.osop.json"), "timeout_sec") == ["nodes.first.timeout_sec"]
    made["nodes"][0] |= {"subtype": "log", "runtime": {"message": "something"}}
    assert named_in(findings_of(json.dumps(made), name="small.osop.json"), "timeout_sec") == []


@pytest.mark.req("FLO-104")
@pytest.mark.parametrize("spelling", ["retry", "retry_policy"])
def test_retries_of_a_person_are_named_since_nobody_is_asked_twice(spelling: str) -> None:
    made = small()
    made["nodes"][0] |= {spelling: {"max_retries": 2}}
    assert named_in(findings_of(json.dumps(made), name="small.osop.json"), spelling) == [f"nodes.first.{spelling}"]
    made["nodes"][0] |= {"type": "cli", "runtime": {"command": "true"}}
    assert named_in(findings_of(json.dumps(made), name="small.osop.json"), spelling) == []


@pytest.mark.req("FLO-104")
@pytest.mark.parametrize("node_type", list(NodeType))
def test_what_a_type_of_node_does_not_look_at_in_its_security_is_named(node_type: NodeType) -> None:
    made = small()
    given = {"auth": "bearer_token", "secret_ref": "KEY", "require_ssl": True, "credentials": ["A"], "secrets": ["B"]}
    made["nodes"][0] |= {"type": node_type.value, "security": given}
    findings = findings_of(json.dumps(made), name="small.osop.json")
    for name in given:
        honoured = node_type.value in known.SECURITY_TYPES[name]
        assert (name, bool(named_in(findings, f"security.{name}"))) == (name, not honoured)


@pytest.mark.req("FLO-104")
def test_the_only_shell_that_is_not_named_is_the_one_that_is_used() -> None:
    made = small()
    for shell, named in (("sh", []), ("bash", ["nodes.first.runtime.shell"])):
        made["nodes"][0] |= {"type": "cli", "runtime": {"command": "true", "shell": shell}}
        assert named_in(findings_of(json.dumps(made), name="small.osop.json"), "shell") == named


@pytest.mark.req("FLO-104")
def test_the_table_of_collections_and_their_reader_agree() -> None:
    levels = {"": known.COLLECTION, "sections[].": known.SECTION, "sections[].workflows[].": known.LISTED}
    for prefix, fields in levels.items():
        names = {path.removeprefix(prefix) for path in COLLECTION_FIELDS if is_in(path, prefix)}
        assert (prefix, names) == (prefix, {*fields.honoured})


def test_a_schema_is_walked_through_references_lists_and_alternatives() -> None:
    schema = {
        "properties": {"a": {"type": "array", "items": {"$ref": "#/$defs/b"}}, "c": {}},
        "$defs": {"b": {"properties": {"d": {"oneOf": [{}, {"properties": {"e": {"$ref": "#/$defs/b"}}}]}}}},
    }
    assert walked(schema) == {"a", "a[].d", "a[].d.e", "c"}


def copies() -> Mapping[str, Mapping[str, Any]]:
    """The public schemas, by the name of their file."""
    folder = Path(os.environ.get(COPIES, ""))
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.schema.json"))}


WITHOUT_COPIES = pytest.mark.skipif(COPIES not in os.environ, reason=f"{COPIES} names no folder of public schemas")


@pytest.mark.req("FLO-104")
@WITHOUT_COPIES
def test_the_tables_miss_no_field_of_the_public_schemas() -> None:
    found = copies()
    assert found
    for name, schema in found.items():
        if name.startswith("osop-") or name == "osop.schema.json":
            table = {*FIELDS, *(f"nodes[].runtime.{field}" for field in RUNTIME)}
            assert (name, walked(schema) - table) == (name, set())
        elif name.startswith("sop"):
            assert (name, walked(schema)) == (name, {*COLLECTION_FIELDS})


@pytest.mark.req("FLO-401")
@WITHOUT_COPIES
@pytest.mark.parametrize("name", list(RUNS))
def test_the_log_of_a_run_is_valid_by_the_public_schema_itself(name: str) -> None:
    schemas = [schema for file, schema in copies().items() if file.startswith("osoplog")]
    assert schemas
    for schema in schemas:
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(log_of(RUNS[name], tamper_evident=True))
