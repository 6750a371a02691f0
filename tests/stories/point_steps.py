"""What the points system did by itself for a request, as the drawing's words for it, proven by what it has stored."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from psycopg.rows import dict_row

from opsdesk.kit.db import Connection
from tests.stories.drawing import Arrow

LINK_LASTS_S = 1200
POINTS = "PointSystem"

_EVENTS = b"""
select e.was, e.status, e.path, o.points, o.returned, o.forfeited,
       (select coalesce(sum(p.points), 0) from points_posting p where p.order_id = o.order_id and p.kind = 2) as held,
       (select coalesce(sum(p.points), 0) from points_posting p where p.order_id = o.order_id and p.kind = 3) as back,
       (select coalesce(sum(p.points), 0) from points_posting p where p.order_id = o.order_id and p.kind = 4) as lost
from benefit_event e join benefit_order o using (order_id)
where e.trace_id = %s and e.was is not distinct from %s
order by e.event_id
"""
_LINKS = b"""
select purpose, extract(epoch from expires_at - issued_at)::int as lasts_s from benefit_link where trace_id = %s
"""

_EXPIRED = "更新订单状态未预约(100)→已过期(500)"
_SEALED = {1: "【权益码+服务类型AES加密】【有效期20分钟】", 2: "【权益码+服务类型AES加密放入request】"}

Rows = Sequence[Mapping[str, Any]]


async def own_steps(conn: Connection, trace_id: str, asked: str) -> Sequence[str]:
    """What was done when this was asked, in this trace; nothing where the points system did not act."""
    found = next((find for words, find in _STEPS.items() if asked.startswith(words)), None)
    return [] if found is None else await found(conn, trace_id)


async def paths(conn: Connection, trace_id: str) -> Sequence[str]:
    """The participants that requests of this trace came through, as the points system has stored them."""
    rows = await _rows(conn, b"select path from benefit_event where trace_id = %s order by event_id", trace_id)
    return [row["path"] for row in rows]


def drawn_path(arrows: Sequence[Arrow]) -> str:
    """The participants before the points system in the last chain of calls that reaches it."""
    calls = [arrow for arrow in arrows if arrow.kind == "call"]
    reached = max(index for index, arrow in enumerate(calls) if arrow.target == POINTS)
    way = [calls[reached].source]
    for arrow in reversed(calls[:reached]):
        if arrow.target == way[0]:
            way.insert(0, arrow.source)
    return ">".join(way)


async def _redeemed(conn: Connection, trace_id: str) -> Sequence[str]:
    rows = await _events(conn, trace_id, None)
    assert all(row["held"] == row["points"] for row in rows)
    return ["校验客户幸福点余额", "扣除客户幸福点", "状态:未预约(100)"] if rows else []


async def _refunded(conn: Connection, trace_id: str) -> Sequence[str]:
    rows = _ended(await _events(conn, trace_id, 100), 400)
    return ["退还幸福点给客户(只退还未过期部分)", "更新订单状态未预约(100)→已取消(400)"] if rows else []


async def _booked(conn: Connection, trace_id: str) -> Sequence[str]:
    rows = [row for row in await _events(conn, trace_id, 100) if row["status"] == 200]
    return ["校验权益码有效性", "更新订单状态未预约(100)→已预约(200)"] if rows else []


async def _cancelled(conn: Connection, trace_id: str) -> Sequence[str]:
    rows = _ended(await _events(conn, trace_id, 200), 400)
    how = "未过期" if any(row["lost"] for row in rows) else "全部"
    return [f"返还{how}幸福点给客户", "更新订单状态已预约(200)→已取消(400)"] if rows else []


async def _completed(conn: Connection, trace_id: str) -> Sequence[str]:
    rows = [row for row in await _events(conn, trace_id, 200) if row["status"] == 300]
    return ["校验订单状态", "更新订单状态已预约(200)→已完成(300)"] if rows else []


async def _expired(conn: Connection, trace_id: str) -> Sequence[str]:
    steps: list[str] = []
    for row in _ended(await _events(conn, trace_id, 100), 500):
        how = (
            ["计算未过期幸福点数量", "返还未过期幸福点给客户", _EXPIRED, "记录已过期幸福点数量(不退还)"]
            if row["lost"]
            else ["返还全部幸福点给客户", _EXPIRED]
        )
        steps += ["判断订单幸福点过期情况", *how]
    return ["查询兑换超过90天且状态为未预约(100)的订单", *steps] if steps else []


async def _linked(conn: Connection, trace_id: str) -> Sequence[str]:
    rows = await _rows(conn, _LINKS, trace_id)
    assert all(row["lasts_s"] == LINK_LASTS_S for row in rows)
    return ["生成加密链接" + _SEALED[row["purpose"]] for row in rows]


_STEPS: Mapping[str, Callable[[Connection, str], Awaitable[Sequence[str]]]] = {
    "调用积分系统兑换接口": _redeemed,
    "调用积分系统退还接口": _refunded,
    "调用积分系统预约接口": _booked,
    "调用取消接口": _cancelled,
    "调用积分系统服务完成接口": _completed,
    "调用积分系统生成": _linked,
    "扫描过期订单": _expired,
}


def _ended(rows: Rows, status: int) -> Rows:
    found = [row for row in rows if row["status"] == status]
    assert all((row["back"], row["lost"]) == (row["returned"], row["forfeited"]) for row in found)
    return found


async def _events(conn: Connection, trace_id: str, was: int | None) -> Rows:
    return await _rows(conn, _EVENTS, trace_id, was)


async def _rows(conn: Connection, statement: bytes, *values: object) -> Rows:
    async with conn.cursor(row_factory=dict_row) as cursor:
        return await (await cursor.execute(statement, values)).fetchall()
