"""Customers get services for points: several requests in one transaction, as if they had come one after the other.

Locks the wallets of the customers, then what is left of services that are counted. An order is not there for anybody
else before the transaction ends.
"""

import secrets
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from opsdesk import access, points
from opsdesk.benefits import answers
from opsdesk.benefits.errors import CustomerListTooOld
from opsdesk.benefits.model import OK, Answer, Asked, Channel, Status, shown_moment
from opsdesk.benefits.rules import Rules, business_day
from opsdesk.kit.db import Connection
from opsdesk.kit.ids import new_id
from opsdesk.kit.sql import statements

REDEMPTIONS_MAX = 64
"""In one transaction: more make the statement slower than it is saved."""
CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_CHARACTERS = 16

_SQL = statements(__file__)


@dataclass(frozen=True, slots=True)
class Redemption:
    """A customer wants a service."""

    asked: Asked
    channel: Channel
    customer_id: str
    service: str


Redeem = Callable[[Redemption], Awaitable[Answer]]
"""Asks for one of them, together with others that are asked for at the same moment."""


@dataclass(frozen=True, slots=True)
class _Service:
    service: str
    provider: str
    points: int
    settle_fen: int
    is_open: bool
    stock: int | None
    quota: int | None


@dataclass(frozen=True, slots=True)
class _Facts:
    """What requests are judged by, as it is under the locks."""

    services: Mapping[str, _Service]
    aum_fen: Mapping[str, int]
    aum_day: date
    taken: Mapping[tuple[str, str], int]
    """Of services with a quota, how many a customer has, by customer and service."""


async def redeem(conn: Connection, wanted: Redemption, *, rules: Rules, now: datetime) -> Answer:
    """One of them."""
    return (await redeem_many(conn, [wanted], rules=rules, now=now))[0]


async def redeem_many(
    conn: Connection, wanted: Sequence[Redemption], *, rules: Rules, now: datetime
) -> Sequence[Answer]:
    """Hold the points and make the orders, or refuse; what is answered is kept by its key for good.

    Returns an answer for each, in their order. Raises CustomerListTooOld, KeyInUse: nothing is kept then.
    """
    assert len(wanted) <= REDEMPTIONS_MAX, "who collects requests knows the limit"
    locked = await points.ledger.lock_wallets(conn, {each.customer_id for each in wanted})
    found = dict(await answers.given(conn, [each.asked for each in wanted]))
    fresh: dict[tuple[str, str], Redemption] = {}
    for each in wanted:
        if _key(each) not in found:
            fresh.setdefault(_key(each), each)
    if fresh:
        found |= await _answer(conn, list(fresh.values()), locked, rules=rules, now=now)
    return [
        answers.refusal("key_reused")
        if _key(each) in fresh and fresh[_key(each)].asked.digest != each.asked.digest
        else found[_key(each)]
        for each in wanted
    ]


def _key(wanted: Redemption) -> tuple[str, str]:
    return wanted.asked.scope, wanted.asked.key


async def _answer(
    conn: Connection, wanted: Sequence[Redemption], locked: Iterable[str], *, rules: Rules, now: datetime
) -> Mapping[tuple[str, str], Answer]:
    facts = await _facts(conn, wanted, rules=rules, now=now)
    ids = {_key(each): new_id() for each in wanted}
    refused = {_key(each): code for each in wanted if (code := _reason(each, facts, rules))}
    asking: Sequence[Redemption] = [each for each in wanted if _key(each) not in refused]
    held: dict[UUID, Sequence[points.model.Part]] = {}
    while asking:
        # Of what is counted, everybody ahead is taken to get theirs. Whoever did not has left a piece for those behind.
        fitting, over = _fitting(asking, facts, taken=[each for each in wanted if ids[_key(each)] in held])
        orders = [
            points.model.Wanted(ids[_key(each)], each.customer_id, facts.services[each.service].points)
            for each in fitting
        ]
        got = await points.ledger.hold(conn, orders, locked=frozenset(locked), at=now)
        held |= got
        short = [each for each in fitting if ids[_key(each)] not in got]
        refused |= {_key(each): "points_short" for each in short}
        if not short:
            refused |= {_key(each): "sold_out" for each in over}
            break
        asking = over
    made = [(each, ids[_key(each)]) for each in wanted if ids[_key(each)] in held]
    bodies = await _make_orders(conn, made, held, facts, rules=rules, now=now)
    answered = {_key(each): bodies.get(_key(each)) or answers.refusal(refused[_key(each)]) for each in wanted}
    await answers.keep(conn, [(each.asked, answered[_key(each)]) for each in wanted], now=now)
    return answered


async def _facts(conn: Connection, wanted: Sequence[Redemption], *, rules: Rules, now: datetime) -> _Facts:
    names = sorted({each.service for each in wanted})
    services = await _services(conn, names)
    if any(each.stock is not None for each in services.values()):
        await conn.execute(_SQL["lock_stock"], {"services": names})
        services = await _services(conn, names)
    newest, aum = await _aum(conn, {each.customer_id for each in wanted}, rules=rules, now=now)
    limited = [each for each in wanted if each.service in services and services[each.service].quota is not None]
    taken = {}
    if limited:
        values = {"customers": [each.customer_id for each in limited], "services": [each.service for each in limited]}
        rows_taken = await (await conn.execute(_SQL["taken"], values)).fetchall()
        taken = {(customer, service): count for customer, service, count in rows_taken}
    return _Facts(services, aum, newest, taken)


async def _services(conn: Connection, names: Sequence[str]) -> Mapping[str, _Service]:
    async with conn.cursor(row_factory=class_row(_Service)) as rows:
        found = await (await rows.execute(_SQL["services"], {"services": names})).fetchall()
    return {each.service: each for each in found}


