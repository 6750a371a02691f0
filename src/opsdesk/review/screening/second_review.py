"""When a ticket needs another person's verdict, and what the verdicts of several people come to. Pure."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from opsdesk.review.model import Verdict
from opsdesk.review.screening.model import ReviewRules, SecondReview

DRAWN_OF = 10_000
VERDICTS_MAX = 3
"""The third one decides, whatever the two before it said."""


@dataclass(frozen=True, slots=True)
class Asked:
    """That another person is asked, and why: as the history of the ticket tells it."""

    people: int
    """How many verdicts the ticket needs now."""
    why: str


def draw(ticket_id: UUID, *, key: bytes) -> int:
    """The lot of a ticket, 0 to DRAWN_OF - 1: by its id and a key that reviewers do not know, and by nothing else.

    Whoever has the key can tell of any ticket whether it had to be drawn. Nobody else can tell before.
    """
    digest = hmac.digest(key, b"second review " + ticket_id.bytes, "sha256")
    return int.from_bytes(digest[:8], "big") % DRAWN_OF


def asks_for_another(
    rules: ReviewRules, verdicts: Sequence[Verdict], *, needed: int, ticket_id: UUID, key: bytes
) -> Asked | None:
    """Whether the last of these verdicts makes it necessary that one more person is asked.

    `needed` is how many people have been asked for so far: what was asked for once stays so, whatever the rules say
    since.
    """
    if len(verdicts) == 1 and needed == 1:
        why = _why_second(rules, verdicts[0], ticket_id=ticket_id, key=key)
        return None if why is None else Asked(2, why)
    if len(verdicts) == 2 and needed == 2 and verdicts[0] is not verdicts[1]:
        return Asked(VERDICTS_MAX, "verdicts differ")
    return None


def alike(verdicts: Sequence[Verdict], *, needed: int) -> tuple[int, ...] | None:
    """The places of the verdicts that decide, which say what the last one says; None: another person is needed.

    One decides where no second is needed, else two that say the same, else the third.
    """
    places = tuple(place for place, verdict in enumerate(verdicts) if verdict is verdicts[-1])
    if needed == 1 or len(places) > 1 or len(verdicts) >= VERDICTS_MAX:
        return places
    return None


def _why_second(rules: ReviewRules, verdict: Verdict, *, ticket_id: UUID, key: bytes) -> str | None:
    match rules.second:
        case SecondReview.ALL:
            return "every ticket"
        case SecondReview.REJECT if verdict is Verdict.REJECT:
            return "rejection"
        case SecondReview.RANDOM:
            assert rules.share is not None, "whoever draws says how many"
            lot = draw(ticket_id, key=key)
            return f"drawn: {lot} of {DRAWN_OF}, share {rules.share}%" if lot < rules.share * DRAWN_OF // 100 else None
    return None
