import pytest

from opsdesk.flows.conformance import Conformance, conformance_of
from opsdesk.flows.document import load
from opsdesk.flows.findings import Severity
from tests.flows.documents import document, only

VALIDATABLE = """
- {id: build, type: cli, name: Build, inputs: {version: string}, outputs: {digest: string}}
- {id: approve, type: human, name: Approve, inputs: {digest: string}, outputs: {decision: string}}
"""
EXECUTABLE = """
- {id: build, type: cli, name: Build, inputs: {version: string}, outputs: {digest: string}, runtime: {command: make},
   retry_policy: {max_retries: 1}}
- {id: approve, type: human, name: Approve, inputs: {digest: string}, outputs: {decision: string}, role: lead,
   approval_gate: {timeout_min: 60}, security: {risk_level: high}}
"""
EDGE = "- {from: build, to: approve}"
CONTRACT = "message_contracts: [{id: a, producer: build, consumer: approve, kind: result, format: json}]"
OBSERVABLE = (
    f"{CONTRACT}\nledger: {{enabled: true}}\nobservability: {{emit_events: true}}\nevolution: {{enabled: true}}"
)


def conformance(nodes: str, head: str = "") -> Conformance:
    procedure = load(document(nodes=nodes, edges=EDGE, head=head), name="x.osop").procedure
    assert procedure is not None
    found = conformance_of(procedure.raw, procedure.nodes, procedure.edges, procedure.inputs)
    assert procedure.conformance == found.level
    return found


@pytest.mark.req("FLO-105")
@pytest.mark.parametrize(
    ("nodes", "head", "level", "reason"),
    [
        (VALIDATABLE, "", 0, "no message contract"),
        (VALIDATABLE.replace("{version: string}", "[version]"), CONTRACT, 0, "inputs without a schema: build.version"),
        (
            VALIDATABLE.replace("inputs: {version: string}, ", ""),
            CONTRACT,
            0,
            "no schema for what a run is started with",
        ),
        (VALIDATABLE, CONTRACT, 1, "build has no runtime"),
        (VALIDATABLE, "contracts: {a: {schema: {}}}", 1, "no time limit"),
        (EXECUTABLE.replace("role: lead,", "").replace("approval_gate: {timeout_min: 60},", ""), CONTRACT, 1, "nobody"),
        (EXECUTABLE.replace("retry_policy: {max_retries: 1}", ""), CONTRACT, 1, "no retry policy"),
        (EXECUTABLE.replace(", security: {risk_level: high}", ""), CONTRACT, 1, "no security"),
        (EXECUTABLE, CONTRACT, 2, "no ledger"),
        (EXECUTABLE, OBSERVABLE.replace("evolution: {enabled: true}", ""), 2, "no evolution"),
        (EXECUTABLE, OBSERVABLE, 3, ""),
    ],
)
def test_the_level_is_inferred_with_what_the_next_one_needs(nodes: str, head: str, level: int, reason: str) -> None:
    found = conformance(nodes, head)
    assert found.level == level
    assert any(reason in missing for missing in found.missing) or (not reason and not found.missing)


@pytest.mark.req("FLO-105")
def test_the_level_is_reported_and_a_false_claim_is_warned_of() -> None:
    assert only(document(), "OSOP901").severity is Severity.NOTE
    finding = only(document(head="conformance_level: 3"), "OSOP901")
    assert finding.severity is Severity.WARNING
    assert "claims 3" in finding.message