async def _aum(
    conn: Connection, customers: Iterable[str], *, rules: Rules, now: datetime
) -> tuple[date, Mapping[str, int]]:
    row = await (await conn.execute(_SQL["newest_list"], {"today": business_day(now)})).fetchone()
    newest: date | None = row[0] if row else None
    if newest is None or newest < business_day(now) - timedelta(days=rules.list_age_days_max):
        raise CustomerListTooOld(newest)
    values = {"customers": sorted(customers), "day": newest}
    return newest, dict(await (await conn.execute(_SQL["aum"], values)).fetchall())


def _reason(wanted: Redemption, facts: _Facts, rules: Rules) -> str | None:
    """Why a request is refused whatever else there is, or nothing."""
    service = facts.services.get(wanted.service)
    if service is None or not service.is_open:
        return "service_closed"
    if facts.aum_fen.get(wanted.customer_id, 0) < rules.aum_min_fen:
        return "customer_not_eligible"
    return None


def _fitting(
    asking: Sequence[Redemption], facts: _Facts, *, taken: Sequence[Redemption]
) -> tuple[Sequence[Redemption], Sequence[Redemption]]:
    """Those that stock and quota allow if each of them gets its points, and the others."""
    of_service = Counter(each.service for each in taken)
    of_customer = Counter((each.customer_id, each.service) for each in taken)
    fitting, over = [], []
    for each in asking:
        service, theirs = facts.services[each.service], (each.customer_id, each.service)
        is_left = service.stock is None or of_service[each.service] < service.stock
        has_some = service.quota is not None and of_customer[theirs] + facts.taken.get(theirs, 0) >= service.quota
        if is_left and not has_some:
            of_service[each.service] += 1
            of_customer[theirs] += 1
            fitting.append(each)
        else:
            over.append(each)
    return fitting, over


async def _make_orders(
    conn: Connection,
    made: Sequence[tuple[Redemption, UUID]],
    held: Mapping[UUID, Sequence[points.model.Part]],
    facts: _Facts,
    *,
    rules: Rules,
    now: datetime,
) -> Mapping[tuple[str, str], Answer]:
    if not made:
        return {}
    expire_at, codes = rules.expire_at(now), {order_id: _new_code() for _, order_id in made}
    services = [facts.services[each.service] for each, _ in made]
    values = {
        "orders": [order_id for _, order_id in made],
        "codes": list(codes.values()),
        "customers": [each.customer_id for each, _ in made],
        "channels": [each.channel for each, _ in made],
        "services": [each.service for each, _ in made],
        "providers": [each.provider for each in services],
        "points": [each.points for each in services],
        "settle_fen": [each.settle_fen for each in services],
        "aum_fen": [facts.aum_fen[each.customer_id] for each, _ in made],
        "actors": [each.asked.actor.id for each, _ in made],
        "traces": [each.asked.trace_id for each, _ in made],
        "paths": [each.asked.path for each, _ in made],
        "aum_day": facts.aum_day,
        "now": now,
        "expire_at": expire_at,
    }
    await conn.execute(_SQL["make_orders"], values)
    if counted := [each.service for each in services if each.stock is not None]:
        await conn.execute(_SQL["take_stock"], {"services": counted})
    await _record(conn, made, facts, now=now)
    left = await _balances(conn, made, facts, now=now)
    return {
        _key(each): Answer(
            OK,
            {
                "order_id": str(order_id),
                "benefit_code": codes[order_id],
                "customer_id": each.customer_id,
                "channel": each.channel,
                "service": each.service,
                "provider": service.provider,
                "points": service.points,
                "status": int(Status.UNBOOKED),
                "redeemed_at": shown_moment(now),
                "expire_at": shown_moment(expire_at),
                "used": _used(held[order_id]),
                "balance": left[order_id],
                "aum_day": facts.aum_day.isoformat(),
            },
            order_id,
        )
        for (each, order_id), service in zip(made, services, strict=True)
    }


def _used(parts: Iterable[points.model.Part]) -> list[dict[str, Any]]:
    """What was taken, by the moment it would have expired at; the first one first."""
    by_moment: Counter[datetime] = Counter()
    for part in parts:
        by_moment[part.expires_at] += part.points
    return [{"expires_at": shown_moment(moment), "points": points} for moment, points in sorted(by_moment.items())]


async def _balances(
    conn: Connection, made: Sequence[tuple[Redemption, UUID]], facts: _Facts, *, now: datetime
) -> Mapping[UUID, int]:
    """What each customer had left right after their order, without those of the same transaction that came behind."""
    available = dict(await points.ledger.available(conn, {each.customer_id for each, _ in made}, now=now))
    left = {}
    for each, order_id in reversed(made):
        left[order_id] = available[each.customer_id]
        available[each.customer_id] += facts.services[each.service].points
    return left


async def _record(conn: Connection, made: Sequence[tuple[Redemption, UUID]], facts: _Facts, *, now: datetime) -> None:
    by_actor: dict[access.Actor, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    request_ids = {str(order_id): each.asked.request_id for each, order_id in made}
    for each, order_id in made:
        points = facts.services[each.service].points
        by_actor[each.asked.actor][str(order_id)] = {
            "customer": each.customer_id,
            "channel": each.channel,
            "service": each.service,
            "points": points,
        }
    for actor, after in by_actor.items():
        await access.audit.record_each(
            conn,
            actor=actor,
            action="benefit.redeem",
            object_kind="benefit_order",
            after=after,
            request_ids=request_ids,
            now=now,
        )


def _new_code() -> str:
    """80 bits that nobody guesses."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_CHARACTERS))
