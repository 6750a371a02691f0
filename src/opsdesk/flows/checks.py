"""What can be found out about a procedure by rehearsing it, without running it and without the world."""

from collections.abc import Mapping
from typing import Any, cast

from opsdesk.flows.document import Loaded, load
from opsdesk.flows.errors import ProcedureRefused
from opsdesk.flows.expression_problems import Problem
from opsdesk.flows.expressions import Condition, ConditionInvalid, Scope, compile_condition, compile_conditions
from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint import lint
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.procedure import Procedure
from opsdesk.flows.program import Program
from opsdesk.flows.rehearsal.choices import Given
from opsdesk.flows.rehearsal.document_tests import CaseResult, Verdict, run_tests
from opsdesk.flows.rehearsal.junit import junit
from opsdesk.flows.rehearsal.open_conditions import conditions_to_walk
from opsdesk.flows.rehearsal.simulation import WALKS_DEFAULT, WALKS_MAX, Path, Simulation, Step, simulate
from opsdesk.flows.rehearsal.telling import tell_simulation, told_edge
from opsdesk.flows.rule_order import never_first
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
    "condition_over",
    "junit",
    "never_first",
    "program_of",
    "run_tests",
    "simulate",
    "stored_program",
    "tell_simulation",
    "told_edge",
    "walkable",
]


_GRAPH = frozenset({Code.UNKNOWN_NODE, Code.JOIN_NEVER, Code.UNREACHABLE})
"""Errors of a graph that cannot be walked to its ends. Circles can: the simulation goes round them."""


def program_of(loaded: Loaded, *, file_name: str) -> Program:
    """The procedure made ready to be tested. Raises ProcedureRefused where it has errors or edges that are not run.

    Nodes of any type can be rehearsed, because none is executed.
    """
    findings = lint(loaded.procedure, loaded.findings)
    blocking = [each for each in findings if each.severity is Severity.ERROR]
    procedure = _unless(blocking, loaded, file_name)
    return Program(procedure, compile_conditions(procedure))


def stored_program(procedure: Procedure, *, file_name: str) -> Program:
    """Likewise of a version that is stored."""
    return program_of(load(procedure.source, name=file_name), file_name=file_name)


def walkable(loaded: Loaded, *, file_name: str) -> Program:
    """The procedure made ready to be simulated, also one with errors, so long as its graph can be walked.

    A condition that cannot be read is open: both ways are walked. Raises ProcedureRefused.
    """
    findings = lint(loaded.procedure, loaded.findings)
    blocking = [each for each in findings if each.code in _GRAPH]
    procedure = _unless(blocking, loaded, file_name)
    # An open condition is asked what a compiled one is asked, and nothing else.
    return Program(procedure, cast("dict[int, Condition]", conditions_to_walk(procedure)))


def _unless(blocking: list[Finding], loaded: Loaded, file_name: str) -> Procedure:
    if loaded.procedure is None or blocking:
        told = blocking or loaded.findings
        raise ProcedureRefused(file_name, [FindingView.of(finding).model_dump() for finding in told])
    return loaded.procedure


def condition_over(text: str, names: Mapping[str, Mapping[str, Any]]) -> Condition | tuple[Problem, ...]:
    """A condition for those who are no procedure, over these names, each with its JSON Schema.

    Or all that is wrong with it, and where. `evaluate` raises ConditionFailed where it cannot be decided.
    """
    try:
        return compile_condition(text, Scope(names))
    except ConditionInvalid as invalid:
        return invalid.problems
