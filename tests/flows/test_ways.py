"""Joins that do not wait for all, and switches: what is released, what is cut off, how a run ends."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.flows.calls import Done, Failed, NodeCall, NodeOutcome
from opsdesk.flows.engine import Execute, decide, fold, next_wake
from opsdesk.flows.expressions import compile_conditions
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.live_run import LiveRun
from opsdesk.flows.procedure import EdgeMode, NodeType
from opsdesk.flows.program import Program
from opsdesk.flows.record import osop_log
from opsdesk.flows.settle import Arrival, ArrivalKind, take_in
from opsdesk.flows.state import NodePhase, RunStatus
from opsdesk.flows.text_view import told
from opsdesk.flows.waits import person_asked
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from opsdesk.kit.ids import new_id
from tests.flows.documents import codes_of, document, error_in, findings_of, read
from tests.flows.graphs import START, Journal, any_graph, node, program
from tests.flows.test_engine import OUTCOMES, programs
from tests.flows.workers import HEAD, World, ended, start, working

FORK = [("a", "b"), ("a", "c"), ("a", "d"), ("b", "e"), ("c", "e"), ("d", "e")]
FOUR = """
- {id: a, type: human, name: A, outputs: [kind]}
- {id: b, type: human, name: B, outputs: [x]}
- {id: c, type: human, name: C, outputs: [x, y]}
- {id: d, type: human, name: D, inputs: [x, y]}
"""


def joined(made: Program, **counts: int) -> Program:
    """The same, with nodes that wait for so many edges only."""
    edges = tuple(replace(edge, join_count=counts.get(edge.target)) for edge in made.procedure.edges)
    procedure = replace(made.procedure, edges=edges)
    return Program(procedure, compile_conditions(procedure))


def fork(needed: int, *more: tuple[object, ...], **types: NodeType) -> Program:
    edges: list[tuple[object, ...]] = [*FORK, *more]
    names = dict.fromkeys(str(end) for edge in edges for end in edge[:2])
    return joined(program([node(name, type=types.get(name, NodeType.API)) for name in names], edges), e=needed)


def failing(*names: str) -> Callable[[Execute], NodeOutcome]:
    return lambda command: Failed("E", "e") if command.node in names else Done({})


def after_first_calls(journal: Journal, count: int) -> Journal:
    """So many calls have ended, in the order of the document."""
    calls = iter(range(count))
    journal.run(lambda command: Done({}), stop=lambda: next(calls, None) is None)
    return journal


@pytest.mark.req("FLO-301")
@pytest.mark.parametrize(("needed", "executed"), [(1, ["a", "b", "e"]), (2, ["a", "b", "c", "e"])])
def test_a_join_runs_with_the_first_branches_and_the_others_are_cut_off(needed: int, executed: list[str]) -> None:
    journal = Journal(fork(needed))
    state = journal.run()
    assert [name for name, _ in journal.executed] == executed
    assert (state.outcome, state.outcome_reason) == (RunStatus.COMPLETED, "ended at e")
    cut = [name for name, each in state.nodes.items() if each.cut_off]
    assert cut == [name for name in "bcd" if name not in executed]
    assert {state.nodes[name].phase for name in cut} == {NodePhase.SKIPPED}


@pytest.mark.req("FLO-301")
def test_a_branch_that_leads_elsewhere_too_runs_on_when_the_join_has_run() -> None:
    journal = Journal(fork(1, ("c", "elsewhere")))
    state = journal.run()
    assert [name for name, _ in journal.executed] == ["a", "b", "c", "e", "elsewhere"]
    assert state.nodes["d"].cut_off


@pytest.mark.req("FLO-301")
def test_an_answer_from_a_branch_that_was_cut_off_is_kept_and_changes_nothing() -> None:
    journal = after_first_calls(Journal(fork(1)), 1)
    commands = decide(journal.program.procedure, journal.state, START)
    late = next(command for command in commands if isinstance(command, Execute) and command.node == "c")
    journal.run()
    arrival = Arrival(1, ArrivalKind.SIGNAL, "c", 1, {"answer": {}}, "someone", START)
    (fact,) = take_in(journal.program, journal.state, arrival, START)
    assert (late.node, fact.kind) == ("c", "ignored")


@pytest.mark.req("FLO-301")
def test_the_ticket_of_a_branch_that_was_cut_off_is_closed() -> None:
    journal = after_first_calls(Journal(fork(1, b=NodeType.HUMAN)), 1)
    asked = journal.program.procedure.nodes["b"]
    journal.add(person_asked(asked, journal.state.nodes["b"], "t-1", START)[0])
    journal.run()
    ended = next(fact for fact in journal.facts if fact.node == "c")
    assert ended.payload["tickets"] == ["t-1"]
    live = LiveRun(new_id(), journal.program, journal.state, unsaved=[ended])
    assert live.tickets_to_close() == [("t-1", "cancelled")]


@pytest.mark.req("FLO-301")
def test_a_join_that_too_few_paths_come_to_stops_the_run_by_name() -> None:
    state = Journal(fork(2, ("b", "f", None, EdgeMode.FALLBACK), ("c", "f", None, EdgeMode.FALLBACK))).run(
        failing("b", "c")
    )
    assert (state.outcome, state.outcome_node) == (RunStatus.STOPPED, "e")
    assert state.outcome_reason == "1 of the 2 paths that e waits for came to it"


def test_the_record_says_which_branches_a_join_did_not_wait_for() -> None:
    journal = Journal(fork(1))
    journal.run()
    log = osop_log(journal.program.procedure, "r", journal.facts)
    skipped = [(each["node_id"], each["reason"]) for each in log["node_records"] if each["status"] == "SKIPPED"]
    reason = "the join behind it did not wait for it"
    assert sorted(skipped) == [("c", reason), ("d", reason)]


@st.composite
def with_joins(draw: st.DrawFn) -> Program:
    made = draw(programs())
    incoming = made.procedure.incoming
    counts = {name: draw(st.integers(1, len(incoming[name]))) for name in incoming if len(incoming[name]) > 1}
    return joined(made, **{name: count for name, count in counts.items() if draw(st.booleans())})


@pytest.mark.req("FLO-301")
@any_graph
@given(with_joins(), st.lists(OUTCOMES, min_size=9, max_size=9), st.data())
def test_joins_of_every_kind_end_or_wait_for_something_named_and_run_once(
    made: Program, outcomes: list[NodeOutcome], data: st.DataObject
) -> None:
    journal = Journal(made)
    state = journal.run(
        lambda command: outcomes[int(command.node[1:])],
        lambda executes: data.draw(st.integers(0, len(executes) - 1)),
    )
    assert len(set(journal.executed)) == len(journal.executed), "a node was executed twice in one attempt"
    assert fold(made.procedure, journal.facts) == state
    if state.outcome is None:
        assert next_wake(decide(made.procedure, state, journal.now))[1]
    for edge in made.procedure.edges:
        if state.nodes[edge.target].phase is NodePhase.PENDING:
            assert state.outcome is None, "a run ended before a node that could still have run"


SWITCH = "- {from: a, to: b, mode: switch, when: kind, cases: [{value: card, to: b}, {value: 7, to: c}]%s}"


@pytest.mark.req("FLO-301")
@pytest.mark.parametrize(
    ("kind", "taken"), [("card", "b"), (7, "c"), (7.0, "c"), ("7", "d"), (None, "d"), (True, "d"), ("Card", "d")]
)
def test_a_switch_takes_the_way_of_its_case_or_the_default(kind: object, taken: str) -> None:
    procedure = read(document(nodes=FOUR, edges=SWITCH % ", default_to: d"))
    procedure = replace(
        procedure, nodes={name: replace(each, type=NodeType.API) for name, each in procedure.nodes.items()}
    )
    made = Program(procedure, compile_conditions(procedure))
    journal = Journal(made)
    outputs: dict[str, dict[str, object]] = {"a": {"kind": kind}, "b": {"x": 1}, "c": {"x": 1, "y": 1}, "d": {}}
    state = journal.run(lambda command: Done(outputs[command.node]))
    assert [name for name, _ in journal.executed] == ["a", taken]
    assert state.outcome is RunStatus.COMPLETED


@pytest.mark.req("FLO-301")
def test_a_switch_without_a_case_for_the_value_stops_the_run_by_name() -> None:
    procedure = read(document(nodes=FOUR, edges=SWITCH % "" + "\n- {from: b, to: d}"))
    made = Program(procedure, compile_conditions(procedure))
    journal = Journal(made)
    journal.run()
    answer = Arrival(1, ArrivalKind.DECISION, "a", 1, {"answer": {"kind": "cash"}}, "someone", START)
    journal.add(*take_in(made, journal.state, answer, START))
    assert (journal.run().outcome, journal.state.outcome_node) == (RunStatus.STOPPED, "a")


def test_the_way_that_a_switch_took_is_told_by_its_target() -> None:
    procedure = read(document(nodes=FOUR, edges=SWITCH % ", default_to: d"))
    fact = Fact(FactKind.NODE_ENDED, START, "a", payload={"outputs": {}, "taken": [20_000]})
    assert told(procedure, fact).endswith("→ d")


def test_the_ways_of_a_switch_keep_their_numbers_in_the_journal() -> None:
    procedure = read(document(nodes=FOUR, edges=f"- {{from: a, to: d}}\n{SWITCH % ', default_to: d'}"))
    ways = [(edge.index, edge.place, edge.target, edge.condition) for edge in procedure.edges]
    assert ways == [
        (0, 0, "d", None),
        (1, 1, "b", 'kind == "card"'),
        (10_001, 1, "c", "kind == 7"),
        (20_001, 1, "d", 'kind != "card" && kind != 7'),
    ]


@pytest.mark.parametrize(
    ("edge", "code"),
    [
        ("- {from: a, to: b, mode: switch, when: kind}", "OSOP111"),
        ("- {from: a, to: b, mode: switch, when: kind, cases: [{to: b}]}", "OSOP111"),
        ("- {from: a, to: b, mode: switch, when: kind, cases: [{value: 1}], default_to: b}", "OSOP111"),
        ("- {from: a, to: d, mode: switch, when: kind, cases: [{value: 1, to: b}]}", "OSOP112"),
        ("- {from: a, to: b, mode: switch, when: kind, cases: [{value: [1], to: b}], default_to: b}", "OSOP112"),
        ("- {from: a, to: b, mode: switch, when: kind, cases: [{value: 1, to: b}, {value: 1, to: c}]}", "OSOP112"),
        ("- {from: a, to: b, mode: switch, when: kind, cases: [{value: 1, to: b, from: a}]}", "OSOP110"),
        ("- {from: a, to: b, mode: switch, when: kind, cases: [{value: 1, to: nowhere}], default_to: b}", "OSOP201"),
        ("- {from: a, to: b, mode: switch, cases: [{value: 1, to: b}]}", "OSOP118"),
        ("- {from: a, to: b, join_mode: wait_some}", "OSOP112"),
        ("- {from: a, to: b, join_mode: wait_n, join_count: 0}", "OSOP112"),
    ],
)
def test_a_switch_or_join_that_says_too_little_is_refused(edge: str, code: str) -> None:
    assert error_in(document(nodes=FOUR, edges=edge))[0] == code


@pytest.mark.req("FLO-203")
def test_a_switch_with_a_default_is_proved_to_cover_every_value() -> None:
    text = document(nodes=FOUR, edges=SWITCH % ", default_to: d")
    assert [finding.code for finding in findings_of(text) if finding.code.startswith("OSOP40")] == ["OSOP403"]
    gap = document(nodes=FOUR, edges=SWITCH % "")
    assert "OSOP401" in codes_of(gap)


@pytest.mark.req("FLO-202")
@pytest.mark.parametrize(
    ("join", "maybe"), [("", set()), (", join_mode: wait_any", {"y"}), (", join_mode: wait_n, join_count: 2", {"y"})]
)
def test_of_a_join_that_does_not_wait_for_all_lint_knows_what_it_surely_sees(join: str, maybe: set[str]) -> None:
    edges = f"- {{from: a, to: b}}\n- {{from: a, to: c}}\n- {{from: b, to: d{join}}}\n- {{from: c, to: d}}\n"
    edges += "- {from: d, to: e, when: x == 1 && y == 2}\n- {from: d, to: f, when: x != 1}"
    nodes = FOUR + "- {id: e, type: human, name: E}\n- {id: f, type: human, name: F}\n"
    found = findings_of(document(nodes=nodes, edges=edges))
    told = [finding.message for finding in found if finding.code == "OSOP303"]
    assert {name for name in ("x", "y") if any(f": {name} may be missing" in message for message in told)} == maybe


RACE = f"""{HEAD}
nodes:
  - {{id: quick, type: api, purpose: p, runtime: {{url: "https://a.test"}}}}
  - {{id: slow, type: api, purpose: p, runtime: {{url: "https://a.test"}}}}
  - id: asked
    type: human
    purpose: p
    role: officer
  - {{id: end, type: api, purpose: p, runtime: {{url: "https://a.test"}}}}
edges:
  - {{from: quick, to: end, join_mode: wait_any}}
  - {{from: slow, to: end}}
  - {{from: asked, to: end}}
"""


@pytest.mark.req("FLO-301")
async def test_a_run_ends_without_the_call_and_the_ticket_that_its_join_did_not_wait_for(
    db: Database, clock: ManualClock
) -> None:
    called, never = asyncio.Event(), asyncio.Event()

    async def slow(call: NodeCall) -> NodeOutcome:
        called.set()
        await never.wait()
        return Done({})

    async def quick(call: NodeCall) -> NodeOutcome:
        await called.wait()
        return Done({})

    world = World({"slow": slow, "quick": quick})
    async with working(db, world, clock):
        run_id = await start(db, clock, RACE)
        run = await ended(db, run_id)
    assert (run.status, run.outcome_reason) == ("completed", "ended at end")
    assert world.closed == [("ticket-1", "cancelled")]
