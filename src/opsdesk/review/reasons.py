"""Reason codes: why a decision was taken, in one of the ways that a ticket declares. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from opsdesk.review.agreement import is_decision, rejects
from opsdesk.review.model import Reasons, TicketField

UNSPECIFIED = "unspecified"
"""The code of a decision for which the ticket declares none, and of an approval that was given without one."""
ANY_DECISION = "*"


def reason_codes(reasons: Reasons, asked: Sequence[TicketField], answers: Mapping[str, Any]) -> Mapping[str, str]:
    """The codes that the ticket declares for these answers, each with its words; none: it declares none for them."""
    given = [_spelt(answers[field.name]) for field in asked if is_decision(field) and field.name in answers]
    declared = {_spelt(decision): codes for decision, codes in reasons.items()}
    return next((declared[each] for each in given if each in declared), reasons.get(ANY_DECISION, {}))


def reason_problem(
    reasons: Reasons, asked: Sequence[TicketField], answers: Mapping[str, Any], code: str | None
) -> str | None:
    """Why these answers cannot be given with this code, or None. What rejects needs one, where there are any."""
    codes = reason_codes(reasons, asked, answers)
    if code in (None, UNSPECIFIED):
        return "a rejection needs one" if codes and rejects(asked, answers) else None
    if not codes:
        return "there are none for this decision"
    return None if code in codes else "it is none of those that there are for this decision"


def _spelt(decision: Any) -> str:
    if isinstance(decision, bool):
        return str(decision).lower()
    return str(decision).strip().casefold()
