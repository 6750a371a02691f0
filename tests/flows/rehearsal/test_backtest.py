"""What was recorded of a run is put to another version of its procedure."""

import pytest

from opsdesk.flows.calls import Done, Failed
from opsdesk.flows.procedure import EdgeMode, RetryPolicy
from opsdesk.flows.program import Program
from opsdesk.flows.rehearsal.backtest import Replayed, replay
from tests.flows.graphs import Journal, fields, node, program


def version(limit: str, *, more: bool = False) -> Program:
    nodes = [node("check", outputs=fields("score"), retry=RetryPolicy(2)), node("good"), node("poor"), node("late")]
    edges = [
        ("check", "good", f"score >= {limit}"),
        ("check", "poor", f"score < {limit}"),
        ("check", "late", None, EdgeMode.FALLBACK),
    ]
    if more:
        nodes.append(node("more"))
        edges.append(("good", "more"))
    return program(nodes, edges)


def ran(score: float | None) -> Journal:
    journal = Journal(version("0.7"), {"email": "a@example.com"})
    answer = Done({"score": score}) if score is not None else Failed("PartnerFailing", "no")
    journal.run(lambda call: answer if call.node == "check" else Done({}))
    return journal


def under(limit: str, journal: Journal, *, more: bool = False) -> Replayed:
    return replay(version(limit, more=more), journal.program.procedure, journal.state, journal.facts)


@pytest.mark.req("FLO-208")
def test_a_run_that_goes_the_same_way_to_the_same_end_does_not_change() -> None:
    found = under("0.6", ran(0.9))
    assert (found.changes, found.parting, found.outcome, found.not_recorded) == (False, None, "completed", ())


@pytest.mark.req("FLO-208")
def test_the_node_from_which_a_run_goes_on_otherwise_is_named() -> None:
    found = under("0.95", ran(0.9))
    assert found.changes
    assert found.parting is not None
    assert (found.parting.node, found.parting.recorded, found.parting.replayed) == (
        "check",
        "goes on to good",
        "goes on to poor",
    )


@pytest.mark.req("FLO-208")
def test_a_node_that_the_run_never_asked_has_no_answer() -> None:
    found = under("0.7", ran(0.9), more=True)
    assert (found.outcome, found.not_recorded) == ("not recorded", ("more",))


def test_failures_are_replayed_as_they_were() -> None:
    found = under("0.7", ran(None))
    assert (found.changes, found.parting, found.recorded_node) == (False, None, "late")


def test_a_procedure_that_needs_another_output_of_a_recorded_answer_is_told() -> None:
    journal = ran(0.9)
    other = program([node("check", outputs=fields("score", "reason")), node("good")], [("check", "good")])
    found = replay(other, journal.program.procedure, journal.state, journal.facts)
    assert (found.outcome, found.node, found.parting and found.parting.replayed) == (
        "blocked",
        "check",
        "goes on to an incident",
    )
