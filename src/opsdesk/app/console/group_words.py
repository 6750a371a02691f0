"""How strategy groups are spoken of on pages."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opsdesk import flows, review
from opsdesk.app.console import screening_words
from opsdesk.app.console.problems import said
from opsdesk.app.console.words import N_

Translate = Callable[[str], str]

ANSWERS: Mapping[str, str] = {
    "pass": N_("pass: the application goes on"),
    "reject": N_("reject: the application is refused"),
    "verify": N_("verify: a person looks at it"),
    "undecided": N_("undecided: nobody passes by it"),
}
ANSWERS_SHORT: Mapping[str, str] = {
    "pass": N_("pass"),
    "reject": N_("reject"),
    "verify": N_("verify"),
    "undecided": N_("undecided"),
}
BADGES: Mapping[str, str] = {"pass": "done", "reject": "failed", "verify": "waiting", "undecided": "blocked"}
TYPES: Mapping[str, str] = {
    "number": N_("number"),
    "text": N_("text"),
    "flag": N_("true or false"),
    "list": N_("list"),
}
SOURCES: Mapping[str, str] = {
    "feature": N_("sent by the anti-fraud engine"),
    "pb": N_("pb field of the request"),
    "verify": N_("verify field"),
}
FIELDS: Mapping[str, str] = {
    "application": N_("application"),
    "scene": N_("scene"),
    "name": N_("name"),
    "place": N_("order"),
    "features": N_("Features"),
    "rules": N_("Rules"),
    "when": N_("condition"),
    "answer": N_("answer"),
    "methods": N_("methods"),
    "screening_type": N_("screening type"),
    "type": N_("kind of value"),
    "source": N_("comes from"),
    "value": N_("where in it"),
}
REMOVAL = N_("Delete this row with what is in it?")

_AT = r" \(character (?P<at>\d+)\)"
_KINDS: Sequence[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern), text)
    for pattern, text in (
        (
            rf"nothing provides (?P<name>\S+); did you mean (?P<near>[^ ?]+)\?.*{_AT}",
            N_("There is no value called %(name)s here; %(near)s may be meant (character %(at)s)."),
        ),
        (
            rf"nothing provides (?P<name>[^ ;]+).*{_AT}",
            N_("There is no value called %(name)s here (character %(at)s)."),
        ),
        (
            rf"there is no function (?P<name>[^ ;]+).*{_AT}",
            N_("There is no function called %(name)s (character %(at)s)."),
        ),
        (
            rf"this is not a CEL expression but a sentence.*{_AT}",
            N_("This is a sentence; a condition is written like score > 1 && flag == true (character %(at)s)."),
        ),
        (
            rf"this is not a CEL expression(: (?P<why>.*))?{_AT}",
            N_("This cannot be read as a condition from character %(at)s on."),
        ),
        (
            rf"`(?P<name>.+)` cannot be applied to .*{_AT}",
            N_("%(name)s does not fit the kinds of the values on its sides (character %(at)s)."),
        ),
        (
            rf"the condition gives a .*{_AT}",
            N_("The condition has to be true or false: compare the value with something (character %(at)s)."),
        ),
        (rf"(?P<what>.+); write (?P<better>.+){_AT}", N_("Write %(better)s here (character %(at)s).")),
        (r"has no active adapt for this application and scene", N_("This type has no active adapt here.")),
        (
            r".+ is no method with screening of this application and scene",
            N_("This method is not one with screening of this application and scene."),
        ),
        (
            r"is no name that a condition can use: letters, digits and _",
            N_("A condition can use only names of letters, digits and _ that do not begin with a digit."),
        ),
        (
            r"begins the names of pb fields or verify fields in conditions",
            N_("Conditions use this name for pb fields or verify fields: choose another one."),
        ),
        (r"is the name of another group of this scene", N_("This scene has a group of this name already.")),
        (
            r"never answers: whenever it holds, (?P<name>.+) before it holds too",
            N_("This rule never answers: whenever it holds, %(name)s before it holds too."),
        ),
        (r"never answers: it holds for no values", N_("This rule never answers: its condition holds for no values.")),
    )
]


@dataclass(frozen=True, slots=True)
class Pointed:
    """A condition with the place in it that something is wrong with."""

    before: str
    at: str
    after: str


def problem_told(texts: Sequence[str], translate: Translate) -> str:
    """All that is wrong with one field."""
    return " ".join(_said(text, translate) for text in texts)


def _said(problem: str, translate: Translate) -> str:
    for pattern, text in _KINDS:
        if found := pattern.fullmatch(problem):
            return translate(text) % found.groupdict()
    return said(problem, translate)


def pointed(condition: str, names: Mapping[str, Mapping[str, Any]]) -> Pointed | None:
    """Where the first problem of a condition is; None where there is none."""
    found = flows.checks.condition_over(condition, names)
    if not isinstance(found, tuple):
        return None
    at = min(found[0].offset, max(len(condition) - 1, 0))
    word = re.match(r"[\w.]+", condition[at:])
    end = at + (len(word[0]) if word else 1)
    return Pointed(condition[:at], condition[at:end], condition[end:])


def field_label(name: str, translate: Translate) -> str:
    """What the control of this id is called."""
    kind, _, rest = name.partition("-")
    field = rest.partition("-")[0] if kind in ("feature", "rule") and rest else name
    return translate(FIELDS[field]) if field in FIELDS else ""


def changes_told(changes: Sequence[Any], translate: Translate) -> list[screening_words.ChangeTold]:
    """Each change with where it is."""
    return screening_words.changes_told(changes, called={name: translate(text) for name, text in FIELDS.items()})


def rule_warnings(document: review.groups.document.GroupDocument, pb_fields: Sequence[str]) -> dict[str, str]:
    """What can be proven of rules that never answer, by place such as `rules.1`."""
    names = review.groups.document.names_of(document, pb_fields)
    conditions = [flows.checks.condition_over(rule.when, names) for rule in document.rules]
    compiled = [each for each in conditions if not isinstance(each, tuple)]
    if len(compiled) != len(conditions):
        return {}
    found: dict[str, str] = {}
    for number, earlier in flows.checks.never_first(compiled).items():
        problem = "it holds for no values"
        if earlier is not None:
            problem = f"whenever it holds, {document.rules[earlier].name} before it holds too"
        found[f"rules.{number}.when"] = f"never answers: {problem}"
    return found
