"""Which of the reasons that a reviewer ticked still hold, when the type may have been edited meanwhile. Pure."""

from collections.abc import Collection, Mapping, Sequence

from opsdesk.review.screening.model import Reason, Rejection


def is_selectable(reason: Reason, codes: Mapping[str, bool]) -> bool:
    """Whether it can be ticked: a reason whose code is not active any more is shown, and cannot."""
    return reason.code is None or codes.get(reason.code, False)


def still_valid(
    ticked: Sequence[str], *, seen: Rejection, newest: Rejection, codes: Mapping[str, bool]
) -> Collection[str]:
    """Of the ticked reasons those that are in the newest version what they were in the one that was seen.

    The same id and the same content: what only moved, or was not touched, is taken without asking.
    """
    before = {reason.id: reason for reason in seen.reasons}
    now = {reason.id: reason for reason in newest.reasons}
    return [
        reason_id
        for reason_id in dict.fromkeys(ticked)
        if (reason := now.get(reason_id)) is not None
        and before.get(reason_id) == reason
        and is_selectable(reason, codes)
    ]
