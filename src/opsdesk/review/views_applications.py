"""Applications as the HTTP API shows them: personal values masked unless the reader may see them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from opsdesk.access import Actor
from opsdesk.kit.http_shapes import Next, View
from opsdesk.review.applications.intake import Outcome
from opsdesk.review.applications.listing import Answer, ApplicationTicket
from opsdesk.review.model import ScreeningStatus, Verdict
from opsdesk.review.views import seen


class AnsweredBy(View):
    """The rule that answered."""

    group_id: int
    """The id of the strategy group."""
    group: str
    """Its name."""
    revision: int
    """The revision of the group that was live then."""
    rule: str
    """The name of the rule."""


class ApplicationTicketView(View):
    """The ticket that a person decides, as it stands."""

    id: UUID
    """The id of the ticket."""
    screening_type: str
    """The name of the screening type that it was made by."""
    type_version: int
    """Of the screening type, as the ticket was made."""
    adapt_version: int
    """Of the adapt, as the ticket was made."""
    status: ScreeningStatus
    """`completed`, `cancelled` and `expired` are final."""
    result: Verdict | None
    """What was decided; null: nothing, and nobody passes by that."""
    codes: list[str]
    """The reject codes, in the order of the rule; empty unless it was rejected with codes."""
    closed_at: datetime | None
    """When it was decided or ended without a decision; null while it is open."""

    @staticmethod
    def of(ticket: ApplicationTicket) -> "ApplicationTicketView":
        names = ("type_version", "adapt_version", "status", "result", "closed_at")
        return ApplicationTicketView(
            id=ticket.ticket_id,
            screening_type=ticket.type_name,
            codes=list(ticket.codes),
            **{name: getattr(ticket, name) for name in names},
        )


class ApplicationLine(View):
    """An application, and how it was answered."""

    flow_no: str
    """The number that it came under."""
    application: str
    """The product that it is for."""
    scene: str
    """The moment at which it is looked at."""
    user_id: str
    """The customer, as the platform numbers them."""
    answer: Outcome
    """`pass`, `reject`, or `verify`: a person decides."""
    answered_by: AnsweredBy | None
    """null: no rule held, and it passes."""
    methods: list[str]
    """The step-up verifications that the rule asks for."""
    ticket: ApplicationTicketView | None
    """null: nobody has to decide."""
    received_at: datetime
    """When it came first."""
    sent_by: str
    """The id of the actor who sent it."""

    @staticmethod
    def of(answer: Answer) -> "ApplicationLine":
        return ApplicationLine(**_line(answer))


class ApplicationView(ApplicationLine):
    """An application with what came."""

    content: dict[str, Any] | None
    """`request`, `verifications` and `features` as they came, masked for those who may not see personal values; null:
    it came before this was kept."""

    @staticmethod
    def whole(answer: Answer, *, actor: Actor) -> "ApplicationView":
        content = answer.content
        return ApplicationView(
            **_line(answer), content=None if content is None else seen(actor, content, personal=frozenset())
        )


class ApplicationPage(View):
    """Some applications, the latest first."""

    items: list[ApplicationLine]
    """The applications."""
    next: Next


def _line(answer: Answer) -> dict[str, Any]:
    by = None
    if answer.group_id is not None:
        facts = {"group_id": answer.group_id, "group": answer.group_name, "revision": answer.revision}
        by = AnsweredBy.model_validate(facts | {"rule": answer.rule})
    names = ("flow_no", "application", "scene", "user_id", "answer", "received_at")
    return {name: getattr(answer, name) for name in names} | {
        "answered_by": by,
        "methods": list(answer.methods),
        "ticket": None if answer.ticket is None else ApplicationTicketView.of(answer.ticket),
        "sent_by": answer.actor,
    }
