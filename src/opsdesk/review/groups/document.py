"""What a strategy group is made of: the features that it reads, and rules that answer in their order. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from opsdesk.review.screening.sources import VERIFY_FIELDS, Source


class Answer(StrEnum):
    """What a group says of an application."""

    PASS = "pass"  # noqa: S105 - an answer, and no password
    REJECT = "reject"
    VERIFY = "verify"
    """A step-up verification, whose outcome a person looks at."""


class FeatureType(StrEnum):
    """What kind of value a feature is."""

    NUMBER = "number"
    TEXT = "text"
    FLAG = "flag"
    LIST = "list"


SCHEMAS: Mapping[FeatureType, Mapping[str, Any]] = {
    FeatureType.NUMBER: {"type": "number"},
    FeatureType.TEXT: {"type": "string"},
    FeatureType.FLAG: {"type": "boolean"},
    FeatureType.LIST: {"type": "array"},
}


@dataclass(frozen=True, slots=True)
class Feature:
    """A value that the group reads of an application. Rules and adapts find it here by its name."""

    name: str
    type: FeatureType
    source: Source
    value: str
    """Where in the source it comes from: a feature of the anti-fraud engine, a pb field, or a verify field."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The answer if `when` holds. `methods` and `type_id` where it is to verify."""

    id: str
    name: str
    when: str
    answer: Answer
    methods: tuple[str, ...] = ()
    type_id: int | None = None


@dataclass(frozen=True, slots=True)
class GroupDocument:
    """One revision of a group, whole. The first rule that holds answers; none: the application passes."""

    features: tuple[Feature, ...]
    rules: tuple[Rule, ...]

    @property
    def type_ids(self) -> tuple[int, ...]:
        """The screening types that its rules choose, each once."""
        return tuple(dict.fromkeys(rule.type_id for rule in self.rules if rule.type_id is not None))


class Condition(Protocol):
    """A condition that was checked."""

    @property
    def names(self) -> tuple[str, ...]:
        """What it reads, of the names that it was checked with."""
        ...

    def evaluate(self, values: Mapping[str, Any]) -> bool:
        """Raises what the compiler's owner says where it cannot be decided."""
        ...


class ConditionProblem(Protocol):
    """Something that is wrong with a condition."""

    @property
    def message(self) -> str: ...
    @property
    def hint(self) -> str: ...
    @property
    def offset(self) -> int:
        """Characters from the start of the condition."""
        ...


Compile = Callable[[str, Mapping[str, Mapping[str, Any]]], Condition | tuple[ConditionProblem, ...]]
"""A condition over these names, each with its JSON Schema; or all that is wrong with it."""


def problem_text(problem: ConditionProblem) -> str:
    """In a sentence, with its position."""
    hint = f"; {problem.hint}" if problem.hint else ""
    return f"{problem.message}{hint} (character {problem.offset + 1})"


@dataclass(frozen=True, slots=True)
class Offered:
    """What a group of one application and scene can name."""

    pb_fields: Sequence[str]
    methods: Sequence[str]
    """Those with screening."""
    types: Sequence[int]
    """Screening types with an active adapt there."""


def names_of(document: GroupDocument, pb_fields: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """What conditions see: features by their names, `request.<path>`, `verification.<field>`."""
    names: dict[str, Mapping[str, Any]] = {feature.name: SCHEMAS[feature.type] for feature in document.features}
    names |= {f"request.{path}": {} for path in pb_fields}
    return names | {f"verification.{name}": {} for name in VERIFY_FIELDS}


def stored(document: GroupDocument) -> dict[str, Any]:
    """The document as it is kept: JSON."""
    return {
        "features": [
            {
                "name": feature.name,
                "type": feature.type.value,
                "source": feature.source.value,
                "value": feature.value,
            }
            for feature in document.features
        ],
        "rules": [
            {
                "id": rule.id,
                "name": rule.name,
                "when": rule.when,
                "answer": rule.answer.value,
                "methods": list(rule.methods),
                "screening_type": rule.type_id,
            }
            for rule in document.rules
        ],
    }


def read_stored(kept: Mapping[str, Any]) -> GroupDocument:
    """The document out of what `stored` made of it."""
    return GroupDocument(
        features=tuple(
            Feature(
                each["name"],
                FeatureType(each["type"]),
                # Those that were kept first came under their own names, and did not say so.
                Source(each.get("source", Source.FEATURE)),
                each.get("value", each["name"]),
            )
            for each in kept["features"]
        ),
        rules=tuple(
            Rule(
                rule["id"],
                rule["name"],
                rule["when"],
                Answer(rule["answer"]),
                tuple(rule["methods"]),
                rule["screening_type"],
            )
            for rule in kept["rules"]
        ),
    )
