"""Findings in SARIF 2.1.0, which code hosts show beside the lines they are about."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint_codes import Code

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def sarif(findings: Mapping[str, Iterable[Finding]]) -> dict[str, Any]:
    """One run over the given files, by their names as they are to be shown."""
    results = [(file, finding) for file, found in findings.items() for finding in found]
    codes = sorted({finding.code for _, finding in results})
    places = {code: place for place, code in enumerate(codes)}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "opsdesk", "version": version("opsdesk"), "rules": _rules(codes)}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(file, finding, places) for file, finding in results],
            }
        ],
    }


def _rules(codes: Sequence[str]) -> list[dict[str, Any]]:
    return [{"id": code, "name": _name(code), "shortDescription": {"text": _name(code)}} for code in codes]


def _name(code: str) -> str:
    return Code(code).name.lower().replace("_", " ")


def _result(file: str, finding: Finding, places: Mapping[str, int]) -> dict[str, Any]:
    text = f"{finding.message} ({finding.hint})" if finding.hint else finding.message
    region = {"startLine": finding.position.line, "startColumn": finding.position.column}
    location = {"physicalLocation": {"artifactLocation": {"uri": file.replace("\\", "/")}, "region": region}}
    return {
        "ruleId": str(finding.code),
        "ruleIndex": places[finding.code],
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [location],
    }
