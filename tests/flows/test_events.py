"""Edges that wait for an event: what takes them, what they give, and what becomes of an event nobody waits for."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.flows import arrivals, runs
from opsdesk.flows.calls import Done, Failed, NodeOutcome
from opsdesk.flows.engine import Sleep, decide, fold, next_wake, status
from opsdesk.flows.errors import KeyReused, NobodyWaits, RunFinished, TooManyRuns
from opsdesk.flows.events import RUNS_MAX
from opsdesk.flows.live_run import LiveRun
from opsdesk.flows.procedure import EdgeMode, NodeType
from opsdesk.flows.program import Program
from opsdesk.flows.settle import Arrival, ArrivalKind, take_in
from opsdesk.flows.state import NodePhase, RunStatus
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from opsdesk.kit.ids import new_id
from tests.actors import actor
from tests.flows.documents import codes_of, document
from tests.flows.graphs import START, Journal, any_graph, fields, node, program
from tests.flows.test_engine import phases
from tests.flows.test_loops import answering, with_loops
from tests.flows.workers import HEAD, World, ended, facts_of, start, until, working

EVENT = EdgeMode.EVENT
PAID = "event.name == 'paid' && event.data.amount >= price"
ORDER = [node("offer", outputs=fields("price")), node("ship"), node("close")]
OFFERED = [("offer", "ship", PAID, EVENT), ("offer", "close", "event.name == 'declined'", EVENT)]


EITHER = [node("a"), node("slow", type=NodeType.HUMAN), node("end")]
RACE = [
    ("a", "end", "event.name == 'paid'", EVENT, {"join_count": 1}),
    ("a", "slow"),
    ("slow", "end", None, EdgeMode.SEQUENTIAL, {"join_count": 1}),
]


def offered() -> Journal:
    journal = Journal(program(ORDER, OFFERED))
    journal.run(lambda _: Done({"price": 100}))
    return journal


def tell(journal: Journal, name: str, data: Mapping[str, Any] | None = None) -> list[str]:
    """The kinds of the facts that the event makes."""
    event = {"name": name, "data": data or {}, "key": "k"}
    arrival = Arrival(1, ArrivalKind.EVENT, "", 1, {"event": event}, "someone", START)
    facts = take_in(journal.program, journal.state, arrival, START)
    journal.add(*facts)
    return [fact.kind.value for fact in facts]


@pytest.mark.req("FLO-301")
def test_a_run_waits_for_an_event_by_name_and_holds_nothing() -> None:
    journal = offered()
    assert status(journal.state) is RunStatus.WAITING
    at, name = next_wake(decide(journal.program.procedure, journal.state, START))
    assert (at, name) == (None, f"event: {PAID} (offer → ship)")


@pytest.mark.req("FLO-301")
def test_the_first_event_that_fits_takes_its_edge_and_ends_the_wait_of_the_others() -> None:
    journal = offered()
    assert tell(journal, "paid", {"amount": 100}) == ["event_came"]
    assert phases(journal) == {"offer": "done", "ship": "active", "close": "skipped"}
    assert tell(journal, "declined") == ["ignored"]
    assert journal.run().outcome is RunStatus.COMPLETED
    assert fold(journal.program.procedure, journal.facts) == journal.state


@pytest.mark.req("FLO-301")
def test_what_is_behind_an_event_sees_its_name_and_data() -> None:
    journal = offered()
    tell(journal, "paid", {"amount": 120})
    seen = {name: value for name, value in journal.state.nodes["ship"].scope.items() if name.startswith("event.")}
    assert seen == {"event.name": "paid", "event.data": {"amount": 120}, "event.key": "k"}


@pytest.mark.req("FLO-301")
@pytest.mark.parametrize("data", [{"amount": 99}, {"amount": "100"}, {}, {"amount": None}])
def test_an_event_whose_data_does_not_fit_is_kept_as_ignored_and_the_run_waits_on(data: dict[str, Any]) -> None:
    journal = offered()
    assert tell(journal, "paid", data) == ["ignored"]
    assert status(journal.state) is RunStatus.WAITING


@pytest.mark.req("FLO-301")
def test_a_join_that_does_not_wait_for_all_ends_the_wait_for_an_event() -> None:
    journal = Journal(program(EITHER, RACE))
    journal.run()
    decided = Arrival(1, ArrivalKind.DECISION, "slow", 1, {"answer": {}}, "someone", START)
    journal.add(*take_in(journal.program, journal.state, decided, START))
    assert journal.state.awaited == {}
    assert journal.run().outcome is RunStatus.COMPLETED


@pytest.mark.req("FLO-301")
def test_an_event_that_a_join_goes_on_with_closes_the_tickets_of_the_other_branches() -> None:
    journal = Journal(program(EITHER, RACE))
    journal.run()
    assert journal.state.nodes["slow"].phase is NodePhase.WAITING
    assert tell(journal, "paid") == ["event_came"]
    live = LiveRun(new_id(), journal.program, journal.state, unsaved=[journal.facts[-1]])
    assert live.tickets_to_close() == [("t-1", "cancelled")]
    assert journal.run().outcome is RunStatus.COMPLETED


def test_a_loop_does_not_go_round_while_an_event_is_waited_for_inside_it() -> None:
    nodes = [node("a", outputs=fields("x")), node("b"), node("c")]
    edges = [("a", "b"), ("b", "c", "event.name == 'go'", EVENT), ("a", "a", "x < 2", EdgeMode.LOOP)]
    journal = Journal(program(nodes, edges))
    journal.run(lambda command: Done({"x": command.iteration}))
    assert [name for name, _ in journal.iterations] == ["a", "a", "b"]
    tell(journal, "go")
    assert journal.run().outcome is RunStatus.COMPLETED


def test_a_node_that_fails_waits_for_no_event() -> None:
    edges = [("a", "b", "event.name == 'x'", EVENT), ("a", "c", None, EdgeMode.FALLBACK)]
    journal = Journal(program([node("a"), node("b"), node("c")], edges))
    state = journal.run(lambda command: Failed("E", "e") if command.node == "a" else Done({}))
    assert (state.outcome, state.awaited) == (RunStatus.COMPLETED, {})


@st.composite
def with_events(draw: st.DrawFn) -> Program:
    """As `with_loops`, and some edges wait for an event."""
    made = draw(with_loops()).procedure
    edges: list[tuple[Any, ...]] = []
    for edge in made.edges:
        more = {"for_each": edge.for_each, "rounds_max": edge.rounds_max}
        waits = edge.mode is EdgeMode.SEQUENTIAL and draw(st.booleans())
        condition = draw(st.sampled_from(["event.name == 'e'", "event.name == 'f'"])) if waits else edge.condition
        edges.append((edge.source, edge.target, condition, EVENT if waits else edge.mode, more))
    return program(list(made.nodes.values()), edges)


OUTPUTS: list[NodeOutcome] = [Done({"x": 1}), Done({"x": 2})]


@pytest.mark.req("FLO-301")
@any_graph
@given(with_events(), st.lists(st.sampled_from(OUTPUTS), min_size=9, max_size=9))
def test_a_run_that_is_told_every_event_ends_whatever_it_waits_for(made: Program, outputs: list[NodeOutcome]) -> None:
    journal = Journal(made)
    for _ in range(2_000):
        state = journal.run(answering(outputs), facts_max=20_000)
        if not state.awaited:
            break
        named = [command.why for command in decide(made.procedure, state, journal.now) if isinstance(command, Sleep)]
        assert len([why for why in named if why.startswith("event: event.name ==")]) == len(state.awaited)
        assert "event_came" in tell(journal, "e") + tell(journal, "f")
    assert fold(made.procedure, journal.facts) == journal.state
    assert journal.state.outcome is not None or status(journal.state) is RunStatus.BLOCKED
    assert len(set(journal.iterations)) == len(journal.iterations), "a node was executed twice in one iteration"


TWO = """
- {id: a, type: api, name: A, runtime: {url: "https://a.test"}, outputs: [price]}
- {id: b, type: api, name: B, runtime: {url: "https://b.test/%s"}}
"""


@pytest.mark.req("FLO-202", "FLO-301")
@pytest.mark.parametrize(
    ("reference", "edge", "codes"),
    [
        ("${event.data.amount}/${event.name}", f'- {{from: a, to: b, mode: event, when: "{PAID}"}}', set()),
        ("${event.date}", "- {from: a, to: b, mode: event, when: event.name == 'paid'}", {"OSOP322"}),
        ("${event.name}", "- {from: a, to: b}", {"OSOP322"}),
        ("", "- {from: a, to: b, when: event.name == 'paid'}", {"OSOP302"}),
        ("", "- {from: a, to: b, mode: event}", {"OSOP118"}),
    ],
)
def test_lint_knows_the_names_of_an_event(reference: str, edge: str, codes: set[str]) -> None:
    found = codes_of(document(nodes=TWO % reference, edges=edge))
    assert {code for code in found if code[:5] in ("OSOP2", "OSOP3") or code == "OSOP118"} == codes


WAITS = f"""{HEAD}
inputs: {{email: {{}}}}
nodes:
  - {{id: ask, type: api, purpose: p, runtime: {{url: "https://a.test"}}}}
  - {{id: ship, type: api, purpose: p, runtime: {{url: "https://a.test"}}}}
