"""What a ticket tells beyond others if a screening type makes it, as the HTTP API shows it."""

from dataclasses import asdict
from datetime import datetime

from opsdesk.kit.http_shapes import View
from opsdesk.review.model import ScreeningStatus, Ticket, TicketSummary, Verdict, screening_status
from opsdesk.review.screening.deciding import RejectionPanel, ScreeningDecision
from opsdesk.review.screening.model import Choice


class ScreeningView(View):
    """Whom a screening ticket is about, where it stands, and under which versions it was made."""

    flow_no: str
    """The number under which the application came."""
    application: str
    """The id of the application."""
    scene: str
    """The id of the scene."""
    bucket: str
    """The list in which it is reviewed: `kyc` or `transaction`."""
    user_id: str
    """The customer, as the platform calls them."""
    status: ScreeningStatus
    """Where it stands: what follows from its status, its claim and its answers."""
    result: Verdict | None
    """What it was decided with; null: it is not decided."""
    type_id: int
    """The id of the screening type; the title of the ticket is its name."""
    type_version: int
    """The version of the type under which it was made."""
    adapt_id: int
    """The id of the adapt to the application and scene."""
    adapt_version: int
    """The version of the adapt under which it was made."""
    pictures_waiting: int
    """How many pictures are still to be fetched; it can be decided when there are none."""

    @staticmethod
    def of(ticket: Ticket | TicketSummary, *, now: datetime) -> "ScreeningView | None":
        more = ticket.screening
        if more is None:
            return None
        names = "application scene bucket user_id result type_id type_version adapt_id adapt_version pictures_waiting"
        facts = {name: getattr(more, name) for name in names.split()}
        return ScreeningView(flow_no=ticket.subject, status=screening_status(ticket, now), **facts)


class ReasonView(View):
    """A reason to reject for."""

    id: str
    """What a verdict names it by; it stays the same through every edit of the type."""
    label: str | None
    """The class that it stands under; null: the type has no classes."""
    detail: str
    """The reason in words."""
    code: str | None
    """The reject code that goes back for it; null: the type has no codes."""
    priority: int | None
    """A larger number goes back first; null: the type has no priorities."""


class OfferedReason(ReasonView):
    """A reason as it stands now."""

    is_selectable: bool
    """False: its code is not active any more, so that nobody can reject for it."""


class RejectionView(View):
    """What a ticket can be rejected for now, by the newest version of its type."""

    rejection_version: int
    """The version of the type; what a verdict names, to say which reasons were seen."""
    choice: Choice
    """How many reasons a rejection takes: `single` or `multiple`."""
    code_return: Choice | None
    """How many codes go back; null: the type has no codes."""
    with_priority: bool | None
    """Whether codes go back by priority; null: the type has no codes."""
    reasons: list[OfferedReason]
    """In the order of the configuration."""

    @staticmethod
    def of(panel: RejectionPanel) -> "RejectionView":
        return RejectionView.model_validate(panel.facts())


class VerdictView(View):
    """What one reviewer said of the ticket, with the reasons as they were then."""

    by: str
    """The id of the actor."""
    at: datetime
    """When."""
    verdict: Verdict
    """`pass`, `reject`, or `resubmit`: the customer is asked for the documents again."""
    rejection_version: int
    """The version of the type that the reasons are of."""
    reasons: list[ReasonView]
    """What it was rejected for."""
    codes: list[str]
    """The reject codes that go back, in their order."""
    remark: str
    """What else the reviewer wrote, masked for whoever may not see personal values."""

    @staticmethod
    def of(kept: ScreeningDecision, *, by: str, at: datetime, remark: str) -> "VerdictView":
        return VerdictView(
            by=by,
            at=at,
            verdict=kept.verdict,
            rejection_version=kept.rejection_version,
            reasons=[ReasonView(**asdict(each)) for each in kept.reasons],
            codes=list(kept.codes),
            remark=remark,
        )
