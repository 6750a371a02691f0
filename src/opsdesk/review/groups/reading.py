"""From what somebody says of a strategy group to its document, or to all that is wrong with it. Pure.

Pages, API and commands come through here, so that a rule is said once. Places are named as in the given JSON, such as
`features.0.value` or `rules.1.when`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from opsdesk.review.answers import text_problem
from opsdesk.review.groups.document import (
    Answer,
    Compile,
    Feature,
    FeatureType,
    GroupDocument,
    Offered,
    Rule,
    names_of,
    problem_text,
)
from opsdesk.review.screening.reading import DOUBLED, REQUIRED, UNKNOWN, Problems
from opsdesk.review.screening.sources import FEATURE_CHARS_MAX, SOURCES, Offer, Source, Verification

RULES_MAX = 200
FEATURES_MAX = 200
RULE_NAME_CHARS_MAX = 64
CONDITION_CHARS_MAX = 2000
TAKEN_NAMES = ("request", "verification")
NO_ADAPT = "has no active adapt for this application and scene"

_FEATURE_FIELDS = frozenset({"name", "type", "source", "value"})
_RULE_FIELDS = frozenset({"id", "name", "when", "answer", "methods", "screening_type"})


def read_group(
    given: Any, *, offered: Offered, compile_condition: Compile, new_id: Callable[[], str]
) -> tuple[GroupDocument | None, Problems]:
    """The document, or None and everything that is wrong, by place such as `rules.1.when`.

    Paused adapts are not in `offered`, so that a rule which chooses one is refused.
    """
    problems: Problems = {}
    if not isinstance(given, Mapping):
        return None, {"document": [REQUIRED if given is None else "is no mapping"]}
    _refuse_others("", given, frozenset({"features", "rules"}), problems)
    features = _features(given.get("features", []), offered, problems)
    rules = _rules(given.get("rules"), offered, new_id, problems)
    document = GroupDocument(tuple(feature for _, feature in features), tuple(rule for _, rule in rules))
    names = names_of(document, offered.pb_fields)
    for place, rule in rules:
        if rule.when and isinstance(found := compile_condition(rule.when, names), tuple):
            problems.setdefault(f"{place}.when", []).extend(map(problem_text, found))
    return (None if problems else document), problems


def _features(given: Any, offered: Offered, problems: Problems) -> list[tuple[str, Feature]]:
    features: list[tuple[str, Feature]] = []
    for place, entry in _rows("features", given, FEATURES_MAX, _FEATURE_FIELDS, problems):
        name = _text(f"{place}.name", entry.get("name"), FEATURE_CHARS_MAX, problems)
        kind, source = entry.get("type") or FeatureType.NUMBER, entry.get("source") or Source.FEATURE
        if name in [feature.name for _, feature in features]:
            problems[f"{place}.name"] = [DOUBLED]
        if name and not (name.isidentifier() and name.isascii()):
            problems[f"{place}.name"] = ["is no name that a condition can use: letters, digits and _"]
        if name in TAKEN_NAMES:
            problems[f"{place}.name"] = ["begins the names of pb fields or verify fields in conditions"]
        if kind not in list(FeatureType):
            problems[f"{place}.type"] = [f"is none of {', '.join(FeatureType)}"]
        if source not in list(Source):
            problems[f"{place}.source"] = [f"is none of {', '.join(Source)}"]
        if kind not in list(FeatureType) or source not in list(Source):
            continue
        value = _value(f"{place}.value", entry.get("value"), Source(source), name, offered, problems)
        features.append((place, Feature(name or f"_{len(features)}", FeatureType(kind), Source(source), value)))
    return features


def _value(place: str, given: Any, source: Source, name: str | None, offered: Offered, problems: Problems) -> str:
    """Where in its source a feature comes from; one that is a feature of the engine may come under its own name."""
    text = given.strip() if isinstance(given, str) else "" if given is None else None
    if text is None:
        problems[place] = ["is no text"]
        return ""
    if not text:
        if source is Source.FEATURE:
            return name or ""
        problems[place] = [REQUIRED]
        return ""
    offer = Offer(pb_fields=tuple(offered.pb_fields), verifications=frozenset(Verification))
    if problem := SOURCES[source].problem(text, offer):
        problems[place] = [problem]
    return text


def _rules(given: Any, offered: Offered, new_id: Callable[[], str], problems: Problems) -> list[tuple[str, Rule]]:
    rules: list[tuple[str, Rule]] = []
    for place, entry in _rows("rules", given, RULES_MAX, _RULE_FIELDS, problems):
        name = _text(f"{place}.name", entry.get("name"), RULE_NAME_CHARS_MAX, problems)
        when = _text(f"{place}.when", entry.get("when"), CONDITION_CHARS_MAX, problems, lines=True)
        answer = entry.get("answer")
        if name in [rule.name for _, rule in rules]:
            problems[f"{place}.name"] = [DOUBLED]
        if answer not in list(Answer):
            problems[f"{place}.answer"] = [f"is none of {', '.join(Answer)}" if answer else REQUIRED]
        methods: tuple[str, ...] = ()
        type_id: int | None = None
        if answer == Answer.VERIFY:
            methods, type_id = _verification(place, entry, offered, problems)
        rule_id = str(entry.get("id") or "")[:RULE_NAME_CHARS_MAX]
        if not rule_id or rule_id in [rule.id for _, rule in rules]:
            rule_id = new_id()
        known = Answer(answer) if answer in list(Answer) else Answer.REJECT
        rules.append((place, Rule(rule_id, name or "", when or "", known, methods, type_id)))
    return rules


def _verification(
    place: str, entry: Mapping[str, Any], offered: Offered, problems: Problems
) -> tuple[tuple[str, ...], int | None]:
    methods = entry.get("methods") or ()
    if not isinstance(methods, list | tuple) or not methods:
        problems[f"{place}.methods"] = [REQUIRED]
        methods = ()
    elif unknown := [method for method in methods if method not in offered.methods]:
        said = str(unknown[0])[:RULE_NAME_CHARS_MAX]
        problems[f"{place}.methods"] = [f"{said} is no method with screening of this application and scene"]
    methods = tuple(dict.fromkeys(map(str, methods)))
    chosen = entry.get("screening_type")
    text = str(chosen).strip() if isinstance(chosen, int | str) and not isinstance(chosen, bool) else ""
    if not text:
        problems[f"{place}.screening_type"] = [REQUIRED]
    elif not (text.isascii() and text.isdecimal() and len(text) < 11) or int(text) not in offered.types:
        problems[f"{place}.screening_type"] = [NO_ADAPT]
    else:
        return methods, int(text)
    return methods, None


def _rows(
    place: str, given: Any, limit: int, fields: frozenset[str], problems: Problems
) -> list[tuple[str, Mapping[str, Any]]]:
    if not isinstance(given, list | tuple):
        problems[place] = [REQUIRED if given is None else "is no list"]
        return []
    if len(given) > limit:
        problems[place] = [f"are more than {limit}"]
        return []
    rows = [(f"{place}.{number}", each) for number, each in enumerate(given)]
    problems.update({at: ["is no mapping"] for at, each in rows if not isinstance(each, Mapping)})
    found = [(at, each) for at, each in rows if isinstance(each, Mapping)]
    for at, each in found:
        _refuse_others(at, each, fields, problems)
    return found


def _refuse_others(place: str, given: Mapping[str, Any], fields: frozenset[str], problems: Problems) -> None:
    """What is misspelt would be left out silently."""
    for name in sorted(map(str, given.keys() - fields)):
        problems[f"{place}.{name}".lstrip(".")[:100]] = [UNKNOWN]


def _text(place: str, given: Any, chars_max: int, problems: Problems, *, lines: bool = False) -> str | None:
    text = given.strip() if isinstance(given, str) else ""
    if not text:
        problems[place] = [REQUIRED]
    elif problem := text_problem(text, chars_max=chars_max):
        problems[place] = [problem]
    elif not lines and not text.isprintable():
        problems[place] = ["holds characters that cannot be printed"]
    else:
        return text
    return None
