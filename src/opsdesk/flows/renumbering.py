"""Journals of runs that were moved to another version: their edges, by the numbers that this version gives them.

The journal names edges by their index in the version that the run was pinned to then. The fact `run_migrated` says
which of these numbers changed. Pure, like the engine.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from opsdesk.flows.facts import Fact, FactKind


def renumbered(facts: Iterable[Fact]) -> Sequence[Fact]:
    """The facts, with every edge by its number in the last version. Doing so again changes nothing."""
    listed = list(facts)
    if not any(fact.kind is FactKind.RUN_MIGRATED and fact.payload["edges"] for fact in listed):
        return listed
    numbers: dict[int, int] = {}
    found = []
    for fact in reversed(listed):
        if fact.kind is FactKind.RUN_MIGRATED:
            numbers = earlier(fact.payload["edges"], numbers)
            found.append(replace(fact, payload={**fact.payload, "edges": {}}))
        else:
            found.append(in_numbers(fact, numbers))
    return found[::-1]


def earlier(edges: Mapping[str, int], numbers: Mapping[int, int]) -> dict[int, int]:
    """The numbers of before a migration, given those of after it."""
    return {**numbers, **{int(old): numbers.get(new, new) for old, new in edges.items()}}


def in_numbers(fact: Fact, numbers: Mapping[int, int]) -> Fact:
    """A fact with its edges by these numbers; those that are not there stay."""
    changed: dict[str, Any] = {}
    payload = fact.payload
    if "taken" in payload:
        changed["taken"] = [numbers.get(index, index) for index in payload["taken"]]
    if "items" in payload:
        changed["items"] = {str(numbers.get(int(index), int(index))): each for index, each in payload["items"].items()}
    if fact.kind is FactKind.ROUND_BEGUN:
        changed["edge"] = numbers.get(payload["edge"], payload["edge"])
    return replace(fact, payload={**payload, **changed}) if numbers and changed else fact
