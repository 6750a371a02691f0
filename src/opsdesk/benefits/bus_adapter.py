"""The adapter to the bank's bus: its envelope in, the same functions as everywhere, its envelope out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from opsdesk import access
from opsdesk.benefits import serving
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
from opsdesk.benefits.messages import MESSAGES
from opsdesk.benefits.model import Answer, Asked
from opsdesk.benefits.partners.links import judging
from opsdesk.benefits.partners.tokens import Purpose
from opsdesk.benefits.redeeming import Redeem, Redemption
from opsdesk.benefits.rules import Rules
from opsdesk.benefits.serving import JudgeLink, Named
from opsdesk.benefits.settlement.months import read_completion
from opsdesk.kit.db import Connection
from opsdesk.kit.http_errors import RequestInvalid
from opsdesk.kit.http_shapes import Body

_Content = TypeVar("_Content", bound=Body)


async def redeem_message(message: BusMessage, *, actor: access.Actor, redeem: Redeem) -> BusReply:
    """A customer wants a service. Raises RequestInvalid, and what `redeem` raises."""
    wish = _read(RedeemBody, message.body)
    asked = _asked(actor, message.head, wish.channel, wish)
    return _reply(await redeem(Redemption(asked, wish.channel, wish.customer_id, wish.service)))


async def answer_message(
    conn: Connection, message: BusMessage, *, actor: access.Actor, rules: Rules, master: bytes, now: datetime
) -> BusReply:
    """What a provider asks over the bus is done or refused, once for each key. `master` is the secret of the links.

    Raises RequestInvalid, CompletionTimeInvalid, KeyInUse, PartnerUnknown.
    """
    return _reply(await _answer(conn, message, actor=actor, rules=rules, master=master, now=now))


async def _answer(
    conn: Connection,
    message: BusMessage,
    *,
    actor: access.Actor,
    rules: Rules,
    master: bytes,
    now: datetime,
) -> Answer:
    head = message.head
    assert head.service is not BusService.REDEEM, "it is asked for together with others"
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
            judge_link=_judge(agreed, Purpose.CANCELLATION, master),
            asked=_of_partner(actor, head, agreed),
            rules=rules,
            now=now,
        )
    means = _read(LinkBody, message.body)
    asked = _of_partner(actor, head, means)
    if head.service is BusService.BOOK:
        judge = _judge(means, Purpose.BOOKING, master)
        return await serving.book(conn, _named(means), judge_link=judge, asked=asked, now=now)
    judge = _judge(means, Purpose.CANCELLATION, master)
    return await serving.quote_cancellation(conn, _named(means), judge_link=judge, asked=asked, rules=rules, now=now)


def _judge(means: LinkBody, purpose: Purpose, master: bytes) -> JudgeLink:
    return judging(means.request or None, purpose=purpose, master=master)


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
