"""Small procedures for tests, as text."""

from pathlib import Path
from textwrap import dedent, indent

from opsdesk.flows.document import load
from opsdesk.flows.findings import Finding
from opsdesk.flows.lint import lint
from opsdesk.flows.procedure import Node, Procedure

SEEDS = Path(__file__).parents[3] / "shared" / "seeds"
SEED = SEEDS / "customer-onboarding.osop.yaml"

TWO_NODES = """
- {id: first, type: api, name: First, runtime: {url: https://first.test}, outputs: [score, flag]}
- {id: second, type: api, name: Second, runtime: {url: https://second.test}, inputs: [score]}
"""
ONE_EDGE = "- {from: first, to: second}"


def document(nodes: str = TWO_NODES, edges: str = ONE_EDGE, head: str = "") -> str:
    """A procedure with these lists, given as YAML, and these fields besides."""
    parts = ['osop_version: "2.0"', "id: small", "name: Small", dedent(head).strip("\n")]
    parts += ["nodes:", indent(dedent(nodes).strip("\n"), "  ")]
    if edges:
        parts += ["edges:", indent(dedent(edges).strip("\n"), "  ")]
    return "\n".join(part for part in parts if part) + "\n"


def node(**fields: str) -> str:
    """One api node, as an item of a list; values are YAML."""
    given = {"id": "first", "type": "api", "name": "First", "runtime": "{url: https://first.test}", **fields}
    return "- {" + ", ".join(f"{name}: {value}" for name, value in given.items()) + "}"


def findings_of(text: str | bytes, *, name: str = "small.osop.yaml") -> list[Finding]:
    """Everything that is found in a document."""
    loaded = load(text, name=name)
    return lint(loaded.procedure, loaded.findings)


def codes_of(text: str | bytes, *, name: str = "small.osop.yaml") -> set[str]:
    return {str(finding.code) for finding in findings_of(text, name=name)}


def only(text: str, code: str) -> Finding:
    """The one finding with this code."""
    found = [finding for finding in findings_of(text) if finding.code == code]
    assert len(found) == 1, found
    return found[0]


def read(text: str, *, name: str = "x.osop.yaml") -> Procedure:
    """The procedure of a document that has no errors."""
    loaded = load(text, name=name)
    assert loaded.errors == []
    assert loaded.procedure is not None
    return loaded.procedure


def first(**fields: str) -> Node:
    return read(document(nodes=node(**fields), edges="")).nodes["first"]


def error_in(text: str) -> tuple[str, int, int]:
    errors = load(text, name="x.osop").errors
    assert len(errors) == 1, errors
    return str(errors[0].code), errors[0].position.line, errors[0].position.column


def code_of(**fields: str) -> str:
    return error_in(document(nodes=node(**fields), edges=""))[0]
