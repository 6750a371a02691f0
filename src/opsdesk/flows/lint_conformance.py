"""Says which conformance level a document reaches, and what the next one needs."""

from opsdesk.flows.conformance import NAMES, conformance_of
from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.lint_paths import position_of
from opsdesk.flows.procedure import Procedure

REASONS_MAX = 5


def lint_conformance(procedure: Procedure) -> Finding:
    """A note; a warning if the document claims more than it fulfils."""
    found = conformance_of(procedure.raw, procedure.nodes, procedure.edges, procedure.inputs)
    claimed = procedure.raw.get("conformance_level")
    position = position_of(procedure, "conformance_level")
    message = f"conformance level {found.level} ({found.name})"
    reasons = "; ".join(found.missing[:REASONS_MAX])
    more = len(found.missing) - REASONS_MAX
    if more > 0:
        reasons += f"; and {more} more"
    hint = f"level {found.level + 1} ({NAMES[found.level + 1]}) needs: {reasons}" if found.missing else ""
    severity = Severity.NOTE
    if isinstance(claimed, int) and claimed > found.level:
        severity, message = Severity.WARNING, f"{message}, and the document claims {claimed}"
    return Finding(Code.CONFORMANCE, severity, message, hint, position, "conformance_level")
