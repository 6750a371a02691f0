"""What a strategy group is made of: the features that it reads, and rules that answer in their order. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from opsdesk.review.answers import text_problem
from opsdesk.review.screening.reading import DOUBLED, REQUIRED, Problems
from opsdesk.review.screening.sources import FEATURE_CHARS_MAX, VERIFY_FIELDS

RULES_MAX = 100
FEATURES_MAX = 500
RULE_NAME_CHARS_MAX = 64
CONDITION_CHARS_MAX = 2000


class Answer(StrEnum):
    """What a group says of an application."""

    PASS = "pass"  # noqa: S105 - an answer, and no password
    REJECT = "reject"
    VERIFY = "verify"
    """A step-up verification, whose outcome a person looks at."""


class FeatureType(StrEnum):
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
    """A value that comes with an application and that the group reads. Adapts find it here by its name."""

    name: str
    type: FeatureType


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

    def evaluate(self, values: Mapping[str, Any]) -> bool:
        """Raises what the compiler's owner says where it cannot be decided."""
        ...


Compile = Callable[[str, Mapping[str, Mapping[str, Any]]], Condition | tuple[str, ...]]
"""A condition over these names, each with its JSON Schema; or all that is wrong with it, in sentences."""


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
        "features": [{"name": feature.name, "type": feature.type.value} for feature in document.features],
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
        features=tuple(Feature(each["name"], FeatureType(each["type"])) for each in kept["features"]),
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


def read_group(
    given: Any, *, offered: Offered, compile_condition: Compile, new_id: Callable[[], str]
) -> tuple[GroupDocument | None, Problems]:
    """The document, or None and everything that is wrong, by place such as `rules.1.when`.

    Paused adapts are not in `offered`, so that a rule which chooses one is refused.
    """
    problems: Problems = {}
    if not isinstance(given, Mapping):
        return None, {"document": ["is no mapping"]}
    features = _features(given.get("features", []), problems)
    rules = _rules(given.get("rules"), offered, new_id, problems)
    document = GroupDocument(tuple(features), tuple(rules))
    names = names_of(document, offered.pb_fields)
    for place, rule in enumerate(rules):
        if rule.when and isinstance(found := compile_condition(rule.when, names), tuple):
            problems.setdefault(f"rules.{place}.when", []).extend(found)
    return (None if problems else document), problems


def _features(given: Any, problems: Problems) -> list[Feature]:
    features: list[Feature] = []
    for place, entry in _rows("features", given, FEATURES_MAX, problems):
        name = _text(f"{place}.name", entry.get("name"), FEATURE_CHARS_MAX, problems)
        kind = entry.get("type") or FeatureType.NUMBER
        if kind not in list(FeatureType):
            problems[f"{place}.type"] = [f"is none of {', '.join(FeatureType)}"]
            continue
        if name in [feature.name for feature in features]:
            problems[f"{place}.name"] = [DOUBLED]
        if name and not name.isidentifier():
            problems[f"{place}.name"] = ["is no name that a condition can use: letters, digits and _"]
        features.append(Feature(name or f"_{len(features)}", FeatureType(kind)))
    return features


def _rules(given: Any, offered: Offered, new_id: Callable[[], str], problems: Problems) -> list[Rule]:
    rules: list[Rule] = []
    for place, entry in _rows("rules", given, RULES_MAX, problems):
        name = _text(f"{place}.name", entry.get("name"), RULE_NAME_CHARS_MAX, problems)
        when = _text(f"{place}.when", entry.get("when"), CONDITION_CHARS_MAX, problems)
        answer = entry.get("answer")
        if name in [rule.name for rule in rules]:
            problems[f"{place}.name"] = [DOUBLED]
        if answer not in list(Answer):
            problems[f"{place}.answer"] = [f"is none of {', '.join(Answer)}" if answer else REQUIRED]
            continue
        methods: tuple[str, ...] = ()
        type_id: int | None = None
        if answer == Answer.VERIFY:
            methods, type_id = _verification(place, entry, offered, problems)
        rule_id = str(entry.get("id") or "")
        if not rule_id or rule_id in [rule.id for rule in rules]:
            rule_id = new_id()
        rules.append(Rule(rule_id, name or "", when or "", Answer(answer), methods, type_id))
    return rules


def _verification(
    place: str, entry: Mapping[str, Any], offered: Offered, problems: Problems
) -> tuple[tuple[str, ...], int | None]:
    methods = entry.get("methods") or ()
    if not isinstance(methods, list | tuple) or not methods:
        problems[f"{place}.methods"] = [REQUIRED]
        methods = ()
    elif unknown := [method for method in methods if method not in offered.methods]:
        problems[f"{place}.methods"] = [f"{unknown[0]} is no method with screening of this application and scene"]
    chosen = entry.get("screening_type")
    text = str(chosen).strip() if isinstance(chosen, int | str) and not isinstance(chosen, bool) else ""
    if not text:
        problems[f"{place}.screening_type"] = [REQUIRED]
    elif not (text.isascii() and text.isdecimal()) or int(text) not in offered.types:
        problems[f"{place}.screening_type"] = ["has no active adapt for this application and scene"]
    else:
        return tuple(map(str, methods)), int(text)
    return tuple(map(str, methods)), None


def _rows(place: str, given: Any, limit: int, problems: Problems) -> list[tuple[str, Mapping[str, Any]]]:
    if not isinstance(given, list | tuple):
        problems[place] = [REQUIRED if given is None else "is no list"]
        return []
    if len(given) > limit:
        problems[place] = [f"are more than {limit}"]
        return []
    rows = [(f"{place}.{number}", each) for number, each in enumerate(given)]
    problems.update({at: ["is no mapping"] for at, each in rows if not isinstance(each, Mapping)})
    return [(at, each) for at, each in rows if isinstance(each, Mapping)]


def _text(place: str, given: Any, chars_max: int, problems: Problems) -> str | None:
    text = given.strip() if isinstance(given, str) else ""
    if not text:
        problems[place] = [REQUIRED]
    elif problem := text_problem(text, chars_max=chars_max):
        problems[place] = [problem]
    else:
        return text
    return None
