"""Loads a procedure from its file: every version of the format, every spelling, and every error at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from opsdesk.flows import document_fields as known
from opsdesk.flows.conformance import conformance_of
from opsdesk.flows.document_calendars import check_reachable, read_calendar, read_calendars
from opsdesk.flows.document_cases import read_cases
from opsdesk.flows.document_children import read_children
from opsdesk.flows.document_edges import read_edges
from opsdesk.flows.document_io import read_fields, read_schemas
from opsdesk.flows.document_nodes import Defaults, read_id, read_nodes
from opsdesk.flows.document_policies import read_retry
from opsdesk.flows.document_reading import Fields, Reading
from opsdesk.flows.document_triggers import read_triggers
from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.procedure import Edge, Field, Node, Position, Procedure
from opsdesk.flows.tree import Tree, plain, positions
from opsdesk.flows.yaml_tree import SIZE_BYTES_MAX, parse, read_source

VERSIONS = ("1.0", "1.1", "2.0")
FINDINGS_MAX = 500
"""More are not listed; a document that has so many is not a procedure."""
SUFFIXES = (".osop", ".osop.yaml", ".osop.yml", ".osop.json")

_CANNOT_RUN = frozenset({Code.NOT_RUN})


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of a document."""

    procedure: Procedure | None
    """None if it cannot be read at all. It may be drawn and looked into in any case, and run only without errors."""
    findings: list[Finding]

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity is Severity.ERROR]


def load(text: str | bytes, *, name: str) -> Loaded:
    """Reads a document; `name` is the name of its file, which tells JSON from YAML."""
    parsed = parse(text, name=name)
    reading = Reading(list(parsed.findings))
    procedure = _procedure(parsed.tree, parsed.text, reading) if parsed.tree is not None else None
    if parsed.tree is None and not reading.findings:
        reading.error(Code.MISSING_FIELD, "the document is empty", Position())
    return Loaded(procedure, _in_order(reading.findings))


def load_file(path: Path | str) -> Loaded:
    """Reads a file; whatever is wrong with it is a finding."""
    source = read_source(Path(path))
    if isinstance(source, Finding):
        return Loaded(None, [source])
    return load(source, name=Path(path).name)


def executable(procedure: Procedure) -> list[Finding]:
    """Why a run of this procedure would be refused although the document is right; empty if it would not."""
    name = "document.json" if procedure.source.lstrip().startswith("{") else "document.yaml"
    loaded = load(procedure.source, name=name)
    if loaded.procedure is None:
        loaded = load(procedure.source, name="document.yaml")
    return [finding for finding in loaded.findings if finding.code in _CANNOT_RUN]


def _in_order(findings: Iterable[Finding]) -> list[Finding]:
    order = sorted(findings, key=lambda finding: (finding.position.line, finding.position.column, finding.code))
    return list(dict.fromkeys(order))[:FINDINGS_MAX]


def _procedure(tree: Tree, text: str, reading: Reading) -> Procedure | None:
    document = Fields(reading, tree, "")
    if not isinstance(tree.value, dict):
        document.wrong(tree, "the document", "a mapping with osop_version, id, name, nodes and edges")
        return None
    document.check(known.PROCEDURE)
    document.text("owner")
    document.texts("tags")
    version = _version(document)
    procedure_id = read_id(document)
    name = _required_text(document, "name")
    calendars = read_calendars(document)
    calendar = read_calendar(document, calendars)
    defaults = Defaults(read_retry(document), read_schemas(document), calendars, calendar)
    declared = read_fields(document, "inputs", defaults.schemas)
    nodes = read_nodes(document, defaults)
    edges = read_edges(document, nodes)
    nodes = read_children(document, nodes, edges, procedure_id)
    _check_base(document)
    cases = read_cases(document, nodes)
    triggers = read_triggers(document)
    if not nodes:
        return None
    timeout_s = document.duration_s("timeout_sec", "timeout")
    check_reachable(document, calendar, timeout_s)
    raw, inputs = plain(tree), _inputs(declared, nodes, edges)
    return Procedure(
        id=procedure_id or "",
        name=name or procedure_id or "",
        nodes=nodes,
        edges=edges,
        osop_version=version,
        version=_release(document),
        description=document.text("description") or "",
        inputs=inputs,
        timeout_s=timeout_s,
        calendar=calendar,
        cases=cases,
        triggers=triggers,
        digest=sha256(text.encode()).hexdigest(),
        source=text,
        conformance=conformance_of(raw, nodes, edges, inputs).level,
        raw=raw,
        positions=positions(tree),
    )


def _check_base(document: Fields) -> None:
    """What a document takes over from its base, and how, the specification does not say."""
    if (tree := document.get("extends")) is not None:
        message = "extends: a procedure that takes parts over from another cannot be run"
        hint = "write it out in full, or run the other one from a node with workflow_ref"
        document.reading.warning(Code.NOT_RUN, message, tree, where="extends", hint=hint)


def _version(document: Fields) -> str:
    """A version that YAML took for a number is taken as it was written."""
    tree = document.get("osop_version")
    if tree is None:
        document.missing("osop_version", hint='write osop_version: "2.0"')
        return VERSIONS[-1]
    text = str(tree.value) if isinstance(tree.value, str | float) else ""
    version = text if text.count(".") < 2 else text.rsplit(".", 1)[0]
    if version not in VERSIONS:
        message = "osop_version is not a version that is known here"
        hint = f"known are {', '.join(VERSIONS)}"
        document.reading.error(Code.VERSION, message, tree, where="osop_version", hint=hint)
        return VERSIONS[-1]
    return version


def _required_text(document: Fields, name: str) -> str | None:
    text = document.text(name)
    if document.get(name) is None or text == "":
        document.missing(name)
    return text


def _release(document: Fields) -> str:
    """The procedure's own version; YAML takes 1.0 for a number."""
    tree = document.get("version")
    if tree is not None and isinstance(tree.value, int | float) and not isinstance(tree.value, bool):
        return str(tree.value)
    return document.text("version") or ""


def _inputs(declared: tuple[Field, ...], nodes: Mapping[str, Node], edges: tuple[Edge, ...]) -> tuple[Field, ...]:
    """What a run is started with: the document's inputs, and those of the nodes that nothing leads to."""
    entries = {node.id for node in Procedure("", "", nodes, edges).entries}
    found: dict[str, Field] = {entry.name: entry for entry in declared}
    for node in nodes.values():
        if node.id in entries:
            for entry in node.inputs:
                found.setdefault(entry.name, entry)
    return tuple(found.values())


def raw_edge(procedure: Procedure, edge: Edge) -> Mapping[str, Any]:
    """The edge as the document has it."""
    return dict(procedure.raw["edges"][edge.place])


__all__ = [
    "SIZE_BYTES_MAX",
    "SUFFIXES",
    "VERSIONS",
    "Loaded",
    "Procedure",
    "executable",
    "load",
    "load_file",
    "raw_edge",
]
