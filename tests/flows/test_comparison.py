"""Two versions of a procedure beside each other."""

import pytest

from opsdesk.flows.comparison import Change, ChangeKind, PartKind, compare
from opsdesk.flows.document import load
from opsdesk.flows.procedure import Procedure
from tests.flows.workers import CHAIN


def version(text: str) -> Procedure:
    procedure = load(text, name="a.osop.yaml").procedure
    assert procedure is not None
    return procedure


def test_the_same_text_differs_in_nothing() -> None:
    assert compare(version(CHAIN), version(CHAIN)).changes == ()
    assert compare(version(CHAIN), version(CHAIN)).lines == ()


def test_what_only_moves_in_the_text_is_no_change_of_a_part() -> None:
    compared = compare(version(CHAIN), version(CHAIN.replace("nodes:", "\n\nnodes:")))
    assert compared.changes == ()
    assert [line for line in compared.lines if line.startswith("+")] == ["+", "+"]


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ("name: Test", "name: Other", Change(ChangeKind.CHANGED, PartKind.PROCEDURE, "test", "name", "Test", "Other")),
        (
            "id: second, type: api, purpose: p",
            "id: second, type: api, purpose: q",
            Change(ChangeKind.CHANGED, PartKind.NODE, "second", "purpose", "p", "q"),
        ),
        (
            "outputs: [y]}",
            "outputs: [y], retry_policy: {max_retries: 2}}",
            Change(ChangeKind.CHANGED, PartKind.NODE, "second", "retry.max_retries", 0, 2),
        ),
        (
            "to: second}",
            "to: second, mode: conditional, condition: 'x == 1'}",
            Change(ChangeKind.CHANGED, PartKind.EDGE, "first → second", "condition", None, "x == 1"),
        ),
        ("nodes:", "inputs: {amount: {type: integer}}\nnodes:", Change(ChangeKind.ADDED, PartKind.INPUT, "amount")),
    ],
)
def test_a_change_of_a_part_is_named_with_what_it_was_and_is(old: str, new: str, change: Change) -> None:
    assert change in compare(version(CHAIN), version(CHAIN.replace(old, new))).changes


def test_nodes_and_edges_that_come_and_go_are_told_as_such() -> None:
    node = "  - {id: third, type: api, purpose: p, runtime: {url: 'https://a.test'}}"
    more = f"{node}\nedges:\n  - {{from: second, to: third}}\n"
    longer = CHAIN.replace("edges:\n", more)
    added = compare(version(CHAIN), version(longer)).changes
    assert [(each.kind, each.part, each.name) for each in added] == [
        ("added", "node", "third"),
        ("added", "edge", "second → third"),
    ]
    removed = compare(version(longer), version(CHAIN)).changes
    assert {each.kind for each in removed} == {ChangeKind.REMOVED}


def test_the_difference_of_the_texts_shows_both_lines() -> None:
    lines = compare(version(CHAIN), version(CHAIN.replace("name: Test", "name: Other"))).lines
    assert {"-name: Test", "+name: Other"} <= set(lines)
    assert lines[0].startswith("@@")
