"""When the answers of several people are a decision. Pure; explained in docs/explain/review-desk.md."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator

from opsdesk.review.canonical import canonical
from opsdesk.review.model import TicketField

DECISION_WORDS = frozenset({"decision", "approval", "approved"})
"""A field whose name ends with one of these words is a decision: `compliance_decision`, `isApproved`."""
REJECTIONS = frozenset(
    {"rejected", "reject", "denied", "deny", "declined", "decline", "refused", "refuse", "disapproved"}
    | {"failed", "fail", "no", "false", "拒绝", "驳回", "不通过"}
)
"""Answers to a decision that reject, in any case of letters; so does `false`."""

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_OF_FREE_TEXT = frozenset({"type", "minLength", "maxLength", "title", "description", "default", "examples", "$comment"})
"""A string whose schema says more than this is a choice or an exact value, which people have to agree about."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """The answers that decide, and the places in the list of those who gave them."""

    answers: Mapping[str, Any]
    places: tuple[int, ...]


def agreement(
    asked: Sequence[TicketField], given: Sequence[Mapping[str, Any]], *, required_approvers: int
) -> Agreement | None:
    """What the answers given so far decide, or None while more people have to answer.

    `given` is in the order of answering, one entry a person, and decided nothing before its last entry came. A
    rejection decides alone, because one approver's no is not outvoted. Everything else is decided when
    `required_approvers` people have answered alike in all but free text; their texts are put together.
    """
    last = given[-1]
    if rejects(asked, last):
        return Agreement(answers=last, places=(len(given) - 1,))
    alike = tuple(place for place, answers in enumerate(given) if _choices(asked, answers) == _choices(asked, last))
    if len(alike) < required_approvers:
        return None
    return Agreement(answers=_merged(asked, [given[place] for place in alike]), places=alike)


def is_decision(field: TicketField) -> bool:
    words = _WORDS.findall(field.name)
    return bool(words) and words[-1].lower() in DECISION_WORDS


def rejects(asked: Sequence[TicketField], answers: Mapping[str, Any]) -> bool:
    """Whether one of the decisions among the answers is a rejection."""
    return any(_is_rejection(answers[field.name]) for field in asked if is_decision(field) and field.name in answers)


def _is_rejection(value: Any) -> bool:
    return value is False or (isinstance(value, str) and value.strip().casefold() in REJECTIONS)


def _choices(asked: Sequence[TicketField], answers: Mapping[str, Any]) -> str:
    """Everything but free text: what people have to be of one mind about."""
    names = [field.name for field in asked if field.name in answers and not _is_free_text(field, answers[field.name])]
    return canonical({name: answers[name] for name in names})


def _is_free_text(field: TicketField, value: Any) -> bool:
    return isinstance(value, str) and not is_decision(field) and _OF_FREE_TEXT.issuperset(field.schema)


def _merged(asked: Sequence[TicketField], alike: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    merged = dict(alike[-1])
    for field in asked:
        texts = [answers[field.name] for answers in alike if answers.get(field.name)]
        if texts and all(_is_free_text(field, text) for text in texts):
            together = "\n\n".join(dict.fromkeys(texts))
            if Draft202012Validator(field.schema).is_valid(together):
                merged[field.name] = together
    return merged
