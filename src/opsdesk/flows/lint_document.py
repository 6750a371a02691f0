"""Everything that can be said about a procedure before it runs."""

from collections.abc import Collection, Iterable
from itertools import chain, islice

from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint_approvals import lint_approvals, lint_reasons
from opsdesk.flows.lint_compensation import lint_compensation
from opsdesk.flows.lint_completeness import lint_completeness
from opsdesk.flows.lint_conformance import lint_conformance
from opsdesk.flows.lint_data import lint_data
from opsdesk.flows.lint_dataflow import lint_dataflow
from opsdesk.flows.lint_expressions import FINDINGS_MAX, lint_expressions
from opsdesk.flows.lint_graph import lint_graph
from opsdesk.flows.lint_names import Names
from opsdesk.flows.lint_references import lint_references
from opsdesk.flows.lint_risk import lint_risk
from opsdesk.flows.lint_subjects import lint_subjects
from opsdesk.flows.lint_triggers import lint_triggers
from opsdesk.flows.procedure import Procedure


def lint(
    procedure: Procedure | None, findings: Iterable[Finding], *, env_allowed: Collection[str] | None = None
) -> list[Finding]:
    """The findings of `load` and those about graph, names, conditions and risks, in the order of the document.

    `env_allowed` names the environment variables that procedures may read; without it they are not checked.
    """
    found = list(findings)
    if procedure is not None:
        names = Names.of(procedure)
        about_conditions, conditions = lint_expressions(names)
        found.extend(about_conditions)
        rest: Iterable[Finding] = chain(
            lint_graph(procedure, names.graph),
            lint_compensation(names),
            lint_completeness(names, conditions),
            lint_risk(procedure),
            lint_approvals(names),
            lint_reasons(names),
            lint_dataflow(names, conditions),
            lint_data(names),
            lint_references(names, env_allowed=env_allowed),
            lint_subjects(procedure),
            lint_triggers(procedure),
        )
        found.extend(islice(rest, FINDINGS_MAX))
        found.append(lint_conformance(procedure))
    return sorted(dict.fromkeys(found), key=_place)


def _place(finding: Finding) -> tuple[int, int, str, str]:
    return finding.position.line, finding.position.column, finding.code, finding.message


def format_finding(finding: Finding, *, file: str) -> str:
    """`file:line:column: severity CODE message (hint)`"""
    place = f"{file}:{finding.position.line}:{finding.position.column}"
    hint = f" ({finding.hint})" if finding.hint else ""
    return f"{place}: {finding.severity} {finding.code} {finding.message}{hint}"


def has_errors(findings: Iterable[Finding]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in findings)
