"""What a run has done is undone, over random procedures with loops, joins and failures."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.flows.calls import NodeOutcome
from opsdesk.flows.engine import Execute, Sleep, decide, fold, status
from opsdesk.flows.expressions import compile_conditions
from opsdesk.flows.facts import FactKind
from opsdesk.flows.procedure import UNDONE_ON, RetryPolicy, Undo
from opsdesk.flows.program import Program
from opsdesk.flows.settle import ArrivalKind
from opsdesk.flows.state import NodePhase, RunStatus
from tests.flows.graphs import START, Journal, any_graph, node
from tests.flows.test_compensation import cancel, undos
from tests.flows.test_engine import OUTCOMES
from tests.flows.test_engine_steering import steer
from tests.flows.test_loops import answering, with_loops


@st.composite
def with_undos(draw: st.DrawFn) -> Program:
    """As `with_loops`; some nodes have an undo, of their own or one for several."""
    made = draw(with_loops()).procedure
    names = list(made.nodes)
    undone = draw(st.lists(st.sampled_from(names), unique=True, min_size=1))
    by = {name: draw(st.sampled_from([f"undo-{name}", "undo-all"])) for name in undone}
    on = st.sampled_from([frozenset(UNDONE_ON), frozenset(["cancelled"]), frozenset(["stopped", "timed_out"])])
    nodes = [replace(each, undo=Undo(by[name], draw(on)) if name in by else None) for name, each in made.nodes.items()]
    retry = RetryPolicy(max_retries=1)
    nodes += [node(name, retry=retry) for name in dict.fromkeys(by.values())]
    return Program(replace(made, nodes={each.id: each for each in nodes}), compile_conditions(made))


def expected_undos(journal: Journal, outcome: str) -> list[tuple[str, int]]:
    """From the facts alone: what was completed, the last first, of what is undone after this outcome."""
    done: dict[tuple[str, int], None] = {}
    for fact in journal.facts:
        key = (fact.node, fact.iteration)
        if fact.node not in journal.program.procedure.undo_nodes and fact.node and "outputs" in fact.payload:
            done.pop(key, None)
            done[key] = None
    declared = journal.program.procedure.nodes
    undone = [key for key in done if (undo := declared[key[0]].undo) is not None and outcome in undo.on]
    return undone[::-1]


@pytest.mark.req("FLO-311")
@any_graph
@given(with_undos(), st.lists(OUTCOMES, min_size=9, max_size=9), st.integers(1, 40), st.data())
def test_every_node_that_was_completed_and_has_an_undo_is_undone_exactly_once_in_reverse_order(
    made: Program, outcomes: Sequence[NodeOutcome], cancelled_after: int, data: st.DataObject
) -> None:
    ordinary = answering(outcomes)
    journal = Journal(made)

    def answer(call: Execute) -> NodeOutcome:
        if call.node not in made.procedure.undo_nodes:
            return ordinary(call)
        return cast("NodeOutcome", data.draw(OUTCOMES))

    journal.run(answer, facts_max=cancelled_after)
    if journal.state.outcome is None and journal.state.undoing is None:
        calls = [each for each in decide(made.procedure, journal.state, START) if isinstance(each, Execute)]
        under_way = data.draw(st.sets(st.sampled_from([each.node for each in calls]))) if calls else set()
        cancel(journal, *under_way)
    while journal.state.outcome is None:
        journal.run(answer, facts_max=len(journal.facts) + 500)
        blocked = [name for name, each in journal.state.nodes.items() if each.phase is NodePhase.BLOCKED]
        if journal.state.outcome is None:
            assert status(journal.state) is RunStatus.BLOCKED
            assert set(blocked) <= set(made.procedure.undo_nodes), "nothing but an undo goes on"
            assert all(isinstance(each, Sleep) for each in decide(made.procedure, journal.state, journal.now))
            kind = data.draw(st.sampled_from([ArrivalKind.RETRY, ArrivalKind.SKIP]))
            steer(journal, kind, blocked[0], new_key=False, outputs=None)
        assert fold(made.procedure, journal.facts) == journal.state
    outcome = journal.state.outcome
    assert undos(journal) == expected_undos(journal, outcome.value)
    begun = [place for place, fact in enumerate(journal.facts) if fact.kind is FactKind.UNDO_BEGUN]
    assert len(begun) <= 1
    keys = [
        (fact.node, fact.iteration) for fact in journal.facts if "undoes" in fact.payload and fact.kind == "node_ended"
    ]
    assert len(set(keys)) == len(keys), "two undos under one key"
