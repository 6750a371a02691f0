"""What the guides about procedures show can be read, passes lint and is walked to its ends."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from opsdesk.flows.checks import Verdict, program_of, run_tests, simulate
from opsdesk.flows.document import load
from opsdesk.flows.findings import Severity
from opsdesk.flows.lint import lint

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(guide: str) -> list[str]:
    return BLOCK.findall((GUIDES / f"{guide}.md").read_text(encoding="utf-8"))


def procedures(guide: str) -> list[str]:
    """The documents of a guide that are whole."""
    return [block for block in blocks(guide) if block.startswith("osop_version")]


WHOLE = [text for guide in ("write-a-procedure", "test-a-procedure") for text in procedures(guide)]


def name_of(text: str) -> str:
    document: dict[str, Any] = yaml.safe_load(text)
    return str(document["id"])


@pytest.mark.parametrize("text", WHOLE, ids=name_of)
def test_a_procedure_in_a_guide_has_no_errors_and_can_run(text: str) -> None:
    loaded = load(text, name="guide.osop.yaml")
    findings = lint(loaded.procedure, loaded.findings)
    assert [finding for finding in findings if finding.severity is Severity.ERROR] == []
    assert {str(finding.code) for finding in findings if finding.severity is Severity.WARNING} <= {"OSOP401"}


@pytest.mark.parametrize("text", WHOLE, ids=name_of)
def test_every_node_and_edge_of_a_procedure_in_a_guide_is_on_some_path(text: str) -> None:
    simulation = simulate(program_of(load(text, name="guide.osop.yaml"), file_name="guide.osop.yaml"))
    assert (simulation.complete, simulation.nodes_never_run, simulation.edges_never_taken) == (True, (), ())


def test_the_tests_that_a_guide_declares_pass() -> None:
    [text] = procedures("test-a-procedure")
    results = run_tests(program_of(load(text, name="guide.osop.yaml"), file_name="guide.osop.yaml"))
    assert {result.case.kind.value for result in results} == {"unit", "integration", "simulation"}
    assert [(result.case.id, result.problems) for result in results if result.verdict is not Verdict.PASSED] == []
