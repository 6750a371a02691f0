"""The adapter to the bank's bus: its envelope in, the same functions as everywhere, its envelope out.

What is decided is answered with 200, be it yes or no; anything else is an envelope that is none, or no answer yet.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from fastapi import APIRouter
from pydantic import ValidationError

from opsdesk import access
from opsdesk.benefits import redeeming, serving
from opsdesk.benefits.bus_messages import (
    BenefitBody,
    BusHead,
    BusMessage,
    BusReply,
    BusReplyHead,
    BusService,
    CancelBody,
    CompleteBody,
    LinkBody,
    RedeemBody,
)
from opsdesk.benefits.errors import CustomerListTooOld, KeyInUse
from opsdesk.benefits.messages import MESSAGES
from opsdesk.benefits.model import Answer, Asked
from opsdesk.benefits.partners.tokens import Purpose
from opsdesk.benefits.redeeming import Redemption
from opsdesk.benefits.rules import Rules
from opsdesk.benefits.serving import JudgeLink, Named
from opsdesk.benefits.settlement.months import read_completion
from opsdesk.kit.db import Connection
from opsdesk.kit.http_errors import RequestInvalid, documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, DatabaseNow
from opsdesk.kit.http_shapes import Body

JudgeLinks = Callable[[str, Purpose], JudgeLink]
"""Given the link as it came (empty: none did) and what it is for, gives what judges it."""

_Content = TypeVar("_Content", bound=Body)


def bus_routes(rules: Rules, judge_links: JudgeLinks) -> APIRouter:
    """`rules` are the settings of benefits."""
    routes = APIRouter(prefix="/v1", tags=["benefit orders"], route_class=StrictRoute)

    @routes.post(
        "/esb-messages",
        summary="Bring a message of the bus",
        responses=documented(*access.guard.REFUSALS, *BODY_REFUSALS, KeyInUse, CustomerListTooOld),
    )
    async def bring_message(
        message: BusMessage, actor: access.guard.BenefitBus, conn: Conn, now: DatabaseNow
    ) -> BusReply:
        """The same key with the same content gets the same answer for good. Without an answer, ask again with it."""
        return _reply(await _answer(conn, message, actor=actor, rules=rules, judge_links=judge_links, now=now))

    return routes


async def _answer(
    conn: Connection,
    message: BusMessage,
    *,
    actor: access.Actor,
    rules: Rules,
    judge_links: JudgeLinks,
    now: datetime,
) -> Answer:
    head = message.head
    if head.service is BusService.REDEEM:
        wish = _read(RedeemBody, message.body)
        asked = _asked(actor, head, wish.channel, wish)
        wanted = Redemption(asked, wish.channel, wish.customer_id, wish.service)
        return await redeeming.redeem(conn, wanted, rules=rules, now=now)
    if head.service is BusService.COMPLETE:
        report = _read(CompleteBody, message.body)
        completed_at = read_completion(report.completed_at)
        return await serving.complete(
            conn,
            _named(report),
            completed_at=completed_at,
            asked=_of_partner(actor, head, report),
            rules=rules,
            now=now,
        )
    if head.service is BusService.CANCEL:
        agreed = _read(CancelBody, message.body)
        return await serving.cancel(
            conn,
            _named(agreed),
            quote_id=agreed.quote_id,
            judge_link=judge_links(agreed.request, Purpose.CANCELLATION),
            asked=_of_partner(actor, head, agreed),
            rules=rules,
            now=now,
        )
    means = _read(LinkBody, message.body)
    asked = _of_partner(actor, head, means)
    if head.service is BusService.BOOK:
        judge = judge_links(means.request, Purpose.BOOKING)
        return await serving.book(conn, _named(means), judge_link=judge, asked=asked, rules=rules, now=now)
    judge = judge_links(means.request, Purpose.CANCELLATION)
    return await serving.quote_cancellation(conn, _named(means), judge_link=judge, asked=asked, rules=rules, now=now)


def _read(kind: type[_Content], body: Mapping[str, Any]) -> _Content:
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        problems = [
            {"where": ".".join(("body", "body", *map(str, each["loc"]))), "problem": each["msg"]}
            for each in error.errors(include_input=False, include_context=False)
        ]
        raise RequestInvalid(problems) from None


def _named(means: BenefitBody) -> Named:
    return Named(means.provider, means.benefit_code, means.service)


def _asked(actor: access.Actor, head: BusHead, scope: str, content: Body) -> Asked:
    asked = {"do": head.service.removeprefix("benefit."), **content.model_dump(mode="json")}
    return Asked(actor, scope, head.key, asked, head.trace_id, head.path)


def _of_partner(actor: access.Actor, head: BusHead, means: BenefitBody) -> Asked:
    return _asked(actor, head, f"partner:{means.provider}", means)


def _reply(answer: Answer) -> BusReply:
    if answer.is_ok:
        head = BusReplyHead(code=answer.code, message=str(answer.body.get("message", "")), retry=False)
    else:
        said = MESSAGES[answer.code]
        head = BusReplyHead(code=said.code, message=answer.body["message"], retry=said.retry)
    return BusReply(head=head, body=dict(answer.body))
