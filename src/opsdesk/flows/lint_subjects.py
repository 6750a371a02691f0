"""`x-subject`: every name in it has to be one of an input or output, or no run is ever found by it."""

from collections.abc import Iterator

from opsdesk.flows.expression_problems import nearest
from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.lint_paths import position_of
from opsdesk.flows.procedure import Procedure
from opsdesk.flows.subjects import DECLARED

NAME_CHARACTERS_MAX = 80


def lint_subjects(procedure: Procedure) -> Iterator[Finding]:
    """A warning for each entry that is no name, and for each name that nothing in the document has."""
    declared = procedure.raw.get(DECLARED)
    if declared is None:
        return
    if not isinstance(declared, list):
        position = position_of(procedure, DECLARED)
        message = f"{DECLARED} is a list of names of inputs and outputs"
        yield Finding(Code.SUBJECT_FROM_NOWHERE, Severity.WARNING, message, "", position, DECLARED)
        return
    outputs = [field for node in procedure.nodes.values() for field in (*node.inputs, *node.outputs)]
    known = {field.name for field in (*procedure.inputs, *outputs)}
    for index, name in enumerate(declared):
        if isinstance(name, str) and name in known:
            continue
        shown = str(name)[:NAME_CHARACTERS_MAX]
        close = nearest(shown, known)
        message = f"no run is found by {shown}: no input or output has this name"
        hint = f"did you mean {close}?" if close else ""
        position = position_of(procedure, DECLARED, index)
        yield Finding(Code.SUBJECT_FROM_NOWHERE, Severity.WARNING, message, hint, position, f"{DECLARED}.{index}")
