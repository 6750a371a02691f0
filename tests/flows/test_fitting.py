"""The pure core: whether a run fits another version, and journals that go on in one."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.flows.approval import Approval
from opsdesk.flows.calls import Done, Failed, NodeOutcome, Wait
from opsdesk.flows.engine import Execute, fold
from opsdesk.flows.expressions import compile_conditions
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.fitting import Fit, fit
from opsdesk.flows.procedure import Edge, EdgeMode, Field, Node, NodeType, Procedure
from opsdesk.flows.program import Program
from opsdesk.flows.renumbering import renumbered
from opsdesk.flows.state import NodeState, RunStatus, State
from tests.flows.graphs import START, Journal, any_graph, fields, node, program
from tests.flows.test_compensation import cancel, order
from tests.flows.test_engine import OUTCOMES
from tests.flows.test_loops import answering, with_loops

REVIEW = node(
    "review",
    type=NodeType.HUMAN,
    inputs=fields("x"),
    outputs=fields("ok"),
    approval=Approval(role="officer", required_approvers=1, timeout_s=60),
)
NODES = (node("a", outputs=fields("x")), REVIEW, node("b"), node("c"))
EDGES: tuple[tuple[Any, ...], ...] = (("a", "review"), ("review", "b", "ok == true"), ("review", "c", "ok == false"))


def waiting() -> Journal:
    """A run whose ticket is open."""
    journal = Journal(program(NODES, EDGES), {"order": 1})
    journal.run(lambda _: Done({"x": 1}))
    return journal


def against(journal: Journal, new: Procedure) -> Fit:
    return fit(journal.program.procedure, new, journal.facts, journal.state)


def version(
    nodes: Sequence[Node] = NODES, edges: Sequence[tuple[Any, ...]] = EDGES, *, inputs: tuple[Field, ...] = ()
) -> Procedure:
    return program(nodes, edges, inputs=inputs).procedure


def changed(node_id: str, **more: Any) -> list[Node]:
    return [replace(each, **more) if each.id == node_id else each for each in NODES]


def whys(found: Fit) -> list[str]:
    return [each.why for each in found.misfits]


@pytest.mark.req("FLO-308")
@pytest.mark.parametrize(
    "new",
    [
        version(),
        version(edges=EDGES[::-1]),
        version([*NODES, node("d")], [*EDGES, ("b", "d")]),
        version(edges=[EDGES[0], ("review", "b", "ok == false"), ("review", "c", "ok == true")]),
        version(changed("review", name="Look at it", approval=replace(REVIEW.approval, timeout_s=90))),
        version(changed("a", runtime={"url": "https://elsewhere.test"})),
        version([each for each in NODES if each.id != "c"], EDGES[:2]),
        version(inputs=(Field("order"), Field("note", required=False))),
    ],
    ids=["the-same", "other-order", "more-behind", "other-conditions", "other-limit", "other-call", "less", "inputs"],
)
def test_a_run_fits_where_only_what_has_not_happened_is_another(new: Procedure) -> None:
    journal = waiting()
    found = against(journal, new)
    assert whys(found) == []
    assert found.state is not None
    assert found.state.nodes["review"] == journal.state.nodes["review"]


@pytest.mark.req("FLO-308")
@pytest.mark.parametrize(
    ("new", "why"),
    [
        (version([each for each in NODES if each.id != "a"], EDGES[1:]), "a is not there any more"),
        (version(changed("a", type=NodeType.CLI)), "a was of type api and is cli"),
        (version(changed("a", outputs=fields("x", "y"))), "what a answered does not fit: the answer lacks y"),
        (
            version(changed("a", outputs=(Field("x", {"type": "string"}),))),
            "what a answered does not fit: output x is not of type string",
        ),
        (version(edges=[("a", "review", "x == 1"), *EDGES[1:]]), "it was decided, and is not there any more"),
        (version(edges=[*EDGES, ("a", "c")]), "a had ended before it was there"),
        (version(edges=[*EDGES, ("b", "review")]), "review has begun, and would not have begun yet"),
        (version([*NODES, node("z")], EDGES), "z would begin at once"),
        (version(changed("review", outputs=fields("ok", "notes"))), "review has been asked, and would have to answer"),
        (
            version(changed("review", approval=replace(REVIEW.approval, role="manager"))),
            "the ticket of review is open, and others would have to answer it",
        ),
        (
            version(changed("review", inputs=fields("x", "order"))),
            "the ticket of review is open, and shows other inputs",
        ),
        (version(inputs=(Field("order"), Field("site"))), "the run was started without the input site"),
        (
            version(inputs=(Field("order", {"type": "string"}),)),
            "the run was started with an input order that does not fit: it is not of type string",
        ),
    ],
)
def test_a_run_does_not_fit_where_something_happened_otherwise_and_is_told_what(new: Procedure, why: str) -> None:
    found = against(waiting(), new)
    assert found.state is None
    assert any(each.startswith(why) for each in whys(found)), whys(found)


@pytest.mark.req("FLO-308")
def test_a_misfit_names_the_fact_the_node_and_the_edge() -> None:
    (misfit,) = against(waiting(), version(edges=[*EDGES, ("a", "c")])).misfits
    assert (misfit.fact, misfit.node, misfit.edge) == (2, "a", "a → c (sequential)")


@pytest.mark.req("FLO-308")
def test_a_run_that_is_being_undone_fits_no_other_version() -> None:
    journal = Journal(order(), {"order": "o-1"})
    journal.run(lambda call: Done({"reservation": 1, "payment": 1}) if call.node != "ship" else Failed("E", "e"))
    cancel(journal)
    assert whys(against(journal, journal.program.procedure))[0].startswith("the run is being undone")


@pytest.mark.req("FLO-308")
def test_an_incident_can_be_mended_by_a_version_with_another_condition() -> None:
    nodes = [node("a", outputs=fields("x")), node("b")]
    journal = Journal(program(nodes, [("a", "b", "x > 1")]))
    journal.run(lambda _: Done({"x": "a text"}))
    found = against(journal, version(nodes, [("a", "b", "x == 'a text'")]))
    assert whys(found) == []


@pytest.mark.req("FLO-308")
def test_an_edge_that_waits_for_an_event_keeps_waiting_under_its_new_number() -> None:
    edges: list[tuple[Any, ...]] = [("a", "b", "event.name == 'paid'", EdgeMode.EVENT), ("a", "c")]
    journal = Journal(program([node("a"), node("b"), node("c")], edges))
    journal.run()
    found = against(journal, version([node("a"), node("b"), node("c")], edges[::-1]))
    assert whys(found) == []
    assert found.state is not None
    assert list(found.state.awaited) == [1]


def migrated(journal: Journal, new: Procedure) -> Journal:
    """The run as it goes on in the new version."""
    found = against(journal, new)
    assert found.misfits == ()
    assert found.state is not None
    edges = {str(index): number for index, number in found.edges.items()}
    fact = Fact(FactKind.RUN_MIGRATED, journal.now, payload={"from": "a", "to": "b", "actor": "ops", "edges": edges})
    moved = Journal(Program(new, compile_conditions(new)))
    moved.facts, moved.now = [*journal.facts, fact], journal.now
    moved.state = fold(new, moved.facts)
    return moved


def numbered(made: Procedure, numbers: Sequence[int]) -> Procedure:
    """The same edges under other numbers: by their order a node sees one name or another, so that stays."""
    edges = (replace(edge, index=number) for edge, number in zip(made.edges, numbers, strict=True))
    return replace(made, edges=tuple(edges))


@st.composite
def moves(draw: st.DrawFn) -> tuple[Program, list[list[int]]]:
    """A procedure, and for two other versions the numbers that its edges have there, in the same order."""
    made = draw(with_loops())
    count = len(made.procedure.edges)
    numbers = st.lists(st.integers(0, 40), unique=True, min_size=count, max_size=count).map(sorted)
    return made, [draw(numbers) for _ in range(2)]


def by_ends(edges: Sequence[Edge], decided: dict[int, Any]) -> dict[tuple[object, ...], Any]:
    named = {edge.index: (edge.source, edge.target, edge.mode, edge.condition, edge.for_each) for edge in edges}
    return {named[index]: value for index, value in decided.items()}


def stands(state: State, names: Iterable[str]) -> list[NodeState]:
    """But for the error, which holds numbers of edges."""
    return [replace(state.nodes[name], error=None) for name in names]


@pytest.mark.req("FLO-308")
@any_graph
@given(moves(), st.lists(OUTCOMES, min_size=9, max_size=9), st.integers(1, 12), st.integers(1, 12))
def test_a_journal_that_goes_on_in_other_versions_folds_to_what_it_would_have_been(
    moved: tuple[Program, list[list[int]]], outcomes: Sequence[NodeOutcome], first: int, second: int
) -> None:
    made, numbers = moved
    answer: Callable[[Execute], NodeOutcome] = answering(outcomes)
    alone = Journal(made)
    alone.run(answer, facts_max=4_000)
    journal = Journal(made)
    versions = [numbered(made.procedure, each) for each in numbers]
    for more, new in zip((first, second), versions, strict=True):
        journal.run(answer, facts_max=len(journal.facts) + more)
        if journal.state.outcome is not None:
            return
        journal = migrated(journal, new)
    journal.run(answer, facts_max=4_000)
    last = versions[-1]
    assert fold(last, journal.facts) == journal.state
    assert stands(journal.state, made.procedure.nodes) == stands(alone.state, made.procedure.nodes)
    assert by_ends(last.edges, journal.state.edges) == by_ends(made.procedure.edges, alone.state.edges)
    assert (journal.state.outcome, journal.state.outcome_node) == (alone.state.outcome, alone.state.outcome_node)
    again = renumbered(journal.facts)
    assert renumbered(again) == again


@pytest.mark.req("FLO-308")
@any_graph
@given(with_loops(), st.lists(OUTCOMES, min_size=9, max_size=9), st.integers(1, 20), st.data())
def test_whatever_is_changed_a_run_that_fits_stands_as_it_stood_and_ends_or_waits(
    made: Program, outcomes: Sequence[NodeOutcome], facts: int, data: st.DataObject
) -> None:
    journal = Journal(made)
    answer = answering(outcomes)
    journal.run(answer, facts_max=facts)
    kept = data.draw(st.permutations([edge for edge in made.procedure.edges if data.draw(st.booleans())]))
    kept = [replace(edge, index=index) for index, edge in enumerate(kept)]
    new = replace(made.procedure, edges=tuple(kept))
    if journal.state.outcome is not None:
        return
    found = against(journal, new)
    if found.state is None:
        assert found.misfits, "what does not fit is told"
        return
    begun = [name for name, each in journal.state.nodes.items() if each.released_at is not None]
    assert stands(found.state, begun) == stands(journal.state, begun)
    on = migrated(journal, new)
    on.run(answer, facts_max=4_000)
    assert fold(new, on.facts) == on.state
    assert on.state.outcome in (None, RunStatus.COMPLETED, RunStatus.STOPPED)


def test_a_promised_answer_is_still_waited_for() -> None:
    journal = Journal(program([node("a", outputs=fields("x")), node("b")], [("a", "b")]))
    journal.run(lambda _: Wait())
    assert whys(against(journal, version([node("a", outputs=fields("x")), node("b")], [("a", "b")]))) == []
    found = against(journal, version([node("a", outputs=fields("y")), node("b")], [("a", "b")]))
    assert whys(found) == ["a has been asked, and would have to answer other outputs"]
    assert journal.now == START
