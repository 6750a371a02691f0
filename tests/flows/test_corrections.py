"""Data corrected while a run is under way: what comes after sees it, and what was stays as it was."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from opsdesk.flows.corrections import corrected, decided_before, decided_upon, overlaid
from opsdesk.flows.document import load
from opsdesk.flows.engine import OpenTicket, apply, decide, fold
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.program import Program
from opsdesk.flows.settle import Arrival, ArrivalKind, ended, names, take_in
from opsdesk.flows.state import NodePhase, State

NOW = datetime(2026, 1, 5, 2, tzinfo=UTC)
DOCUMENT = """
osop_version: "2.0"
id: pay
name: Pay
nodes:
  - {id: price, type: system, name: Price, runtime: {operation: log, message: m}, outputs: [total]}
  - {id: review, type: human, name: Review, role: officer, inputs: [amount, total], outputs: [decision]}
  - {id: pay, type: system, name: Pay, runtime: {operation: log, message: m}, inputs: [amount, total]}
  - {id: book, type: system, name: Book, runtime: {operation: log, message: m}, inputs: [amount, total]}
edges:
  - {from: price, to: review}
  - {from: review, to: pay}
  - {from: pay, to: book}
"""


@pytest.fixture(scope="module")
def program() -> Program:
    loaded = load(DOCUMENT, name="pay.osop.yaml")
    assert loaded.procedure is not None
    return Program(loaded.procedure, {})


@pytest.fixture
def state(program: Program) -> State:
    """Somebody is asked about an amount of 100 and a total of 120."""
    state = fold(program.procedure, [started()])
    record(program, state, ended(program, state, "price", {"total": 120}, NOW))
    waiting = {"reason": "person", "ticket": "t-1", "attempt": 1, "role": "officer"}
    record(program, state, Fact(FactKind.NODE_WAITING, NOW, "review", 1, waiting))
    return state


def started() -> Fact:
    return Fact(FactKind.RUN_STARTED, NOW, payload={"inputs": {"amount": 100}, "actor": "key:portal"})


def record(program: Program, state: State, fact: Fact) -> None:
    apply(program.procedure, state, fact)


def arrive(
    program: Program, state: State, kind: ArrivalKind, payload: Mapping[str, Any], *, node: str = "", iteration: int = 1
) -> list[Fact]:
    arrival = Arrival(1, kind, node, iteration, payload, "key:operator", NOW)
    facts = take_in(program, state, arrival, NOW)
    for fact in facts:
        record(program, state, fact)
    return facts


def amend(program: Program, state: State, values: Mapping[str, Any], *, iteration: int = 1) -> list[Fact]:
    payload = {"values": values, "ticket": "t-1", "reason": "wrong"}
    return arrive(program, state, ArrivalKind.AMEND, payload, node="review", iteration=iteration)


def correct(program: Program, state: State, values: Mapping[str, Any], *amended: str) -> list[Fact]:
    payload = {"values": values, "amended": list(amended), "reason": "wrong"}
    return arrive(program, state, ArrivalKind.CORRECT, payload)


def decided(program: Program, state: State) -> None:
    arrive(program, state, ArrivalKind.DECISION, {"answer": {"decision": "approved"}}, node="review")


@pytest.mark.req("FLO-309")
def test_what_was_amended_is_what_everything_behind_sees_in_every_spelling(program: Program, state: State) -> None:
    amend(program, state, {"amount": 90, "total": 108})
    decided(program, state)
    record(program, state, ended(program, state, "pay", {}, NOW))
    for node in ("pay", "book"):
        assert (state.nodes[node].scope["amount"], state.nodes[node].scope["total"]) == (90, 108)
        seen = names(program, state, node, {})
        assert {seen["amount"], seen["inputs.amount"]} == {90}
        assert {seen["total"], seen["outputs.price.total"]} == {108}


@pytest.mark.req("FLO-309")
def test_what_has_happened_stays_as_it_happened(program: Program, state: State) -> None:
    amend(program, state, {"amount": 90, "total": 108})
    assert state.nodes["price"].outputs == {"total": 120}
    assert state.inputs == {"amount": 100}


@pytest.mark.req("FLO-309")
def test_an_amendment_of_an_earlier_iteration_is_kept_as_ignored(program: Program, state: State) -> None:
    (fact,) = amend(program, state, {"amount": 90}, iteration=2)
    assert fact.kind is FactKind.IGNORED
    assert state.nodes["review"].scope["amount"] == 100


@pytest.mark.req("FLO-309")
def test_a_run_again_from_before_an_amendment_begins_with_what_there_was(program: Program, state: State) -> None:
    amend(program, state, {"total": 108})
    arrive(program, state, ArrivalKind.RERUN, {"reason": "again"}, node="price")
    record(program, state, ended(program, state, "price", {"total": 200}, NOW))
    assert state.nodes["review"].scope["total"] == 200
    assert names(program, state, "review", {})["outputs.price.total"] == 200


@pytest.mark.req("FLO-309")
def test_corrected_inputs_are_seen_from_then_on(program: Program, state: State) -> None:
    (fact,) = correct(program, state, {"amount": 90}, "t-1")
    assert (fact.kind, fact.payload["again"], fact.payload["tickets"]) == (FactKind.RUN_CORRECTED, [], [])
    assert state.nodes["review"].phase is NodePhase.WAITING
    decided(program, state)
    seen = names(program, state, "pay", {})
    assert {seen["amount"], seen["inputs.amount"], state.inputs["amount"]} == {90}


@pytest.mark.req("FLO-309")
def test_a_ticket_that_could_not_be_amended_with_the_correction_is_asked_anew(program: Program, state: State) -> None:
    (fact,) = correct(program, state, {"amount": 90})
    assert (fact.payload["again"], fact.payload["tickets"]) == (["review"], ["t-1"])
    assert OpenTicket("review") in decide(program.procedure, state, NOW)
    review = state.nodes["review"]
    assert (review.iteration, review.scope["amount"], review.scope["total"]) == (2, 90, 120)


@pytest.mark.req("FLO-309")
def test_a_decision_on_what_a_correction_came_too_late_for_does_not_count(program: Program, state: State) -> None:
    correct(program, state, {"amount": 90})
    decided(program, state)
    assert state.nodes["review"].phase is NodePhase.ACTIVE


def test_an_input_whose_name_an_output_has_taken_is_not_shown_anew(program: Program, state: State) -> None:
    (fact,) = correct(program, state, {"total": 1})
    assert (fact.payload["again"], state.nodes["review"].scope["total"]) == ([], 120)


def test_a_correction_after_an_amendment_is_the_newer_of_the_two(program: Program, state: State) -> None:
    amend(program, state, {"amount": 90})
    correct(program, state, {"amount": 80}, "t-1")
    decided(program, state)
    seen = names(program, state, "pay", {})
    assert {seen["amount"], seen["inputs.amount"]} == {80}


def test_folding_the_journal_gives_what_was_amended_and_corrected(program: Program, state: State) -> None:
    facts = [started(), ended(program, fold(program.procedure, [started()]), "price", {"total": 120}, NOW)]
    waiting = {"reason": "person", "ticket": "t-1", "attempt": 1, "role": "officer"}
    facts.append(Fact(FactKind.NODE_WAITING, NOW, "review", 1, waiting))
    facts += amend(program, state, {"total": 108})
    facts += correct(program, state, {"amount": 90})
    assert replace(fold(program.procedure, facts)) == state


def test_calls_are_made_with_what_was_amended() -> None:
    amended = {"inputs.amount": 90, "outputs.the_price.total": 108}
    outputs, inputs = overlaid({"the-price": {"total": 120, "tax": 20}}, {"amount": 100, "other": 1}, amended)
    assert outputs == {"the-price": {"total": 108, "tax": 20}}
    assert inputs == {"amount": 90, "other": 1}


def test_a_correction_names_who_and_why(program: Program, state: State) -> None:
    fact = corrected(
        program.procedure, state, {"values": {"amount": 1}, "amended": [], "reason": "wrong"}, NOW, actor="key:operator"
    )
    assert (fact.payload["actor"], fact.payload["reason"]) == ("key:operator", "wrong")


@pytest.mark.req("FLO-309")
def test_what_people_have_decided_on_is_not_corrected_behind_them(program: Program, state: State) -> None:
    decided(program, state)
    (fact,) = correct(program, state, {"amount": 90})
    assert fact.kind is FactKind.IGNORED
    assert "people have decided on amount already, at review" in fact.payload["reason"]
    assert (state.inputs["amount"], state.nodes["pay"].scope["amount"]) == (100, 100)


@pytest.mark.req("FLO-309")
def test_what_was_decided_on_before_is_known_by_name_and_node(program: Program, state: State) -> None:
    assert decided_upon(program.procedure, state, {"amount": 90}) == {}
    decided(program, state)
    assert decided_upon(program.procedure, state, {"amount": 90, "other": 1, "total": 2}) == {"amount": "review"}
    assert decided_before(program.procedure, state, "pay", {"amount": 90, "total": 2}) == {
        "amount": "review",
        "total": "review",
    }
