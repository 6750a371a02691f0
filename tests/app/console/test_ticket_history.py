"""The history of a ticket is told in words, and in the reader's language."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest

from opsdesk.app.console.languages import translations
from opsdesk.app.console.ticket_history import history_told
from opsdesk.review.model import TicketClosing, TicketEventKind, Verdict
from opsdesk.review.screening.model import ReviewRules, SecondReview
from opsdesk.review.screening.second_review import asks_for_another
from opsdesk.review.views import EventView

AT = datetime(2026, 1, 5, 2, tzinfo=UTC)
CHINESE = translations("zh-CN").gettext
RULES = (
    ReviewRules(second=SecondReview.ALL),
    ReviewRules(second=SecondReview.REJECT),
    ReviewRules(second=SecondReview.RANDOM, share=99),
)


def event(kind: TicketEventKind, reason: str = "", by: str = "screening") -> EventView:
    return EventView(kind=kind, by=by, at=AT, reason=reason)


def told(kind: TicketEventKind, reason: str, by: str = "screening") -> str:
    (line,) = history_told([event(kind, reason, by)], CHINESE)
    return line.reason


def asked(rules: ReviewRules, verdicts: Sequence[Verdict], needed: int) -> str:
    found = asks_for_another(rules, verdicts, needed=needed, ticket_id=UUID(int=1), key=b"key")
    assert found is not None
    return found.why


@pytest.mark.req("REV-B03", "REV-B10")
def test_every_reason_for_another_person_is_told_in_chinese() -> None:
    reasons = [asked(rules, [Verdict.REJECT], 1) for rules in RULES]
    reasons.append(asked(RULES[0], [Verdict.REJECT, Verdict.PASS], 2))
    said = [told(TicketEventKind.SECOND_ASKED, reason) for reason in reasons]
    assert said == [
        "该类型的所有工单均需复审",
        "该类型被拒绝的工单需复审",
        "被随机抽中复审（比例 99%）",
        "两人结论不一致",
    ]


def test_an_escalation_is_told_with_the_name_of_the_role() -> None:
    reason = "role compliance_officer, priority 9, event review_late"
    assert told(TicketEventKind.ESCALATED, reason) == "转由 合规专员 处理、优先级 9、已发出通知 review_late"


@pytest.mark.req("REV-B13")
def test_an_assignment_names_the_person() -> None:
    assert told(TicketEventKind.ASSIGNED, "person:reviewer@example.com", "person:lead@example.com") == (
        "转由 reviewer@example.com 处理"
    )


@pytest.mark.parametrize("closing", TicketClosing)
def test_every_way_to_close_a_ticket_has_its_word(closing: TicketClosing) -> None:
    assert told(TicketEventKind.CLOSED, closing) != closing


def test_what_a_person_wrote_stays_as_it_was_written() -> None:
    assert told(TicketEventKind.SKIPPED, "rejection", "person:reviewer@example.com") == "rejection"


def test_what_the_desk_did_by_itself_names_nobody() -> None:
    by_desk, by_person = history_told(
        [event(TicketEventKind.OPENED), event(TicketEventKind.CLAIMED, by="person:reviewer@example.com")], CHINESE
    )
    assert (by_desk.what, by_desk.by) == ("生成", "")
    assert by_person.by == "person:reviewer@example.com"