edges:
  - {{from: ask, to: ship, mode: event, when: "event.name == 'paid'"}}
"""


async def send(db: Database, clock: ManualClock, name: str = "paid", **more: Any) -> list[UUID]:
    async with db.transaction() as conn:
        data = more.pop("data", {})
        return await arrivals.send_event(conn, name=name, data=data, actor=actor("sender"), now=clock.now(), **more)


async def waiting(db: Database, clock: ManualClock, email: str = "customer@example.com") -> UUID:
    run_id = await start(db, clock, WAITS, {"email": email})
    await until(db, run_id, lambda run: (run.wake_name or "").startswith("event: "))
    return run_id


@pytest.mark.req("FLO-301")
async def test_an_event_for_a_run_leads_it_on_once_for_its_key(db: Database, clock: ManualClock) -> None:
    async with working(db, World(), clock):
        run_id = await waiting(db, clock)
        for _ in range(2):
            assert await send(db, clock, run_id=run_id, key="k", data={"amount": 1}) == [run_id]
        assert (await ended(db, run_id)).status == "completed"
        assert await send(db, clock, run_id=run_id, key="k", data={"amount": 1}) == [run_id]
        with pytest.raises(KeyReused):
            await send(db, clock, run_id=run_id, key="k", data={"amount": 2})
        with pytest.raises(RunFinished):
            await send(db, clock, run_id=run_id)
        assert ("event_came", "ask") in await facts_of(db, run_id)


@pytest.mark.req("FLO-301")
async def test_an_event_about_a_subject_reaches_every_run_about_them_that_waits(
    db: Database, clock: ManualClock
) -> None:
    async with working(db, World(), clock):
        mine = [await waiting(db, clock) for _ in range(2)]
        other = await waiting(db, clock, "other@example.com")
        for _ in range(2):
            assert await send(db, clock, subject="Customer@Example.com", key="k") == sorted(mine)
        for run_id in mine:
            assert (await ended(db, run_id)).status == "completed"
        assert await send(db, clock, subject="customer@example.com", key="k") == sorted(mine)
        async with db.connection() as conn:
            assert (await runs.read_state(conn, other))[1].outcome is None


@pytest.mark.req("FLO-301")
async def test_an_event_that_nobody_waits_for_is_refused_and_nothing_of_it_is_kept(
    db: Database, clock: ManualClock
) -> None:
    async with working(db, World(), clock):
        run_id = await waiting(db, clock)
        for about in ({"run_id": run_id}, {"subject": "customer@example.com"}, {"subject": "nobody@example.com"}):
            with pytest.raises(NobodyWaits):
                await send(db, clock, "shipped", **about)
        async with db.connection() as conn:
            found = await (await conn.execute(b"select count(*) from flow_inbox")).fetchone()
        assert found == (0,)


async def test_more_open_runs_than_an_event_is_told_to_are_a_stated_refusal(db: Database, clock: ManualClock) -> None:
    for number in range(RUNS_MAX + 1):
        await start(db, clock, WAITS, {"email": "customer@example.com"}, key=str(number))
    with pytest.raises(TooManyRuns):
        await send(db, clock, subject="customer@example.com")
