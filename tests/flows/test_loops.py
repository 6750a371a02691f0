"""Loops: what begins again and when, what its nodes see, where it ends."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.flows.calls import Done, NodeOutcome
from opsdesk.flows.engine import Execute, decide, fold, next_wake, status
from opsdesk.flows.facts import FactKind
from opsdesk.flows.live_run import LiveRun
from opsdesk.flows.procedure import EdgeMode
from opsdesk.flows.program import Program
from opsdesk.flows.record import osop_log
from opsdesk.flows.rounds import ITEMS_MAX, ROUNDS_MAX
from opsdesk.flows.runs import JournalRow
from opsdesk.flows.settle import Arrival, ArrivalKind, take_in
from opsdesk.flows.state import NodePhase, RunStatus
from opsdesk.flows.views import FactView, sight
from opsdesk.kit.ids import new_id
from tests.actors import actor
from tests.flows.documents import codes_of, document, error_in, findings_of, read
from tests.flows.graphs import START, Journal, any_graph, fields, node, program
from tests.flows.test_engine import OUTCOMES, phases, programs

LOOP = EdgeMode.LOOP
DRAFT = [node("draft", outputs=fields("text")), node("review", outputs=fields("ok", "notes")), node("send")]
REVIEWED = [
    ("draft", "review"),
    ("review", "draft", "ok == false", LOOP, {"rounds_max": 3}),
    ("review", "send", "ok == true"),
]


def reviews(*verdicts: bool) -> Journal:
    """A draft that is reviewed again and again, with these verdicts."""
    journal = Journal(program(DRAFT, REVIEWED))

    def answer(command: Execute) -> NodeOutcome:
        if command.node == "review":
            return Done({"ok": verdicts[command.iteration - 1], "notes": f"notes {command.iteration}"})
        return Done({"text": f"text {command.iteration}"} if command.node == "draft" else {})

    journal.run(answer)
    return journal


@pytest.mark.req("FLO-301")
def test_a_loop_goes_back_as_long_as_its_condition_holds_and_then_on() -> None:
    journal = reviews(False, False, True)
    again = [(name, iteration) for iteration in (1, 2, 3) for name in ("draft", "review")]
    assert journal.iterations == [*again, ("send", 1)]
    assert (journal.state.outcome, journal.state.outcome_reason) == (RunStatus.COMPLETED, "ended at send")


@pytest.mark.req("FLO-301")
def test_a_node_that_a_loop_leads_back_to_sees_what_the_round_before_came_to() -> None:
    journal = Journal(program(DRAFT, REVIEWED))
    made: dict[str, dict[str, Any]] = {"draft": {"text": "t"}, "review": {"ok": False, "notes": "shorter"}}
    journal.run(lambda command: Done(made[command.node]), stop=lambda: len(journal.executed) == 2)
    journal.run(stop=lambda: journal.state.nodes["draft"].iteration == 2)
    draft = journal.state.nodes["draft"]
    assert draft.scope == {"text": "t", "ok": False, "notes": "shorter", "loop.iteration": 2}
    (command,) = [each for each in decide(journal.program.procedure, journal.state, START) if isinstance(each, Execute)]
    call = LiveRun(new_id(), journal.program, journal.state).call(command, "")
    assert call.outputs["review"]["notes"] == "shorter"
    assert call.idempotency_key.endswith(":draft:2")


@pytest.mark.req("FLO-301")
def test_a_loop_that_never_comes_to_its_end_is_an_incident_at_its_limit() -> None:
    journal = reviews(False, False, False)
    assert (status(journal.state), journal.state.nodes["review"].phase) == (RunStatus.BLOCKED, NodePhase.BLOCKED)
    failed = journal.facts[-1]
    assert (failed.kind, failed.payload["code"]) == (FactKind.NODE_FAILED, "LoopLimit")
    assert "`ok == false`" in failed.payload["message"]


@pytest.mark.req("FLO-301")
def test_an_error_edge_takes_up_a_loop_that_is_at_its_limit() -> None:
    nodes = [node("a", outputs=fields("x")), node("give-up")]
    edges = [
        ("a", "a", "x == 1", LOOP, {"rounds_max": 2}),
        ("a", "give-up", "error.code == 'LoopLimit'", EdgeMode.ERROR),
    ]
    journal = Journal(program(nodes, edges))
    assert journal.run(lambda _: Done({"x": 1})).outcome is RunStatus.COMPLETED
    assert journal.iterations == [("a", 1), ("a", 2), ("give-up", 1)]


@pytest.mark.req("FLO-301")
def test_a_round_begins_when_everything_of_the_one_before_has_ended() -> None:
    nodes = [node("a"), node("b", outputs=fields("x")), node("c"), node("d")]
    edges = [("a", "b"), ("a", "c"), ("c", "d"), ("b", "a", "x < 2", LOOP)]
    for pick in (lambda _: 0, lambda executes: len(executes) - 1):
        journal = Journal(program(nodes, edges))
        journal.run(lambda command: Done({"x": command.iteration}), pick)
        assert sorted(journal.iterations) == [(name, number) for name in "abcd" for number in (1, 2)]
        assert journal.iterations.index(("a", 2)) == 4


@pytest.mark.req("FLO-301")
def test_a_detour_runs_only_when_its_loop_goes_there_and_joins_again() -> None:
    nodes = [node("a"), node("check", outputs=fields("ok")), node("mend"), node("end")]
    edges = [("a", "check"), ("check", "mend", "!ok", LOOP), ("mend", "check"), ("check", "end", "ok")]
    straight = Journal(program(nodes, edges))
    straight.run(lambda _: Done({"ok": True}))
    assert [name for name, _ in straight.iterations] == ["a", "check", "end"]
    around = Journal(program(nodes, edges))
    around.run(lambda command: Done({"ok": command.iteration == 2}))
    assert around.iterations == [("a", 1), ("check", 1), ("mend", 1), ("check", 2), ("end", 1)]


class Listed(Journal):
    """A journal with what each run of the node `each` saw."""

    scopes: list[dict[str, Any]]


def over(items: object, *, limit: int = ITEMS_MAX) -> Listed:
    nodes = [node("list", outputs=fields("rows")), node("each"), node("after")]
    loop = {"for_each": "rows", "iterator_var": "row", "rounds_max": limit}
    journal = Listed(program(nodes, [("list", "each", None, LOOP, loop), ("each", "after", "loop.last")]))
    journal.scopes = []

    def answer(command: Execute) -> NodeOutcome:
        if command.node == "each":
            journal.scopes.append(dict(journal.state.nodes["each"].scope))
        return Done({"rows": items} if command.node == "list" else {})

    journal.run(answer)
    return journal


@pytest.mark.req("FLO-301")
def test_the_target_of_a_for_each_and_what_is_behind_it_runs_for_every_item_in_order() -> None:
    journal = over([{"id": 7}, "b"])
    assert journal.iterations == [("list", 1), ("each", 1), ("each", 2), ("after", 1)]
    first, second = journal.scopes
    assert (first["loop.row"], second["loop.row"], second["loop.item"]) == ({"id": 7}, "b", "b")
    assert [first[f"loop.{name}"] for name in ("index", "iteration", "count", "first", "last")] == [
        0,
        1,
        2,
        True,
        False,
    ]
    assert [second[f"loop.{name}"] for name in ("index", "iteration", "count", "first", "last")] == [
        1,
        2,
        2,
        False,
        True,
    ]


@pytest.mark.req("FLO-301")
def test_nothing_behind_an_empty_list_runs_and_that_is_no_dead_end() -> None:
    journal = over([])
    assert phases(journal) == {"list": "done", "each": "skipped", "after": "skipped"}
    assert journal.state.outcome is RunStatus.COMPLETED


@pytest.mark.req("FLO-301")
def test_a_list_over_the_limit_is_a_stated_error_and_nothing_of_it_is_kept() -> None:
    assert over(list(range(3)), limit=3).state.outcome is RunStatus.STOPPED
    for items, limit in ((list(range(4)), 3), ([0] * 1_000_000, ROUNDS_MAX)):
        journal = over(items, limit=limit)
        failed = journal.facts[-1]
        assert (status(journal.state), failed.payload["code"]) == (RunStatus.BLOCKED, "TooManyItems")
        assert len(str(failed.payload)) < 400
        assert journal.executed == [("list", 1)]


@pytest.mark.req("FLO-301")
def test_what_is_no_list_blocks_the_run_and_names_the_expression() -> None:
    journal = over("abc")
    blocked = journal.facts[-1]
    assert (blocked.kind, blocked.payload["message"]) == (FactKind.NODE_BLOCKED, "the result is no list")


@pytest.mark.req("FLO-301")
def test_the_loops_of_a_run_together_have_a_limit() -> None:
    nodes = [node("a", outputs=fields("rows")), node("b", outputs=fields("rows")), node("c")]
    edges = [
        ("a", "b", None, LOOP, {"for_each": "rows", "rounds_max": ROUNDS_MAX}),
        ("b", "c", None, LOOP, {"for_each": "rows", "rounds_max": ROUNDS_MAX}),
    ]
    journal = Journal(program(nodes, edges))
    journal.run(
        lambda command: Done({"rows": [0] * (ROUNDS_MAX if command.node == "a" else 3)}),
        stop=lambda: len(journal.executed) == 2,
    )
    failed = journal.facts[-1]
    assert (failed.node, failed.payload["code"]) == ("b", "LoopLimit")


def test_a_round_that_stops_before_the_last_stops_the_run_after_all_rounds() -> None:
    nodes = [node("list", outputs=fields("rows")), node("each", outputs=fields("ok")), node("after")]
    edges = [("list", "each", None, LOOP, {"for_each": "rows"}), ("each", "after", "ok")]
    journal = Journal(program(nodes, edges))
    state = journal.run(lambda command: Done({"rows": [1, 2, 3], "ok": command.iteration != 2}))
    assert [name for name, _ in journal.iterations] == ["list", "each", "after", "each", "each", "after"]
    assert (state.outcome, state.outcome_node) == (RunStatus.STOPPED, "each")
    assert state.outcome_reason == "no condition held after each: `ok` (round 2 of 3)"


def test_a_loop_inside_another_begins_anew_in_every_round_of_it() -> None:
    nodes = [node("list", outputs=fields("rows")), node("try", outputs=fields("ok"))]
    edges = [("list", "try", None, LOOP, {"for_each": "rows"}), ("try", "try", "!ok", LOOP, {"rounds_max": 2})]
    journal = Journal(program(nodes, edges))
    state = journal.run(lambda command: Done({"rows": [1, 2], "ok": command.iteration % 2 == 0}))
    assert [each[1] for each in journal.iterations[1:]] == [1, 2, 3, 4]
    assert state.outcome is RunStatus.COMPLETED


def test_a_person_who_has_a_node_run_again_begins_the_loops_behind_it_anew() -> None:
    journal = Journal(program([node("start"), *DRAFT], [("start", "draft"), *REVIEWED]))
    never: dict[str, dict[str, Any]] = {"draft": {"text": ""}, "review": {"ok": False, "notes": ""}, "start": {}}
    journal.run(lambda command: Done(never[command.node]))
    assert journal.state.loops[2].round == 3
    rerun = Arrival(1, ArrivalKind.RERUN, "start", 1, {"reason": "again"}, "ops", START)
    journal.add(*take_in(journal.program, journal.state, rerun, START))
    assert journal.state.loops == {}
    journal.run(lambda command: Done(never[command.node]))
    assert journal.state.nodes["review"].iteration == 6


def test_the_record_holds_every_round_of_a_loop() -> None:
    journal = reviews(False, True)
    records = osop_log(journal.program.procedure, "r", journal.facts)["node_records"]
    assert [(each["node_id"], each.get("iteration", 1), each["status"]) for each in records] == [
        ("draft", 1, "COMPLETED"),
        ("review", 1, "COMPLETED"),
        ("draft", 2, "COMPLETED"),
        ("review", 2, "COMPLETED"),
        ("send", 1, "COMPLETED"),
    ]


@st.composite
def with_loops(draw: st.DrawFn) -> Program:
    """As `programs`, with loops that lead back and loops over lists."""
    made = draw(programs()).procedure
    edges: list[tuple[Any, ...]] = []
    for edge in made.edges:
        loop = edge.condition is None and edge.mode is EdgeMode.SEQUENTIAL and draw(st.integers(0, 2)) == 0
        if loop:
            edges.append((edge.source, edge.target, None, LOOP, {"for_each": "items"}))
        else:
            edges.append((edge.source, edge.target, edge.condition, edge.mode))
    pairs = [(source, target) for target in made.nodes for source in made.behind(target)]
    for source, target in draw(st.lists(st.sampled_from(sorted(pairs)), unique=True, max_size=2)):
        condition = draw(st.sampled_from(["x == 1", "x != 1", "loop.iteration < 2"]))
        edges.append((source, target, condition, LOOP, {"rounds_max": draw(st.integers(1, 3))}))
    outputs = fields("x", "items")
    return program([node(name, outputs=outputs, retry=each.retry) for name, each in made.nodes.items()], edges)


def answering(outcomes: Sequence[NodeOutcome]) -> Callable[[Execute], NodeOutcome]:
    def answer(command: Execute) -> NodeOutcome:
        outcome = outcomes[(int(command.node[1:]) + command.iteration) % len(outcomes)]
        if isinstance(outcome, Done):
            return Done({**outcome.outputs, "items": list(range(int(command.node[1:]) % 4))})
        return outcome

    return answer


@pytest.mark.req("FLO-301")
@any_graph
@given(with_loops(), st.lists(OUTCOMES, min_size=9, max_size=9))
def test_runs_with_loops_end_or_wait_and_the_order_of_branches_changes_nothing(
    made: Program, outcomes: Sequence[NodeOutcome]
) -> None:
    ends = []
    for pick in (lambda executes: 0, lambda executes: len(executes) - 1):
        journal = Journal(made)
        state = journal.run(answering(outcomes), pick, facts_max=4_000)
        calls = list(zip(journal.executed, journal.iterations, strict=True))
        assert len(set(calls)) == len(calls), "a node was executed twice in one attempt of one iteration"
        assert len(journal.facts) < 4_000, "the loops of so small a procedure end before"
        assert fold(made.procedure, journal.facts) == state
        if state.outcome is None:
            assert next_wake(decide(made.procedure, state, journal.now))[1]
            assert status(state) is RunStatus.BLOCKED
        ends.append((state.outcome, phases(journal), state.edges, sorted(journal.iterations)))
    assert ends[0] == ends[1], "the outcome depends on the order in which branches end"


LIST = """
- {id: list, type: api, name: L, runtime: {url: https://a.test}, outputs: [rows, again]}
- {id: each, type: api, name: E, runtime: {url: "https://b.test/%s"}, outputs: [ok, again]}
"""
BACK = "- {from: list, to: each}\n- {from: each, to: list, mode: loop, when: again == true}"
EACH = "- {from: list, to: each, mode: loop, for_each: outputs.list.rows, iterator_var: row}"


@pytest.mark.req("FLO-301", "FLO-202")
@pytest.mark.parametrize(
    ("reference", "edges", "codes"),
    [
        ("${loop.row.id}/${loop.index}", EACH, set()),
        ("${loop.row}", "- {from: list, to: each}", {"OSOP322"}),
        ("${loop.roww}", EACH, {"OSOP322"}),
        ("", EACH.replace("outputs.list.rows", "nothing"), {"OSOP302"}),
        ("", EACH + "\n- {from: each, to: each, mode: loop, when: again == true && loop.iteration < 3}", set()),
        (
            "${loop.iteration}",
            "- {from: list, to: each}\n- {from: each, to: list, mode: loop, when: again == true}",
            set(),
        ),
        ("", "- {from: list, to: each}\n- {from: list, to: each, mode: loop, when: again == true}", {"OSOP212"}),
        ("", "- {from: list, to: each, when: loop.last}", {"OSOP302"}),
    ],
)
def test_lint_knows_the_names_inside_loops(reference: str, edges: str, codes: set[str]) -> None:
    found = codes_of(document(nodes=LIST % reference, edges=edges))
    assert {code for code in found if code[:5] in ("OSOP2", "OSOP3")} == codes


@pytest.mark.req("FLO-202")
def test_lint_says_that_an_output_of_the_round_before_may_be_missing_in_the_first() -> None:
    nodes = LIST.replace("https://a.test", "'https://a.test/${ok}'") % ""
    (finding,) = [each for each in findings_of(document(nodes=nodes, edges=BACK)) if each.code == "OSOP323"]
    assert "${ok} may be missing" in finding.message


@pytest.mark.parametrize(
    "more",
    [
        "max_iterations: 0",
        "max_iterations: 10001",
        "iterator_var: 'a b'",
        "iterator_var: index",
        "for_each: ''",
        "for_each: 7",
    ],
)
def test_a_loop_with_a_field_that_says_nothing_is_refused(more: str) -> None:
    edge = f"- {{from: first, to: second, mode: loop, {more}{'' if 'for_each' in more else ', for_each: score'}}}"
    assert error_in(document(edges=edge))[0] == "OSOP112"


def test_a_condition_beside_a_list_and_a_list_on_another_edge_are_not_honoured() -> None:
    edge = "- {from: first, to: second, mode: loop, for_each: score, when: flag == true}"
    assert "OSOP120" in codes_of(document(edges=edge))
    assert read(document(edges=edge)).edges[0].condition is None
    assert "OSOP120" in codes_of(document(edges="- {from: first, to: second, for_each: score}"))


def test_an_unknown_name_of_a_loop_is_told_as_it_is_written() -> None:
    found = findings_of(
        document(nodes=LIST % "", edges=EACH + "\n- {from: each, to: each, mode: loop, when: loop.lst}")
    )
    (finding,) = [each for each in found if each.code == "OSOP302"]
    assert "loop.lst" in finding.message


@pytest.mark.req("FLO-009")
def test_the_items_of_a_list_are_shown_to_nobody_in_the_journal() -> None:
    payload = {"outputs": {}, "taken": [0], "items": {"0": ["someone", "another"]}}
    row = JournalRow(2, "node_ended", START, "list", 1, payload)
    shown = FactView.of(row, sight(actor(), read(document(nodes=LIST % "", edges=EACH))))
    assert shown.payload["items"] == {"0": 2}
