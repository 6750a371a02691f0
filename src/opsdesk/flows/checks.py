"""What can be found out about a procedure by rehearsing it, without running it and without the world."""

from opsdesk.flows.document import Loaded, load
from opsdesk.flows.errors import ProcedureRefused
from opsdesk.flows.expressions import compile_conditions
from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint import lint
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.procedure import Procedure
from opsdesk.flows.program import Program
from opsdesk.flows.rehearsal.choices import Given
from opsdesk.flows.rehearsal.document_tests import CaseResult, Verdict, run_tests
from opsdesk.flows.rehearsal.junit import junit
from opsdesk.flows.rehearsal.simulation import WALKS_DEFAULT, WALKS_MAX, Path, Simulation, Step, simulate
from opsdesk.flows.rehearsal.telling import tell_simulation, told_edge
from opsdesk.flows.views_checks import SimulationView, TestRunView
from opsdesk.flows.views_procedures import FindingView

__all__ = [
    "WALKS_DEFAULT",
    "WALKS_MAX",
    "CaseResult",
    "Given",
    "Path",
    "Program",
    "Simulation",
    "SimulationView",
    "Step",
    "TestRunView",
    "Verdict",
    "junit",
    "program_of",
    "run_tests",
    "simulate",
    "stored_program",
    "tell_simulation",
    "told_edge",
]


def program_of(loaded: Loaded, *, file_name: str) -> Program:
    """The procedure made ready to be rehearsed. Raises ProcedureRefused where it has errors or edges that are not run.

    Nodes of any type can be rehearsed, because none is executed.
    """
    findings = lint(loaded.procedure, loaded.findings)
    return _ready(loaded.procedure, findings, file_name)


def stored_program(procedure: Procedure, *, file_name: str) -> Program:
    """Likewise of a version that is stored."""
    return program_of(load(procedure.source, name=file_name), file_name=file_name)


def _ready(procedure: Procedure | None, findings: list[Finding], file_name: str) -> Program:
    blocking = [
        finding for finding in findings if finding.severity is Severity.ERROR or finding.code == Code.MODE_NOT_RUN
    ]
    if procedure is None or blocking:
        raise ProcedureRefused(file_name, [FindingView.of(finding).model_dump() for finding in blocking])
    return Program(procedure, compile_conditions(procedure))
