"""Deadlines in working time as a rehearsal has them."""

import pytest

from opsdesk.flows.calls import Done
from opsdesk.flows.facts import FactKind
from opsdesk.flows.program import Program
from opsdesk.flows.rehearsal.play import Silence, play
from tests.flows.documents import document, read


@pytest.mark.req("FLO-313")
def test_deadlines_in_working_time_run_out_in_a_simulation_after_their_escalations() -> None:
    nodes = """
    - id: look
      type: human
      name: Look
      role: officer
      outputs: [d]
      timeout_sec: 36000
      x-calendar: {time_zone: Asia/Shanghai, hours: {mon-fri: "09:00-18:00"}}
      x-escalate: [{at: 50%, to: lead}, {before: 30m, priority: 5}]
    - {id: late, type: system, name: Late, runtime: {operation: log, message: m}}
    """
    played = play(
        Program(read(document(nodes, "- {from: look, to: late, mode: timeout}")), {}),
        {},
        lambda _state, node, _number: Silence() if node == "look" else Done({}),
    )
    assert [fact.payload["step"] for fact in played.facts if fact.kind is FactKind.NODE_ESCALATED] == [1, 2]
    assert (played.outcome, played.path) == ("completed", ["look", "late"])
