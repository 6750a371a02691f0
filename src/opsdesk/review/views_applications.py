"""Applications as the HTTP API shows them: personal values masked unless the reader may see them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from opsdesk.access import Actor
from opsdesk.kit.http_shapes import Next, View
from opsdesk.kit.masking import mask_mapping
from opsdesk.review.applications.intake import Outcome
from opsdesk.review.applications.listing import Answer, ApplicationTicket
from opsdesk.review.applications.receivers import Receiver
from opsdesk.review.applications.results import Attempt, DeliveryState, Result
from opsdesk.review.model import ScreeningStatus, Verdict
from opsdesk.review.views import seen

FACES = frozenset({"liveness_check_url1", "liveness_check_url2"})
"""The verifications that are addresses of pictures."""


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

    delivery: DeliveryState | None
    """Where the delivery of the result stands; `unsent`: nobody is to be told, so it is asked for; null: not ended."""

    @staticmethod
    def of(ticket: ApplicationTicket) -> "ApplicationTicketView":
        names = ("type_version", "adapt_version", "status", "result", "closed_at", "delivery")
        return ApplicationTicketView(
            id=ticket.ticket_id,
            screening_type=ticket.type_name,
            codes=list(ticket.codes),
            **{name: getattr(ticket, name) for name in names},
        )


class AttemptView(View):
    """One time that a result was sent."""

    number: int
    """Counted from 1."""
    at: datetime
    """When."""
    url: str
    """Where to."""
    status: int | None
    """The status that was answered; null: nothing was."""
    problem: str | None
    """Why it did not arrive; null: it did."""


class ResultView(View):
    """What goes back for a ticket, and how its delivery stands."""

    ticket_id: UUID
    """The ticket; also the `webhook-id` of every attempt."""
    flow_no: str
    """The number that the application came under."""
    status: ScreeningStatus
    """`completed`, or how it ended without a verdict."""
    result: Verdict | None
    """null: it ended without a verdict, and nobody passes by that."""
    codes: list[str]
    """The reject codes, in the order of the rule."""
    ended_at: datetime
    """When the ticket ended."""
    state: DeliveryState
    """Where the delivery stands."""
    next_at: datetime | None
    """When it is sent next; null: it is not."""
    until: datetime
    """Until when it is tried."""
    delivered_at: datetime | None
    """When it arrived."""
    attempts: list[AttemptView]
    """The times that it was sent, the last first."""

    @staticmethod
    def of(result: Result, attempts: Sequence[Attempt]) -> "ResultView":
        names = ("ticket_id", "flow_no", "status", "result", "ended_at", "state", "next_at", "until", "delivered_at")
        return ResultView(
            **{name: getattr(result, name) for name in names},
            codes=list(result.codes),
            attempts=[AttemptView(**asdict(each)) for each in attempts],
        )


class ReceiverView(View):
    """Where the results of an application go."""

    application: str
    """The product."""
    url: str
    """Where they are posted to."""
    secret: str
    """The name of the secret that they are signed with."""
    changed_at: datetime
    """When it was set."""
    operator: str
    """The id of who set it."""

    @staticmethod
    def of(receiver: Receiver) -> "ReceiverView":
        return ReceiverView(**asdict(receiver))


class ReceiverList(View):
    """Where results go, by application."""

    items: list[ReceiverView]
    """The receivers."""


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
    result: ResultView | None
    """What goes back for its ticket; null: no ticket, or one that has not ended."""

    @staticmethod
    def whole(
        answer: Answer, *, actor: Actor, result: Result | None = None, attempts: Sequence[Attempt] = ()
    ) -> "ApplicationView":
        content = answer.content
        return ApplicationView(
            **_line(answer),
            content=None if content is None else seen_content(actor, content),
            result=None if result is None else ResultView.of(result, attempts),
        )


class ApplicationPage(View):
    """Some applications, the latest first."""

    items: list[ApplicationLine]
    """The applications."""
    next: Next


def masked_content(content: Mapping[str, Any]) -> dict[str, Any]:
    """What came, without personal values: whoever judges its ticket has them shown there, and that is recorded."""
    return mask_mapping(content, personal=FACES)


def seen_content(actor: Actor, content: Mapping[str, Any]) -> dict[str, Any]:
    """What came, as this reader may see it: where pictures of faces are is personal, whatever it is called."""
    return seen(actor, content, personal=FACES)


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
