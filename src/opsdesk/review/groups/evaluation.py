"""What a group says of one application. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from opsdesk.review.groups.document import (
    Answer,
    Compile,
    Condition,
    Feature,
    GroupDocument,
    Rule,
    names_of,
    problem_text,
)
from opsdesk.review.screening.sources import SOURCES, VERIFY_FIELDS, Facts, Source

GROUPS_KEPT = 200
"""Compiled, of those that were asked last."""


class RuleUndecided(Exception):
    """A rule could not be decided, so that the application neither passes nor is rejected by it."""

    def __init__(self, rule: Rule, why: str) -> None:
        super().__init__(rule.name, why)
        self.rule = rule
        self.why = why
        """Names expressions, names and types, never values."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer, and the rule that gave it; None: no rule held, and the application passes."""

    answer: Answer
    rule: Rule | None


@dataclass(frozen=True, slots=True)
class CompiledGroup:
    """A group whose conditions are compiled: once for a revision, and for every application of it."""

    document: GroupDocument
    pb_fields: Sequence[str]
    conditions: Mapping[str, Condition]
    """By the id of the rule."""

    def evaluate(self, facts: Facts) -> Verdict:
        """The answer of the first rule that holds. Raises RuleUndecided."""
        values = self.values(facts)
        for rule in self.document.rules:
            if self.holds(rule, values):
                return Verdict(rule.answer, rule)
        return Verdict(Answer.PASS, None)

    def holds(self, rule: Rule, values: Mapping[str, Any]) -> bool:
        """Whether a rule holds for what `values` gave. Raises RuleUndecided."""
        try:
            return self.conditions[rule.id].evaluate(values)
        except Exception as error:
            # The compiler is handed in, and so is what its conditions raise; whatever it is, nobody passes by it.
            raise RuleUndecided(rule, str(error)) from error

    def known_features(self, facts: Facts) -> Facts:
        """The facts with the features of the group, by its names for them: what adapts find is what it reads."""
        found = {feature.name: _found(feature, facts) for feature in self.document.features}
        features = {name: value[0] for name, value in found.items() if value}
        return Facts(facts.request, facts.verifications, features)

    def values(self, facts: Facts) -> dict[str, Any]:
        """What conditions see of an application, by the names that they use. What is missing is not there."""
        values = dict(self.known_features(facts).features)
        read = SOURCES[Source.PB].read
        for path in self.pb_fields:
            if (value := read(facts, path)) is not None:
                values[f"request.{path}"] = value
        for name in VERIFY_FIELDS:
            if name in facts.verifications:
                values[f"verification.{name}"] = facts.verifications[name]
        return values


def compiled_group(document: GroupDocument, *, pb_fields: Sequence[str], compile_condition: Compile) -> CompiledGroup:
    """Compiled once for a revision and the fields that the scene has, and kept: 200 rules take a tenth of a second.

    Raises RuleUndecided where a condition that was valid once is not any more: a field of the request is gone.
    """
    return _compiled(document, tuple(pb_fields), compile_condition)


@lru_cache(maxsize=GROUPS_KEPT)
def _compiled(document: GroupDocument, pb_fields: tuple[str, ...], compile_condition: Compile) -> CompiledGroup:
    names = names_of(document, pb_fields)
    conditions = {}
    for rule in document.rules:
        found = compile_condition(rule.when, names)
        if isinstance(found, tuple):
            raise RuleUndecided(rule, "; ".join(map(problem_text, found)))
        conditions[rule.id] = found
    return CompiledGroup(document, pb_fields, conditions)


def _found(feature: Feature, facts: Facts) -> tuple[Any] | tuple[()]:
    """The value of a feature, or nothing. What came as null is there, unless it is a field of the request."""
    if feature.source is Source.FEATURE:
        return (facts.features[feature.value],) if feature.value in facts.features else ()
    if feature.source is Source.VERIFY:
        return (facts.verifications[feature.value],) if feature.value in facts.verifications else ()
    value = SOURCES[feature.source].read(facts, feature.value)
    return () if value is None else (value,)
