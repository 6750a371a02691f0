"""What would come back if an order ended now: told before anybody agrees to it, and kept as what they were told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from psycopg.rows import class_row

from opsdesk import points
from opsdesk.benefits.answers import refusal
from opsdesk.benefits.messages import text
from opsdesk.benefits.model import OK, Answer, Asked, Order, Status, shown_moment
from opsdesk.benefits.rules import Rules
from opsdesk.kit.db import Connection
from opsdesk.kit.ids import new_id
from opsdesk.kit.sql import statements

_SQL = statements(__file__)


@dataclass(frozen=True, slots=True)
class Quote:
    """What somebody was told that would come back, and until when that holds."""

    quote_id: UUID
    order_id: UUID
    returned: int
    forfeited: int
    valid_until: datetime


def not_refundable(order: Order) -> Answer | None:
    """Why an order that is not booked cannot be refunded; nothing if it can."""
    return _not_at(
        order,
        {
            Status.BOOKED: "refund_booked",
            Status.COMPLETED: "cancel_completed",
            Status.CANCELLED: "already_cancelled",
            Status.EXPIRED: "order_expired",
        },
    )


def not_cancellable(order: Order) -> Answer | None:
    """Why a booked order cannot be cancelled; nothing if it can."""
    return _not_at(
        order,
        {
            Status.UNBOOKED: "cancel_unbooked",
            Status.COMPLETED: "cancel_completed",
            Status.CANCELLED: "already_cancelled",
            Status.EXPIRED: "order_expired",
        },
    )


def _not_at(order: Order, codes: Mapping[Status, str]) -> Answer | None:
    code = codes.get(order.status)
    if code is None:
        return None
    facts = {} if order.returned is None else {"returned": order.returned, "forfeited": order.forfeited}
    return refusal(code, order_id=order.order_id, **facts)


async def quote(conn: Connection, order: Order, *, asked: Asked, rules: Rules, now: datetime) -> Mapping[str, Any]:
    """Say what would come back, and keep that it was said. Locks nothing: whoever ends the order looks again."""
    counts_at = order.counts_at(now)
    parts = await points.ledger.read_held(conn, order.order_id)
    returned, forfeited = _sums(parts, counts_at)
    dates = [part.expires_at for part in parts if part.expires_at > now]
    valid_until = min([now + timedelta(seconds=rules.quote_s), *dates])
    shown = [
        {"expires_at": shown_moment(part.expires_at), "points": part.points, "is_returned": part.expires_at > counts_at}
        for part in parts
    ]
    quote_id = new_id()
    values = {
        "quote_id": quote_id,
        "order_id": order.order_id,
        "returned": returned,
        "forfeited": forfeited,
        "parts": orjson.dumps(shown).decode(),
        "now": now,
        "valid_until": valid_until,
        "trace_id": asked.trace_id,
        "path": asked.path,
    }
    await conn.execute(_SQL["insert_quote"], values)
    question = "refund_question" if order.status is Status.UNBOOKED else "cancel_question"
    return {
        "quote_id": str(quote_id),
        "order_id": str(order.order_id),
        "points": order.points,
        "returned": returned,
        "forfeited": forfeited,
        "parts": shown,
        "valid_until": shown_moment(valid_until),
        "message": text(question, returned=returned, forfeited=forfeited) if forfeited else "",
    }


async def quote_answer(conn: Connection, order: Order, *, asked: Asked, rules: Rules, now: datetime) -> Answer:
    """The same as an answer."""
    return Answer(OK, await quote(conn, order, asked=asked, rules=rules, now=now), order.order_id)


async def stale(
    conn: Connection, order: Order, quote_id: UUID | None, *, asked: Asked, rules: Rules, now: datetime
) -> Answer | None:
    """A refusal with a new quote, unless the one that is agreed to still holds; nothing then.

    The order is locked, so that what it holds is what comes back.
    """
    told = await _read_quote(conn, quote_id) if quote_id else None
    returned, _ = _sums(await points.ledger.read_held(conn, order.order_id), order.counts_at(now))
    if told and told.order_id == order.order_id and now < told.valid_until and returned >= told.returned:
        return None
    fresh = await quote(conn, order, asked=asked, rules=rules, now=now)
    return refusal("quote_stale", order_id=order.order_id, quote=fresh)


def _sums(parts: Sequence[points.model.Part], counts_at: datetime) -> tuple[int, int]:
    returned = sum(part.points for part in parts if part.expires_at > counts_at)
    return returned, sum(part.points for part in parts) - returned


async def _read_quote(conn: Connection, quote_id: UUID) -> Quote | None:
    async with conn.cursor(row_factory=class_row(Quote)) as rows:
        return await (await rows.execute(_SQL["read_quote"], {"quote_id": quote_id})).fetchone()
