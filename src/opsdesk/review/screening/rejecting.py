"""What a rejection sends back: the codes of the reasons that were ticked, by the rule of the type. Pure."""

from collections.abc import Collection

from opsdesk.review.screening.model import Choice, Reason, Rejection


def codes_returned(rejection: Rejection, ticked: Collection[str]) -> list[str]:
    """The codes of the ticked reasons (by id), each once, in the order in which they go back to credit.

    The highest priority first where the type has priorities, else in the order of the configuration; only the first
    where the type returns a single code; none where it has no codes.
    """
    if not rejection.with_code:
        return []
    reasons = [reason for reason in rejection.reasons if reason.id in ticked]
    if rejection.with_priority:
        reasons.sort(key=_priority, reverse=True)
    codes = list(dict.fromkeys(reason.code for reason in reasons if reason.code is not None))
    return codes[:1] if rejection.code_return is Choice.SINGLE else codes


def ticks_problem(rejection: Rejection, ticked: Collection[str]) -> str | None:
    """Why nobody can reject with these reasons, or None."""
    if not ticked:
        return "needs at least one reason"
    if rejection.choice is Choice.SINGLE and len(set(ticked)) > 1:
        return "takes exactly one reason"
    return None


def _priority(reason: Reason) -> int:
    return -1 if reason.priority is None else reason.priority
