"""Customers, services and orders in tests, and the steps that they take."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from opsdesk import points
from opsdesk.benefits import catalogue, customers, ending, expiring, invariants, orders, quotes, redeeming, serving
from opsdesk.benefits.catalogue import Provider, Service
from opsdesk.benefits.customers import CustomerLine
from opsdesk.benefits.model import Answer, Asked, Channel, Order
from opsdesk.benefits.redeeming import Redemption
from opsdesk.benefits.rules import Rules
from opsdesk.benefits.serving import JudgeLink, Named
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.ids import new_id
from tests.actors import actor
from tests.points.moving import BANK, NOW, granted

RULES = Rules()
LOUNGE = Service("lounge", "airport", "机场贵宾厅", "Airport lounge", points=100, settle_fen=15_000)
DENTAL = Service("dental", "clinic", "洁牙", "Dental cleaning", points=60, settle_fen=9_900)
PARTNER = actor("key:airport")
RICH_FEN = 50_000_000


async def furnish(conn: Connection) -> None:
    """Two providers with a service each, and three customers of whom one has a fen too little."""
    for name in ("airport", "clinic"):
        await catalogue.put_provider(conn, Provider(name, f"服务商{name}", name), actor=BANK, now=NOW)
    await put(conn, LOUNGE)
    await put(conn, DENTAL)
    await listed(conn, {"C-1": RICH_FEN, "C-2": RICH_FEN * 3, "C-3": RICH_FEN - 1}, day=NOW.date())


async def put(conn: Connection, service: Service) -> None:
    await catalogue.put_service(conn, service, actor=BANK, now=NOW)


async def listed(conn: Connection, aum_fen: Mapping[str, int], *, day: date, now: datetime | None = None) -> int:
    lines = [CustomerLine(customer, "王小明", "13812345678", fen) for customer, fen in aum_fen.items()]
    return await customers.load_list(conn, day, lines, actor=BANK, now=now or NOW)


def asked(key: str | None = None, *, scope: str = "mobile", **content: Any) -> Asked:
    who = PARTNER if scope.startswith("partner:") else BANK
    return Asked(who, scope, key or str(new_id()), content, trace_id="0" * 31 + "1", path="Customer>MobileBank")


def wish(
    *, customer: str = "C-1", service: str = "lounge", key: str | None = None, channel: Channel = Channel.MOBILE
) -> Redemption:
    content = {"do": "redeem", "customer_id": customer, "service": service}
    return Redemption(asked(key, scope=str(channel), **content), channel, customer, service)


async def redeemed(db: Database, *wishes: Redemption, now: datetime = NOW, rules: Rules = RULES) -> Sequence[Answer]:
    async with db.transaction() as conn:
        return await redeeming.redeem_many(conn, wishes or [wish()], rules=rules, now=now)


async def an_order(
    db: Database, *, points_granted: int = 100, now: datetime = NOW, expires_at: datetime | None = None
) -> Order:
    """An order of the lounge for C-1, who got the points for it."""
    await granted(db, points_granted, expires_at=expires_at or now + timedelta(days=300), now=now)
    [answer] = await redeemed(db, now=now)
    assert answer.is_ok, answer
    return await read(db, answer)


async def read(db: Database, of: Answer | Order | UUID) -> Order:
    order_id = of if isinstance(of, UUID) else of.order_id
    assert order_id is not None
    async with db.connection() as conn:
        return await orders.read_order(conn, order_id)


async def any_link(conn: Connection, order: Order, now: datetime) -> Answer | None:
    """Every link is good."""
    return None


def named(order: Order, **other: str) -> Named:
    return Named(**{"provider": order.provider, "benefit_code": order.benefit_code, "service": order.service} | other)


async def booked(
    db: Database, order: Order, *, key: str | None = None, now: datetime = NOW, link: JudgeLink = any_link, **other: str
) -> Answer:
    which = named(order, **other)
    asks = asked(key, scope=f"partner:{which.provider}", do="book", code=which.benefit_code)
    async with db.transaction() as conn:
        return await serving.book(conn, which, judge_link=link, asked=asks, now=now)


async def quoted(db: Database, order: Order, *, now: datetime = NOW) -> Mapping[str, Any]:
    async with db.transaction() as conn:
        return await quotes.quote(
            conn, await orders.read_order(conn, order.order_id), asked=asked(), rules=RULES, now=now
        )


async def cancelled(
    db: Database,
    order: Order,
    *,
    quote: Mapping[str, Any] | None = None,
    key: str | None = None,
    now: datetime = NOW,
    link: JudgeLink = any_link,
) -> Answer:
    told = quote or await quoted(db, order, now=now)
    asks = asked(key, scope=f"partner:{order.provider}", do="cancel", quote=told["quote_id"])
    async with db.transaction() as conn:
        return await serving.cancel(
            conn,
            named(order),
            quote_id=UUID(told["quote_id"]),
            judge_link=link,
            asked=asks,
            rules=RULES,
            now=now,
        )


async def refunded(
    db: Database,
    order: Order,
    *,
    quote: Mapping[str, Any] | None = None,
    key: str | None = None,
    now: datetime = NOW,
) -> Answer:
    told = quote or await quoted(db, order, now=now)
    async with db.transaction() as conn:
        return await ending.refund(
            conn,
            order.order_id,
            quote_id=UUID(told["quote_id"]),
            asked=asked(key, do="refund", quote=told["quote_id"]),
            rules=RULES,
            now=now,
        )


async def completed(
    db: Database,
    order: Order,
    *,
    at: datetime | None = None,
    key: str | None = None,
    now: datetime = NOW,
    **other: str,
) -> Answer:
    which = named(order, **other)
    done = at or now
    asks = asked(key, scope=f"partner:{which.provider}", do="complete", at=done.isoformat())
    async with db.transaction() as conn:
        return await serving.complete(conn, which, completed_at=done, asked=asks, rules=RULES, now=now)


async def expired(db: Database, *, now: datetime, limit: int = 1000) -> expiring.Expired | None:
    async with db.transaction() as conn:
        return await expiring.expire_due(conn, actor=actor("system:scheduler"), now=now, limit=limit)


async def broken(db: Database) -> Mapping[str, Sequence[str]]:
    async with db.transaction() as conn:
        await conn.execute(b"set transaction isolation level repeatable read")
        return await points.invariants.broken(conn, {**points.invariants.INVARIANTS, **invariants.INVARIANTS})
