"""What a group says of one application. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opsdesk.review.groups.document import Answer, Compile, Condition, GroupDocument, Rule, names_of
from opsdesk.review.screening.sources import SOURCES, VERIFY_FIELDS, Facts, Source


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
        values = self._values(facts)
        for rule in self.document.rules:
            try:
                holds = self.conditions[rule.id].evaluate(values)
            except Exception as error:
                # The compiler is handed in, and so is what its conditions raise; whatever it is, nobody passes by it.
                raise RuleUndecided(rule, str(error)) from error
            if holds:
                return Verdict(rule.answer, rule)
        return Verdict(Answer.PASS, None)

    def known_features(self, facts: Facts) -> Facts:
        """The facts with only those features that the group has: what adapts find is what its strategy reads."""
        names = {feature.name for feature in self.document.features}
        features = {name: value for name, value in facts.features.items() if name in names}
        return Facts(facts.request, facts.verifications, features)

    def _values(self, facts: Facts) -> dict[str, Any]:
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
    """Raises RuleUndecided where a condition that was valid once is not any more: a field of the request is gone."""
    names = names_of(document, pb_fields)
    conditions = {}
    for rule in document.rules:
        found = compile_condition(rule.when, names)
        if isinstance(found, tuple):
            raise RuleUndecided(rule, "; ".join(found))
        conditions[rule.id] = found
    return CompiledGroup(document, tuple(pb_fields), conditions)
